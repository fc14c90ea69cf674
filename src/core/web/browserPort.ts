/** What the Browser tool needs from outside: one browser of its own per session, with one page. Types only. */

export type BrowserAction =
	| { readonly kind: 'open'; readonly url: string }
	/** `ref` as in the newest snapshot, e.g. `e12`. */
	| { readonly kind: 'click'; readonly ref: string }
	| { readonly kind: 'type'; readonly ref: string; readonly text: string; readonly isSubmitted: boolean }
	| { readonly kind: 'press'; readonly key: string }
	| { readonly kind: 'back' }
	| { readonly kind: 'read' }
	| { readonly kind: 'screenshot' }
	| { readonly kind: 'console' };

export type BrowserOutcome =
	/** The page as it is after the action. `notes`: what happened beside it, as sentences. */
	| {
			readonly kind: 'page';
			readonly url: string;
			readonly title: string;
			readonly snapshot: string;
			readonly notes: readonly string[];
	  }
	| { readonly kind: 'image'; readonly url: string; readonly bytes: Uint8Array<ArrayBuffer> }
	| { readonly kind: 'console'; readonly url: string; readonly lines: readonly string[] }
	/** The page would go to a site that is not allowed yet; it did not. A site that came by itself was left again. */
	| {
			readonly kind: 'blocked';
			readonly url: string;
			readonly host: string;
			/** An address of this machine or its network. */
			readonly isPrivate: boolean;
			/** It can be opened by its address: it was no form that was sent. */
			readonly isRepeatable: boolean;
	  }
	/** A sentence. */
	| { readonly kind: 'failed'; readonly message: string };

export type BrowserPort = {
	/** Of the page that is shown; undefined without one. */
	url(): string | undefined;
	/** Starts the browser with the first call. Rejects with CancelledError only; the page is then left empty. */
	act(action: BrowserAction, signal: AbortSignal): Promise<BrowserOutcome>;
	/** The site of this address may be shown from now on, until the browser is closed; with `isPrivate` also on this machine or its network. */
	allow(url: string, isPrivate: boolean): void;
	/** The site of this address was allowed, and the browser is open. */
	allows(url: string): boolean;
};

/** The browsers of a window, one per session. */
export type Browsers = {
	/** The browser of a session. Starts nothing. */
	of(session: string): BrowserPort;
	/** Opens it again where a person sees it, at the page where it is. False when there is none. Rejects when it cannot be started. */
	show(session: string): Promise<boolean>;
	/** With all its processes. */
	close(session: string): Promise<void>;
	closeAll(): Promise<void>;
};
