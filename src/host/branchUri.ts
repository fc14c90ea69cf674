/**
 * The addresses of read-only documents about branches: a file's stored content, and a part of a conversation. Each says all that is needed
 * to make the document again, so tabs that come back after a reload show the same.
 */
import * as vscode from 'vscode';

export const BRANCH_SCHEME = 'retrace-branch';

export type BranchDocument =
	| { readonly kind: 'file'; readonly sha256: string }
	/** The messages after `after` (absent = from the start) on the way to `end`. */
	| {
			readonly kind: 'messages';
			readonly sessionId: string;
			readonly after: string | undefined;
			readonly end: string | undefined;
	  };

/** The path is for people and for the editor's choice of language; what counts stands in the query. */
export function branchUri(document: BranchDocument, path: string): vscode.Uri {
	const query =
		document.kind === 'file'
			? ['file', document.sha256]
			: ['messages', document.sessionId, document.after ?? '', document.end ?? ''];
	return vscode.Uri.from({
		scheme: BRANCH_SCHEME,
		path: path.startsWith('/') ? path : `/${path}`,
		query: query.map(encodeURIComponent).join('&'),
	});
}

/** Undefined for any other address. */
export function branchDocumentOf(uri: vscode.Uri): BranchDocument | undefined {
	if (uri.scheme !== BRANCH_SCHEME) return undefined;
	const [kind, ...parts] = uri.query.split('&').map(decodeURIComponent);
	const [first = '', after = '', end = ''] = parts;
	if (first === '') return undefined;
	if (kind === 'file') return /^[0-9a-f]{64}$/.test(first) ? { kind, sha256: first } : undefined;
	if (kind !== 'messages') return undefined;
	return { kind, sessionId: first, after: after === '' ? undefined : after, end: end === '' ? undefined : end };
}

/** A label as the name of a Markdown document. */
export function documentName(label: string): string {
	const name = label
		.replace(/[\\/:*?"<>|#%\s]+/g, ' ')
		.trim()
		.slice(0, 60);
	return `${name === '' ? 'Branch' : name}.md`;
}
