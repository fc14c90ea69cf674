/**
 * What a bundle holds as sessions of this workspace. Inert: the conversation is taken over, and nothing that decides what may run or that
 * restores files. Its frozen prefix is not either: the first prompt freezes a new one from this machine. Pure.
 */
import { asEntryId, asSessionId, type EntryId } from '../../base/ids.ts';
import { cutText, utf8Encode } from '../../base/text.ts';
import type { IdSource, WorkspaceRoot } from '../ports.ts';
import { createLeafRule } from '../session/branch.ts';
import { type InputBlock, isBlobRef, type StoredInputBlock } from '../session/content.ts';
import { type Entry, type EntryOf, isConversation, isType, makeEntry } from '../session/entry.ts';
import { plainName } from '../session/titles.ts';
import { isTextMedia } from './blobRefs.ts';
import type { BundleContent, BundledSession } from './bundleContent.ts';
import { isTaken } from './bundleFormat.ts';
import { type ImportedSession, importedBase } from './importedSession.ts';
import { mapStrings, pathMap, type TextMap } from './mapText.ts';
import { safeAssistantBlock, safeInputBlock } from './safeBlocks.ts';
import { badBundle } from './transferErrors.ts';

export type ImportPlace = {
	readonly ids: IdSource;
	readonly roots: readonly WorkspaceRoot[];
	readonly home: string;
	/** The folder the imported sessions go on in. */
	readonly cwd: string;
};

/** One per session of the bundle, with an id of its own. Throws UserError `bad-bundle`. */
export function importBundle(content: BundleContent, place: ImportPlace): readonly ImportedSession[] {
	const map = placeMap(content, place);
	return content.sessions.map((session) => importSession(session, content, place, map));
}

const MAX_TITLE_CHARS = 200;

/** Folders of the other machine become those of this one: by name, else the first. */
function placeMap({ paths }: BundleContent, { roots, home, cwd }: ImportPlace): TextMap {
	return pathMap(
		paths.map(({ kind, name, from }) => {
			const root = roots.find((one) => one.name.replace(/[^\w.-]+/g, '-') === name) ?? roots[0];
			return { from, to: kind === 'home' ? home : (root?.path ?? cwd) };
		}),
	);
}

function importSession(
	session: BundledSession,
	content: BundleContent,
	place: ImportPlace,
	map: TextMap,
): ImportedSession {
	const id = asSessionId(place.ids.next());
	const outputs = new Map<string, { bytes: Uint8Array; mediaType: string }>();
	const read = new ContentReader(content, map, outputs);
	const takeLog = (entries: readonly Entry[], agentId: string): Entry[] => {
		const base = importedBase(id, agentId, place.cwd);
		return takenEntries(entries).map((entry) => ({ ...read.entry(entry), ...base }));
	};
	const entries = takeLog(session.entries, 'main');
	const leftOut = session.entries.filter((entry) => !isTaken(entry) && !UNTOLD.has(entry.type)).length;
	return {
		id,
		title: cutText(plainName(map(session.title)), MAX_TITLE_CHARS),
		entries: withLeaf(session.entries, entries, place),
		agents: session.agents.map(({ agentId, entries: own }) => ({
			agentId,
			entries: takeLog(own, agentId).filter(isConversation),
		})),
		outputs,
		source: content.isRedacted ? 'a redacted bundle' : 'a bundle',
		leftOut: leftOut === 0 ? [] : [{ what: 'entries about files, permissions and settings', count: leftOut }],
	};
}

/** Left out of every import; nobody misses them. */
const UNTOLD: ReadonlySet<string> = new Set(['header', 'tail', 'prefix', 'toolStarted', 'state']);

/** What is taken over, each hanging on the nearest entry before it that is. */
function takenEntries(entries: readonly Entry[]): Entry[] {
	/** For a conversation entry: itself, or what stands for it. */
	const standIn = new Map<EntryId, EntryId | null>();
	const of = (id: EntryId | null): EntryId | null => (id === null ? null : (standIn.get(id) ?? null));
	const taken: Entry[] = [];
	for (const entry of entries) {
		const parentId = of(entry.parentId);
		if (isConversation(entry)) standIn.set(entry.id, isTaken(entry) ? entry.id : parentId);
		if (!isTaken(entry)) continue;
		if (isType(entry, 'rewind')) {
			// The restore that went with it stays behind.
			const { restore: _, ...rest } = entry;
			taken.push({ ...rest, parentId, to: of(entry.to), from: of(entry.from) });
		} else if (isType(entry, 'compaction')) {
			const until = of(entry.replaces.until);
			if (until !== null) taken.push({ ...entry, parentId, replaces: { after: of(entry.replaces.after), until } });
			else standIn.set(entry.id, parentId);
		} else taken.push({ ...entry, parentId });
	}
	return taken;
}

/** The same leaf as there: entries that a stale window wrote late come last in the file and are not the leaf. */
function withLeaf(original: readonly Entry[], taken: readonly Entry[], place: ImportPlace): readonly Entry[] {
	const before = createLeafRule();
	for (const entry of original) before.take(entry);
	const after = createLeafRule();
	for (const entry of taken) after.take(entry);
	const known = new Set(taken.map((entry) => entry.id));
	const last = taken.at(-1);
	if (!last || before.leaf === after.leaf || (before.leaf !== null && !known.has(before.leaf))) return taken;
	const base = { ...last, id: asEntryId(place.ids.next()), parentId: after.leaf };
	return [...taken, makeEntry(base, { type: 'rewind', to: before.leaf, from: after.leaf, why: 'switch' })];
}

/** Entries with their contents whole, mapped to this machine, and cut down to what may be sent. */
class ContentReader {
	readonly #content: BundleContent;
	readonly #map: TextMap;
	readonly #outputs: Map<string, { bytes: Uint8Array; mediaType: string }>;

	constructor(content: BundleContent, map: TextMap, outputs: Map<string, { bytes: Uint8Array; mediaType: string }>) {
		this.#content = content;
		this.#map = map;
		this.#outputs = outputs;
	}

	entry(entry: Entry): Entry {
		switch (entry.type) {
			case 'user':
			case 'attachment':
			case 'subagentReturned':
				return this.#mapped({ ...entry, content: this.#blocks(entry.content) });
			case 'toolResult':
				return this.#mapped(this.#toolResult(entry));
			case 'compaction':
				return this.#mapped({
					...entry,
					restored: entry.restored.map(({ what, content }) => ({ what, content: this.#block(content) })),
				});
			case 'assistant':
				return this.#mapped(assistant(entry));
			case 'reminder':
				return this.#mapped(asAttachment(entry));
			case 'title':
				return this.#mapped({ ...entry, title: cutText(plainName(entry.title), MAX_TITLE_CHARS) });
			case 'assistantEnded':
				return { ...entry, costUsd: entry.costUsd !== null && entry.costUsd >= 0 ? entry.costUsd : null };
			default:
				return this.#mapped(entry);
		}
	}

	#mapped<T extends Entry>(entry: T): Entry {
		// Only texts change, so it is the entry it was.
		return mapStrings(entry, this.#map) as T;
	}

	#toolResult(entry: EntryOf<'toolResult'>): EntryOf<'toolResult'> {
		const { output, ...rest } = entry;
		const made = { ...rest, content: this.#blocks(entry.content) };
		const bytes = output && this.#bytes(output.$blob);
		if (!output || !bytes) return made;
		const mapped = isTextMedia(output.mediaType) ? utf8Encode(this.#map(textOf(bytes))) : bytes;
		this.#outputs.set(output.$blob, { bytes: mapped, mediaType: output.mediaType });
		return { ...made, output };
	}

	#blocks(content: readonly StoredInputBlock[]): StoredInputBlock[] {
		return content.map((block) => this.#block(block));
	}

	#block(stored: StoredInputBlock): InputBlock {
		if (!isBlobRef(stored)) return safeInput(stored);
		const bytes = this.#bytes(stored.$blob);
		if (!bytes)
			return { type: 'text', text: `${stored.head}\n[${stored.size} bytes of this were not in the imported file]` };
		try {
			return safeInput(JSON.parse(textOf(bytes)));
		} catch (error) {
			if (error instanceof SyntaxError) throw badBundle('one of its contents is not a content block', error);
			throw error;
		}
	}

	/** Undefined when it was missing already where the bundle was made. */
	#bytes(sha: string): Uint8Array | undefined {
		const bytes = this.#content.blobs.get(sha);
		if (bytes) return bytes;
		// Never from our own store: a file could ask for what other sessions hold.
		if (!this.#content.missingBlobs.has(sha)) throw badBundle('it names a content that is not in it');
		return undefined;
	}
}

function safeInput(value: unknown): InputBlock {
	const block = safeInputBlock(value);
	if (!block) throw badBundle('one of its contents is neither a text nor an image nor a PDF');
	return block;
}

function assistant(entry: EntryOf<'assistant'>): EntryOf<'assistant'> {
	const safe = safeAssistantBlock(entry.block);
	const { partial, ...rest } = entry;
	if (safe) return { ...rest, ...(partial === undefined ? {} : { partial }), ...safe };
	if (entry.block.type === 'tool_use')
		throw badBundle('one of its tool calls has an id, a name or an input of another form');
	// Of a kind that only the server it came from takes back: kept as a mark, sent as nothing.
	return { ...rest, block: { type: 'thinking', thinking: `[${entry.block.type}]`, signature: '' }, partial: true };
}

/** A reminder is sent as words of ours, in places with a system role: words of a file may not be. */
function asAttachment({ text, ...entry }: EntryOf<'reminder'>): EntryOf<'attachment'> {
	return { ...entry, type: 'attachment', name: 'Reminder', content: [{ type: 'text', text }] };
}

function textOf(bytes: Uint8Array): string {
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch (error) {
		if (error instanceof TypeError) throw badBundle('one of its contents is not text', error);
		throw error;
	}
}
