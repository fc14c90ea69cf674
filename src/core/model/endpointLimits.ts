/**
 * What an endpoint refuses of a request, found out by its own words: a 400 that names the field. The request goes once more without it, and
 * from then on all of them do, so that their bytes stay the same. Tries nothing that was not refused; of a refusal without a reason it is
 * found out by leaving out, once, what never went through before.
 */

import { ModelError } from './modelError.ts';
import type { ModelRequest, StreamModel } from './modelPort.ts';

/** Parts of a request that endpoints which speak the Messages API may lack. */
export const endpointFeatures = [
	'eagerInput',
	'strict',
	'cache',
	'effort',
	'thinking',
	'counting',
	'webSearch',
	// Some models take some efforts only with thinking.
	'effortUnthinking',
] as const;
export type EndpointFeature = (typeof endpointFeatures)[number];

/** What is known of the endpoint that is configured, per model. */
export type EndpointLimits = {
	refused(model: string): ReadonlySet<EndpointFeature>;
	/** `said` is the endpoint's sentence; undefined when it has no such address. */
	remember(model: string, feature: EndpointFeature, said: string | undefined): void;
	/** What this window saw; without it, a refusal that gives no reason is taken as it is. */
	seen?(model: string): EndpointSeen;
};
/** Changed here. */
export type EndpointSeen = {
	/** Parts of requests that went through. */
	readonly accepted: Set<EndpointFeature>;
	/** A refusal without a reason came, and leaving parts out did not help. */
	isTriedInVain: boolean;
};

/** Parts that are taken out of a request, each with the name that a refusal calls it by. */
const FIELDS: readonly (readonly [Exclude<EndpointFeature, 'counting' | 'webSearch' | 'effortUnthinking'>, RegExp])[] =
	[
		['eagerInput', /eager_input_streaming/i],
		['strict', /\bstrict\b/i],
		['effort', /output_config|\beffort\b/i],
		['thinking', /\bthinking\b/i],
		['cache', /cache_control|prompt cach/i],
	];
/** Nothing is left of a search without its tool, so it is remembered and not tried without. */
const SEARCH = /web[_ ]search|server[_ ]tool|tools\.\d+/i;
/** A message that only mentions a field, e.g. because a value is too large, is no word about the field itself. */
const REFUSAL =
	/(?:not|n't)(?: be| currently)? (?:permitted|supported|allowed|accepted|recogni[sz]ed|available|enabled|support|accept|allow)|unsupported|unknown|unexpected|unrecogni[sz]ed|extra (?:inputs?|fields?)|additional propert|no such|invalid (?:field|key|param|propert|argument)/i;

/** The same model; what it refuses is left out of requests from then on. */
export function withinLimits(model: StreamModel, limits: EndpointLimits): StreamModel {
	const within = (request: ModelRequest) => withoutFeatures(request, limits.refused(request.model));
	return {
		label: model.label,
		async stream(request, onEvent, signal) {
			for (;;) {
				const before = limits.refused(request.model);
				const sent = within(request);
				try {
					const reply = await model.stream(sent, onEvent, signal);
					for (const feature of featuresOf(sent)) limits.seen?.(request.model).accepted.add(feature);
					return reply;
				} catch (error) {
					if (error instanceof ModelError && error.kind === 'badRequest' && error.isMute)
						return await leaveOut(sent, error, (tried) => model.stream(tried, onEvent, signal), limits);
					const refused = refusedIn(error, sent);
					if (error instanceof ModelError && isSearchRefused(error, sent))
						limits.remember(request.model, 'webSearch', error.message);
					if (!(error instanceof ModelError) || refused.every((feature) => before.has(feature))) throw error;
					for (const feature of refused) limits.remember(request.model, feature, error.message);
					// Without memory it would be refused again, and again.
					const known = limits.refused(request.model);
					if (!refused.every((feature) => known.has(feature))) throw error;
				}
			}
		},
		listModels: (signal) => model.listModels(signal),
		async countTokens(request, signal) {
			if (limits.refused(request.model).has('counting')) return undefined;
			const tokens = await model.countTokens(within(request), signal);
			// A single request may be refused for its own sake; one of a word may not.
			if (tokens !== undefined || (await model.countTokens(smallest(request.model), signal)) !== undefined)
				return tokens;
			limits.remember(request.model, 'counting', undefined);
			return undefined;
		},
	};
}

/** Each part alone, what is missed least first, then all of them. Rejects with the refusal when none of it helps. */
async function leaveOut<Reply>(
	request: ModelRequest,
	refusal: ModelError,
	send: (request: ModelRequest) => Promise<Reply>,
	limits: EndpointLimits,
): Promise<Reply> {
	const seen = limits.seen?.(request.model);
	const suspects = featuresOf(request).filter((feature) => !seen?.accepted.has(feature));
	if (!seen || seen.isTriedInVain || suspects.length === 0) throw refusal;
	const tries = [...suspects.map((feature) => [feature]), ...(suspects.length > 1 ? [suspects] : [])];
	for (const left of tries) {
		try {
			const sent = withoutFeatures(request, new Set(left));
			const reply = await send(sent);
			for (const feature of left) limits.remember(request.model, feature, refusal.message);
			for (const feature of featuresOf(sent)) seen.accepted.add(feature);
			return reply;
		} catch (error) {
			if (!(error instanceof ModelError && error.kind === 'badRequest' && error.isMute)) throw error;
		}
	}
	seen.isTriedInVain = true;
	throw refusal;
}

const featuresOf = (request: ModelRequest): readonly EndpointFeature[] =>
	FIELDS.flatMap(([feature]) => (has(request, feature) ? [feature] : []));

/** What a refusal is about, of what the request has. */
export function refusedIn(error: unknown, request: ModelRequest): readonly EndpointFeature[] {
	if (!(error instanceof ModelError) || error.kind !== 'badRequest' || !REFUSAL.test(error.message)) return [];
	const named = FIELDS.flatMap(([feature, name]) =>
		name.test(error.message) && has(request, feature) ? [feature] : [],
	);
	// Both at once are one that does not go with the other, and not two that are missing.
	const isPair = named.includes('effort') && named.includes('thinking') && has(request, 'effortUnthinking');
	return isPair ? ['effortUnthinking'] : named;
}

function isSearchRefused({ kind, message }: ModelError, { serverTools = [] }: ModelRequest): boolean {
	return serverTools.length > 0 && kind === 'badRequest' && REFUSAL.test(message) && SEARCH.test(message);
}

/** Pure: the same request and the same features give the same bytes. */
export function withoutFeatures(request: ModelRequest, features: ReadonlySet<EndpointFeature>): ModelRequest {
	if (![...features].some((feature) => feature !== 'counting' && has(request, feature))) return request;
	const isUnmarked = features.has('cache');
	const dropped = [
		...(isUnmarked ? ['cache_control'] : []),
		...(features.has('eagerInput') ? ['eager_input_streaming'] : []),
		...(features.has('strict') ? ['strict'] : []),
	];
	return {
		...request,
		system: isUnmarked ? request.system.map(unmarked) : request.system,
		tools: dropped.length > 0 ? request.tools.map((tool) => without(tool, dropped)) : request.tools,
		messages: isUnmarked
			? request.messages.map((message) =>
					message.role === 'user' ? { ...message, content: message.content.map(unmarked) } : message,
				)
			: request.messages,
		thinking: features.has('thinking') ? null : request.thinking,
		effort:
			features.has('effort') || (features.has('effortUnthinking') && has(request, 'effortUnthinking'))
				? null
				: request.effort,
	};
}

function has(request: ModelRequest, feature: EndpointFeature): boolean {
	switch (feature) {
		case 'eagerInput':
			return request.tools.some((tool) => 'eager_input_streaming' in tool);
		case 'strict':
			return request.tools.some((tool) => 'strict' in tool);
		case 'cache':
			return (
				[...request.system, ...request.tools].some((part) => 'cache_control' in part) ||
				request.messages.some(
					({ role, content }) => role === 'user' && content.some((block) => 'cache_control' in block),
				)
			);
		case 'effort':
			return request.effort !== null;
		case 'effortUnthinking':
			return request.effort !== null && isRecord(request.thinking) && request.thinking.type === 'disabled';
		case 'thinking':
			return request.thinking !== null && request.thinking !== undefined;
		case 'counting':
		case 'webSearch':
			return false;
	}
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null;

const unmarked = <T extends object>(block: T): T => without(block, ['cache_control']);

function without<T extends object>(from: T, keys: readonly string[]): T {
	if (!keys.some((key) => key in from)) return from;
	const copy = { ...from };
	for (const key of keys) Reflect.deleteProperty(copy, key);
	return copy;
}

const smallest = (model: string): ModelRequest => ({
	...{ model, maxTokens: 1, system: [], tools: [], thinking: null, effort: null, betas: [] },
	messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello.' }] }],
	previousMessageId: undefined,
});
