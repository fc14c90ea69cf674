// A long turn as the product runs it, without VS Code: the real loop, client, log, blobs, disk, ripgrep, shell, grammar, scanner in its thread,
// memory files and background commands. Its steps take turns at reading, searching, editing, writing and running commands.
import './flushTimes.ts';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFolder } from '../../scripts/setup/paths.mjs';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import { BackgroundCommands } from '../../src/core/background/backgroundCommands.ts';
import type { FileScanner } from '../../src/core/checkpoint/fileScanner.ts';
import type { Search } from '../../src/core/fileSearchPort.ts';
import type { StreamModel } from '../../src/core/model/modelPort.ts';
import { createFileTraffic } from '../../src/core/permission/fileTraffic.ts';
import type { Shell } from '../../src/core/ports.ts';
import { openSession } from '../../src/core/session/session.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { createSearch, findRipgrep } from '../../src/node/files/ripgrep.ts';
import { loadNestedMemory } from '../../src/node/instructions/memoryFiles.ts';
import { loadProjectContext } from '../../src/node/instructions/projectContext.ts';
import { createAnthropicModel } from '../../src/node/model/anthropicModel.ts';
import { createShellGrammar } from '../../src/node/process/lazyShellGrammar.ts';
import { createShell } from '../../src/node/process/shellProcess.ts';
import { findGit } from '../../src/node/scan/fileScanGit.ts';
import { createFileScanner } from '../../src/node/scan/fileScanner.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
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
	/** What this thread computed meanwhile: on a machine with more to do than cores, waiting for one is not in it. */
	readonly cpuMs: number;
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
	const calls = callsOf(steps, files);
	const spans = { scan: [] as Span[], work: [] as Span[], request: [] as Request[] };
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
		const prompt = { text: script(calls), attachments: [] };
		await runTurn(session, prompt, real, () => undefined, new AbortController().signal);
		onDone?.();
		const end = session.newest('turnEnded');
		const failed = session.entries.flatMap((entry) => (entry.type === 'toolResult' && entry.isError ? [entry] : []));
		if (spans.request.length !== steps + 1 || end?.reason !== 'endTurn' || failed.length > 0)
			throw new Error(
				`The turn made ${spans.request.length} requests and ended so: ${JSON.stringify([end, failed[0]])}`,
			);
		return spans.request.slice(1).map(({ startedMs: toMs, cpuAtStartMs }, index): RealStep => {
			const { endedMs: fromMs, cpuAtEndMs } = spans.request[index] as Request;
			const apart = [...flushes, ...spans.scan, ...spans.work].filter(
				({ startedMs, endedMs }) => endedMs > fromMs && startedMs < toMs,
			);
			return {
				tool: calls[index]?.tool ?? '',
				gapMs: toMs - fromMs,
				flushMs: coveredMs(flushes, fromMs, toMs),
				scanMs: coveredMs(spans.scan, fromMs, toMs),
				workMs: coveredMs(spans.work, fromMs, toMs),
				ownMs: toMs - fromMs - coveredMs(apart, fromMs, toMs),
				cpuMs: cpuAtStartMs - cpuAtEndMs,
			};
		});
	} finally {
		await session.close();
		await scanner.dispose();
	}
}

/** What the stand-in plays, as a prompt carries it. */
const script = (calls: readonly Call[]): string =>
	`\`\`\`script\n${JSON.stringify([...calls.map((call) => ({ blocks: [call] })), { text: 'done' }])}\n\`\`\``;

/** With the processor time of this thread at both ends. */
type Request = Span & { readonly cpuAtStartMs: number; readonly cpuAtEndMs: number };

type Call = { readonly tool: string; readonly input: unknown };

/** Much is read, some is edited, now and then something is searched for or run. */
const MIX =
	'write read read edit read grep read edit read true write read edit read read glob read edit read echo'.split(' ');

function callsOf(steps: number, files: readonly string[]): readonly Call[] {
	let edition = 0;
	let reads = 0;
	const kinds: Readonly<Record<string, (step: number) => Call>> = {
		write(step) {
			edition = step;
			const content = `const step = ${step};\n${'const line = compute(step);\n'.repeat(60)}`;
			return { tool: 'Write', input: { file_path: EDITED, content } };
		},
		edit(step) {
			const input = { file_path: EDITED, old_string: `const step = ${edition};`, new_string: `const step = ${step};` };
			edition = step;
			return { tool: 'Edit', input };
		},
		read: () => ({ tool: 'Read', input: { file_path: files[reads++ % files.length] } }),
		grep: (step) => ({ tool: 'Grep', input: { pattern: `compute.*file${step}\\b`, head_limit: 20 } }),
		glob: (step) => ({ tool: 'Glob', input: { pattern: `**/file${step}.ts` } }),
		true: () => ({ tool: 'Bash', input: { command: 'true' } }),
		echo: (step) => ({ tool: 'Bash', input: { command: `echo ${step} >> ${WRITTEN}` } }),
	};
	return Array.from({ length: steps }, (_, step) => {
		const made = kinds[MIX[step % MIX.length] ?? '']?.(step);
		if (!made) throw new Error('There is a call for each step.');
		return made;
	});
}

const timedShell = (shell: Shell, spans: Span[]): Shell => ({
	...shell,
	run: (...args) => noted(spans, () => shell.run(...args)),
});

const timedSearch = (search: Search, spans: Span[]): Search => ({
	grep: (...args) => noted(spans, () => search.grep(...args)),
	glob: (...args) => noted(spans, () => search.glob(...args)),
});

const timedModel = (model: StreamModel, requests: Request[]): StreamModel => ({
	...model,
	async stream(...args) {
		const [startedMs, cpuAtStartMs] = [performance.now(), threadCpuMs()];
		const reply = await model.stream(...args);
		requests.push({ startedMs, cpuAtStartMs, endedMs: performance.now(), cpuAtEndMs: threadCpuMs() });
		return reply;
	},
});

function threadCpuMs(): number {
	const { user, system } = process.threadCpuUsage();
	return (user + system) / 1000;
}

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
