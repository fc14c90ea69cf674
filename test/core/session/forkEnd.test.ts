/** Where a fork of a message ends: never between a tool call and its result. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entry } from '../../../src/core/session/entry.ts';
import { forkPlace, forkSession } from '../../../src/core/session/fork.ts';
import { forkEnd } from '../../../src/core/session/forkEnd.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { type EntryBuilder, entryBuilder, text, toolUse } from '../../fakes/entries.ts';
import { call, ended, reply, result, sessionOptions, turnEnded, user } from './sessionSupport.ts';

/** A whole turn of two messages, and one that still runs: its last call waits. */
function scene() {
	const log = entryBuilder();
	log.user('one');
	log.reply([text('I will look.'), toolUse('a', 'Read', {}), toolUse('b', 'Read', {})]);
	log.result('a', 'A');
	log.result('b', 'B');
	log.reply([text('Done.')]);
	log.turnEnded();
	log.user('two');
	log.add({ type: 'attachment', name: 'file', content: [{ type: 'text', text: 'x' }] });
	log.reminder('note');
	log.reply([text('Once more.'), toolUse('c', 'Read', {})]);
	return log;
}

const endOf = (log: EntryBuilder, find: (entry: Entry) => boolean): string => {
	const branch = log.branch();
	const at = branch.find(find);
	assert.ok(at);
	const end = forkEnd(branch, at.id);
	const entry = branch.find(({ id }) => id === end);
	assert.ok(entry);
	return entry.type === 'toolResult' ? `toolResult ${entry.toolUseId}` : entry.type;
};
const says = (words: string) => (entry: Entry) =>
	entry.type === 'assistant' && entry.block.type === 'text' && 'text' in entry.block && entry.block.text === words;

test('behind a message with calls, the fork takes their results along', () => {
	assert.equal(endOf(scene(), says('I will look.')), 'toolResult b');
});

test('behind the last message of a turn, the fork takes along how the turn ended', () => {
	assert.equal(endOf(scene(), says('Done.')), 'turnEnded');
});

test('of a prompt, what came with it is part of the fork', () => {
	assert.equal(
		endOf(scene(), (entry) => entry.type === 'user' && JSON.stringify(entry.content).includes('two')),
		'reminder',
	);
});

test('of a message whose call still runs, the fork ends before the message', () => {
	assert.equal(endOf(scene(), says('Once more.')), 'reminder');
	const log = scene();
	log.result('c', 'C');
	assert.equal(endOf(log, says('Once more.')), 'toolResult c');
});

test('a message that was stopped is whole with the word that it was', () => {
	const log = entryBuilder();
	log.user('one');
	log.reply([text('Half of')], { stopReason: null, isPartial: true });
	log.interrupted();
	log.turnEnded('stopped');
	assert.equal(endOf(log, says('Half of')), 'turnEnded');
});

test('nothing before the first call is complete but its prompt', () => {
	const log = entryBuilder();
	log.reply([toolUse('a', 'Read', {})]);
	const [at] = log.branch();
	assert.ok(at);
	assert.equal(forkEnd(log.branch(), at.id), null);
});

test('property: wherever a fork is asked for, each call in it has its result, as often as it was made', () => {
	const message = fc.record({
		texts: fc.nat(2),
		// Ids come again, as with servers that count anew in each reply.
		calls: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
		isAnswered: fc.boolean(),
		isEnded: fc.boolean(),
	});
	fc.assert(
		fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), fc.nat(), (messages, pick) => {
			const log = entryBuilder();
			log.user('start');
			for (const [index, one] of messages.entries()) {
				const isLast = index === messages.length - 1;
				const blocks = [
					...Array.from({ length: one.texts }, (_, count) => text(`t${index}.${count}`)),
					...one.calls.map((id) => toolUse(id, 'Read', {})),
				];
				if (blocks.length > 0) log.reply(blocks);
				// Only what runs now has calls without results.
				if (!isLast || one.isAnswered) for (const id of one.calls) log.result(id, id);
				if (one.isEnded && (!isLast || one.isAnswered)) {
					log.turnEnded();
					if (!isLast) log.user(`next ${index}`);
				}
			}
			const branch = log.branch();
			const at = branch[pick % branch.length];
			assert.ok(at);
			const end = forkEnd(branch, at.id);
			const copied = branch.slice(0, branch.findIndex(({ id }) => id === end) + 1);
			const counts = new Map<string, number>();
			for (const entry of copied) {
				if (entry.type === 'assistant' && entry.block.type === 'tool_use') {
					const id = String('id' in entry.block && entry.block.id);
					counts.set(id, (counts.get(id) ?? 0) + 1);
				}
				if (entry.type === 'toolResult') counts.set(entry.toolUseId, (counts.get(entry.toolUseId) ?? 0) - 1);
			}
			assert.deepEqual(
				[...counts.values()].filter((count) => count !== 0),
				[],
			);
			const last = messages.at(-1);
			const hasAll = last === undefined || last.isAnswered || last.calls.length === 0;
			if (hasAll) assert.ok(copied.includes(at), 'what is complete is not left out');
		}),
	);
});

test('also on a branch that was left, a fork of a message takes its results along', async () => {
	const options = sessionOptions();
	const origin = await openSession(options);
	const [first] = origin.append(user('one'));
	assert.ok(first);
	const [left] = origin.append<'assistant' | 'assistantEnded'>(reply('I will look.'), call('a', 'm1', 1), ended());
	const [, end] = origin.append<'toolResult' | 'turnEnded'>(result('a'), turnEnded);
	assert.ok(left && end);
	origin.append({ type: 'rewind', to: first.id, from: end.id, why: 'rewind' });
	origin.append<'assistant' | 'turnEnded'>(reply('Another way.', 'm2'), turnEnded);
	const fork = await forkSession(origin, await forkPlace(origin, end.id), options);
	assert.deepEqual(
		fork.branch().map(({ type }) => type),
		['user', 'assistant', 'assistant', 'assistantEnded', 'toolResult', 'turnEnded'],
	);
});
