// What the public conformance suite runs as "the client": our client, with a user who signs in at once and takes every default.
// The suite gives the scenario by the environment and the server's address as the last argument.
import type { McpServer, McpSignInWindow } from '../../../src/core/mcp/mcpPorts.ts';
import { createMcpServers } from '../../../src/node/mcp/mcpServers.ts';
import { usualTiming } from '../../../src/node/mcp/serverLife.ts';

const MAX_SIGN_INS = 3;
const url = process.argv.at(-1) ?? '';
const context: unknown = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const never = new AbortController().signal;
const kept = new Map<string, string>();
let comeBack: ((query: Record<string, string>) => void) | undefined;

const signIn: McpSignInWindow = {
	redirectUrl: async () => 'http://localhost:3000/callback',
	async openBrowser(address) {
		const answer = await fetch(address, { redirect: 'manual' });
		const back = new URL(answer.headers.get('location') ?? '');
		comeBack?.(Object.fromEntries(back.searchParams));
		return true;
	},
	waitForRedirect: () =>
		new Promise((resolve) => {
			comeBack = resolve;
		}),
	secrets: {
		get: async (key) => kept.get(key),
		set: async (key, value) => void kept.set(key, value),
		delete: async (key) => void kept.delete(key),
	},
};
const servers = createMcpServers(
	{
		roots: () => [],
		isTrusted: () => true,
		elicit: async () => ({ kind: 'answers', answers: {} }),
		signIn,
		onError: (error) => console.error(error),
	},
	{ version: '1.0.0', hiddenEnvironment: [], timing: usualTiming },
);
// Timers of the client keep no process alive.
const alive = setInterval(() => undefined, 1_000);
const client = clientOf(context);
servers.configure([
	{ name: 'suite', admission: 'start', transport: { kind: 'http', url, headers: {}, ...(client ? { client } : {}) } },
]);

try {
	let server = await settled();
	let signIns = 0;
	while (server.state.kind === 'needsSignIn' && signIns++ < MAX_SIGN_INS) {
		await servers.signIn('suite', never);
		server = await settled();
	}
	for (const { name, inputSchema } of server.tools) {
		for (;;) {
			try {
				console.log(
					name,
					JSON.stringify(await servers.call('suite', name, inputFor(inputSchema), () => undefined, never)),
				);
				break;
			} catch (error) {
				console.log(name, String(error));
				if (servers.list()[0]?.state.kind !== 'needsSignIn' || signIns++ >= MAX_SIGN_INS) break;
				await servers.signIn('suite', never);
			}
		}
	}
	if (server.state.kind !== 'ready') process.exitCode = 1;
} catch (error) {
	console.error(error);
	process.exitCode = 1;
} finally {
	console.error(servers.log('suite'));
	await servers.dispose();
	clearInterval(alive);
}

async function settled(): Promise<McpServer> {
	return await new Promise((resolve) => {
		const look = () => {
			const [server] = servers.list();
			if (
				!server ||
				server.state.kind === 'starting' ||
				server.state.kind === 'signingIn' ||
				server.state.kind === 'off'
			)
				return;
			listening.dispose();
			resolve(server);
		};
		const listening = servers.onDidChange(look);
		look();
	});
}

/** The least that fits the schema, so that a call is one. */
function inputFor(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
	const { properties } = schema;
	if (typeof properties !== 'object' || properties === null) return {};
	return Object.fromEntries(
		Object.entries(properties).map(([name, part]) => [
			name,
			part?.type === 'number' ? 5 : part?.type === 'boolean' ? true : 'text',
		]),
	);
}

function clientOf(given: unknown): { id: string; secret?: string } | undefined {
	if (typeof given !== 'object' || given === null || !('client_id' in given)) return undefined;
	const secret = 'client_secret' in given ? { secret: String(given.client_secret) } : {};
	return { id: String(given.client_id), ...secret };
}
