/**
 * One small question to a model beside a session's conversation: a title, the summary of a branch. No tools, no thinking, no cache marks.
 * Writes nothing: what the answer is used for, and that it may fail, is the caller's.
 */
import { CancelledError } from '../../base/errors.ts';
import { ModelError } from '../model/modelError.ts';
import type { ModelRequest, StreamModel } from '../model/modelPort.ts';
import { costOf } from '../model/pricing.ts';
import type { Usage } from '../session/content.ts';

/** Nobody waits for the answer, so an endpoint that takes longer is left alone. */
const TIMEOUT_MS = 20_000;
const MAX_ATTEMPTS = 2;
/** Tried once more at once: the connection broke. An endpoint that is busy or refuses is not asked again for something this small. */
const RETRIED: ReadonlySet<string> = new Set(['network', 'cutOff', 'server']);

export type SideQuestion = {
	readonly modelId: string;
	readonly system: string;
	/** The whole user message. What others wrote stands in it as data: see `asData`. */
	readonly text: string;
	readonly maxTokens: number;
	/** Default 20 s, for all attempts together. */
	readonly timeoutMs?: number;
};

export type SideReply = {
	readonly text: string;
	/** `end_turn`, or why the text is not a whole answer: `max_tokens`, `refusal`. */
	readonly stopReason: string;
	readonly usage: Usage;
	/** The model that answered. */
	readonly model: string;
	/** Null when its price is not known. */
	readonly costUsd: number | null;
};

/** Rejects with ModelError (`stalled` when the time is up) or CancelledError. */
export async function askModel(model: StreamModel, question: SideQuestion, signal: AbortSignal): Promise<SideReply> {
	const timeoutMs = question.timeoutMs ?? TIMEOUT_MS;
	const late = new AbortController();
	const timer = setTimeout(() => late.abort(), timeoutMs);
	try {
		const both = AbortSignal.any([signal, late.signal]);
		for (let attempt = 1; ; attempt++) {
			try {
				return await askOnce(model, question, both);
			} catch (error) {
				const mayRetry = error instanceof ModelError && RETRIED.has(error.kind) && attempt < MAX_ATTEMPTS;
				if (!mayRetry || both.aborted) throw error;
			}
		}
	} catch (error) {
		if (signal.aborted) throw new CancelledError(undefined, { cause: error });
		if (!late.signal.aborted) throw error;
		throw timedOut(timeoutMs, error);
	} finally {
		clearTimeout(timer);
	}
}

/** Puts what others wrote between two tags that it cannot close itself. */
export function asData(tag: string, text: string): string {
	return `<${tag}>\n${text.replaceAll(new RegExp(`<(?=/?${tag}\\b)`, 'gi'), '<\\')}\n</${tag}>`;
}

async function askOnce(model: StreamModel, question: SideQuestion, signal: AbortSignal): Promise<SideReply> {
	if (signal.aborted) throw new CancelledError();
	const texts: string[] = [];
	const reply = await model.stream(
		requestOf(question),
		(event) => {
			if (event.kind === 'blockEnded' && event.block.type === 'text') texts.push(String(event.block.text));
		},
		signal,
	);
	const { usage, stopReason } = reply;
	return { text: texts.join(''), stopReason, usage, model: reply.model, costUsd: costOf(reply.model, usage) };
}

const timedOut = (timeoutMs: number, cause: unknown): ModelError =>
	new ModelError('stalled', `No answer came within ${Math.round(timeoutMs / 1000)} s.`, { cause });

/** Nothing but the question: a session's prefix would make a small question an expensive one. */
function requestOf({ modelId, system, text, maxTokens }: SideQuestion): ModelRequest {
	return {
		model: modelId,
		maxTokens,
		system: [{ type: 'text', text: system }],
		tools: [],
		messages: [{ role: 'user', content: [{ type: 'text', text }] }],
		thinking: null,
		effort: null,
		betas: [],
		previousMessageId: undefined,
	};
}
