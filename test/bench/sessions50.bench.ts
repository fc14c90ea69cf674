// Fifty sessions at the same time against the stand-in: whether a word of one comes into another, and what each costs in memory.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { projectFolder } from '../../scripts/setup/paths.mjs';
import { createRequestPool } from '../../src/core/agent/requestPool.ts';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import type { BlobCache } from '../../src/core/context/loadBlobs.ts';
import type { StreamModel } from '../../src/core/model/modelPort.ts';
import { openSession } from '../../src/core/session/session.ts';
import { createAnthropicModel } from '../../src/node/model/anthropicModel.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import { createScriptedModel } from '../fakes/scriptedModel.ts';
import type { BenchFigure } from './figure.ts';

const sessions = 50;
const turns = 5;
const READ = { tool: 'Read', input: { file_path: 'a.js' } };
const limit = 4;
/** What a session's files give it to carry. */
const source = 'const value = 1;\n'.repeat(500);

export async function run(): Promise<BenchFigure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-bench-'));
	const api = await startStandIn();
	try {
		const options = { baseUrl: api.url, apiKeyHeader: 'authorization', apiKey: async () => 'test-key' } as const;
		const model = createAnthropicModel({ ...options, clock: systemClock });
		const pool = createRequestPool({ clock: systemClock, limit: () => limit });
		const queue = watchQueue();
		const open = async (name: string) => {
			const shared = pool.share(queue.served(model, name), 'stand-in', { session: name, kind: 'turn' });
			return await openOne(folder, name, (prompt) => api.prompt(name, prompt), queue.asked(shared, name));
		};
		const first = await open('session-0');
		await first.run();
		const before = usedBytes();
		const others = await Promise.all(Array.from({ length: sessions - 1 }, (_, index) => open(`session-${index + 1}`)));
		const startedMs = performance.now();
		await Promise.all(others.map((one) => one.run()));
		const tookMs = performance.now() - startedMs;
		const each = (usedBytes() - before) / others.length / 1e6;
		const mixed = await api.mixed();
		for (const one of [first, ...others]) await one.close();
		return [
			{
				name: `${sessions} sessions at once: requests with words of another`,
				value: mixed.mixed,
				unit: '',
				bound: 0,
				note: `${mixed.all} requests`,
			},
			{
				name: '  memory of each beyond the first',
				value: each,
				unit: 'MB',
				bound: 4,
				note: `${turns} turns of two steps, heap and buffers`,
			},
			{ name: '  most requests at once', value: queue.most(), unit: '', bound: limit },
			{
				name: '  requests that went before one that waited and whose session was served longer ago',
				value: queue.unfair(),
				unit: '',
				bound: 0,
			},
			{ name: `  time for all, ${limit} requests at once`, value: tookMs / 1000, unit: 's' },
		];
	} finally {
		await api.close();
		rmSync(folder, { recursive: true, force: true });
	}
}

/** Who waits and who is served, seen from both sides of the pool. */
function watchQueue() {
	/** Of each that waits: whom it saw served since. */
	const waiting = new Map<string, Set<string>>();
	let [running, most, unfair] = [0, 0, 0];
	return {
		asked: (model: StreamModel, name: string): StreamModel => ({
			...model,
			stream(...args) {
				waiting.set(name, new Set());
				return model.stream(...args);
			},
		}),
		served: (model: StreamModel, name: string): StreamModel => ({
			...model,
			async stream(...args) {
				waiting.delete(name);
				for (const seen of waiting.values()) {
					if (seen.has(name)) unfair++;
					seen.add(name);
				}
				most = Math.max(most, ++running);
				try {
					return await model.stream(...args);
				} finally {
					running--;
				}
			},
		}),
		most: () => most,
		unfair: () => unfair,
	};
}

async function openOne(folder: string, name: string, promptOf: (turn: number) => string, model: StreamModel) {
	const fixture = await createFixture({
		model: createScriptedModel([]),
		mode: 'auto',
		files: { '/w/a.js': `// ${name}\n${source}` },
	});
	const blobs = createFileBlobStore(folder);
	const ids = createIdSource();
	const session = await openSession({
		store: createFileSessionStore({ folder, window: 'bench', trace: () => undefined }),
		...{ blobs, clock: systemClock, ids, trace: () => undefined },
		defaults: { cwd: '/w', mode: 'auto', model: 'claude-sonnet-5-5', roots: ['/w'], extensionVersion: '0' },
	});
	const loadedTexts: BlobCache = new Map();
	const ports = { ...fixture.ports, model, clock: systemClock, ids, blobs, loadedTexts, trace: () => undefined };
	const { signal } = new AbortController();
	return {
		async run() {
			for (let turn = 0; turn < turns; turn += 1)
				await runTurn(session, { text: promptOf(turn), attachments: [] }, ports, () => undefined, signal);
			const ends = session.entries.flatMap((entry) => (entry.type === 'turnEnded' ? [entry.reason] : []));
			if (ends.length !== turns || ends.some((reason) => reason !== 'endTurn'))
				throw new Error(`${name}: ${ends.join()}`);
		},
		close: () => session.close(),
	};
}

/** After everything that can go went. */
function usedBytes(): number {
	setFlagsFromString('--expose-gc');
	const collect: () => void = runInNewContext('gc');
	collect();
	collect();
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
}

/** In a process of its own, since it keeps every request. */
async function startStandIn() {
	const child = spawn(process.execPath, ['test/fakes/messagesApi/serve.ts'], {
		cwd: projectFolder,
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
	const url = /http:\/\/[\d.:]+/.exec(line)?.[0];
	if (url === undefined) throw new Error(`The stand-in said: ${line}`);
	return {
		url,
		/** The stand-in plays what stands in the newest prompt. */
		prompt: (name: string, turn: number) =>
			`${name}. prompt ${turn}\n\`\`\`script\n${JSON.stringify([{ blocks: [READ] }, { text: `${name}. done` }])}\n\`\`\``,
		async mixed() {
			const log = (await (await fetch(`${url}/__log`)).json()) as {
				requests: { path: string; body: string; status: number }[];
				violations: string[];
			};
			if (log.violations.length > 0) throw new Error(log.violations[0]);
			const bodies = log.requests.filter(({ path }) => path === '/v1/messages').map(({ body }) => body);
			const namesIn = (body: string) => new Set(body.match(/session-\d+\b/g));
			return { all: bodies.length, mixed: bodies.filter((body) => namesIn(body).size !== 1).length };
		},
		async close() {
			child.kill();
			await once(child, 'exit');
		},
	};
}
