/**
 * A writer is killed at random points (SIGKILL, one process each), again and again on the same logs: nothing that it told is lost, every
 * log opens and goes on, and what was in a file stays its beginning. `RETRACE_KILLS=500` sets how many; the seed is printed.
 * A kill keeps what the system was given; what a power cut takes is tested in powerCut.test.ts.
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { asSessionId, asSha256, type SessionId } from '../../../src/base/ids.ts';
import { closeOpenCalls } from '../../../src/core/session/closeOpenCalls.ts';
import { isToolUseBlock } from '../../../src/core/session/content.ts';
import { type Entry, isType } from '../../../src/core/session/entry.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../../src/node/systemClock.ts';
import { user } from '../../core/session/sessionSupport.ts';
import type { Told } from './writer.ts';

const KILLS = Number(process.env.RETRACE_KILLS ?? 60);
const LIVES_PER_SESSION = 8;
/** A life is ended after at most this many words of the writer … */
const MOST_WORDS = 30;
/** … and a moment, so that the kill does not fall at the same place of the writer's round each time. */
const MOST_MOMENTS_US = 3_000;

test(`${KILLS} kills of a writer lose nothing that it told`, { timeout: 60_000 + KILLS * 2_000 }, async (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-kill-'));
	const ids = createIdSource();
	const script = join(folder, 'writer.mjs');
	// One small file starts three times as fast as the sources.
	await build({
		entryPoints: [fileURLToPath(new URL('./writer.ts', import.meta.url))],
		...{ outfile: script, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
	});
	const cache = join(folder, 'cache');
	const running = new Set<ChildProcessWithoutNullStreams>();
	const start = () => {
		const child = spawn(process.execPath, [script], { env: { ...process.env, NODE_COMPILE_CACHE: cache } });
		running.add(child);
		child.once('close', () => running.delete(child));
		return child;
	};
	t.after(() => {
		for (const child of running) child.kill('SIGKILL');
		rmSync(folder, { recursive: true, force: true });
	});

	const found = { torn: 0, entries: 0, blobs: 0, openCalls: 0 };
	let next = start();
	let session: KilledSession | undefined;
	for (let kill = 0; kill < KILLS; kill++) {
		if (kill % LIVES_PER_SESSION === 0) session = { id: asSessionId(ids.next()), told: [], blobs: [], torn: 0 };
		assert.ok(session);
		const child = next;
		next = start();
		const words = await life(child, folder, session.id);
		for (const word of words) {
			session.told.push(...(word.appended ?? []));
			if (word.blob) session.blobs.push(word.blob);
		}
		found.entries += words.reduce((sum, word) => sum + (word.appended?.length ?? 0), 0);
		await check(folder, session, words, found);
	}
	t.diagnostic(`${KILLS} kills: ${JSON.stringify(found)}`);
	if (KILLS >= 60) assert.ok(found.entries > 0 && found.blobs > 0 && found.openCalls > 0, JSON.stringify(found));
});

type KilledSession = { readonly id: SessionId; readonly told: string[]; readonly blobs: string[]; torn: number };

/** From its first word to its death; resolves with all that it told. */
async function life(child: ChildProcessWithoutNullStreams, folder: string, id: string): Promise<Told[]> {
	const words = 1 + Math.floor(Math.random() * MOST_WORDS);
	const waitUs = Math.random() * MOST_MOMENTS_US;
	let output = '';
	let errors = '';
	let isKilled = false;
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		errors += text;
	});
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		output += text;
		if (isKilled || output.split('\n').length <= words) return;
		isKilled = true;
		const untilMs = performance.now() + waitUs / 1000;
		while (performance.now() < untilMs);
		child.kill('SIGKILL');
	});
	child.stdin.write(`${folder} ${id} ${1 + Math.floor(Math.random() * 1e9)}\n`);
	const signal = await new Promise<string | null>((resolve) => child.once('close', (_code, by) => resolve(by)));
	assert.equal(signal, 'SIGKILL', `the writer ended by itself: ${errors}`);
	// A word that was cut off was not told.
	return output
		.split('\n')
		.slice(0, -1)
		.map((line): Told => JSON.parse(line));
}

async function check(
	folder: string,
	killed: KilledSession,
	words: readonly Told[],
	found: { torn: number; blobs: number; openCalls: number },
) {
	const path = join(folder, 'sessions', `${killed.id}.jsonl`);
	const synced = Math.max(0, ...words.map((word) => word.syncedBytes ?? 0));
	if (!existsSync(path)) {
		// The log is made with the first entry, and this life ended before it.
		assert.deepEqual({ told: killed.told, synced }, { told: [], synced: 0 });
		return;
	}
	const bytes = readFileSync(path);
	assert.ok(bytes.length >= synced, 'what was flushed is there');

	const blobs = createFileBlobStore(folder);
	const session = await openSession({
		store: createFileSessionStore({ folder, window: 'next', trace: () => undefined }),
		...{ blobs, id: killed.id, clock: systemClock, ids: createIdSource(), trace: () => undefined },
		defaults: { cwd: '/w', mode: 'ask', model: 'm', roots: ['/w'], extensionVersion: '0' },
	});
	assert.ok(readFileSync(path).equals(bytes), 'opening changes nothing');
	assert.equal(session.readOnlyReason, undefined, 'the lease of a dead process holds nobody up');
	const problems = session.problems.map((problem) => problem.kind);
	if (problems.includes('tornTail')) {
		killed.torn++;
		found.torn++;
	}
	assert.ok(
		problems.every((kind) => kind === 'tornTail' || kind === 'badLine'),
		problems.join(),
	);
	// A torn line of an earlier life is a bad line from the next append on.
	assert.ok(problems.length <= killed.torn, problems.join());

	const there = new Set<string>((await session.outline()).byId.keys());
	const lost = killed.told.filter((id) => !there.has(id));
	assert.deepEqual(lost, [], 'every entry that was told is in the log');
	for (const sha of killed.blobs.splice(0)) {
		await blobs.get({ $blob: asSha256(sha) });
		found.blobs++;
	}

	found.openCalls += closeOpenCalls(session).filter((entry) => isType(entry, 'toolResult')).length;
	assertOneResultEach(session.branch());
	const [added] = session.append(user('after the kill'));
	assert.ok(added);
	await session.sync();
	await session.close();
	killed.told.push(added.id);
	assert.equal(existsSync(join(folder, 'sessions', `${killed.id}.lease`)), false);
	const after = readFileSync(path);
	assert.ok(after.subarray(0, bytes.length).equals(bytes), 'the file only grew');
}

function assertOneResultEach(branch: readonly Entry[]) {
	const results = new Map<string, number>();
	for (const entry of branch) {
		if (isType(entry, 'toolResult')) results.set(entry.toolUseId, (results.get(entry.toolUseId) ?? 0) + 1);
	}
	for (const entry of branch) {
		if (!isType(entry, 'assistant') || !isToolUseBlock(entry.block)) continue;
		assert.equal(results.get(entry.block.id), 1, `${entry.block.id} has one result`);
		results.delete(entry.block.id);
	}
	assert.equal(results.size, 0, 'no result without a call');
}
