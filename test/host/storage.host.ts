// The storage limit in a real editor: nothing happens within it; over it the oldest contents go, and nothing of a pinned or open session.
import assert from 'node:assert/strict';
import { asSessionId, asSha256, asUnixMs } from '../../src/base/ids.ts';
import type { StoredContent, StoreUse } from '../../src/core/checkpoint/storeUse.ts';
import type { SessionSummary } from '../../src/core/session/storePort.ts';
import { enforceLimit, type StorageWorld } from '../../src/host/list/storage.ts';
import { createMemorySessionStore } from '../../src/node/store/memorySessionStore.ts';
import { hostTest } from './support/hostTest.ts';

const MB = 1024 * 1024;
const { signal } = new AbortController();

function summary(id: string, facts: Partial<SessionSummary> = {}): SessionSummary {
	return {
		...{ id: asSessionId(id), title: `Title ${id}`, lastPrompt: '', state: 'idle', prompts: 1, costUsd: 0 },
		...{ isPinned: false, isArchived: false, originId: undefined, createdAt: asUnixMs(1), sizeBytes: 1 },
		...{ updatedAt: asUnixMs(1), isOpenElsewhere: false, isDamaged: false },
		...facts,
	};
}

function createCase(contentMb: number) {
	const removed: string[][] = [];
	let examined = 0;
	const content = (sha: string, files: string[]): StoredContent => ({
		...{ sha: asSha256(sha), sizeBytes: contentMb * MB, modifiedMs: 1, files, others: [] },
	});
	const keys = ['pinned', 'open', 'elsewhere', 'old', 'new'];
	const use: StoreUse = {
		sessions: keys.map((key, index) => ({
			...{ key, sessionId: key, isTrashed: false },
			logBytes: 1,
			modifiedMs: index,
		})),
		contents: [...keys.map((key) => content(key, [key])), content('nobody', [])],
	};
	const list = [
		...[summary('pinned', { isPinned: true }), summary('open'), summary('elsewhere', { isOpenElsewhere: true })],
		...[summary('old'), summary('new')],
	];
	const world: StorageWorld = {
		stores: {
			sessions: { ...createMemorySessionStore(), list: async () => ({ sessions: list, onDisk: list.length }) },
		},
		shown: () => assert.fail('no session is asked for'),
		openIds: () => new Set(['open']),
		isBusy: () => false,
		trace: () => undefined,
		onError: (_event, error) => assert.fail(String(error)),
	};
	const budget = {
		sizeBytes: async () => 6 * contentMb * MB,
		async examine() {
			examined++;
			return use;
		},
		async remove(shas: readonly string[]) {
			removed.push([...shas]);
			return { removed: shas.length, removedBytes: shas.length * contentMb * MB };
		},
	};
	return { world, budget, removed, examined: () => examined };
}

hostTest('within the limit no log is read', async () => {
	const { world, budget, removed, examined } = createCase(100);
	await enforceLimit(world, budget, signal);
	assert.deepEqual([removed, examined()], [[], 0]);
});

hostTest('over it the oldest contents go until it is kept, and nothing of a pinned or open session', async () => {
	const little = createCase(180);
	await enforceLimit(little.world, little.budget, signal);
	assert.deepEqual(little.removed, [['nobody']]);
	const much = createCase(900);
	await enforceLimit(much.world, much.budget, signal);
	assert.deepEqual(much.removed, [['nobody', 'old', 'new']]);
});
