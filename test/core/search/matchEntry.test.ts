/** What of an entry is found and what is not, and the filters. Lines are the builder's entries as the log would hold them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { asSha256, asToolUseId } from '../../../src/base/ids.ts';
import { mayMatchLine } from '../../../src/core/search/lineFilter.ts';
import { createLineMatcher } from '../../../src/core/search/matchEntry.ts';
import { parseQuery, type SearchQuery } from '../../../src/core/search/query.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';

const query = (typed: string): SearchQuery => {
	const parsed = parseQuery(typed, Date.now());
	return parsed.kind === 'query' ? parsed.query : assert.fail(`${typed}: ${JSON.stringify(parsed)}`);
};
const terms = (...list: readonly string[]): SearchQuery => ({ ...query('x'), terms: list });
const search = (builder: EntryBuilder, asked: SearchQuery) => {
	const matcher = createLineMatcher(asked);
	return builder.entries.flatMap((entry) => {
		const judged = matcher.judge(JSON.stringify(entry));
		return judged?.match ? [{ ...judged.match, tool: judged.tool, type: entry.type }] : [];
	});
};
const kinds = (builder: EntryBuilder, typed: string) => search(builder, query(typed)).map(({ kind }) => kind);

function conversation(): EntryBuilder {
	const builder = entryBuilder();
	builder.user('Guard the area function');
	builder.reply([
		thinking('Where is the guard needed?'),
		text('I will read the file.'),
		toolUse('toolu_read', 'Read', { file_path: '/project/src/area.js', limit: 42 }),
	]);
	builder.result('toolu_read', 'export const area = (w, h) => w * h;');
	builder.reply([toolUse('toolu_bash', 'Bash', { command: 'npm test' })]);
	builder.result('toolu_bash', 'AssertionError: expected 6', true);
	builder.reminder('The guard of the reminder');
	builder.reply([text('The guard is in place.')]);
	builder.add({ type: 'title', title: 'Area guard', by: 'user' });
	builder.turnEnded();
	return builder;
}

describe('what is found', () => {
	test('prompts, thinking, replies and titles, but no reminder', () => {
		assert.deepEqual(kinds(conversation(), 'guard'), ['prompt', 'thinking', 'reply', 'title']);
	});

	test('a call by its name, its texts and its numbers; a result as output or error', () => {
		assert.deepEqual(kinds(conversation(), 'bash'), ['tool']);
		assert.deepEqual(kinds(conversation(), 'src/area.js'), ['tool']);
		assert.deepEqual(kinds(conversation(), '42'), ['tool']);
		assert.deepEqual(kinds(conversation(), '"w * h"'), ['output']);
		assert.deepEqual(kinds(conversation(), 'AssertionError'), ['error']);
	});

	test('never ids, field names, folders, signatures', () => {
		for (const word of [
			'toolu_read',
			'file_path',
			'parentId',
			'sig:',
			'/project"',
			'main',
			'msg_1',
			'tool_use',
			'0000-7000',
		])
			assert.deepEqual(kinds(conversation(), word), [], word);
		const builder = entryBuilder();
		builder.userBlocks([
			{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'needleAAAA' } },
			{ type: 'text', text: 'look at this' },
		]);
		assert.deepEqual(kinds(builder, 'needle'), []);
		assert.deepEqual(kinds(builder, 'look'), ['prompt']);
	});

	test('a field of an input may have any name', () => {
		const builder = entryBuilder();
		builder.reply([toolUse('t1', 'Custom', { type: 'needle', id: 'pin', data: { signature: ['thread'] } })]);
		for (const word of ['needle', 'pin', 'thread']) assert.deepEqual(kinds(builder, word), ['tool'], word);
		assert.deepEqual(kinds(builder, 'signature'), []);
	});

	test('all words in one message, in any order; a phrase as it stands', () => {
		assert.deepEqual(kinds(conversation(), 'function guard'), ['prompt']);
		assert.deepEqual(kinds(conversation(), '"function guard"'), []);
		assert.deepEqual(kinds(conversation(), '"the area function"'), ['prompt']);
	});

	test('the snippet marks every word', () => {
		const [hit] = search(conversation(), query('area guard'));
		const { text: shown = '', ranges = [] } = hit?.snippet ?? {};
		assert.deepEqual(
			ranges.map(([from, to]) => shown.slice(from, to)),
			['Guard', 'area'],
		);
	});
});

describe('filters', () => {
	test('tool: the calls alone, or with words also their results', () => {
		assert.deepEqual(kinds(conversation(), 'tool:bash'), ['tool']);
		assert.deepEqual(kinds(conversation(), 'tool:ba expected'), ['error']);
		assert.deepEqual(kinds(conversation(), 'tool:read expected'), []);
	});

	test('file: what names it, and results of calls that do', () => {
		assert.deepEqual(kinds(conversation(), 'file:area.js'), ['tool']);
		assert.deepEqual(kinds(conversation(), 'file:src/*.js const'), ['output']);
		assert.deepEqual(kinds(conversation(), 'file:other.js const'), []);
	});

	test('is:error and dates', () => {
		assert.deepEqual(kinds(conversation(), 'is:error'), ['error']);
		assert.deepEqual(kinds(conversation(), 'is:error guard'), []);
		assert.deepEqual(kinds(conversation(), 'guard after:2023-11-01 before:2023-12-01').length, 4);
		assert.deepEqual(kinds(conversation(), 'guard before:2023-11-01'), []);
	});
});

test('an output that is stored elsewhere is named, and matches with its text', () => {
	const builder = entryBuilder();
	const ref = { $blob: asSha256('a'.repeat(64)), size: 9, mediaType: 'text/plain', head: 'needle' };
	const short = { type: 'text' as const, text: 'short' };
	builder.add({
		type: 'toolResult',
		toolUseId: asToolUseId('t'),
		isError: false,
		content: [short],
		durationMs: 1,
		output: ref,
	});
	const judged = createLineMatcher(query('needle short')).judge(JSON.stringify(builder.entries[0]));
	assert.equal(judged?.match, undefined);
	assert.equal(judged?.blobs[0]?.ref.$blob, ref.$blob);
	assert.equal(judged?.matchWith([{ kind: 'output', text: 'a needle' }])?.kind, 'output');
});

test('a line with needless escapes, and damaged lines', () => {
	const builder = entryBuilder();
	builder.user('needle');
	const line = JSON.stringify(builder.entries[0]).replace('needle', '\\u006eeedle');
	assert.equal(createLineMatcher(query('needle')).judge(line)?.match?.kind, 'prompt');
	assert.equal(createLineMatcher(query('needle')).judge('{"type":"user","needle'), undefined);
	assert.equal(createLineMatcher(query('needle')).judge('{"text":"needle"}'), undefined);
});

test('random texts in random entries are found; in ids and keys alone they are not (property)', () => {
	const word = fc
		.string({ unit: 'binary', minLength: 1, maxLength: 10 })
		.filter((one) => one.trim() === one && one !== '');
	const around = fc.string({ unit: 'grapheme', maxLength: 20 });
	const places: readonly ((builder: EntryBuilder, whole: string) => void)[] = [
		(builder, whole) => builder.user(whole),
		(builder, whole) => builder.reply([text(whole)]),
		(builder, whole) => builder.reply([thinking(whole)]),
		(builder, whole) => builder.reply([toolUse('t', 'Any', { some: [{ deep: whole }] })]),
		(builder, whole) => builder.result('t', whole),
		(builder, whole) => builder.add({ type: 'title', title: whole, by: 'user' }),
		(builder, whole) => builder.add({ type: 'notice', level: 'info', code: 'c', text: whole }),
	];
	fc.assert(
		fc.property(word, around, around, fc.nat(places.length - 1), (needle, before, after, place) => {
			const builder = entryBuilder();
			places[place]?.(builder, `${before} ${needle} ${after}`);
			assert.ok(search(builder, terms(needle)).length > 0);
		}),
	);
	// Letters that no content of these entries has.
	const hidden = fc.string({ unit: fc.constantFrom('q', 'Q', 'z', '-', '"', '\\'), minLength: 3, maxLength: 8 });
	fc.assert(
		fc.property(hidden, (needle) => {
			const builder = entryBuilder();
			builder.reply([toolUse(needle, 'Any', { [needle]: 'x' })]);
			builder.result(needle, 'y');
			const lines = builder.entries.map((entry) =>
				JSON.stringify({ ...entry, id: needle, cwd: `/${needle}`, [needle]: 1 }),
			);
			const matcher = createLineMatcher(terms(needle));
			for (const line of lines) assert.equal(matcher.judge(line)?.match, undefined);
		}),
	);
});

test('lines that cannot match are not even parsed', () => {
	const mayMatch = mayMatchLine(query('project'));
	const builder = conversation();
	builder.add({
		type: 'tail',
		title: 'project',
		leaf: null,
		counts: { entries: 1, prompts: 1, tools: 0 },
		costUsd: 0,
		state: 'idle',
		lastPrompt: 'project',
		pinned: false,
		extents: [],
	});
	const parsed = builder.entries.filter((entry) => mayMatch(JSON.stringify(entry)));
	assert.deepEqual(
		parsed.map(({ type }) => type),
		['assistant'],
	);
});
