// What Retrace adds to a turn: from send to the first request on the wire, per tool step, per edit and per line of the log.
// Real log, blobs, lease and client on a real disk; the model is a local one that answers at once.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import { createRecordingWorkspace } from '../../src/core/checkpoint/recordingWorkspace.ts';
import type { StreamModel } from '../../src/core/ports.ts';
import { openSession } from '../../src/core/session/session.ts';
import { createAnthropicModel } from '../../src/node/anthropicModel.ts';
import { createFileBlobStore } from '../../src/node/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import { startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { call, createScriptedModel, text } from '../fakes/scriptedModel.ts';
import { type BenchFigure, median } from './figure.ts';

const prompts = 25;
const warmUps = 5;
const steps = 60;
const edits = 60;

export async function run(): Promise<BenchFigure[]> {
	return [...(await sendToWire()), ...(await toolSteps()), ...(await editCost())];
}

async function sendToWire(): Promise<BenchFigure[]> {
	let arrivedMs = 0;
	const api = await startMessagesApi({
		script: () => {
			arrivedMs = performance.now();
			return { text: 'ok' };
		},
	});
	const model = createAnthropicModel({
		baseUrl: api.url,
		apiKeyHeader: 'authorization',
		apiKey: async () => 'test-key',
		clock: systemClock,
	});
	const world = await openWorld(model);
	try {
		const samplesMs: number[] = [];
		for (let prompt = 0; prompt < prompts; prompt += 1) {
			const startedMs = performance.now();
			await world.run(`prompt ${prompt}`);
			if (prompt >= warmUps) samplesMs.push(arrivedMs - startedMs);
		}
		return [{ name: 'send to the first request on the wire, median', value: median(samplesMs), unit: 'ms', bound: 20 }];
	} finally {
		await world.close();
		await api.close();
	}
}

async function toolSteps(): Promise<BenchFigure[]> {
	const answers = Array.from({ length: steps }, (_, index) => ({
		blocks: [call('Read', { file_path: 'a.js' }, `toolu_${index}`)],
		stopReason: 'tool_use' as const,
	}));
	const world = await openWorld(
		createScriptedModel([{ blocks: [text('ready')] }, ...answers, { blocks: [text('done')] }]),
	);
	try {
		await world.run('warm up');
		const startedMs = performance.now();
		await world.run('go');
		const perStepMs = (performance.now() - startedMs) / steps;
		await world.session.sync();
		const lines = world.logLines();
		return [
			{ name: `overhead of a tool step, mean of ${steps}`, value: perStepMs, unit: 'ms', bound: 6 },
			{ name: 'log line beyond its content, mean', value: mean(lines.map(overheadBytes)), unit: 'bytes', bound: 400 },
		];
	} finally {
		await world.close();
	}
}

async function editCost(): Promise<BenchFigure[]> {
	const world = await openWorld(createScriptedModel([{ blocks: [text('ready')] }]));
	try {
		await world.run('warm up');
		const { session, ports } = world;
		let flushMs = 0;
		const timed = new Proxy(session, {
			get(target, key) {
				const member: unknown = Reflect.get(target, key, target);
				if (key !== 'sync') return typeof member === 'function' ? member.bind(target) : member;
				return async () => {
					const startedMs = performance.now();
					await target.sync();
					flushMs += performance.now() - startedMs;
				};
			},
		});
		const recording = createRecordingWorkspace({ session: timed, workspace: ports.workspace, blobs: ports.blobs });
		const samplesMs: number[] = [];
		const flushesMs: number[] = [];
		for (let edit = 0; edit < edits; edit += 1) {
			const before = await ports.workspace.read('/w/a.js');
			if (before.kind !== 'file') throw new Error('The file is gone.');
			flushMs = 0;
			const startedMs = performance.now();
			await recording.write({
				file: { root: '/w', rel: 'a.js' },
				absolute: '/w/a.js',
				before,
				author: 'agent',
				bytes: new TextEncoder().encode(`const value = ${edit};\n`.repeat(100)),
				meta: { mode: 0o644 },
			});
			samplesMs.push(performance.now() - startedMs - flushMs);
			flushesMs.push(flushMs);
		}
		return [
			{ name: `before-image and log of an edit, median of ${edits}`, value: median(samplesMs), unit: 'ms', bound: 2 },
			{ name: '  its flush to the disk', value: median(flushesMs), unit: 'ms' },
		];
	} finally {
		await world.close();
	}
}

/** A session on the disk with the ports of the turn tests. */
async function openWorld(model: StreamModel) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-bench-'));
	const fixture = await createFixture({ model, mode: 'auto', files: { '/w/a.js': 'const value = 1;\n'.repeat(100) } });
	const blobs = createFileBlobStore(folder);
	const ids = createIdSource();
	const session = await openSession({
		store: createFileSessionStore({ folder, window: 'bench', trace: () => undefined }),
		blobs,
		clock: systemClock,
		ids,
		defaults: { cwd: '/w', mode: 'auto', model: 'claude-sonnet-5-5', roots: ['/w'], extensionVersion: '0' },
		trace: () => undefined,
	});
	const ports = { ...fixture.ports, clock: systemClock, ids, blobs, trace: () => undefined };
	const signal = new AbortController().signal;
	return {
		session,
		ports,
		run: (prompt: string) => runTurn(session, { text: prompt, attachments: [] }, ports, () => undefined, signal),
		logLines: () => {
			const sessions = join(folder, 'sessions');
			const name = readdirSync(sessions).find((file) => file.endsWith('.jsonl')) ?? '';
			return readFileSync(join(sessions, name), 'utf8')
				.split('\n')
				.filter((line) => line !== '');
		},
		close: async () => {
			await session.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

/** What a line holds beside what the user, the model or a tool said. */
function overheadBytes(line: string): number {
	const entry = JSON.parse(line);
	const content = entry.content ?? entry.block ?? entry.text ?? entry.structured ?? '';
	return Buffer.byteLength(line) - Buffer.byteLength(JSON.stringify(content));
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}
