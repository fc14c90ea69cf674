import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asEntryId, asSessionId, asUnixMs } from '../../../src/base/ids.ts';
import type { SearchFound, SearchHit } from '../../../src/core/search/searchPort.ts';
import { pageHit, SearchFeed } from '../../../src/host/search/searchFeed.ts';
import { type SearchToPage, searchToPageSchema } from '../../../src/protocol/searchMessages.ts';

const session: SearchFound = {
	kind: 'session',
	session: { key: 'k', id: asSessionId('k'), title: 'T', updatedAt: asUnixMs(1), trashName: 'k' },
};
const hit = (change: Partial<SearchHit> = {}): SearchHit => ({
	session: 'k',
	entryId: asEntryId('e'),
	agentId: 'main',
	kind: 'prompt',
	tool: undefined,
	isError: false,
	timestamp: asUnixMs(2),
	snippet: { text: 'needle', ranges: [[0, 6]] },
	...change,
});

function createFeed() {
	const sent: SearchToPage[] = [];
	const due: { callback: () => void; delayMs: number }[] = [];
	const feed = new SearchFeed(
		(message) => sent.push(searchToPageSchema.parse(message)),
		(callback, delayMs) => due.push({ callback, delayMs }),
	);
	return { feed, sent, due };
}
const end = { isComplete: true, cutSessions: [], unsearchedOutputs: 0 };

test('the first hits go at once, the next in batches, all before the end', () => {
	const { feed, sent, due } = createFeed();
	feed.start(3);
	feed.take(session);
	feed.take({ kind: 'hit', hit: hit() });
	assert.equal(due[0]?.delayMs, 0);
	due.shift()?.callback();
	feed.take({ kind: 'hit', hit: hit() });
	feed.take({ kind: 'hit', hit: hit() });
	assert.equal(due.length, 1);
	assert.ok((due[0]?.delayMs ?? 0) > 0);
	feed.end(end);
	assert.deepEqual(
		sent.map((message) => (message.kind === 'search.found' ? message.hits.length : message.kind)),
		[1, 2, 'search.done'],
	);
	assert.ok(sent.every((message) => !('number' in message) || message.number === 3));
	assert.ok(sent[0]?.kind === 'search.found' && sent[0].sessions[0]?.isTrashed);
});

test('what a search found that is over is not sent as the next one’s', () => {
	const { feed, sent, due } = createFeed();
	feed.start(1);
	feed.take({ kind: 'hit', hit: hit() });
	feed.start(2);
	due.shift()?.callback();
	assert.deepEqual(sent, []);
});

test('a hit says who said it', () => {
	const labels = (['prompt', 'reply', 'thinking', 'output', 'error', 'title'] as const).map(
		(kind) => pageHit(hit({ kind })).label,
	);
	assert.deepEqual(labels, ['You', 'Retrace', 'Thinking', 'Output', 'Error', 'Title']);
	assert.equal(pageHit(hit({ kind: 'output', tool: 'Bash' })).label, 'Bash output');
});
