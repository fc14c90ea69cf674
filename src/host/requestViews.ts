/** Shows what the next request carries, what the last one carried, what came back, and why the cache missed. */
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';
import { asEntryId, asUnixMs } from '../base/ids.ts';
import type { ProjectContext } from '../core/agent/turnTypes.ts';
import { buildContext } from '../core/context/buildContext.ts';
import { explainMiss, wordsOfDiagnostics } from '../core/context/cacheMiss.ts';
import { type BlobCache, loadBranchBlobs } from '../core/context/loadBlobs.ts';
import { newestReplies, requestOf } from '../core/context/pastRequests.ts';
import { freezePrefix, type LoadedPrefix, loadPrefix, needsNewPrefix } from '../core/context/prefix.ts';
import type { ApiMessage, BlobStore, IdSource, ModelRequest } from '../core/ports.ts';
import { ENTRY_VERSION, type EntryDraft, type EntryOf, makeEntry } from '../core/session/entry.ts';
import type { Session } from '../core/session/sessionTypes.ts';
import { builtInTools, toolDefinitions } from '../core/tools/registry.ts';
import type { ModelChoice } from './modelChoice.ts';
import type { OpenSession } from './openSession.ts';
import type { RequestDocuments } from './requestDocuments.ts';
import { setting } from './settings.ts';

export type RequestViewsWorld = {
	readonly choice: ModelChoice;
	readonly blobs: BlobStore;
	readonly ids: IdSource;
	readonly documents: RequestDocuments;
	loadProjectContext(): Promise<ProjectContext>;
	/** The body as the endpoint gets it. */
	requestBody(request: ModelRequest): unknown;
};

export type RequestView = 'nextRequest' | 'lastRequest' | 'lastResponse' | 'cacheMiss';

export async function showRequest(what: RequestView, open: OpenSession, world: RequestViewsWorld): Promise<void> {
	const { documents } = world;
	switch (what) {
		case 'nextRequest':
			return await documents.show('Next request', world.requestBody(await nextRequest(open.session, world)));
		case 'lastRequest':
			return await documents.show('Last request', world.requestBody(await lastRequest(open.session, world)));
		case 'lastResponse':
			return await documents.show('Last response', lastResponse(open.session));
		case 'cacheMiss':
			return await showMiss(open.session, world);
	}
}

/** As it would be sent now, but for the prompt that is still to be typed: cache marks stand where they will stand then. */
async function nextRequest(session: Session, world: RequestViewsWorld): Promise<ModelRequest> {
	const cache: BlobCache = new Map();
	const prefix = await nextPrefix(session, world, cache);
	const branch = [...session.branch()];
	const blobs = await loadBranchBlobs(branch, world.blobs, cache);
	const messageTtl = setting('cache.messageTtl');
	const prompt = entryFor(session, world, { type: 'user', content: [{ type: 'text', text: '(the next prompt)' }] });
	const request = buildContext({ branch: [...branch, prompt], prefix, blobs, messageTtl, isMeasuring: true });
	return { ...request, messages: withoutPrompt(request.messages) };
}

/** The prompt is the last block of the last message. */
function withoutPrompt(messages: readonly ApiMessage[]): readonly ApiMessage[] {
	const last = messages.findLastIndex(({ role }) => role === 'user');
	return messages.flatMap((message, index): readonly ApiMessage[] => {
		if (index !== last || message.role !== 'user') return [message];
		const content = message.content.filter((block) => !('text' in block && block.text === '(the next prompt)'));
		return content.length === 0 ? [] : [{ role: 'user', content }];
	});
}

/** What is frozen; for a session that froze nothing yet, what its first request would freeze. Nothing is stored. */
async function nextPrefix(session: Session, world: RequestViewsWorld, cache: BlobCache): Promise<LoadedPrefix> {
	const frozen = session.newest('prefix');
	if (frozen && !needsNewPrefix(session)) return await loadPrefix(frozen, world.blobs, cache);
	const draft = await freezePrefix({
		blobs: unstored(world.blobs),
		tools: toolDefinitions(builtInTools),
		toolVersions: {},
		project: await world.loadProjectContext(),
		model: world.choice.infoFor(world.choice.modelFor(session.model)),
		isOfficialEndpoint: world.choice.isOfficialEndpoint,
		cache,
	});
	return await loadPrefix(entryFor(session, world, draft), world.blobs, cache);
}

/** Gives each content its name and keeps none: the texts are in the cache. */
function unstored(blobs: BlobStore): BlobStore {
	return {
		hash: (bytes) => blobs.hash(bytes),
		get: (ref) => blobs.get(ref),
		put: async (bytes, mediaType) => ({ $blob: blobs.hash(bytes), size: bytes.byteLength, mediaType, head: '' }),
	};
}

function entryFor<T extends 'user' | 'prefix'>(session: Session, { ids }: RequestViewsWorld, draft: EntryDraft<T>) {
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

/** What this window sent, else what the log says was sent. */
async function lastRequest(session: Session, { blobs }: RequestViewsWorld): Promise<ModelRequest> {
	const sent = session.lastExchange?.request;
	if (sent) return sent;
	const last = session.entries.findLast((entry) => entry.type === 'assistantEnded');
	const made = last && (await requestOf(last, session, blobs, setting('cache.messageTtl')));
	if (!made) throw nothingSent();
	return made;
}

/** As it stands in the log: the blocks as they came, and what closed them. */
function lastResponse(session: Session): unknown {
	const last = session.entries.findLast((entry) => entry.type === 'assistantEnded');
	if (!last) throw nothingSent();
	const blocks = session.entries
		.filter((entry): entry is EntryOf<'assistant'> => entry.type === 'assistant' && entry.messageId === last.messageId)
		.sort((a, b) => a.index - b.index);
	const { messageId, requestId, model, stopReason, stopDetails, usage, costUsd, diagnostics, timing } = last;
	return {
		id: messageId,
		requestId,
		model,
		stopReason,
		...(stopDetails === undefined ? {} : { stopDetails }),
		usage,
		costUsd,
		...(diagnostics === undefined ? {} : { diagnostics }),
		timing,
		content: blocks.map(({ block }) => block),
	};
}

function nothingSent(): UserError {
	return new UserError('nothing-sent', 'Nothing was sent in this session yet. Send a message first.');
}

/** Both requests side by side where they part, and the cause in words. */
async function showMiss(session: Session, world: RequestViewsWorld): Promise<void> {
	const [last, before] = newestReplies(session.entries);
	const ttl = setting('cache.messageTtl');
	const [next, previous] = [
		last && (await requestOf(last, session, world.blobs, ttl)),
		before && (await requestOf(before, session, world.blobs, ttl)),
	];
	if (!last || !before || !next || !previous)
		throw new UserError(
			'no-two-requests',
			'There are not two requests of this session to compare yet. Send another message first.',
		);
	const startedAt = (reply: EntryOf<'assistantEnded'>) => reply.timestamp - reply.timing.totalMs;
	const miss = explainMiss(previous, next, { ageMs: Math.max(0, startedAt(last) - startedAt(before)) });
	const { cacheReadTokens } = last.usage;
	const read = `The last request read ${cacheReadTokens.toLocaleString('en-US')} tokens from the cache.`;
	// The endpoint may know of something that does not stand in the bytes.
	const told = miss.kind === 'none' ? wordsOfDiagnostics(last.diagnostics) : undefined;
	if (miss.at === undefined) {
		void vscode.window.showInformationMessage(`${read} ${told ?? miss.words}`);
		return;
	}
	void vscode.window.showInformationMessage(
		`${read} ${miss.words} The first byte that differs is byte ${miss.at.toLocaleString('en-US')}.`,
	);
	await world.documents.compare(`Cache: ${miss.words}`, cacheable(previous, world), cacheable(next, world));
}

/** Without the marks, which move from request to request and are no part of what the cache compares. */
function cacheable(request: ModelRequest, world: RequestViewsWorld): unknown {
	const { tools, system, messages } = request;
	const body = world.requestBody(request);
	const shown = typeof body === 'object' && body !== null ? { ...body, tools, system, messages } : body;
	return JSON.parse(JSON.stringify(shown, (key, value) => (key === 'cache_control' ? undefined : value)));
}
