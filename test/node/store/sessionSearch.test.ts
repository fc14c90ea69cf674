/** The search over real files with a real ripgrep: logs, agents' logs, trash, stored outputs, limits, cancelling. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { rgPath } from '@vscode/ripgrep';
import fc from 'fast-check';
import { CancelledError, UserError } from '../../../src/base/errors.ts';
import { asToolUseId } from '../../../src/base/ids.ts';
import { quoted } from '../../../src/base/searchWords.ts';
import { utf8Encode } from '../../../src/base/text.ts';
import { parseQuery } from '../../../src/core/search/query.ts';
import type { FoundSession, SearchEnd, SearchHit } from '../../../src/core/search/searchPort.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';
import { logPlaceOf } from '../../../src/node/store/searchedLogs.ts';
import { createSessionSearch, type SearchLimits } from '../../../src/node/store/sessionSearch.ts';
import { type EntryBuilder, entryBuilder, text, toolUse } from '../../fakes/entries.ts';

const scratch = mkdtempSync(join(tmpdir(), 'retrace-find-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let count = 0;
const newFolder = () => {
	const folder = join(scratch, String(count++));
	mkdirSync(folder);
	return folder;
};
const idOf = (number: number) => `0198f000-0000-7000-8000-${String(number).padStart(12, '0')}`;

/** Each log is newer than the one before. */
let seconds = 1_700_000_000;
function put(folder: string, path: string, ...builders: readonly EntryBuilder[]): void {
	const absolute = join(folder, path);
	mkdirSync(dirname(absolute), { recursive: true });
	const lines = builders.flatMap((builder) => builder.entries.map((entry) => `${JSON.stringify(entry)}\n`));
	writeFileSync(absolute, lines.join(''));
	seconds += 10;
	utimesSync(absolute, seconds, seconds);
}
function said(...texts: readonly string[]): EntryBuilder {
	const builder = entryBuilder();
	for (const one of texts) builder.user(one);
	return builder;
}

type Found = { readonly sessions: FoundSession[]; readonly hits: SearchHit[]; readonly end: SearchEnd };
async function find(folder: string, typed: string, limits: SearchLimits = {}): Promise<Found> {
	const parsed = parseQuery(typed, Date.now());
	assert.ok(parsed.kind === 'query', typed);
	const sessions: FoundSession[] = [];
	const hits: SearchHit[] = [];
	const search = createSessionSearch({ folder, ripgrepPath: rgPath, limits });
	const end = await search.search(
		parsed.query,
		(found) => {
			if (found.kind === 'session') sessions.push(found.session);
			else {
				assert.ok(
					sessions.some((one) => one.key === found.hit.session),
					'a hit comes after its session',
				);
				hits.push(found.hit);
			}
		},
		new AbortController().signal,
	);
	return { sessions, hits, end };
}
const shown = (found: Found) => found.hits.map((hit) => `${hit.session} ${hit.snippet.text}`).toSorted();

describe('session search', () => {
	test('logs, agents, trash: newest first, each message once in each session', async () => {
		const folder = newFolder();
		const [a, b, c] = [idOf(1), idOf(2), idOf(3)];
		put(folder, `sessions/${a}.jsonl`, said('needle one'));
		put(folder, `sessions/${b}.jsonl`, said('other', 'needle two'), said('other', 'needle two'));
		put(folder, `sessions/${a}/agents/scout.jsonl`, said('needle in the agent'));
		put(folder, `trash/${c}.jsonl`, said('needle in the trash'));
		put(folder, `trash/${c}.2.jsonl`, said('needle, trashed again'));
		put(folder, `sessions/${b}.idx`, said('needle in an index'));
		const found = await find(folder, 'needle');
		assert.deepEqual(shown(found), [
			`sessions/${a} needle in the agent`,
			`sessions/${a} needle one`,
			`sessions/${b} needle two`,
			`trash/${c} needle in the trash`,
			`trash/${c}.2 needle, trashed again`,
		]);
		assert.deepEqual(
			found.sessions
				.map(({ id, title, trashName }) => ({ id, title, trashName }))
				.find(({ trashName }) => trashName === `${c}.2`),
			{ id: c, title: 'needle, trashed again', trashName: `${c}.2` },
		);
		assert.equal(found.hits.find((hit) => hit.snippet.text.includes('agent'))?.agentId, 'scout');
		assert.deepEqual(found.end, { isComplete: true, cutSessions: [], unsearchedOutputs: 0 });
		assert.deepEqual(shown(await find(folder, 'needle in:trash')), [
			`trash/${c} needle in the trash`,
			`trash/${c}.2 needle, trashed again`,
		]);
		assert.equal((await find(folder, 'needle in:sessions')).hits.length, 3);
	});

	test('a folder without sessions, and one without anything', async () => {
		assert.deepEqual((await find(newFolder(), 'needle')).hits, []);
		assert.deepEqual((await find(join(newFolder(), 'none'), 'needle')).hits, []);
	});

	test('stored outputs are searched and told by the message that names them', async () => {
		const folder = newFolder();
		const blobs = createFileBlobStore(folder);
		const output = `${'line\n'.repeat(10_000)}a "needle" here\n${'more\n'.repeat(10)}`;
		const builder = entryBuilder();
		builder.reply([toolUse('t1', 'Bash', { command: 'npm test' })]);
		const whole = await blobs.put(utf8Encode(output), 'text/plain', { searchable: true });
		const short = { type: 'text' as const, text: 'line' };
		builder.add({
			type: 'toolResult',
			toolUseId: asToolUseId('t1'),
			isError: false,
			content: [short],
			durationMs: 1,
			output: whole,
		});
		const block = utf8Encode(JSON.stringify({ type: 'text', text: `${'x'.repeat(40_000)} the pasted "needle"` }));
		builder.userBlocks([await blobs.put(block, 'application/json', { searchable: true })]);
		// A file's content is nobody's message.
		const file = await blobs.put(utf8Encode('const needle = "needle";'), 'text/plain', { searchable: true });
		builder.add({
			type: 'editProposed',
			toolUseId: asToolUseId('t1'),
			path: { root: '/project', rel: 'a.js' },
			before: 'absent',
			proposed: file,
		});
		put(folder, `sessions/${idOf(1)}.jsonl`, builder);
		for (const typed of ['needle', '"\\"needle\\""', 'needle tool:bash', 'needle line']) {
			const kinds = (await find(folder, typed)).hits.map(({ kind }) => kind).toSorted();
			assert.deepEqual(
				kinds,
				typed === 'needle tool:bash' || typed === 'needle line' ? ['output'] : ['output', 'prompt'],
				typed,
			);
		}
		const [hit] = (await find(folder, '"here more"')).hits;
		assert.match(hit?.snippet.text ?? '', /needle" here more/, 'a phrase over the end of a line');
	});

	test('compressed outputs are counted, not silently left out', async () => {
		const folder = newFolder();
		const blobs = createFileBlobStore(folder);
		const packed = await blobs.put(utf8Encode('needle '.repeat(1_000)), 'text/plain');
		const builder = entryBuilder();
		builder.add({
			type: 'toolResult',
			toolUseId: asToolUseId('t'),
			isError: false,
			content: [],
			durationMs: 1,
			output: packed,
		});
		builder.add({
			type: 'editProposed',
			toolUseId: asToolUseId('t'),
			path: { root: '/project', rel: 'a.js' },
			before: 'absent',
			proposed: await blobs.put(utf8Encode('a file '.repeat(1_000)), 'text/plain'),
		});
		put(folder, `sessions/${idOf(1)}.jsonl`, builder);
		const found = await find(folder, 'needle');
		assert.deepEqual(found.hits, []);
		assert.equal(found.end.unsearchedOutputs, 1);
		assert.equal((await find(folder, 'needle tool:bash')).end.unsearchedOutputs, 0, 'none that could be meant');
	});

	test('limits are kept and said', async () => {
		const folder = newFolder();
		for (let number = 1; number <= 4; number++)
			put(
				folder,
				`sessions/${idOf(number)}.jsonl`,
				said(...Array.from({ length: 10 }, (_, index) => `needle ${index}`)),
			);
		const cut = await find(folder, 'needle', { hitsPerSession: 3 });
		assert.equal(cut.hits.length, 12);
		assert.equal(cut.end.cutSessions.length, 4);
		assert.ok(cut.end.isComplete);
		const full = await find(folder, 'needle', { hits: 25 });
		assert.equal(full.hits.length, 25);
		assert.equal(full.end.isComplete, false);
	});

	test('the newest logs come first, the others all the same', async () => {
		const folder = newFolder();
		for (let number = 1; number <= 9; number++) put(folder, `sessions/${idOf(number)}.jsonl`, said(`needle ${number}`));
		const found = await find(folder, 'needle', { firstFiles: 2 });
		const order = found.hits.map((hit) => Number(hit.snippet.text.slice(7)));
		assert.deepEqual(order.slice(0, 2).toSorted(), [8, 9]);
		assert.deepEqual(order.toSorted(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
	});

	test('a search that is cancelled ends at once and tells nothing more', async () => {
		const folder = newFolder();
		put(folder, `sessions/${idOf(1)}.jsonl`, said(...Array.from({ length: 5_000 }, (_, index) => `needle ${index}`)));
		const abort = new AbortController();
		let told = 0;
		const search = createSessionSearch({ folder, ripgrepPath: rgPath });
		const parsed = parseQuery('needle', Date.now());
		assert.ok(parsed.kind === 'query');
		const running = search.search(
			parsed.query,
			() => {
				told++;
				abort.abort();
			},
			abort.signal,
		);
		await assert.rejects(running, CancelledError);
		const before = told;
		await assert.rejects(
			search.search(parsed.query, () => told++, abort.signal),
			CancelledError,
		);
		assert.equal(told, before);
	});

	test('no ripgrep is said, and a broken one too', async () => {
		const parsed = parseQuery('needle', Date.now());
		assert.ok(parsed.kind === 'query');
		const folder = newFolder();
		put(folder, `sessions/${idOf(1)}.jsonl`, said('needle'));
		for (const ripgrepPath of [undefined, join(folder, 'none')]) {
			const search = createSessionSearch({ folder, ripgrepPath });
			const signal = new AbortController().signal;
			const isOurs = (error: unknown) => error instanceof UserError && error.code === 'no-ripgrep';
			await assert.rejects(
				search.search(parsed.query, () => undefined, signal),
				isOurs,
			);
		}
	});

	test('nothing on the disk changes', async () => {
		const folder = newFolder();
		put(folder, `sessions/${idOf(1)}.jsonl`, said('needle'));
		const state = () =>
			readdirSync(folder, { recursive: true, encoding: 'utf8' })
				.map((path) => `${path} ${statSync(join(folder, path)).mtimeMs}`)
				.toSorted();
		const before = state();
		await find(folder, 'needle');
		assert.deepEqual(state(), before);
	});

	test('random texts are found by ripgrep as well (property)', async () => {
		const word = fc
			.string({ unit: 'binary', minLength: 1, maxLength: 8 })
			.filter((one) => one.trim() === one && one !== '');
		await fc.assert(
			fc.asyncProperty(
				word,
				fc.string({ unit: 'grapheme', maxLength: 20 }),
				fc.boolean(),
				async (needle, around, isStored) => {
					const folder = newFolder();
					const builder = entryBuilder();
					const whole = `${around} ${needle} ${around}`;
					if (isStored) {
						const bytes = utf8Encode(JSON.stringify({ type: 'text', text: whole }));
						builder.userBlocks([
							await createFileBlobStore(folder).put(bytes, 'application/json', { searchable: true }),
						]);
					} else builder.reply([text(whole)]);
					put(folder, `sessions/${idOf(1)}.jsonl`, builder);
					assert.equal((await find(folder, quoted(needle))).hits.length, 1);
				},
			),
			{ numRuns: 40 },
		);
	});
});

test('which log a path is', () => {
	const id = idOf(1);
	assert.equal(logPlaceOf(`sessions/${id}.jsonl`)?.trashName, undefined);
	assert.equal(logPlaceOf(`trash/${id}.jsonl`)?.trashName, id);
	assert.equal(logPlaceOf(`trash/${id}.2/agents/a.jsonl`)?.sessionLog, `trash/${id}.2.jsonl`);
	assert.equal(logPlaceOf(`sessions/${id}/agents/a.jsonl`)?.sessionLog, `sessions/${id}.jsonl`);
	assert.equal(logPlaceOf(`sessions/${id}.lease/1`), undefined);
	assert.equal(logPlaceOf(`blobs/ab/x.jsonl`), undefined);
});
