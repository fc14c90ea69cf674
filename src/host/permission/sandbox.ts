/** What the settings say about the sandbox of commands, for tools, for the frozen context of a session, and for the doctor. */
import { messageOf } from '../../base/errors.ts';
import type { ProjectContext } from '../../core/agent/turnTypes.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { CommandSandbox, SandboxPolicy } from '../../core/sandbox/sandboxPort.ts';
import { sandboxLine } from '../../core/sandbox/sandboxWords.ts';
import type { OutsideWorld } from '../agentTypes.ts';
import { sandboxWish, setting } from '../settings.ts';

export type SandboxWorld = { readonly outside: Pick<OutsideWorld, 'sandbox' | 'homeFolder'> };

/** `roots` are what a session may write. */
export function sandboxFor({ outside }: SandboxWorld, roots: () => readonly WorkspaceRoot[]): CommandSandbox {
	const policy = () => policyFor(outside.homeFolder, roots);
	return {
		policy,
		async ready() {
			const wanted = policy();
			if (wanted) await outside.sandbox.ready(wanted);
		},
		// A project that turns the sandbox on must not open what the user wants to be asked about.
		mayRunUnasked: () => sandboxWish() === 'user' && setting('sandbox.runWithoutAsking'),
	};
}

function policyFor(homeFolder: string, roots: () => readonly WorkspaceRoot[]): SandboxPolicy | undefined {
	if (sandboxWish() === undefined) return undefined;
	const more = setting('sandbox.writableFolders').map((path) => path.replace(/^~(?=\/|$)/, homeFolder));
	const writable = [...roots().map(({ path }) => path), ...more.filter((path) => path.startsWith('/'))];
	const network = setting('sandbox.network');
	return { writable, hasNetwork: network === 'all', ...(network === 'ask' ? { asksForSites: true } : {}) };
}

/** Says in the environment of a new session that there is one. */
export async function withSandboxLine(
	load: () => Promise<ProjectContext>,
	sandbox: CommandSandbox | undefined,
): Promise<ProjectContext> {
	const project = await load();
	const policy = sandbox?.policy();
	return policy ? { ...project, environment: [...project.environment, sandboxLine(policy)] } : project;
}

/** For the doctor: undefined while it is off or works. */
export async function sandboxProblem({ outside }: SandboxWorld): Promise<string | undefined> {
	try {
		await sandboxFor({ outside }, () => []).ready();
		return undefined;
	} catch (error) {
		return messageOf(error);
	}
}
