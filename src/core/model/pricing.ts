/**
 * What a request cost, in USD. Neither the SDK nor the API publishes prices, so this is a table of list prices kept by hand;
 * a model that is not in it has an unknown cost (null), never a guessed one.
 */
import type { Usage } from '../session/content.ts';
import { aliasOf, DEMO_MODEL } from './catalogue.ts';

/** The day the table was last looked at. */
export const PRICES_AS_OF = '2026-11-20';
/** Where its figures are from. */
export const PRICE_SOURCE = 'Public list prices, standard tier, without discounts,';

/** USD per million tokens. */
type Price = { readonly input: number; readonly output: number };

const OPUS: Price = { input: 5, output: 25 };
const SONNET: Price = { input: 3, output: 15 };
const HAIKU: Price = { input: 1, output: 5 };
const FREE: Price = { input: 0, output: 0 };

/** By id and not by a pattern: a new model of a line may have another price. */
const prices: ReadonlyMap<string, Price> = new Map([
	['claude-opus-5-5', OPUS],
	['claude-opus-5', OPUS],
	['claude-opus-4-8', OPUS],
	['claude-opus-4-7', OPUS],
	['claude-opus-4-6', OPUS],
	['claude-opus-4-5', OPUS],
	['claude-sonnet-5-5', SONNET],
	['claude-sonnet-5', SONNET],
	['claude-sonnet-4-6', SONNET],
	['claude-sonnet-4-5', SONNET],
	['claude-haiku-5-5', HAIKU],
	['claude-haiku-4-5', HAIKU],
	[DEMO_MODEL, FREE],
]);

/** Relative to the input price. */
const CACHE_READ_FACTOR = 0.1;
const CACHE_WRITE_5M_FACTOR = 1.25;
const CACHE_WRITE_1H_FACTOR = 2;

export const isPriceKnown = (model: string): boolean => prices.has(aliasOf(model));

/** Cost of one request in USD; null when the model's price is not known. */
export function costOf(model: string, usage: Usage): number | null {
	const price = prices.get(aliasOf(model));
	if (!price) return null;
	const write1h = Math.min(usage.cacheWrite1hTokens, usage.cacheWriteTokens);
	const write5m = usage.cacheWriteTokens - write1h;
	const inputUnits =
		usage.inputTokens +
		usage.cacheReadTokens * CACHE_READ_FACTOR +
		write5m * CACHE_WRITE_5M_FACTOR +
		write1h * CACHE_WRITE_1H_FACTOR;
	return (inputUnits * price.input + usage.outputTokens * price.output) / 1_000_000;
}
