/** What WebSearch needs: a search of the web, where the endpoint has one. Types only. */

export type SearchQuery = {
	readonly text: string;
	/** Not empty: results of these hosts alone. The API takes one of the two lists. */
	readonly allowedDomains: readonly string[];
	readonly blockedDomains: readonly string[];
};

export type SearchFound =
	| {
			readonly kind: 'found';
			readonly answer: string;
			readonly pages: readonly { readonly title: string; readonly url: string; readonly quotes: readonly string[] }[];
			/** What did not work beside it, as sentences. */
			readonly notes: readonly string[];
	  }
	| { readonly kind: 'failed'; readonly message: string };

/** `costUsd` is null when the price is not known. */
export type SearchOutcome = SearchFound & { readonly costUsd: number | null };

export type WebSearch = { search(query: SearchQuery, signal: AbortSignal): Promise<SearchOutcome> };
