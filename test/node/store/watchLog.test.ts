/** A log that another window writes, seen from outside: its size and its holder. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogNow } from '../../../src/core/session/registry.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createWatchLog } from '../../../src/node/store/watchLog.ts';
import { line, SESSION } from '../../core/session/sessionSupport.ts';

function createScene(t: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-watch-'));
	const errors: unknown[] = [];
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const watchLog = createWatchLog({ folder, window: 'here', onError: (error) => errors.push(error) });
	const store = (window: string) => createFileSessionStore({ folder, window, trace: () => undefined });
	const seen: LogNow[] = [];
	let wake: () => void = () => undefined;
	const watching = watchLog(
		SESSION,
		async (now) => {
			seen.push(now);
			wake();
		},
		{ everyMs: 50 },
	);
	t.after(() => watching.dispose());
	const until = async (isTrue: (now: LogNow) => boolean) => {
		while (!seen.some(isTrue)) await new Promise<void>((resolve) => (wake = resolve));
	};
	return { errors, seen, until, store, watching };
}

test('size and holder are told as they change: nobody, another window, nobody again', {
	timeout: 40_000,
}, async (t) => {
	const { errors, seen, until, store } = createScene(t);
	await until(({ holder, sizeBytes }) => holder === 'nobody' && sizeBytes === 0);
	const { file } = await store('there').open(SESSION);
	file.append([line('a', null, 'reminder')]);
	await until(({ holder, sizeBytes }) => holder === 'other' && sizeBytes > 0);
	const first = seen.at(-1)?.sizeBytes ?? 0;
	file.append([line('b', null, 'reminder')]);
	await until(({ sizeBytes }) => sizeBytes > first);
	await file.close();
	await until(({ holder, sizeBytes }) => holder === 'nobody' && sizeBytes > first);
	const keys = seen.map((now) => JSON.stringify(now));
	assert.ok(keys.every((key, index) => key !== keys[index - 1]));
	assert.deepEqual(errors, []);
});

test('our own lease is ours', { timeout: 40_000 }, async (t) => {
	const { until, store } = createScene(t);
	const { file } = await store('here').open(SESSION);
	file.append([line('a', null, 'reminder')]);
	await until(({ holder }) => holder === 'us');
	await file.close();
});
