/** What a link of the transcript points to. Pure: whether a path is inside the workspace is asked elsewhere. */

export type LinkTarget =
	| { readonly kind: 'web'; readonly url: string }
	/** `lineNumber` is 1-based. */
	| { readonly kind: 'file'; readonly path: string; readonly lineNumber?: number }
	| { readonly kind: 'refused' };

export function parseLink(href: string): LinkTarget {
	if (/^https?:\/\//i.test(href)) return { kind: 'web', url: href };
	// A one-letter scheme is a drive of Windows; every other scheme (file:, command:, vscode:, data:) stays closed.
	// `app.js:12` is a file and a line, as the page has it.
	const hasScheme = /^[a-z][a-z0-9+.-]+:/i.test(href) && !/^[^:/]*\.[^:/]*:\d+(?:[:-]\d+)?$/.test(href);
	if (hasScheme || href.startsWith('//') || href === '' || href.startsWith('#')) return { kind: 'refused' };
	const match = /^(.*?)(?:#L(\d+)(?:-L?\d+)?|:(\d+)(?::\d+)?)?$/.exec(href);
	const path = decode(match?.[1] ?? href);
	if (path === undefined || path === '') return { kind: 'refused' };
	const line = match?.[2] ?? match?.[3];
	return line === undefined ? { kind: 'file', path } : { kind: 'file', path, lineNumber: Math.max(1, Number(line)) };
}

function decode(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch (error) {
		// A lone % is no escape, so it is meant as it stands.
		return error instanceof URIError ? text : undefined;
	}
}
