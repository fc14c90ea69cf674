/**
 * What is known about models without asking: the table used when an endpoint lists none, and the guess for an id nobody listed.
 * The Models API wins wherever it answers; prices are in pricing.ts.
 */
import type { ModelInfo } from './modelPort.ts';

export const DEMO_MODEL = 'retrace-demo';

/** The smallest window any listed model is known to have: the meter then warns too early, never too late. `max_input_tokens` of the Models API wins. */
const FALLBACK_WINDOW_TOKENS = 200_000;
const FALLBACK_OUTPUT_TOKENS = 64_000;
const HAIKU_OUTPUT_TOKENS = 32_000;
/** Every model that still answers accepts this many. */
const UNKNOWN_OUTPUT_TOKENS = 32_000;

/** Newest first, as a picker shows them. */
export const fallbackModels: readonly ModelInfo[] = [
	listed('claude-opus-5-5', 'Claude Opus 5.5'),
	listed('claude-sonnet-5-5', 'Claude Sonnet 5.5'),
	listed('claude-haiku-5-5', 'Claude Haiku 5.5', { maxOutputTokens: HAIKU_OUTPUT_TOKENS }),
	listed('claude-fable-5-2', 'Claude Fable 5.2'),
	listed('claude-mythos-5-2', 'Claude Mythos 5.2'),
	listed('claude-fable-5-1', 'Claude Fable 5.1'),
	listed('claude-mythos-5-1', 'Claude Mythos 5.1'),
	listed('claude-sonnet-5', 'Claude Sonnet 5'),
	listed('claude-fable-5', 'Claude Fable 5'),
	listed('claude-mythos-5', 'Claude Mythos 5'),
	listed('claude-opus-5', 'Claude Opus 5'),
	listed('claude-opus-4-8', 'Claude Opus 4.8'),
	listed('claude-opus-4-7', 'Claude Opus 4.7'),
	listed('claude-mythos-preview', 'Claude Mythos Preview'),
	listed('claude-opus-4-6', 'Claude Opus 4.6'),
	listed('claude-sonnet-4-6', 'Claude Sonnet 4.6'),
	listed('claude-haiku-4-5', 'Claude Haiku 4.5', { maxOutputTokens: HAIKU_OUTPUT_TOKENS, isAdaptiveThinking: false }),
	listed('claude-opus-4-5', 'Claude Opus 4.5', { isAdaptiveThinking: false }),
	listed('claude-sonnet-4-5', 'Claude Sonnet 4.5', { isAdaptiveThinking: false, isDeprecated: true }),
];

/** The offline demo model. Not in `fallbackModels`: it belongs to another provider. */
export const demoModelInfo: ModelInfo = {
	id: DEMO_MODEL,
	displayName: 'Demo model (offline)',
	windowTokens: FALLBACK_WINDOW_TOKENS,
	maxOutputTokens: UNKNOWN_OUTPUT_TOKENS,
	isAdaptiveThinking: false,
	isDeprecated: false,
};

/**
 * What is known about `id`: from `known` (what the endpoint listed), else from the table (dated ids share the entry of their alias),
 * else a guess that any server accepts. The result always carries `id` itself.
 */
export function modelInfoFor(id: string, known: readonly ModelInfo[] = []): ModelInfo {
	const alias = aliasOf(id);
	const found =
		known.find((model) => model.id === id) ??
		known.find((model) => aliasOf(model.id) === alias) ??
		[...fallbackModels, demoModelInfo].find((model) => model.id === alias);
	if (found) return found.id === id ? found : { ...found, id };
	return {
		id,
		displayName: id,
		windowTokens: FALLBACK_WINDOW_TOKENS,
		maxOutputTokens: UNKNOWN_OUTPUT_TOKENS,
		// A server that does not know the field rejects the whole request, so an unknown model is asked without it.
		isAdaptiveThinking: false,
		isDeprecated: false,
	};
}

/**
 * The model for a small background question of a session that uses `current`: the newest small one of the same endpoint.
 * `listed` is newest first; without a small one among them it is `current`, which certainly answers.
 */
export function smallModelFor(current: string, listed: readonly ModelInfo[]): string {
	return listed.find((model) => /\bhaiku\b/i.test(model.id) && !model.isDeprecated)?.id ?? current;
}

/** `claude-haiku-4-5-20251001` → `claude-haiku-4-5`. */
export function aliasOf(id: string): string {
	return id.replace(/-20\d{6}$/, '');
}

function listed(id: string, displayName: string, facts: Partial<ModelInfo> = {}): ModelInfo {
	return {
		id,
		displayName,
		windowTokens: FALLBACK_WINDOW_TOKENS,
		maxOutputTokens: FALLBACK_OUTPUT_TOKENS,
		isAdaptiveThinking: true,
		isDeprecated: false,
		...facts,
	};
}
