/** Shows what the next request carries, what the last one carried, what came back, and why the cache missed. */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import type { ProjectContext } from '../../core/agent/turnTypes.ts';
import { explainMiss, wordsOfDiagnostics } from '../../core/context/cacheMiss.ts';
import { nextRequest } from '../../core/context/nextRequest.ts';
import { newestReplies, requestOf } from '../../core/context/pastRequests.ts';
import type { ModelRequest } from '../../core/model/modelPort.ts';
import type { IdSource } from '../../core/ports.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { ApiAdditions } from '../api/apiAdditions.ts';
import type { ModelChoice } from '../model/modelChoice.ts';
import { tuningOf } from '../model/tuning.ts';
import type { OpenSession } from '../session/openSession.ts';
import { setting } from '../settings.ts';
import type { RequestDocuments } from './requestDocuments.ts';

export type RequestViewsWorld = {
	readonly choice: ModelChoice;
	readonly blobs: BlobStore;
	readonly ids: IdSource;
	readonly documents: RequestDocuments;
	/** What other extensions add to the system prompt. */
	readonly additions?: Pick<ApiAdditions, 'systemSections'>;
	loadProjectContext(): Promise<ProjectContext>;
	/** The body as the endpoint gets it. */
	requestBody(request: ModelRequest): unknown;
};

export type RequestView = 'nextRequest' | 'lastRequest' | 'lastResponse' | 'cacheMiss';

export async function showRequest(what: RequestView, open: OpenSession, world: RequestViewsWorld): Promise<void> {
	const { documents } = world;
	switch (what) {
		case 'nextRequest':
			return await documents.show('Next request', world.requestBody(await requestNow(open.session, world)));
		case 'lastRequest':
			return await documents.show('Last request', world.requestBody(await lastRequest(open.session, world)));
		case 'lastResponse':
			return await documents.show('Last response', lastResponse(open.session));
		case 'cacheMiss':
			return await showMiss(open.session, world);
	}
}

async function requestNow(session: Session, world: RequestViewsWorld): Promise<ModelRequest> {
	const { choice, additions } = world;
	const model = choice.modelFor(session.model);
	const request = await nextRequest(session, {
		...world,
		isOfficialEndpoint: choice.isOfficialEndpoint,
		messageTtl: setting('cache.messageTtl'),
		modelInfo: () => choice.infoFor(model),
		tuning: () => tuningOf(session),
		...(additions === undefined ? {} : { systemSections: additions.systemSections() }),
		reminderForm: choice.reminderForms?.known(model) ?? 'user',
	});
	return choice.asSent(request);
}

/** What this window sent, else what the log says was sent. */
async function lastRequest(session: Session, { blobs, choice }: RequestViewsWorld): Promise<ModelRequest> {
	const sent = session.lastExchange?.request;
	if (sent) return choice.asSent(sent);
	const last = session.entries.findLast((entry) => entry.type === 'assistantEnded');
	const made = last && (await requestOf(last, session, blobs, setting('cache.messageTtl')));
	if (!made) throw nothingSent();
	return choice.asSent(made);
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
	const sent = world.choice.asSent(request);
	const { tools, system, messages } = sent;
	const body = world.requestBody(sent);
	const shown = typeof body === 'object' && body !== null ? { ...body, tools, system, messages } : body;
	return JSON.parse(JSON.stringify(shown, (key, value) => (key === 'cache_control' ? undefined : value)));
}
