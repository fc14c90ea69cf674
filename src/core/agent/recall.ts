/** Finds words in the whole of the conversation that leads to the leaf, whatever of it is in the context. Changes nothing. */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { factsOf } from '../context/facts.ts';
import { loadBlobText } from '../context/loadBlobs.ts';
import { textBlobs, textOfBlock, textParts } from '../search/entryText.ts';
import type { Entry } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import type { Recalled } from '../tools/tool.ts';

const SEARCHED = ['user', 'attachment', 'assistant', 'toolResult', 'subagentReturned'] as const;
const BEFORE_CHARS = 300;
const AFTER_CHARS = 700;
/** Outputs that were stored apart, newest first: enough for any session, and no more than a moment. */
const MAX_BLOB_BYTES = 32 * 1024 * 1024;

/** Best matches, in the order of the conversation. Words are found in any case. */
export async function recall(
	session: Session,
	blobs: BlobStore,
	query: string,
	max: number,
	signal: AbortSignal,
): Promise<readonly Recalled[]> {
	const words = [
		...new Set(
			query
				.toLowerCase()
				.split(/\s+/)
				.filter((word) => word !== ''),
		),
	];
	const entries = await onTheWay(session, signal);
	const found: Found[] = [];
	let turn = 0;
	const turns = entries.map((entry) => (entry.type === 'user' ? ++turn : turn));
	let bytesLeft = MAX_BLOB_BYTES;
	for (let order = entries.length - 1; order >= 0; order--) {
		const entry = entries[order];
		if (!entry || isOwnCall(entry)) continue;
		signal.throwIfAborted();
		const size = textBlobs(entry).reduce((sum, { ref }) => sum + ref.size, 0);
		const text = await textOf(entry, blobs, size <= bytesLeft);
		bytesLeft -= Math.min(size, bytesLeft);
		const lower = text.toLowerCase();
		const score = words.filter((word) => lower.includes(word)).length;
		if (score === 0) continue;
		found.push({
			score,
			order,
			match: { turn: turns[order] ?? 0, who: whoOf(entry), excerpt: excerptOf(text, lower, words) },
		});
	}
	found.push(...recalledFacts(session, words, entries, turns));
	const best = found.sort((a, b) => b.score - a.score || b.order - a.order).slice(0, max);
	const least = (best[0]?.score ?? 0) / 2;
	return best
		.filter(({ score }) => score >= least)
		.sort((a, b) => a.order - b.order)
		.map(({ match }) => match);
}

type Found = { readonly score: number; readonly order: number; readonly match: Recalled };

/** Facts that hold, each at the place it was said, or at the end. */
function recalledFacts(
	session: Session,
	words: readonly string[],
	entries: readonly Entry[],
	turns: readonly number[],
): readonly Found[] {
	return factsOf(session.branch()).flatMap(({ kind, topic, text, ref }): readonly Found[] => {
		const lower = `${topic} ${text}`.toLowerCase();
		const score = words.filter((word) => lower.includes(word)).length;
		if (score === 0) return [];
		const said = ref ? entries.findIndex(({ id }) => id === ref.entry) : -1;
		const order = said < 0 ? entries.length : said;
		return [{ score, order, match: { turn: turns[said] ?? turns.at(-1) ?? 0, who: `kept as ${kind}`, excerpt: text } }];
	});
}

/** What a rewind left behind is no part of the conversation. */
async function onTheWay(session: Session, signal: AbortSignal): Promise<readonly Entry[]> {
	if (session.isWhole) return session.branch().filter(({ type }) => SEARCHED.some((searched) => searched === type));
	const { byId } = await session.outline(signal);
	const way = new Set<EntryId>();
	for (let at = session.leaf; at !== null && !way.has(at); at = byId.get(at)?.parentId ?? null) way.add(at);
	return (await session.history(SEARCHED, signal)).filter(({ id }) => way.has(id));
}

/** A call of this very tool, which holds the words that are looked for. */
const isOwnCall = (entry: Entry): boolean =>
	entry.type === 'assistant' && entry.block.type === 'tool_use' && entry.block.name === 'Recall';

async function textOf(entry: Entry, blobs: BlobStore, withBlobs: boolean): Promise<string> {
	const texts = textParts(entry).map(({ text }) => text);
	for (const { ref, isBlock } of withBlobs ? textBlobs(entry) : []) {
		try {
			const stored = await loadBlobText(ref, blobs);
			texts.push(isBlock ? textOfBlock(stored) : stored);
		} catch (error) {
			// One that is gone is not found; the others are.
			if (!(error instanceof UserError)) throw error;
		}
	}
	return texts.join('\n');
}

function whoOf(entry: Entry): string {
	switch (entry.type) {
		case 'user':
		case 'attachment':
			return 'the user';
		case 'assistant':
			return entry.block.type === 'tool_use' ? `call of ${String(entry.block.name)}` : 'you';
		default:
			return 'output';
	}
}

/** Around the place where most of the words begin: the first one that is there, with the longest wins. */
function excerptOf(text: string, lower: string, words: readonly string[]): string {
	const longest = [...words].sort((a, b) => b.length - a.length).find((word) => lower.includes(word)) ?? '';
	const place = lower.indexOf(longest);
	const start = Math.max(0, place - BEFORE_CHARS);
	const end = Math.min(text.length, place + AFTER_CHARS);
	return `${start > 0 ? '…' : ''}${text.slice(start, end).trim()}${end < text.length ? '…' : ''}`;
}
