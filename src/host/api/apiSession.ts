/** One session as other extensions see it: read as it is, written only as the user would, by a prompt. */
import { type Disposable, toDisposable } from '../../base/disposable.ts';
import type { Event } from '../../base/emitter.ts';
import { UserError } from '../../base/errors.ts';
import { makePrompt } from '../../core/agent/makePrompt.ts';
import type { Prompt } from '../../core/agent/turnTypes.ts';
import { isTextBlock } from '../../core/session/content.ts';
import type { Entry } from '../../core/session/entry.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { OpenSession } from '../session/openSession.ts';
import { checked } from './apiDoors.ts';
import type { ApiEntry, ApiSession } from './retraceApi.ts';

export type ApiSessionWorld = {
	/** Who is calling, for the row that says who sent a prompt. */
	readonly caller: string;
	readonly ended: AbortSignal;
	/** The open session with this id, opened again when it was closed meanwhile. */
	open(): Promise<OpenSession>;
	/** Why nothing can be sent in it now; undefined when it can. */
	refusal(open: OpenSession, text: string): Promise<string | undefined>;
	/** Resolves when the prompt runs or is queued. */
	start(open: OpenSession, prompt: Prompt): Promise<void>;
	stop(open: OpenSession): Promise<void>;
	readonly onDidOpen: Event<OpenSession>;
	/** Ends with the access. */
	own(disposable: Disposable): Disposable;
	/** What a listener throws is told to nobody else. */
	safely<T>(listener: (value: T) => void): (value: T) => void;
};

/** A copy: what another extension does to it changes nothing here. */
const asApiEntry = (entry: Entry): ApiEntry => structuredClone<ApiEntry>({ ...entry });

export function createApiSession(first: OpenSession, world: ApiSessionWorld): ApiSession {
	const { id } = first.session;
	let last = first;
	/** For what is asked synchronously: the object that was open last. */
	const session = (): Session => last.session;
	const opened = async (): Promise<OpenSession> => {
		if (world.ended.aborted) throw new UserError('access-ended', 'The access to Retrace has ended. Ask for it again.');
		last = await world.open();
		return last;
	};

	/** An idle session is closed and read again when it is needed: who listens need not know. */
	const follow = (attach: (one: Session) => Disposable): Disposable => {
		let attached = attach(session());
		const reopened = world.onDidOpen((open) => {
			if (open.session.id !== id) return;
			attached.dispose();
			last = open;
			attached = attach(open.session);
		});
		return world.own(
			toDisposable(() => {
				reopened.dispose();
				attached.dispose();
			}),
		);
	};

	return {
		id,
		get title() {
			return session().title;
		},
		get state() {
			return session().state;
		},
		get mode() {
			return session().mode;
		},
		get model() {
			return session().model;
		},
		get cwd() {
			return session().cwd;
		},
		get costUsd() {
			return session().costUsd;
		},
		get readOnlyReason() {
			return session().readOnlyReason;
		},
		get toolNames() {
			return [...session().toolNames];
		},
		get lastRequest() {
			return structuredClone(session().lastExchange?.request);
		},
		get lastResponse() {
			return structuredClone(session().lastExchange?.reply);
		},
		branch: () => session().branch().map(asApiEntry),
		async history(types) {
			const open = await opened();
			const outline = await open.session.outline(world.ended);
			const wanted = outline.entries.filter(({ type }) => types === undefined || types.includes(type));
			const ids = wanted.map((entry) => entry.id);
			return (await open.session.read(ids, world.ended)).map(asApiEntry);
		},
		async send(text) {
			checked('prompt', text);
			const open = await opened();
			const prompt = makePrompt(text, []);
			const refused = await world.refusal(open, prompt.text);
			if (refused !== undefined) throw new UserError('not-sent', refused);
			const { ended, started } = untilTurnEnds(open, prompt, world.ended);
			// Heard below, when the prompt has gone its way.
			ended.catch(() => undefined);
			// The row before the prompt: who wrote it is not left to be guessed.
			open.session.append({
				type: 'notice',
				level: 'info',
				code: 'sent-by-extension',
				text: `The extension ${world.caller} sends the next prompt.`,
			});
			await world.start(open, prompt);
			started();
			return await ended;
		},
		async stop() {
			await world.stop(await opened());
		},
		onDidChangeState(listener) {
			const heard = world.safely(listener);
			return follow((one) => one.onDidChangeState(({ from, to }) => heard({ from, to })));
		},
		onDidAppend(listener) {
			const heard = world.safely(listener);
			return follow((one) => one.onDidAppend((entry) => heard(asApiEntry(entry))));
		},
	};
}

type TurnOutcome = { readonly reason: string; readonly answer: string };

type Following = {
	/** Resolves with the end of the turn that this prompt starts; rejects when it never starts. */
	readonly ended: Promise<TurnOutcome>;
	/** It runs or is queued from now on. */
	started(): void;
};

function untilTurnEnds(open: OpenSession, prompt: Prompt, ended: AbortSignal): Following {
	const { session, queue } = open;
	let isOurs = false;
	let hasStarted = false;
	let wasQueued = false;
	const isQueued = () => queue.items.some((item) => item.prompt === prompt);
	let finish: (outcome: TurnOutcome | UserError) => void = () => undefined;
	const done = new Promise<TurnOutcome>((resolve, reject) => {
		finish = (outcome) => (outcome instanceof UserError ? reject(outcome) : resolve(outcome));
	});
	const fail = (message: string) => finish(new UserError('not-sent', message));
	/** A hook may have held it back, or the log may be another window's by now. */
	const look = () => {
		if (!hasStarted || open.isRunning || isQueued()) return;
		fail(
			isOurs
				? 'The turn broke off. The session says why.'
				: 'The prompt was held back or could not be kept, so it was not sent. The session says why.',
		);
	};
	const listening = [
		session.onDidAppend((entry) => {
			if (entry.type === 'user') isOurs = isPromptOf(entry, prompt.text);
			if (entry.type !== 'turnEnded' || !isOurs) return;
			finish({ reason: entry.reason, answer: lastAnswer(session) });
		}),
		queue.onDidChange(() => {
			wasQueued ||= isQueued();
			// What is taken out to be sent runs by the end of this task.
			queueMicrotask(() => {
				if (wasQueued && !isOurs && !isQueued() && !open.isRunning)
					fail('The prompt was taken out of the queue, so it was not sent.');
			});
		}),
	];
	listening.push(open.onDidChange(({ kind }) => kind === 'head' && look()));
	const onEnd = () => fail('The access to Retrace has ended. What was sent goes on.');
	ended.addEventListener('abort', onEnd, { once: true });
	const settled = done.finally(() => {
		ended.removeEventListener('abort', onEnd);
		for (const one of listening) one.dispose();
	});
	return {
		ended: settled,
		started() {
			hasStarted = true;
			look();
		},
	};
}

function isPromptOf(entry: Extract<Entry, { type: 'user' }>, text: string): boolean {
	return entry.content.some((block) => 'text' in block && block.text === text);
}

/** What the agent said last, as text. */
function lastAnswer(session: Session): string {
	const branch = session.branch();
	const ended = branch.findLast((entry) => entry.type === 'assistant');
	if (ended?.type !== 'assistant') return '';
	return branch
		.flatMap((entry) =>
			entry.type === 'assistant' && entry.messageId === ended.messageId && isTextBlock(entry.block)
				? [entry.block.text]
				: [],
		)
		.join('\n');
}
