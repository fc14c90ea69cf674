// A long turn as the product runs it, without VS Code: the real loop, client, log, blobs, disk, ripgrep, shell, grammar, scanner in its thread,
// memory files and background commands. Its steps take turns at reading, searching, editing, writing and running commands.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFolder } from '../../scripts/setup/paths.mjs';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import { BackgroundCommands } from '../../src/core/background/backgroundCommands.ts';
import type { FileScanner } from '../../src/core/checkpoint/fileScanner.ts';
import type { Search } from '../../src/core/fileSearchPort.ts';
import { createFileTraffic } from '../../src/core/permission/fileTraffic.ts';
import type { Shell, StreamModel } from '../../src/core/ports.ts';
import { openSession } from '../../src/core/session/session.ts';
import { createAnthropicModel } from '../../src/node/anthropicModel.ts';
import { createDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { createFileBlobStore } from '../../src/node/fileBlobStore.ts';
import { findGit } from '../../src/node/fileScanGit.ts';
import { createFileScanner } from '../../src/node/fileScanner.ts';
import { createFileSessionStore } from '../../src/node/fileSessionStore.ts';
import { createShellGrammar } from '../../src/node/lazyShellGrammar.ts';
import { loadNestedMemory } from '../../src/node/memoryFiles.ts';
import { loadProjectContext } from '../../src/node/projectContext.ts';
import { createSearch, findRipgrep } from '../../src/node/ripgrep.ts';
import { createShell } from '../../src/node/shellProcess.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import { createScriptedModel } from '../fakes/scriptedModel.ts';
import { flushes } from './flushTimes.ts';
import { coveredMs, noted, type Span } from './spans.ts';

/** One step, from the end of a reply to the next request. */
export type RealStep = {
	readonly tool: string;
	/** All of it. */
	readonly gapMs: number;
	readonly flushMs: number;
	/** Waiting for the pictures before and after a command. */
	readonly scanMs: number;
	/** The command, or the search, itself. */
	readonly workMs: number;
	/** What is left when those are taken away. */
	readonly ownMs: number;
};

export type RealTurnPlan = {
	/** The workspace; `scratch` files are written into it. */
	readonly project: string;
	readonly storage: string;
	readonly url: string;
	readonly steps: number;
	/** Files to read, from the project's folder. */
	readonly files: readonly string[];
	/** Whatever is loaded then is loaded, and nothing has begun. */
	readonly onIdle?: () => void;
	/** The turn is over, and all that it holds is still held. */
	readonly onDone?: () => void;
};

const EDITED = 'retrace-bench-edited.ts';
const WRITTEN = 'retrace-bench-written.ts';
const dist = (name: string) => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));

export async function realTurn(plan: RealTurnPlan): Promise<readonly RealStep[]> {
	const { project, storage, url, steps, files, onIdle, onDone } = plan;
	const spans = { scan: [] as Span[], work: [] as Span[], request: [] as Span[] };
	const { ports } = await createFixture({ model: createScriptedModel([]), mode: 'auto' });
	const blobs = createFileBlobStore(storage);
	const ids = createIdSource();
	const trace = () => undefined;
	const roots = [{ name: 'project', path: project }];
	const session = await openSession({
		store: createFileSessionStore({ folder: storage, window: 'bench', trace }),
		...{ blobs, ids, clock: systemClock, trace },
		defaults: { cwd: project, mode: 'auto', model: 'claude-sonnet-5-5', roots: [project], extensionVersion: '0' },
	});
	const scanner = createFileScanner({
		...{ roots: () => roots, isTrusted: () => true, blobs, blobFolder: storage, trace },
		gitPath: () => findGit(process.env, []),
		workerFile: dist('fileScanWorker.cjs'),
	});
	const shell = createShell({ hiddenEnvironment: [] });
	const background = new BackgroundCommands({
		...{ session, shell, blobs, clock: systemClock, trace },
		scanner: () => scanner,
	});
	const traffic = createFileTraffic(Date.now, () => []);
	session.onDidAppend((entry) => traffic.take({ id: session.id, title: session.title }, entry));
	const real = {
		...ports,
		...{ clock: systemClock, ids, blobs, trace },
		workspace: createDiskWorkspace({ roots: () => roots, isTrusted: () => true }),
		shell: timedShell(shell, spans.work),
		search: timedSearch(createSearch(findRipgrep(projectFolder) ?? 'rg'), spans.work),
		scanner: timedScanner(scanner, spans.scan),
		model: timedModel(
			createAnthropicModel({
				...{ baseUrl: url, apiKeyHeader: 'authorization', clock: systemClock },
				apiKey: async () => 'test-key',
			}),
			spans.request,
		),
		shellGrammar: createShellGrammar({
			runtime: dist('web-tree-sitter.wasm'),
			grammar: dist('tree-sitter-bash.wasm'),
		}),
		services: { sessionId: session.id, background },
		traffic,
		loadedTexts: new Map(),
		loadProjectContext: () => loadProjectContext(roots, project),
		loadNestedMemory: (touched: readonly string[]) => loadNestedMemory(roots, touched),
		rules: () => ({ allow: ['Bash', 'Edit', 'Write', 'Read'], ask: [], deny: [] }),
		turnLimits: () => ({ steps: null, costUsd: null, minutes: null }),
	};
	try {
		onIdle?.();
		const prompt = { text: script(steps, files), attachments: [] };
		await runTurn(session, prompt, real, () => undefined, new AbortController().signal);
		onDone?.();
		const end = session.newest('turnEnded');
		const failed = session.entries.flatMap((entry) => (entry.type === 'toolResult' && entry.isError ? [entry] : []));
		if (spans.request.length !== steps + 1 || end?.reason !== 'endTurn' || failed.length > 0)
			throw new Error(
				`The turn made ${spans.request.length} requests and ended so: ${JSON.stringify([end, failed[0]])}`,
			);
		return spans.request.slice(1).map(({ startedMs: toMs }, index): RealStep => {
			const fromMs = spans.request[index]?.endedMs ?? Number.NaN;
			const apart = [...flushes, ...spans.scan, ...spans.work].filter(
				({ startedMs, endedMs }) => endedMs > fromMs && startedMs < toMs,
			);
			return {
				tool: callOf(index, files).tool,
				gapMs: toMs - fromMs,
				flushMs: coveredMs(flushes, fromMs, toMs),
				scanMs: coveredMs(spans.scan, fromMs, toMs),
				workMs: coveredMs(spans.work, fromMs, toMs),
				ownMs: toMs - fromMs - coveredMs(apart, fromMs, toMs),
			};
		});
	} finally {
		await session.close();
		await scanner.dispose();
	}
}

/** What the stand-in plays, as a prompt carries it. */
function script(steps: number, files: readonly string[]): string {
	const replies = Array.from({ length: steps }, (_, step) => ({ blocks: [callOf(step, files)] }));
	return `\`\`\`script\n${JSON.stringify([...replies, { text: 'done' }])}\n\`\`\``;
}

function callOf(step: number, files: readonly string[]): { readonly tool: string; readonly input: unknown } {
	const round = Math.floor(step / 8);
	const content = `const step = ${round};\n${'const line = compute(step);\n'.repeat(60)}`;
	const calls = [
		{ tool: 'Write', input: { file_path: EDITED, content } },
		{ tool: 'Read', input: { file_path: files[(2 * round) % files.length] } },
		{ tool: 'Grep', input: { pattern: `compute.*file${round}\\b`, head_limit: 20 } },
		{ tool: 'Read', input: { file_path: files[(2 * round + 1) % files.length] } },
		{
			tool: 'Edit',
			input: { file_path: EDITED, old_string: `const step = ${round};`, new_string: `const step = -${round};` },
		},
		{ tool: 'Bash', input: { command: 'true' } },
		{ tool: 'Glob', input: { pattern: `**/file${round}.ts` } },
		{ tool: 'Bash', input: { command: `echo ${round} >> ${WRITTEN}` } },
	];
	const call = calls[step % calls.length];
	if (!call) throw new Error('There is a call for each step.');
	return call;
}

const timedShell = (shell: Shell, spans: Span[]): Shell => ({
	...shell,
	run: (...args) => noted(spans, () => shell.run(...args)),
});

const timedSearch = (search: Search, spans: Span[]): Search => ({
	grep: (...args) => noted(spans, () => search.grep(...args)),
	glob: (...args) => noted(spans, () => search.glob(...args)),
});

const timedModel = (model: StreamModel, spans: Span[]): StreamModel => ({
	...model,
	stream: (...args) => noted(spans, () => model.stream(...args)),
});

/** Its two waits; what is done with the changes that are found counts as ours. */
const timedScanner = (scanner: FileScanner, spans: Span[]): FileScanner => ({
	...scanner,
	begin(session) {
		const run = scanner.begin(session);
		return {
			...run,
			ready: noted(spans, () => run.ready),
			async *finish(signal) {
				const parts = run.finish(signal)[Symbol.asyncIterator]();
				for (;;) {
					const next = await noted(spans, () => parts.next());
					if (next.done === true) return;
					yield next.value;
				}
			},
		};
	},
});

/** Where a tree lies that is made once: what a turn left in it goes with the next one. */
export const scratchFiles = (project: string): readonly string[] =>
	[EDITED, WRITTEN].map((name) => join(project, name));
