/**
 * An endpoint that refuses one image or PDF refuses every request that carries it, so a conversation would be stuck behind it for good. What
 * is refused is folded to a line by an edit of the context, as the user could, and the request goes once more. The log keeps it.
 */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { activeEdits, type ContextEditItem, type ContextRef } from '../context/contextEdits.ts';
import { loadBlobText } from '../context/loadBlobs.ts';
import { completeEdits } from '../context/planEdits.ts';
import { sentEntries } from '../context/sentEntries.ts';
import { readImageFile } from '../media/imageFile.ts';
import { ModelError } from '../model/modelError.ts';
import type { ModelRequest } from '../model/modelPort.ts';
import { inputBlockSchema, isBlobRef, isDocument, pictureCount, type StoredInputBlock } from '../session/content.ts';
import type { Entry } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import { fromBase64 } from '../transfer/base64.ts';

export const MEDIA_REFUSED = 'media-refused';

/** So often in one turn, picture by picture; then all of them go. */
const MAX_ATTEMPTS = 3;
/** A request with this much of pictures is not too large for its words. */
const MUCH_MEDIA_CHARS = 20_000_000;
const REFUSAL = /\bimages?\b|\bpdfs?\b|\bdocument\.source\b|could not process (?:image|document)/i;

export type MediaTurn = {
	readonly session: Session;
	readonly ports: { readonly blobs: BlobStore };
};

type Medium = { readonly ref: ContextRef; readonly data: string; readonly isDocument: boolean };

/** For one turn. True when something was left out, so that the request is made anew. */
export function createMediaRepair({ session, ports }: MediaTurn) {
	let attempts = 0;
	return async (thrown: unknown, request: ModelRequest): Promise<boolean> => {
		if (!isRefusal(thrown, request) || attempts >= MAX_ATTEMPTS) return false;
		attempts++;
		const branch = session.branch();
		const all = await mediaOf(branch, ports.blobs);
		if (all.length === 0) return false;
		const chosen = attempts === MAX_ATTEMPTS ? all : suspects(all, branch, thrown.message, request);
		session.append({ type: 'contextEdit', edits: [...editsFor(branch, chosen)], cause: MEDIA_REFUSED });
		session.append({ type: 'notice', level: 'warning', code: MEDIA_REFUSED, text: noticeText(chosen, thrown) });
		return true;
	};
}

function isRefusal(thrown: unknown, request: ModelRequest): thrown is ModelError {
	if (!(thrown instanceof ModelError)) return false;
	if (thrown.kind === 'badRequest') return REFUSAL.test(thrown.message) && sentData(request).length > 0;
	if (thrown.kind !== 'tooLarge' || thrown.status !== 413) return false;
	return sentData(request).reduce((sum, data) => sum + data.length, 0) >= MUCH_MEDIA_CHARS;
}

/** Pictures and PDF files that the next request carries, in its order. */
async function mediaOf(branch: readonly Entry[], blobs: BlobStore): Promise<readonly Medium[]> {
	const edits = activeEdits(branch);
	const found: Medium[] = [];
	for (const { entry } of sentEntries(branch)) {
		if (edits.replacementOf({ entry: entry.id })) continue;
		for (const [ref, block] of blocksOf(entry)) {
			if (pictureCount(block) === 0 || edits.replacementOf(ref)) continue;
			const whole = isBlobRef(block) ? inputBlockSchema.parse(JSON.parse(await loadBlobText(block, blobs))) : block;
			if (whole.type === 'text' || typeof whole.source !== 'object') continue;
			found.push({ ref, data: whole.source.data, isDocument: isDocument(block) });
		}
	}
	return found;
}

function blocksOf(entry: Entry): readonly (readonly [ContextRef, StoredInputBlock])[] {
	switch (entry.type) {
		case 'user':
		case 'attachment':
		case 'toolResult':
			return entry.content.map((block, index) => [{ entry: entry.id, block: index }, block]);
		case 'compaction':
			// Its own text stands before what it brought back.
			return entry.restored.map(({ content }, index) => [{ entry: entry.id, block: index + 1 }, content]);
		default:
			return [];
	}
}

/**
 * What was there when the last reply came was accepted then, so what is new goes first: the one that the endpoint names, else those that
 * we see to be bad, else all of it.
 */
function suspects(
	all: readonly Medium[],
	branch: readonly Entry[],
	said: string,
	request: ModelRequest,
): readonly Medium[] {
	const accepted = new Set<EntryId>();
	const lastReply = branch.findLastIndex(({ type }) => type === 'assistantEnded');
	for (const { id } of branch.slice(0, lastReply + 1)) accepted.add(id);
	const fresh = all.filter(({ ref }) => !accepted.has(ref.entry));
	const among = fresh.length > 0 ? fresh : all;
	const named = new Set(namedData(said, request));
	const pointed = among.filter(({ data }) => named.has(data));
	if (pointed.length > 0) return pointed;
	const bad = among.filter(isBad);
	return bad.length > 0 ? bad : among;
}

function isBad({ data, isDocument: isPdf }: Medium): boolean {
	if (isPdf) return false;
	const bytes = fromBase64(data);
	return bytes === undefined || readImageFile(bytes)?.kind !== 'image';
}

/** Of the part of the request that the endpoint names, e.g. `messages.6.content.5.image.source.base64.data`. */
function namedData(said: string, { messages }: ModelRequest): readonly string[] {
	const path = /messages\.(\d+)\.content\.(\d+)(?:(?:\.[a-z_]+)*?\.content\.(\d+))?/.exec(said);
	const content = path ? messages[Number(path[1])]?.content : undefined;
	if (!path || typeof content !== 'object') return [];
	const block: unknown = content[Number(path[2])];
	if (path[3] === undefined) return dataIn(block);
	const inner = isRecord(block) && Array.isArray(block.content) ? block.content[Number(path[3])] : undefined;
	return dataIn(inner);
}

const sentData = ({ messages }: ModelRequest): readonly string[] => messages.flatMap(({ content }) => dataIn(content));

/** The bytes of all pictures and PDF files in a part of a request. */
function dataIn(part: unknown): readonly string[] {
	if (Array.isArray(part)) return part.flatMap(dataIn);
	if (!isRecord(part)) return [];
	if (part.type === 'tool_result') return dataIn(part.content);
	if (part.type !== 'image' && part.type !== 'document') return [];
	return isRecord(part.source) && typeof part.source.data === 'string' ? [part.source.data] : [];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null;

/** In the middle of a turn only the newest results are edited as a rule, behind which nothing was thought. */
function editsFor(branch: readonly Entry[], media: readonly Medium[]): readonly ContextEditItem[] {
	const edits = media.map(
		({ ref, isDocument: isPdf }): ContextEditItem => ({
			ref,
			op: 'fold',
			text: `[${isPdf ? 'A PDF file' : 'An image'} stood here. The model’s endpoint refused it, so it was left out.]`,
		}),
	);
	try {
		return completeEdits(branch, edits);
	} catch (error) {
		// Thinking that is bound to what was changed is refused in its turn then, and the request made without it.
		if (error instanceof UserError && error.code === 'turn-unfinished') return edits;
		throw error;
	}
}

function noticeText(media: readonly Medium[], { message }: ModelError): string {
	const documents = media.filter(({ isDocument: isPdf }) => isPdf).length;
	const images = media.length - documents;
	const parts = [
		...(images > 0 ? [images === 1 ? 'an image' : `${images} images`] : []),
		...(documents > 0 ? [documents === 1 ? 'a PDF file' : `${documents} PDF files`] : []),
	];
	const [was, them] = media.length === 1 ? ['was', 'it'] : ['were', 'them'];
	return `${message} So ${parts.join(' and ')} of the conversation ${was} left out, and the request was sent again. The session keeps ${them}; the context dialog brings ${them} back.`;
}
