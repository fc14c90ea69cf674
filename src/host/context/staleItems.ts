/** Looks at the files that a context shows, one after the other and giving way between them: which are not any more as they were shown. */
import { UserError } from '../../base/errors.ts';
import { longTurn } from '../../core/checkpoint/loopTurns.ts';
import type { ContextItem } from '../../core/context/contextItems.ts';
import { loadBlobText } from '../../core/context/loadBlobs.ts';
import type { PrefixTexts } from '../../core/context/prefix.ts';
import { prefixPieces } from '../../core/context/prefixItems.ts';
import { isMemoryStale, isQuoteStale, isReadStale } from '../../core/context/staleFiles.ts';
import { decodeText } from '../../core/edit/textFile.ts';
import type { Workspace } from '../../core/ports.ts';
import { isBlobRef, type StoredInputBlock } from '../../core/session/content.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { BlobStore } from '../../core/session/storePort.ts';

export type StaleItem = { readonly id: string; readonly stale: 'changed' | 'gone' };

type Ports = { readonly blobs: BlobStore; readonly workspace: Pick<Workspace, 'read'> };

/** What cannot be compared is left out. Unsaved text counts as what is there, as it does for the tools. */
export async function staleItems(
	items: readonly ContextItem[],
	session: Pick<Session, 'find'>,
	ports: Ports,
	prefix: PrefixTexts | undefined,
): Promise<readonly StaleItem[]> {
	const memory = new Map((prefix ? prefixPieces(prefix) : []).map(({ id, text }) => [id, text]));
	const texts = new Map<string, Promise<string | 'gone' | undefined>>();
	const found: StaleItem[] = [];
	for (const item of items) {
		const { path } = item;
		if (path === undefined || item.state !== 'whole') continue;
		const shown = memory.get(item.id) ?? (await shownText(item, session, ports));
		if (shown === undefined) continue;
		let reading = texts.get(path);
		if (!reading) {
			reading = fileText(path, ports);
			texts.set(path, reading);
		}
		const text = await reading;
		if (text === 'gone') found.push({ id: item.id, stale: 'gone' });
		else if (text !== undefined && isStale(item, shown, text)) found.push({ id: item.id, stale: 'changed' });
		await longTurn();
	}
	return found;
}

function isStale(item: ContextItem, shown: string, text: string): boolean {
	switch (item.kind) {
		case 'memory':
			return isMemoryStale(shown, text);
		case 'attachment':
			return isQuoteStale(shown, text, item.label.includes('#L') ? item.lines : undefined);
		case 'restored':
			return isQuoteStale(shown, text);
		default:
			return isReadStale(shown, text) ?? false;
	}
}

/** Only what quotes a file: the result of an edit does not. */
async function shownText(
	item: ContextItem,
	session: Pick<Session, 'find'>,
	{ blobs }: Ports,
): Promise<string | undefined> {
	const entry = item.entry && session.find(item.entry);
	if (!entry) return undefined;
	if (entry.type === 'compaction') {
		const restored = entry.restored[(item.ref?.block ?? 0) - 1];
		return restored?.what.startsWith('file ') ? await textOf([restored.content], blobs) : undefined;
	}
	if ((entry.type !== 'toolResult' && entry.type !== 'attachment') || !item.lines) return undefined;
	return await textOf(entry.content, blobs);
}

async function textOf(content: readonly StoredInputBlock[], blobs: BlobStore): Promise<string | undefined> {
	const texts: string[] = [];
	for (const block of content) {
		const whole: unknown = isBlobRef(block) ? JSON.parse(await loadBlobText(block, blobs)) : block;
		if (isText(whole)) texts.push(whole.text);
	}
	return texts.length === 0 ? undefined : texts.join('\n');
}

function isText(value: unknown): value is { readonly text: string } {
	return typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string';
}

async function fileText(path: string, { workspace }: Ports): Promise<string | 'gone' | undefined> {
	try {
		const snapshot = await workspace.read(path);
		if (snapshot.kind === 'absent') return 'gone';
		if (snapshot.kind !== 'file') return undefined;
		const decoded = decodeText(snapshot.bytes, snapshot.meta.encoding);
		return decoded.kind === 'text' ? decoded.file.text : undefined;
	} catch (error) {
		if (error instanceof UserError) return undefined;
		throw error;
	}
}
