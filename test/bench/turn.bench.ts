// From the start of a turn to the request on the wire, without VS Code: what the loop, the log and the client cost by themselves.
// Real log, blobs, lease and client on a real disk; panel.bench.ts measures the same from the click, in the extension host.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import type { BlobCache } from '../../src/core/context/loadBlobs.ts';
import type { StreamModel } from '../../src/core/model/modelPort.ts';
import { openSession } from '../../src/core/session/session.ts';
import { createAnthropicModel } from '../../src/node/model/anthropicModel.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import { startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { type BenchFigure, median } from './figure.ts';

const prompts = 25;
const warmUps = 5;

export async function run(): Promise<BenchFigure[]> {
	return await sendToWire();
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
		return [
			{
				name: 'start of a turn → request on the wire, without VS Code',
				value: median(samplesMs),
				unit: 'ms',
				bound: 20,
			},
		];
	} finally {
		await world.close();
		await api.close();
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
	const loadedTexts: BlobCache = new Map();
	const ports = { ...fixture.ports, clock: systemClock, ids, blobs, loadedTexts, trace: () => undefined };
	const signal = new AbortController().signal;
	return {
		run: (prompt: string) => runTurn(session, { text: prompt, attachments: [] }, ports, () => undefined, signal),
		close: async () => {
			await session.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
