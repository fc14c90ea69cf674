/** The request that an endpoint is asked to count for the meter: the next one as far as it is known, in a form that every endpoint takes. */
import type { ModelRequest } from '../model/modelPort.ts';
import { buildContext, type ContextInput } from './buildContext.ts';

export type CountRequest = {
	readonly request: ModelRequest;
	/** Tokens of it that the next request will not have. */
	readonly extraTokens: number;
};

/** A request may not end with a reply; this stands for the prompt that is not written yet. */
const FILLER = '.';
const FILLER_TOKENS = 1;

/** `model` is the one that will be asked, which may be another one than the prefix was frozen for. */
export function countRequest(
	input: Pick<ContextInput, 'branch' | 'prefix' | 'blobs'> & { readonly model: string },
): CountRequest {
	const { model, ...rest } = input;
	const request = { ...buildContext({ ...rest, isMeasuring: true, isEndKept: true }), model };
	if (request.messages.length > 0 && request.messages.at(-1)?.role !== 'assistant') return { request, extraTokens: 0 };
	const filler = { role: 'user' as const, content: [{ type: 'text' as const, text: FILLER }] };
	return { request: { ...request, messages: [...request.messages, filler] }, extraTokens: FILLER_TOKENS };
}
