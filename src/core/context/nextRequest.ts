/**
 * What would be sent now, but for the prompt that is still to be typed. Made as a turn makes it, from the same entries; stores and appends
 * nothing.
 */
import { asEntryId, asUnixMs } from '../../base/ids.ts';
import { type PrefixPorts, prefixNow } from '../agent/sessionPrefix.ts';
import type { ProjectContext } from '../agent/turnTypes.ts';
import type { ApiMessage, ModelRequest, ReminderForm } from '../model/modelPort.ts';
import type { IdSource } from '../ports.ts';
import { ENTRY_VERSION, type EntryDraft, makeEntry } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import { buildContext } from './buildContext.ts';
import { type BlobCache, loadBranchBlobs } from './loadBlobs.ts';
import { type LoadedPrefix, loadPrefix, needsNewPrefix } from './prefix.ts';

export type NextRequestPorts = PrefixPorts & {
	readonly ids: IdSource;
	readonly messageTtl: '5m' | '1h';
	/** What is known of how reminders go to the model; default `user`. */
	readonly reminderForm?: ReminderForm;
	loadProjectContext(): Promise<ProjectContext>;
};

/** Stands for the prompt while the request is made, so that cache marks are where they will be then. */
const PLACEHOLDER = '\uFFFCthe next prompt';

export async function nextRequest(session: Session, ports: NextRequestPorts): Promise<ModelRequest> {
	const cache: BlobCache = new Map();
	const prefix = await nextPrefix(session, ports, cache);
	const prompt = entryOf(session, ports, { type: 'user', content: [{ type: 'text', text: PLACEHOLDER }] });
	const branch = [...session.branch(), prompt];
	const blobs = await loadBranchBlobs(branch, ports.blobs, cache);
	// A turn may be running: calls that are still open are then shown with an empty result.
	const request = buildContext({ branch, prefix, blobs, messageTtl: ports.messageTtl, isMeasuring: true });
	return { ...request, messages: withoutPlaceholder(request.messages) };
}

function withoutPlaceholder(messages: readonly ApiMessage[]): readonly ApiMessage[] {
	return messages.flatMap((message): readonly ApiMessage[] => {
		if (message.role !== 'user') return [message];
		const content = message.content.filter((block) => !('text' in block && block.text === PLACEHOLDER));
		if (content.length === message.content.length) return [message];
		return content.length === 0 ? [] : [{ role: 'user', content }];
	});
}

/** What is frozen; for a session that froze nothing yet, or changed its model, what its next request would freeze. */
async function nextPrefix(session: Session, ports: NextRequestPorts, cache: BlobCache): Promise<LoadedPrefix> {
	const frozen = session.newest('prefix');
	if (frozen && !needsNewPrefix(session)) return await loadPrefix(frozen, ports.blobs, cache);
	const project = await ports.loadProjectContext();
	const form = ports.reminderForm ?? 'user';
	const draft = await prefixNow({ ...ports, blobs: unstored(ports.blobs) }, project, form, cache);
	return await loadPrefix(entryOf(session, ports, draft), ports.blobs, cache);
}

/** Gives each content its name and keeps none: the texts are in the cache. */
function unstored(blobs: BlobStore): BlobStore {
	return {
		hash: (bytes) => blobs.hash(bytes),
		get: (ref) => blobs.get(ref),
		put: async (bytes, mediaType) => ({ $blob: blobs.hash(bytes), size: bytes.byteLength, mediaType, head: '' }),
	};
}

function entryOf<T extends 'user' | 'prefix'>(session: Session, { ids }: NextRequestPorts, draft: EntryDraft<T>) {
	const base = {
		v: ENTRY_VERSION,
		id: asEntryId(ids.next()),
		parentId: session.leaf,
		sessionId: session.id,
		agentId: 'main',
		gen: 0,
		timestamp: asUnixMs(0),
		cwd: session.cwd,
		mode: session.mode,
	};
	return makeEntry(base, draft);
}
