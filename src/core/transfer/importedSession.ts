/**
 * A foreign conversation, ready to become a session here, and the one way it is written: contents first, the log of the session last, so that
 * what is in the list is whole. Runs nothing and restores nothing.
 */
import { messageOf } from '../../base/errors.ts';
import { asEntryId, type SessionId } from '../../base/ids.ts';
import { storeBlocks } from '../agent/storeBlocks.ts';
import { isBlobRef, type StoredInputBlock } from '../session/content.ts';
import { ENTRY_VERSION, type Entry, type EntryBase, type EntryDraft, makeEntry } from '../session/entry.ts';
import { type OpenSessionOptions, openSession } from '../session/session.ts';
import type { BlobStore, SessionStore } from '../session/storePort.ts';
import type { Loss } from './claudeLines.ts';
import { importFailed } from './transferErrors.ts';
import type { AgentLines } from './transferPorts.ts';

export type ImportedSession = {
	readonly id: SessionId;
	readonly title: string;
	/** In file order, without a header. Contents stand in them whole. */
	readonly entries: readonly Entry[];
	readonly agents: readonly { readonly agentId: string; readonly entries: readonly Entry[] }[];
	/** Whole outputs of tools, by the hash that `toolResult.output` names. */
	readonly outputs: ReadonlyMap<string, { readonly bytes: Uint8Array; readonly mediaType: string }>;
	/** Where it came from, e.g. `Claude Code`. */
	readonly source: string;
	readonly leftOut: readonly Loss[];
};

export type ImportWorld = Omit<OpenSessionOptions, 'id' | 'takeOver'> & { readonly agentLogs: AgentLines };

/** What every entry of an imported session starts with: its own session, the folder and the mode of this window. */
export function importedBase(
	id: SessionId,
	agentId: string,
	cwd: string,
): Omit<EntryBase, 'type' | 'id' | 'parentId' | 'timestamp'> {
	return { v: ENTRY_VERSION, sessionId: id, agentId, gen: 1, cwd, mode: 'ask' };
}

/** Stores the session. Rejects with UserError `import-failed`; then nothing of it is in the list. */
export async function writeImported(imported: ImportedSession, world: ImportWorld): Promise<void> {
	const entries = await storeContents(imported.entries, imported, world.blobs);
	const agents = await Promise.all(
		imported.agents.map(async ({ agentId, entries: own }) => ({
			agentId,
			entries: await storeContents(own, imported, world.blobs),
		})),
	);
	try {
		for (const agent of agents)
			await world.agentLogs.append(
				imported.id,
				agent.agentId,
				agent.entries.map((entry) => JSON.stringify(entry)),
			);
		await writeLog(imported.id, entries, world);
		await finish(imported, world);
	} catch (error) {
		await takeBack(imported.id, world.store, world.agentLogs);
		throw importFailed(error, messageOf(error));
	}
}

/** Lines of one write: large enough to be fast, small enough for one text. */
const BATCH_CHARS = 8 * 1024 * 1024;

async function writeLog(id: SessionId, entries: readonly Entry[], world: ImportWorld): Promise<void> {
	const { file } = await world.store.open(id);
	try {
		// The lease first: its generation stands in every line.
		file.append([]);
		const gen = file.generation;
		const { roots, extensionVersion, gitBranch, cwd } = world.defaults;
		const header = makeEntry(
			{
				...importedBase(id, 'main', cwd),
				id: asEntryId(world.ids.next()),
				parentId: null,
				timestamp: entries[0]?.timestamp ?? world.clock.now(),
			},
			{ type: 'header', roots: [...roots], extensionVersion, ...(gitBranch === undefined ? {} : { gitBranch }) },
		);
		let batch: string[] = [];
		let chars = 0;
		for (const entry of [header, ...entries]) {
			const line = JSON.stringify({ ...entry, gen });
			batch.push(line);
			chars += line.length;
			if (chars < BATCH_CHARS) continue;
			file.append(batch);
			batch = [];
			chars = 0;
		}
		file.append(batch);
		await file.sync();
	} finally {
		await file.close();
	}
}

/** Says in the session where it came from; the session writes what the list needs. */
async function finish(imported: ImportedSession, world: ImportWorld): Promise<void> {
	const session = await openSession({ ...world, id: imported.id });
	try {
		const draft: EntryDraft<'notice'> = {
			type: 'notice',
			level: 'info',
			code: 'imported',
			text: importedText(imported),
		};
		session.append(draft);
		await session.sync();
	} finally {
		await session.close();
	}
}

function importedText({ source, leftOut }: ImportedSession): string {
	const lost = leftOut.length === 0 ? '' : ` Left out: ${lossText(leftOut)}.`;
	return `Imported from ${source}. Its permissions, mode and file history do not apply here, and its thinking is shown but not sent again.${lost}`;
}

/** `unreadable lines (2), error messages (1)` */
export const lossText = (losses: readonly Loss[]): string =>
	losses.map(({ what, count }) => `${what} (${count})`).join(', ');

async function takeBack(id: SessionId, store: SessionStore, agentLogs: AgentLines): Promise<void> {
	// Each on its own: the first failure is the one to tell.
	await Promise.allSettled([store.trash(id), agentLogs.discard(id)]);
}

async function storeContents(entries: readonly Entry[], imported: ImportedSession, blobs: BlobStore): Promise<Entry[]> {
	const stored: Entry[] = [];
	for (const entry of entries) stored.push(await storeContent(entry, imported, blobs));
	return stored;
}

async function storeContent(entry: Entry, imported: ImportedSession, blobs: BlobStore): Promise<Entry> {
	switch (entry.type) {
		case 'user':
		case 'attachment':
		case 'subagentReturned':
			return { ...entry, content: await storeAll(entry.content, blobs) };
		case 'toolResult': {
			const content = await storeAll(entry.content, blobs);
			const whole = entry.output && imported.outputs.get(entry.output.$blob);
			const { output: _, ...rest } = entry;
			if (!whole) return { ...rest, content };
			return { ...rest, content, output: await blobs.put(whole.bytes, whole.mediaType, { searchable: true }) };
		}
		case 'compaction': {
			const restored = await Promise.all(
				entry.restored.map(async ({ what, content }) => {
					const [block] = await storeAll([content], blobs);
					return { what, content: block ?? content };
				}),
			);
			return { ...entry, restored };
		}
		default:
			return entry;
	}
}

async function storeAll(content: readonly StoredInputBlock[], blobs: BlobStore): Promise<StoredInputBlock[]> {
	// An importer puts contents into the entries whole; a reference would name what is not ours.
	return await storeBlocks(
		content.flatMap((block) => (isBlobRef(block) ? [] : [block])),
		blobs,
	);
}
