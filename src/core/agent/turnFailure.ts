/** How a turn that could not go on is told to the user: what happened, what is safe, what to do next. */
import { codeOf, UserError } from '../../base/errors.ts';
import { ModelError, type ModelErrorKind } from '../model/modelError.ts';
import type { EntryFields } from '../session/entry.ts';

export type TurnEnd = Omit<EntryFields<'turnEnded'>, 'durationMs'>;

export const ENDED: TurnEnd = { reason: 'endTurn' };
export const STOPPED: TurnEnd = { reason: 'stopped' };

/** For whatever a turn threw, cancellation excepted. */
export function failedEnd(thrown: unknown): TurnEnd {
	if (thrown instanceof ModelError)
		return { reason: 'error', code: thrown.kind, message: sentenceFor(thrown.kind, withDot(thrown.message)) };
	if (thrown instanceof UserError) return { reason: 'error', code: thrown.code, message: thrown.message };
	return {
		reason: 'error',
		code: codeOf(thrown),
		message: `Retrace failed in a way it should not. The conversation up to here is saved. Send the message again; if it happens again, run "Retrace: Show Log".`,
	};
}

export const UNTRUSTED: TurnEnd = {
	reason: 'error',
	code: 'untrusted',
	message:
		'This folder is not trusted, so nothing was run or sent. Your message is saved. Trust the workspace, then send it again.',
};

export function maxTokensEnd(hadCalls: boolean): TurnEnd {
	return {
		reason: 'maxTokens',
		message: hadCalls
			? 'The reply was cut at the output limit several times in a row, in the middle of a tool call that was therefore not run. Everything before it is saved. Ask for the change in smaller parts.'
			: 'The reply was cut at the output limit. What came is saved. Send "continue" to get the rest.',
	};
}

export function refusalEnd(stopDetails: unknown): TurnEnd {
	const category = textField(stopDetails, 'category');
	const explanation = textField(stopDetails, 'explanation');
	const about = category === undefined ? '' : ` (${category.replaceAll('_', ' ')})`;
	const why = explanation === undefined ? '' : ` ${withDot(explanation)}`;
	return {
		reason: 'refusal',
		...(category === undefined ? {} : { code: category }),
		message: `The model declined to answer${about}.${why} Its reply is left out of later requests. Rewind to your message and put it differently.`,
	};
}

export const CONTEXT_FULL: TurnEnd = {
	reason: 'contextFull',
	message:
		'The context window is full. Everything up to here is saved. Rewind to an earlier message, or start a new session for the next part.',
};

export function stepLimitEnd(steps: number): TurnEnd {
	return {
		reason: 'stepLimit',
		message: `Paused after ${steps} steps without an end. What was done is saved. Send "continue" to go on.`,
	};
}

/** `detail` is what the endpoint said, ending with a dot. */
function sentenceFor(kind: ModelErrorKind, detail: string): string {
	const saved = 'Your message is saved.';
	switch (kind) {
		case 'auth':
			return `The API key is missing or was not accepted. ${detail} ${saved} Set a key with "Retrace: Set API Key", then send it again.`;
		case 'billing':
			return `The account cannot pay for this request (credit or spend limit). ${detail} ${saved} Check billing at your provider, then send it again.`;
		case 'notFound':
			return `The model or the endpoint does not exist. ${detail} ${saved} Choose another model, or check the setting retrace.baseUrl.`;
		case 'badRequest':
			return `The endpoint refused the request. ${detail} Everything up to here is saved. Rewind to an earlier message and try again, or see "Retrace: Show Log".`;
		case 'thinkingBinding':
			return `The endpoint did not accept the earlier thinking of this conversation. ${detail} Everything up to here is saved. Rewind to an earlier message and send it again.`;
		case 'tooLarge':
			return `The conversation is too large for the model. ${detail} Everything up to here is saved. Rewind to an earlier message, or start a new session.`;
		case 'rateLimit':
			return `The rate limit was still reached after several attempts. ${detail} What was done is saved. Wait a minute, then send "continue".`;
		case 'overloaded':
			return `The model is overloaded; several attempts failed. ${detail} What was done is saved. Send "continue" in a while, or choose another model.`;
		case 'server':
			return `The endpoint failed several times. ${detail} What was done is saved. Send "continue" in a while.`;
		case 'network':
			return `The endpoint could not be reached. ${detail} What was done is saved. Check the network and the setting retrace.baseUrl, then send "continue".`;
		case 'stalled':
			return `The reply stopped arriving, several times. ${detail} What was done is saved. Check the network, then send "continue".`;
		case 'cutOff':
			return `The reply ended too early, several times. ${detail} What was done is saved. Send "continue" to try again.`;
	}
}

function textField(value: unknown, name: string): string | undefined {
	if (typeof value !== 'object' || value === null || !(name in value)) return undefined;
	const field: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
	return typeof field === 'string' && field !== '' ? field : undefined;
}

function withDot(text: string): string {
	const trimmed = text.trim();
	return trimmed === '' || /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
