/** Bash: one shell command in a process group of its own. What it changes in files is found and recorded around it. */
import * as z from 'zod';
import { UserError } from '../../base/errors.ts';
import type { BackgroundRequest } from '../background/backgroundPort.ts';
import type { SandboxPolicy } from '../sandbox/sandboxPort.ts';
import {
	blockedNote,
	looksBlocked,
	madeNote,
	OUTSIDE_FIELD,
	refusedNote,
	sandboxSummary,
} from '../sandbox/sandboxWords.ts';
import { failure, isInRoots, parentOf, success } from './paths.ts';
import { readableOutput } from './readableOutput.ts';
import { type Tool, type ToolContext, type ToolOutcome, UNLISTED } from './tool.ts';

const DEFAULT_TIMEOUT_MS = 120_000;
const MAX_TIMEOUT_MS = 600_000;
/** About 8k tokens; the whole output is kept apart. */
const MAX_OUTPUT_CHARS = 30_000;

const input = z.object({
	command: z.string().refine((text) => text.trim() !== '', 'must not be empty'),
	timeout_ms: z.int().min(1).max(MAX_TIMEOUT_MS).optional().describe('Default 120000, at most 600000'),
	description: z.string().optional().describe('What it does, in 5 to 10 words, for the user'),
	run_in_background: z.boolean().optional(),
	[OUTSIDE_FIELD]: z
		.string()
		.trim()
		.min(1)
		.optional()
		.meta({ [UNLISTED]: true }),
});
type Input = z.infer<typeof input>;

export const bashTool: Tool<Input> = {
	name: 'Bash',
	version: 2,
	description:
		'Runs a shell command in the current folder and returns its output and exit code. For builds, tests, git and the like. Use Read, Grep, Glob and Edit for files instead of cat, grep, find and sed: their changes can be reviewed and rewound. `cd` carries over to later calls while it stays in the workspace; variables do not. No input can be typed: pass flags such as --yes. With run_in_background, for servers and watchers, it returns an id at once: read with BashOutput {id}, end with KillBash {id} through CallTool.',
	input,
	effect: 'execute',
	label: ({ command }) => ({ verb: 'Run', target: command }),
	target: ({ command }) => ({ kind: 'command', command }),
	confinement(asked, services) {
		if (!services?.sandbox?.policy()) return undefined;
		const reason = asked[OUTSIDE_FIELD];
		if (reason !== undefined) return { kind: 'outside', reason };
		return { kind: 'inside', mayRunUnasked: services.sandbox.mayRunUnasked() };
	},
	async run(asked, context) {
		try {
			return await runCommand(asked, context);
		} catch (error) {
			if (error instanceof UserError && error.code === 'no-such-folder') return await backInRoots(context);
			throw error;
		}
	},
};

/** The folder may have been removed: every later command would fail as well. What it was judged for is not run elsewhere. */
async function backInRoots(context: ToolContext): Promise<ToolOutcome> {
	const { cwd, files } = context;
	let folder = cwd;
	do folder = parentOf(folder);
	while (isInRoots(folder, files.roots) && (await files.read(folder)).kind !== 'directory');
	const there = isInRoots(folder, files.roots) ? folder : files.roots[0]?.path;
	if (there === undefined || there === cwd) return failure(`The current folder ${cwd} is gone. Nothing was run.`);
	context.setCwd(there);
	return failure(
		`The current folder ${cwd} is gone, so nothing was run. The current folder is now ${there}; call it again.`,
		'the folder is gone',
	);
}

async function runCommand(asked: Input, context: ToolContext): Promise<ToolOutcome> {
	const { command, timeout_ms = DEFAULT_TIMEOUT_MS, run_in_background = false } = asked;
	const policy = await policyFor(asked, context);
	const sandbox = policy === undefined ? {} : { sandbox: policy };
	if (run_in_background) return await startInBackground({ command, ...sandbox }, context);
	const { cwd } = context;
	const ended = await context.shell
		.run({ command, cwd, timeoutMs: timeout_ms, onOutput: context.onProgress, ...sandbox }, context.signal)
		.finally(() => policy?.sites?.end());
	const whole = readableOutput(ended.output);
	const shown = cutMiddle(whole, MAX_OUTPUT_CHARS);
	const notes: string[] = [];
	if (ended.reason === 'timedOut')
		notes.push(
			`[stopped after ${timeout_ms} ms. Give a larger timeout_ms (at most ${MAX_TIMEOUT_MS}), or do less at once; for a server or watcher use run_in_background. If it waited for an editor or an answer: none can be given, so pass flags such as -m or --yes]`,
		);
	else if (ended.reason === 'cancelled') notes.push('[stopped by the user]');
	else if (ended.exitCode !== 0)
		notes.push(ended.exitCode === null ? '[ended by a signal]' : `[exit code ${ended.exitCode}]`);
	if (ended.cwd !== cwd && ended.reason === 'exited') {
		if (isInRoots(ended.cwd, context.files.roots)) {
			context.setCwd(ended.cwd);
			notes.push(`[the current folder is now ${ended.cwd}]`);
		} else notes.push(`[${ended.cwd} is outside the workspace; the current folder is ${cwd} again]`);
	}
	const isBlocked = policy !== undefined && looksBlocked(ended);
	if (policy && isBlocked) notes.push(blockedNote(policy));
	const sites = policy?.sites?.use();
	if (sites && sites.refused.length > 0) notes.push(refusedNote(sites.refused));
	const { madeProtected = [] } = ended;
	if (madeProtected.length > 0) notes.push(madeNote(madeProtected));
	const isError = ended.reason !== 'exited' || ended.exitCode !== 0;
	const text = [shown === '' ? '(no output)' : shown, ...notes].join('\n');
	return {
		isError,
		content: [{ type: 'text', text }],
		summary: [summaryOf(ended.reason, ended.exitCode), ...sandboxSummary({ isBlocked, madeProtected, sites })].join(
			', ',
		),
		...(shown === whole ? {} : { output: ended.output }),
	};
}

/** How the command is held; undefined = it is not. Rejects with UserError when it cannot be. */
async function policyFor(asked: Input, { services, openSites }: ToolContext): Promise<SandboxPolicy | undefined> {
	const policy = asked[OUTSIDE_FIELD] === undefined ? services?.sandbox?.policy() : undefined;
	if (!policy) return undefined;
	await services?.sandbox?.ready();
	if (!policy.asksForSites || !openSites) return policy;
	return { ...policy, sites: openSites(asked.command, asked.run_in_background ?? false) };
}

async function startInBackground(
	asked: Pick<BackgroundRequest, 'command' | 'sandbox'>,
	context: ToolContext,
): Promise<ToolOutcome> {
	const background = context.services?.background;
	if (!background)
		return failure('No command can go on in the background here; nothing was run. Run it without run_in_background.');
	const { toolUseId, cwd } = context;
	const { id } = await background.start({ toolUseId, cwd, ...asked }, context.signal);
	return success(
		`Started in the background as ${id}. You are told when it ends. BashOutput {"id":"${id}"} gives what it prints, KillBash {"id":"${id}"} ends it.`,
		`in the background (${id})`,
	);
}

/** How long it took stands beside it. */
function summaryOf(reason: 'exited' | 'timedOut' | 'cancelled', exitCode: number | null): string {
	if (reason === 'timedOut') return 'timed out';
	if (reason === 'cancelled') return 'stopped';
	return exitCode === null ? 'ended by a signal' : `exit ${exitCode}`;
}

/** Keeps the head and, since errors come last, a longer tail; cuts at line ends where there are some. */
function cutMiddle(text: string, maxChars: number): string {
	if (text.length <= maxChars) return text;
	const headEnd = text.lastIndexOf('\n', Math.floor(maxChars * 0.4));
	const head = text.slice(0, headEnd > 0 ? headEnd : Math.floor(maxChars * 0.4));
	const tailFrom = text.length - Math.floor(maxChars * 0.58);
	const lineStart = text.indexOf('\n', tailFrom);
	const tail = text.slice(lineStart > 0 && lineStart - tailFrom < 2_000 ? lineStart + 1 : tailFrom);
	const leftOut = text.length - head.length - tail.length;
	return `${head}\n[… ${leftOut} characters left out; run it again with a filter such as grep or tail to see them …]\n${tail}`;
}
