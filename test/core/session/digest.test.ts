// The digest of a session: prompts and outcomes in order, and never more than its bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8Length } from '../../../src/base/text.ts';
import { isDigestFull, sessionDigest } from '../../../src/core/session/digest.ts';
import { entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';

const digestOf = (builder: ReturnType<typeof entryBuilder>, maxBytes?: number, hasOlder = false) =>
	sessionDigest({ title: 'Guard the\narea', branch: builder.branch(), hasOlder }, maxBytes);

test('each prompt stands with what was answered at the end, newest last', () => {
	const session = entryBuilder();
	session.user('Guard area');
	session.reply([thinking('hm'), text('I look first.'), toolUse('t1', 'read', { path: 'a' })]);
	session.result('t1', 'the content of a file');
	session.reply([text('Done: it throws now.')]);
	session.turnEnded();
	session.user('And a test');
	session.reply([text('Here it is.')]);
	session.turnEnded('stopped');
	assert.equal(
		digestOf(session),
		[
			'# Guard the area',
			'## Prompt\n\nGuard area\n\n### Answer\n\nDone: it throws now.',
			'## Prompt\n\nAnd a test\n\n### Answer\n\nHere it is.\n\nThe user stopped it.',
		].join('\n\n'),
	);
});

test('a turn without an answer says so, and what was said before a tool is no answer', () => {
	const session = entryBuilder();
	session.user('Run it');
	session.reply([text('I run it.'), toolUse('t1', 'bash', {})]);
	session.interrupted();
	session.user('Again');
	assert.match(digestOf(session), /Run it\n\n### Answer\n\nIt was interrupted\./);
	assert.match(digestOf(session), /Again\n\n### Answer\n\nNone\.$/);
	assert.doesNotMatch(digestOf(session), /I run it/);
});

test('an empty session and one whose start is not loaded say so', () => {
	assert.equal(digestOf(entryBuilder()), '# Guard the area\n\nNothing was asked in it yet.');
	const session = entryBuilder();
	session.user('Last');
	assert.match(digestOf(session, undefined, true), /^# Guard the area\n\n\(What came before is left out\.\)/);
});

test('the oldest are left out first, and that is said', () => {
	const session = entryBuilder();
	for (let index = 0; index < 30; index++) {
		session.user(`prompt ${index} ${'é'.repeat(3000)}`);
		session.reply([text('x'.repeat(9000))]);
		session.turnEnded();
	}
	const digest = digestOf(session);
	assert.ok(utf8Length(digest) <= 20_000);
	assert.match(digest, /prompt 29 /);
	assert.match(digest, /left out/);
	assert.doesNotMatch(digest, /prompt 20 /);
	assert.ok(isDigestFull(session.branch()));
	assert.ok(!isDigestFull(session.branch().slice(-5)));
});

test('it never takes more than its bytes', () => {
	fc.assert(
		fc.property(
			fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }), { maxLength: 8 }),
			fc.nat(3000),
			(texts, room) => {
				const session = entryBuilder();
				for (const one of texts) {
					session.user(one);
					session.reply([text(one)]);
				}
				assert.ok(utf8Length(digestOf(session, 200 + room)) <= 200 + room);
			},
		),
	);
});
