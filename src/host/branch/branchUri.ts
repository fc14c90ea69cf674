/**
 * The addresses of read-only documents about branches: a file's stored content, and a part of a conversation. Each says all that is needed
 * to make the document again, so tabs that come back after a reload show the same.
 */
import * as vscode from 'vscode';
import { isAgentId } from '../../core/session/agentLog.ts';

export const BRANCH_SCHEME = 'retrace-branch';

export type BranchDocument =
	| {
			readonly kind: 'file';
			/** `absent`: nothing, the side of a diff where there is no file. */
			readonly sha256: string;
			/** Which version of which file it is, when it is one of the time line's. */
			readonly version?: FileVersionName;
	  }
	/** The messages after `after` (absent = from the start) on the way to `end`. */
	| {
			readonly kind: 'messages';
			readonly sessionId: string;
			readonly after: string | undefined;
			readonly end: string | undefined;
	  }
	/** All that an agent of a session said and did. */
	| { readonly kind: 'agent'; readonly sessionId: string; readonly agentId: string };

export type FileVersionName = {
	readonly sessionId: string;
	/** The file's `pathKey`. */
	readonly file: string;
	/** The operation that found it (`b12`) or left it so (`a12`). */
	readonly moment: string;
};

/** The path is for people and for the editor's choice of language; what counts stands in the query. */
export function branchUri(document: BranchDocument, path: string): vscode.Uri {
	const query = queryOf(document);
	return vscode.Uri.from({
		scheme: BRANCH_SCHEME,
		path: path.startsWith('/') ? path : `/${path}`,
		query: query.map(encodeURIComponent).join('&'),
	});
}

function queryOf(document: BranchDocument): readonly string[] {
	switch (document.kind) {
		case 'file':
			return ['file', document.sha256, ...versionParts(document.version)];
		case 'messages':
			return ['messages', document.sessionId, document.after ?? '', document.end ?? ''];
		default:
			return ['agent', document.sessionId, document.agentId];
	}
}

/** Undefined for any other address. */
export function branchDocumentOf(uri: vscode.Uri): BranchDocument | undefined {
	if (uri.scheme !== BRANCH_SCHEME) return undefined;
	const [kind, ...parts] = uri.query.split('&').map(decodeURIComponent);
	const [first = '', after = '', end = ''] = parts;
	if (first === '') return undefined;
	if (kind === 'file') return fileDocument(first, parts.slice(1));
	if (kind === 'agent') return isAgentId(after) ? { kind, sessionId: first, agentId: after } : undefined;
	if (kind !== 'messages') return undefined;
	return { kind, sessionId: first, after: after === '' ? undefined : after, end: end === '' ? undefined : end };
}

const versionParts = (version: FileVersionName | undefined): readonly string[] =>
	version ? [version.sessionId, version.file, version.moment] : [];

function fileDocument(sha256: string, version: readonly string[]): BranchDocument | undefined {
	if (!/^(?:absent|[0-9a-f]{64})$/.test(sha256)) return undefined;
	const [sessionId, file, moment] = version;
	if (sessionId === undefined || file === undefined || moment === undefined) return { kind: 'file', sha256 };
	return { kind: 'file', sha256, version: { sessionId, file, moment } };
}

/** A label as the name of a Markdown document. */
export function documentName(label: string): string {
	const name = label
		.replace(/[\\/:*?"<>|#%\s]+/g, ' ')
		.trim()
		.slice(0, 60);
	return `${name === '' ? 'Branch' : name}.md`;
}
