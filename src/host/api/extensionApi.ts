/**
 * The API that `activate` returns, over the sessions of this window: who may use it, what each caller registered, and what ends with it.
 * Its shape is in retraceApi.ts; the facade of one session in apiSession.ts; what callers add to the agent in apiAdditions.ts.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Event } from '../../base/emitter.ts';
import { UserError } from '../../base/errors.ts';
import { asEntryId, asSessionId } from '../../base/ids.ts';
import type { TraceEvent } from '../../base/trace.ts';
import type { SessionStore } from '../../core/session/storePort.ts';
import { plainMessage } from '../plainLabel.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import { turnRefusal } from '../session/turnRunner.ts';
import type { ApiAdditions } from './apiAdditions.ts';
import { createApiConsent } from './apiConsent.ts';
import { checked } from './apiDoors.ts';
import { createApiSession } from './apiSession.ts';
import type { ApiSession, RetraceAccess, RetraceApi } from './retraceApi.ts';

export type ExtensionApiWorld = {
	readonly host: SessionHost;
	readonly store: Pick<SessionStore, 'list'>;
	readonly additions: ApiAdditions;
	readonly state: vscode.Memento;
	readonly onDidTrace: Event<TraceEvent>;
	/** Brings a session up where the user looks. */
	show(id: ReturnType<typeof asSessionId>): Promise<void>;
	onError(event: string, error: unknown): void;
};

export type ExtensionApi = Disposable & {
	readonly requestAccess: RetraceApi['requestAccess'];
	readonly commands: { manageExtensionAccess(): Promise<void> };
};

export function createExtensionApi(world: ExtensionApiWorld): ExtensionApi {
	const consent = createApiConsent(world.state, askUser);
	const running = new Map<string, Set<RetraceAccess>>();
	const ended = consent.onDidForget((id) => {
		for (const access of running.get(id) ?? []) access.dispose();
	});

	return {
		async requestAccess(extensionId) {
			if (typeof extensionId !== 'string' || vscode.extensions.getExtension(extensionId) === undefined)
				throw new UserError(
					'unknown-extension',
					`There is no extension “${String(extensionId)}”. Give the identifier of the calling extension: publisher.name.`,
				);
			if (!(await consent.isAllowed(extensionId))) return undefined;
			const key = extensionId.toLowerCase();
			const accesses = running.get(key) ?? new Set();
			running.set(key, accesses);
			const access = createAccess(extensionId, world, () => accesses.delete(access));
			accesses.add(access);
			return access;
		},
		commands: {
			async manageExtensionAccess() {
				const answers = Object.entries(consent.answers);
				if (answers.length === 0) {
					void vscode.window.showInformationMessage('No extension has asked for access to Retrace yet.');
					return;
				}
				const rows = answers.map(([id, answer]) => ({
					label: nameOf(id),
					description: id,
					detail: answer === 'allowed' ? 'May use Retrace' : 'Was refused',
					id,
				}));
				const placeHolder = 'Forget the answer for an extension: what it added ends, and it is asked about again';
				const picked = await vscode.window.showQuickPick(rows, { placeHolder });
				if (picked) await consent.forget(picked.id);
			},
		},
		dispose() {
			ended.dispose();
			for (const accesses of running.values()) for (const access of [...accesses]) access.dispose();
		},
	};
}

function createAccess(caller: string, world: ExtensionApiWorld, onEnd: () => void): RetraceAccess {
	const { host, additions } = world;
	const owned = new DisposableStore();
	const end = new AbortController();
	const alive = <T>(run: () => T): T => {
		if (end.signal.aborted) throw new UserError('access-ended', 'The access to Retrace has ended. Ask for it again.');
		return run();
	};
	/** A listener of theirs that throws is theirs to hear of, and nobody else's trouble. */
	const safely = <T>(listener: (value: T) => void) => {
		checked('listener', listener);
		return (value: T) => {
			try {
				listener(value);
			} catch (error) {
				world.onError('api.listener', error);
			}
		};
	};
	const own = (disposable: Disposable): Disposable => owned.add(disposable);
	const sessionOf = (open: OpenSession): ApiSession =>
		createApiSession(open, {
			caller: nameOf(caller),
			ended: end.signal,
			open: async () => await host.sessions.open(open.session.id),
			async refusal(opened, text) {
				return (await turnRefusal(opened, host.world, text))?.text;
			},
			start: async (opened, prompt) => await host.start(opened, prompt),
			stop: async (opened) => {
				opened.turn?.abort();
				await opened.turn?.done;
			},
			onDidOpen: host.sessions.onDidOpen,
			own,
			safely,
		});

	return {
		ended: end.signal,
		sessions: {
			list: async () =>
				await alive(async () => {
					const { sessions } = await world.store.list();
					return sessions.map(({ id, title, lastPrompt, state, prompts, costUsd, updatedAt }) => ({
						...{ id, title, lastPrompt, state, prompts, costUsd, updatedAt },
						isOpen: host.sessions.find(id) !== undefined,
					}));
				}),
			get active() {
				return end.signal.aborted ? undefined : sessionOf(host.current);
			},
			open: async (id) => await alive(async () => sessionOf(await host.sessions.open(sessionId(id)))),
			create: async () => await alive(async () => sessionOf(await host.sessions.create())),
			fork: async (id, entryId) =>
				await alive(async () => {
					checked('entry id', entryId);
					const { session } = await host.sessions.open(sessionId(id));
					const at = entryId === undefined ? session.leaf : asEntryId(entryId);
					return sessionOf(await host.sessions.fork(session, at));
				}),
			show: async (id) => await alive(() => world.show(sessionId(id))),
			onDidChange: (listener) => alive(() => own(host.onDidChangeList(safely(listener)))),
		},
		registerTool: (tool) => alive(() => own(additions.addTool(caller, tool))),
		registerInterceptor: (one) => alive(() => own(additions.addInterceptor(caller, one))),
		registerPromptValidator: (validate) => alive(() => own(additions.addValidator(caller, validate))),
		registerSystemPromptSection: (section) => alive(() => own(additions.addSection(caller, section))),
		onDidTrace: (listener) => alive(() => own(world.onDidTrace(safely(listener)))),
		dispose() {
			if (end.signal.aborted) return;
			end.abort();
			owned.dispose();
			onEnd();
		},
	};
}

const sessionId = (id: string): ReturnType<typeof asSessionId> => asSessionId(checked('session id', id));

async function askUser(extensionId: string): Promise<'allowed' | 'denied' | undefined> {
	const question = `Allow the extension “${nameOf(extensionId)}” to use Retrace?`;
	const detail = `${extensionId} can then read the sessions of this workspace, send prompts, and add tools and checks. What the agent does on its prompts is asked as always. You can take this back with the command “Manage Extension Access…”.`;
	const answer = await vscode.window.showInformationMessage(
		plainMessage(question),
		{ modal: true, detail: plainMessage(detail) },
		'Allow',
		'Don’t Allow',
	);
	return answer === 'Allow' ? 'allowed' : answer === 'Don’t Allow' ? 'denied' : undefined;
}

/** As the extension calls itself, else its identifier. */
function nameOf(extensionId: string): string {
	const manifest: unknown = vscode.extensions.getExtension(extensionId)?.packageJSON;
	const name =
		typeof manifest === 'object' && manifest !== null && 'displayName' in manifest ? manifest.displayName : '';
	return typeof name === 'string' && name !== '' ? name.slice(0, 80) : extensionId;
}
