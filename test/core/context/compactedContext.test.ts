/** A compaction in a branch: the summary stands in the place of its range, and the rest stays as it was sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryId } from '../../../src/base/ids.ts';
import { conversationParts } from '../../../src/core/context/conversationParts.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { ended, reply, sessionOptions, turnEnded, user } from '../session/sessionSupport.ts';

const compaction = (after: EntryId | null, until: EntryId | undefined, summary: string): EntryDraft<'compaction'> => {
	assert.ok(until);
	return {
		type: 'compaction',
		replaces: { after, until },
		summary,
		restored: [{ what: 'CLAUDE.md', content: { type: 'text', text: `restored by ${summary}` } }],
		pins: [],
		by: 'manual',
		tokensBefore: 2,
		tokensAfter: 1,
	};
};
const thought: EntryDraft<'assistant'> = {
	type: 'assistant',
	messageId: 'm2',
	index: 0,
	block: { type: 'thinking', thinking: 'Hm', signature: 's' },
};

async function scene() {
	const session = await openSession(sessionOptions());
	const turn = (text: string, messageId: string) => {
		session.append(user(text));
		if (messageId === 'm2') session.append(thought);
		session.append(reply(`re ${text}`, messageId, 1), ended(0, messageId), turnEnded);
		return session.leaf ?? undefined;
	};
	const parts = () =>
		conversationParts(session.branch(), new Map(), { isMeasuring: false, dropThinking: false }).flatMap((part) => {
			if (part.kind === 'prompt') return part.content.map((block) => ('text' in block ? block.text : ''));
			if (part.kind === 'assistant') return part.blocks.map((block) => ('text' in block ? block.text : block.type));
			return [];
		});
	return { session, turn, parts };
}

test('from the start, from here, and up to here', async () => {
	const { session, turn, parts } = await scene();
	const one = turn('one', 'm1');
	const two = turn('two', 'm2');
	const start = session.leaf;
	session.append(compaction(null, two, 'A'));
	assert.deepEqual(parts(), ['A', 'restored by A']);
	session.append({ type: 'rewind', to: start, from: session.leaf, why: 'undoCompaction' });
	assert.deepEqual(parts(), ['one', 're one', 'two', 'thinking', 're two']);
	session.append(compaction(one ?? null, two, 'B'));
	assert.deepEqual(parts(), ['one', 're one', 'B', 'restored by B']);
	session.append({ type: 'rewind', to: start, from: session.leaf, why: 'undoCompaction' });
	session.append(compaction(null, one, 'C'));
	// What was kept loses its thinking, which was bound to what is gone.
	assert.deepEqual(parts(), ['C', 'restored by C', 'two', 're two']);
	turn('three', 'm3');
	assert.deepEqual(parts(), ['C', 'restored by C', 'two', 're two', 'three', 're three']);
});

test('a newer one takes in what lies in its range, and nothing that was replaced comes back', async () => {
	const { session, turn, parts } = await scene();
	const one = turn('one', 'm1');
	session.append(compaction(null, one, 'A'));
	turn('two', 'm2');
	session.append(compaction(null, session.leaf ?? undefined, 'B'));
	turn('three', 'm3');
	assert.deepEqual(parts(), ['B', 'restored by B', 'three', 're three']);
	// Behind the first range only: the older summary stays.
	const kept = session.leaf;
	const four = turn('four', 'm4');
	session.append(compaction(kept, four, 'C'));
	assert.deepEqual(parts(), ['B', 'restored by B', 'three', 're three', 'C', 'restored by C']);
});
