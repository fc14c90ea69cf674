/** What WebFetch needs from outside: one page over the network, as text or as a picture. Types only. */

export type WebRequest = {
	/** http or https, without a name or password in it. */
	readonly url: string;
	/** Hosts of this machine or its network that the user allowed for this call, as `hostOf` gives them. */
	readonly allowedHosts: readonly string[];
};

export type WebOutcome =
	| {
			readonly kind: 'text';
			/** Where it came from in the end. */
			readonly url: string;
			readonly status: number;
			readonly mediaType: string;
			/** Empty when the page has none. */
			readonly title: string;
			/** Markdown of an HTML page, else as it came. */
			readonly text: string;
			/** The page was larger than is read, or took too long to convert: what is wrong with `text`, as sentences. */
			readonly notes: readonly string[];
	  }
	| {
			readonly kind: 'bytes';
			readonly url: string;
			readonly status: number;
			readonly mediaType: string;
			readonly bytes: Uint8Array<ArrayBuffer>;
	  }
	/** Another host: that is another permission, so it is not followed. */
	| { readonly kind: 'redirected'; readonly from: string; readonly to: string; readonly status: number }
	/** The host is, or its name resolves to, an address of this machine or its network. Nothing was sent. */
	| { readonly kind: 'private'; readonly host: string; readonly address: string }
	/** It did not come to a page; a sentence that says why. */
	| { readonly kind: 'failed'; readonly message: string };

export type WebPages = {
	/** Sends no cookie and no credential. Rejects with CancelledError only. */
	fetch(request: WebRequest, signal: AbortSignal): Promise<WebOutcome>;
};
