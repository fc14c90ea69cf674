/** How a turn that could not go on is told to the user: what happened, what is safe, what to do next. */
import { codeOf, UserError } from '../../base/errors.ts';
import { ModelError, type ModelErrorKind } from '../model/modelError.ts';
import { MAX_ATTEMPTS } from '../model/retry.ts';
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
			: 'The reply was cut at the output limit. What came is saved. Continue to get the rest.',
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

/** `cause` says what happened, ending with a dot. The panel offers the next step as a button, so the words name it. */
function sentenceFor(kind: ModelErrorKind, cause: string): string {
	const tried = `It was tried ${MAX_ATTEMPTS} times. What was done is saved.`;
	switch (kind) {
		case 'auth':
			return `${cause} Your message is saved. Set a key that belongs to this endpoint, then try again.`;
		case 'billing':
			return `${cause} Your message is saved. Check credit and limits at your provider, then try again.`;
		case 'notFound':
			return `${cause} Your message is saved. Choose another model below the input, or check the setting retrace.baseUrl, then try again.`;
		case 'badRequest':
			return `${cause} Everything up to here is saved. The same request would be refused again: rewind to an earlier message and put it differently.`;
		case 'thinkingBinding':
			return `${cause} Everything up to here is saved. Rewind to an earlier message and send it again.`;
		case 'tooLarge':
			return `${cause} Everything up to here is saved. Rewind to an earlier message, or start a new session.`;
		case 'rateLimit':
			return `${cause} ${tried} Wait a minute, then try again.`;
		case 'overloaded':
			return `${cause} ${tried} Try again in a while, or choose another model below the input.`;
		case 'server':
			return `${cause} ${tried} Try again in a while.`;
		case 'network':
			return `${cause} ${tried} Check the network and the setting retrace.baseUrl, then try again.`;
		case 'stalled':
		case 'cutOff':
			return `${cause} ${tried} Check the network, then try again.`;
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
