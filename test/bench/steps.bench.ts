// What a tool step costs beside the model: one turn of 20 steps (read, edit, run `true`) through the loop with the real disk, shell and
// client, against the stand-in in a process of its own. A step is from the end of a reply to the arrival of the next request.

import './flushTimes.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from '../../scripts/setup/paths.mjs';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import { openSession } from '../../src/core/session/session.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { createSearch, findRipgrep } from '../../src/node/files/ripgrep.ts';
import { loadProjectContext } from '../../src/node/instructions/projectContext.ts';
import { createAnthropicModel } from '../../src/node/model/anthropicModel.ts';
import { createShell, defaultShellPath } from '../../src/node/process/shellProcess.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import { createScriptedModel } from '../fakes/scriptedModel.ts';
import { type BenchFigure, median } from './figure.ts';
import { flushMsWithin } from './flushTimes.ts';
import { type StandIn, startStandIn } from './standIn.ts';

const runs = 5;
const stepsPerRun = 20;
const tools = ['read', 'edit', 'bash'] as const;
type ToolName = (typeof tools)[number];

/** One step: what it cost, and how much of that was waiting for the disk to flush. */
type Step = { readonly tool: ToolName; readonly gapMs: number; readonly flushMs: number };

export async function run(): Promise<BenchFigure[]> {
	const root = mkdtempSync(join(realpathSync(tmpdir()), 'retrace-bench-'));
	const api = await startStandIn();
	try {
		const steps: Step[] = [];
		const written: string[] = [];
		const spawnsMs: number[] = [];
		const wiresMs: number[] = [];
		for (let index = 0; index <= runs; index += 1) {
			const { measured, lines } = await runOnce(join(root, String(index)), api);
			// The first run warms this process and the stand-in up.
			if (index === 0) continue;
			steps.push(...measured);
			written.push(...lines);
			wiresMs.push(...(await wireGapsMs(api)));
			for (let spawned = 0; spawned < 5; spawned += 1) spawnsMs.push(await spawnMs(root));
		}
		return [
			...figures(steps, spawnsMs, wiresMs),
			{
				name: 'log beyond content, per entry of such a turn',
				value: mean(written.map(overheadBytes)),
				unit: 'bytes',
				bound: 400,
				note: `${written.length} entries, titles and tails included`,
			},
			{ name: '  usage, times and hashes counted as well', value: mean(written.map(unsaidBytes)), unit: 'bytes' },
		];
	} finally {
		await api.close();
		rmSync(root, { recursive: true, force: true });
	}
}

function figures(steps: readonly Step[], spawnsMs: readonly number[], wiresMs: readonly number[]): BenchFigure[] {
	const own = ({ gapMs, flushMs }: Step) => gapMs - flushMs;
	const of = (tool: ToolName) => steps.filter((step) => step.tool === tool);
	const note = `median of ${runs} turns of ${stepsPerRun} steps`;
	return [
		{ name: 'overhead of a tool step without flushes', value: median(steps.map(own)), unit: 'ms', bound: 6, note },
		...tools.map((tool) => ({
			name: `  after ${tool}`,
			value: median(of(tool).map(own)),
			unit: 'ms',
			...(tool === 'bash' ? {} : { bound: 6 }),
		})),
		{ name: '  floor of all: a bare fetch after the end of a reply', value: median(wiresMs), unit: 'ms' },
		{ name: '  floor of bash: starting and ending the shell', value: median(spawnsMs), unit: 'ms' },
		...tools.map((tool) => ({
			name: `  flushes after ${tool}`,
			value: median(of(tool).map(({ flushMs }) => flushMs)),
			unit: 'ms',
		})),
	];
}

async function runOnce(
	folder: string,
	api: StandIn,
): Promise<{ readonly measured: readonly Step[]; readonly lines: readonly string[] }> {
	const project = join(folder, 'project');
	const storage = join(folder, 'storage');
	mkdirSync(project, { recursive: true });
	writeFileSync(join(project, 'a.ts'), `const step = 0;\n${'const line = compute(step);\n'.repeat(200)}`);
	const world = await openWorld(project, storage, api.url);
	const before = (await api.requests()).length;
	try {
		await world.run(prompt());
	} finally {
		await world.session.close();
	}
	const requests = (await api.requests()).slice(before);
	const end = world.session.newest('turnEnded');
	if (requests.length !== stepsPerRun + 1 || end?.reason !== 'endTurn')
		throw new Error(`The turn made ${requests.length} requests and ended so: ${JSON.stringify(end)}`);
	const measured = requests.slice(1).map(({ arrivedAt }, index) => {
		const endedAt = requests[index]?.endedAt ?? Number.NaN;
		// The stand-in speaks of wall time, as its process sees it.
		const flushMs = flushMsWithin(endedAt - performance.timeOrigin, arrivedAt - performance.timeOrigin);
		return { tool: toolOf(index), gapMs: arrivedAt - endedAt, flushMs };
	});
	return { measured, lines: logLines(storage) };
}

const toolOf = (step: number): ToolName => tools[step % tools.length] ?? 'read';

/** The script that the stand-in plays, as a prompt carries it. */
function prompt(): string {
	const replies = Array.from({ length: stepsPerRun }, (_, step) => ({ blocks: [callOf(step)] }));
	return `\`\`\`script\n${JSON.stringify([...replies, { text: 'done' }])}\n\`\`\``;
}

function callOf(step: number): { readonly tool: string; readonly input: unknown } {
	const edit = Math.floor(step / tools.length);
	const calls = {
		read: { tool: 'Read', input: { file_path: 'a.ts' } },
		edit: {
			tool: 'Edit',
			input: { file_path: 'a.ts', old_string: `const step = ${edit};`, new_string: `const step = ${edit + 1};` },
		},
		bash: { tool: 'Bash', input: { command: 'true' } },
	};
	return calls[toolOf(step)];
}

async function openWorld(project: string, storage: string, url: string) {
	const { ports } = await createFixture({ model: createScriptedModel([]), mode: 'auto' });
	const blobs = createFileBlobStore(storage);
	const ids = createIdSource();
	const trace = () => undefined;
	const session = await openSession({
		store: createFileSessionStore({ folder: storage, window: 'bench', trace }),
		blobs,
		clock: systemClock,
		ids,
		defaults: { cwd: project, mode: 'auto', model: 'claude-sonnet-5-5', roots: [project], extensionVersion: '0' },
		trace,
	});
	const roots = [{ name: 'project', path: project }];
	const real = {
		...ports,
		clock: systemClock,
		ids,
		blobs,
		workspace: createDiskWorkspace({ roots: () => roots, isTrusted: () => true }),
		shell: createShell({ hiddenEnvironment: [] }),
		search: createSearch(findRipgrep(projectFolder) ?? 'rg'),
		model: createAnthropicModel({
			baseUrl: url,
			apiKeyHeader: 'authorization',
			apiKey: async () => 'test-key',
			clock: systemClock,
		}),
		loadProjectContext: () => loadProjectContext(roots, project),
		rules: () => ({ allow: ['Bash', 'Edit', 'Read'], ask: [], deny: [] }),
		trace,
	};
	const signal = new AbortController().signal;
	return {
		session,
		run: (text: string) => runTurn(session, { text, attachments: [] }, real, () => undefined, signal),
	};
}

/** What a command costs anybody: the shell that the Bash tool uses, started, told to do nothing, and waited for. */
async function spawnMs(cwd: string): Promise<number> {
	const startedMs = performance.now();
	const child = spawn(defaultShellPath(), ['-c', 'true'], { cwd, stdio: 'ignore' });
	await once(child, 'close');
	return performance.now() - startedMs;
}

/** What it costs anybody to send the next request: no tool, no log, no client but `fetch`. */
async function wireGapsMs(api: StandIn): Promise<number[]> {
	const before = (await api.requests()).length;
	const body = JSON.stringify({
		model: 'claude-sonnet-5-5',
		max_tokens: 1_000,
		stream: true,
		messages: [{ role: 'user', content: [{ type: 'text', text: 'words '.repeat(2_000) }] }],
	});
	const headers = {
		authorization: 'Bearer test-key',
		'content-type': 'application/json',
		'anthropic-version': '2026-10-21',
	};
	for (let sent = 0; sent < 10; sent += 1)
		await (await fetch(`${api.url}/v1/messages`, { method: 'POST', headers, body })).text();
	const requests = (await api.requests()).slice(before);
	return requests.slice(1).map(({ arrivedAt }, index) => arrivedAt - (requests[index]?.endedAt ?? Number.NaN));
}

function logLines(storage: string): readonly string[] {
	const sessions = join(storage, 'sessions');
	const name = readdirSync(sessions).find((file) => file.endsWith('.jsonl')) ?? '';
	return readFileSync(join(sessions, name), 'utf8')
		.split('\n')
		.filter((line) => line !== '');
}

/** What an entry carries beside its own fields. Titles and tails are derived, so they are beside what was to be kept altogether. */
function overheadBytes(line: string): number {
	const { v, id, parentId, sessionId, agentId, gen, timestamp, cwd, mode, ...own } = JSON.parse(line);
	const isDerived = own.type === 'title' || own.type === 'tail';
	return Buffer.byteLength(line) - (isDerived ? 0 : Buffer.byteLength(JSON.stringify(own)));
}

/** The same, when all that nobody said (usage, times, hashes, the frozen prefix) counts as overhead too. */
function unsaidBytes(line: string): number {
	const entry = JSON.parse(line);
	const said = entry.content ?? entry.block ?? entry.text ?? '';
	return Buffer.byteLength(line) - Buffer.byteLength(JSON.stringify(said));
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}
