/** Windows hear of one another through their files; what a crash left behind is not believed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { asSessionId } from '../../../src/base/ids.ts';
import type { RunningSession, SessionRegistry } from '../../../src/core/session/registry.ts';
import { thisProcess } from '../../../src/node/store/lease.ts';
import { createSessionRegistry } from '../../../src/node/store/sessionRegistry.ts';

const running = (title: string): RunningSession => ({
	sessionId: asSessionId(`id-${title}`),
	title,
	state: 'running',
	since: 1,
});

function createScene(t: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-registry-'));
	const errors: unknown[] = [];
	const made: SessionRegistry[] = [];
	t.after(async () => {
		for (const registry of made) await registry.close();
		rmSync(folder, { recursive: true, force: true });
	});
	const open = (window: string) => {
		const registry = createSessionRegistry({ folder, window, onError: (error) => errors.push(error) });
		made.push(registry);
		return registry;
	};
	const put = (name: string, content: object | string, ageMs = 0) => {
		mkdirSync(join(folder, 'running'), { recursive: true });
		const path = join(folder, 'running', name);
		writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
		const at = new Date(Date.now() - ageMs);
		utimesSync(path, at, at);
	};
	return { folder, errors, open, put, names: () => readdirSync(join(folder, 'running')) };
}

/** Resolves when the titles that the registry has heard of are these. */
async function heard(registry: SessionRegistry, titles: readonly string[]): Promise<void> {
	const isThere = () =>
		registry
			.others()
			.map(({ title }) => title)
			.join() === titles.join();
	while (!isThere())
		await new Promise<void>((resolve) => {
			const listener = registry.onDidChange(() => {
				listener.dispose();
				resolve();
			});
		});
}

test('two windows hear of one another, of changes, and of a window that closes', { timeout: 40_000 }, async (t) => {
	const { open, errors, names, folder } = createScene(t);
	const [a, b] = [open('Project A'), open('Project B')];
	a.publish([running('one')]);
	await heard(b, ['one']);
	assert.deepEqual(b.others(), [{ ...running('one'), window: 'Project A' }]);
	assert.deepEqual(a.others(), []);
	a.publish([running('one'), running('two')]);
	await heard(b, ['one', 'two']);
	b.publish([running('three')]);
	await heard(a, ['three']);
	assert.equal(names().length, 2);
	assert.match(names().join(), new RegExp(`${process.pid}-Project-A-`));
	const text = readFileSync(join(folder, 'running', names()[0] ?? ''), 'utf8');
	assert.equal(JSON.parse(text).pid, process.pid);
	await a.close();
	await heard(b, []);
	assert.equal(names().length, 1);
	assert.deepEqual(errors, []);
});

test('nothing is on the disk for a window that has nothing open', async (t) => {
	const { open, folder } = createScene(t);
	const registry = open('a');
	registry.publish([]);
	await registry.close();
	assert.deepEqual(readdirSync(folder), []);
});

test('what a dead process left is not believed and goes; of another machine only the beat counts', async (t) => {
	const { open, put, names } = createScene(t);
	const gone = spawnSync(process.execPath, ['-e', '']).pid;
	const file = (changes: object) => ({ ...thisProcess(), window: 'w', sessions: [running('x')], ...changes });
	put('1-dead.json', file({ pid: gone, sessions: [running('dead')] }));
	put('2-beats.json', file({ host: 'elsewhere', sessions: [running('beats')] }));
	put('3-silent.json', file({ host: 'elsewhere', sessions: [running('silent')] }), 60_000);
	put('4-forgotten.json', file({ host: 'elsewhere' }), 8 * 24 * 60 * 60 * 1000);
	put('5-cut.json', '{"host":');
	put('6-partial.json.tmp', '{');
	const registry = open('here');
	await heard(registry, ['beats']);
	assert.deepEqual(names(), ['2-beats.json', '3-silent.json', '5-cut.json', '6-partial.json.tmp']);
});
