/** Find in the transcript and the way from an entry to its row, over a session whose older part is not loaded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CancelledError } from '../../../src/base/errors.ts';
import { asEntryId } from '../../../src/base/ids.ts';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { Approvals } from '../../../src/host/asking/approvals.ts';
import { findInTranscript, markOf, rowTexts } from '../../../src/host/panel/findInTranscript.ts';
import { OpenSession } from '../../../src/host/session/openSession.ts';
import { createBlobTexts } from '../../../src/host/transcript/blobTexts.ts';
import { placeOfEntry, rowsBackTo } from '../../../src/host/transcript/revealEntry.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import {
	call,
	reply,
	result,
	rewind,
	SESSION,
	sessionOptions,
	turnEnded,
	user,
} from '../../core/session/sessionSupport.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';

const never = new AbortController().signal;
const noOutput = async () => '';

function opened(session: Session): OpenSession {
	const options = sessionOptions();
	const texts = createBlobTexts(options.blobs, () => undefined);
	const approvals = new Approvals(session.id, { proposeEdit: () => Promise.reject(new CancelledError()) });
	const inputs = createTranscriptInputs(texts.text, (path) => path);
	return new OpenSession(session, createPromptQueue(createFakeIds()), approvals, texts, inputs);
}

async function conversation() {
	const session = await openSession({ ...sessionOptions(), id: SESSION });
	const [first] = session.append(user('Where is the needle?'));
	session.append(reply('I look for **the** [needle](x.md).', 'm1'));
	session.append(call('t1', 'm2'));
	session.append(result('t1'));
	const [other] = session.append(reply('A needle on the other branch', 'm3'));
	session.append(rewind(first?.id ?? null));
	const [last] = session.append(reply('Nothing here', 'm4'));
	assert.ok(first && other && last);
	return { session, open: opened(session), first, other, last };
}

test('rows that have the words, in order; markup is not in the way', async () => {
	const { open, first } = await conversation();
	const ids = async (query: string) => (await findInTranscript(open, query, noOutput, never)).ids;
	assert.deepEqual(await ids('needle'), [first.id]);
	assert.deepEqual(await ids('Needle'), [], 'an upper-case letter makes it exact');
	assert.deepEqual(await ids(' '), []);
	assert.deepEqual(await ids('nothing  here'), ['m4:0'], 'white space is white space');
});

test('an answer reads as it is drawn', () => {
	const texts = rowTexts({
		kind: 'answer',
		id: 'a',
		text: 'for **the** [needle](x.md) `now`',
		isStreaming: false,
		isPartial: false,
	});
	assert.ok(texts.some((text) => text.includes('for the needle now')));
});

test('the whole output of a row that shows its start', async () => {
	const session = await openSession({ ...sessionOptions(), id: SESSION });
	session.append(user('Go'), call('t1'));
	session.append({ ...result('t1'), content: [{ type: 'text', text: `${'x'.repeat(9_000)} needle` }] });
	const asked: string[] = [];
	const whole = async (rowId: string) => {
		asked.push(rowId);
		return 'the needle at the end';
	};
	const found = await findInTranscript(opened(session), 'needle', whole, never);
	assert.deepEqual(found.ids, ['t1']);
	assert.deepEqual(asked, ['t1']);
});

test('what is marked are the terms, whatever they hold', () => {
	const mark = markOf(['a.b', 'c|d'], false);
	assert.deepEqual('x a.b c|d aXb'.match(new RegExp(mark?.pattern ?? '', 'gu')), ['a.b', 'c|d']);
	assert.equal(markOf([], false), undefined);
});

test('an entry has its row, or is on another branch, or nowhere', async () => {
	const { open, first, other, last } = await conversation();
	assert.deepEqual(await placeOfEntry(open, first.id, 'main', never), { kind: 'row', rowId: first.id });
	assert.deepEqual(await placeOfEntry(open, last.id, 'main', never), { kind: 'row', rowId: 'm4:0' });
	assert.deepEqual(await placeOfEntry(open, other.id, 'main', never), { kind: 'otherBranch' });
	const gone = { ...first, id: asEntryId('nowhere') };
	assert.deepEqual(await placeOfEntry(open, gone.id, 'main', never), { kind: 'none' });
});

test('older rows that are not loaded are found without loading them, and brought when they are jumped to', async () => {
	const options = { ...sessionOptions(createMemorySessionStore()), id: SESSION };
	const writer = await openSession(options);
	const [early] = writer.append(user('an early needle'));
	for (let index = 0; index < 40; index++)
		writer.append<'user' | 'assistant' | 'turnEnded'>(
			user(`prompt ${index}`),
			reply('words '.repeat(400), `m${index}`),
			turnEnded,
		);
	const until = writer.leaf;
	assert.ok(early && until);
	writer.append({
		type: 'compaction',
		replaces: { after: null, until },
		summary: 'What happened so far.',
		restored: [],
		pins: [],
		by: 'manual',
		tokensBefore: 10,
		tokensAfter: 1,
	});
	for (let index = 0; index < 40; index++) writer.append<'user' | 'turnEnded'>(user(`later ${index}`), turnEnded);
	await writer.close();
	const session = await openSession({ ...options, wholeUpToBytes: 0 });
	assert.ok(session.hasOlder && !session.isWhole);
	const open = opened(session);
	const rows = open.rows().length;
	const found = await findInTranscript(open, 'early needle', noOutput, never);
	assert.deepEqual(found.ids, [early.id]);
	assert.ok(found.isComplete);
	assert.equal(open.rows().length, rows, 'finding loads nothing');
	const newest = open.rows().at(-1)?.id ?? '';
	const page = await rowsBackTo(open, newest, early.id, never);
	assert.equal(page.items[0]?.id, early.id);
	assert.deepEqual(await placeOfEntry(open, early.id, 'main', never), { kind: 'row', rowId: early.id });
});

test('a newer query ends the one before', async () => {
	const { session } = await conversation();
	session.append(call('t9', 'm9'));
	session.append({ ...result('t9'), content: [{ type: 'text', text: 'x'.repeat(9_000) }] });
	const abort = new AbortController();
	const whole = async () => {
		abort.abort();
		return '';
	};
	await assert.rejects(findInTranscript(opened(session), 'zebra', whole, abort.signal), CancelledError);
});
