/** The addresses of a proposed edit's two documents. They name session and tool call, so they mean the same after a reload. */
import * as vscode from 'vscode';

export const BEFORE_SCHEME = 'retrace-before';
export const PROPOSAL_SCHEME = 'retrace-proposal';

export type ProposalKey = { readonly sessionId: string; readonly toolUseId: string };

/** The path ends like the file's own, so that the editor finds the language. */
export function proposalUri(scheme: string, key: ProposalKey, rel: string): vscode.Uri {
	const ids = [key.sessionId, key.toolUseId].map(encodeURIComponent).join('/');
	return vscode.Uri.from({ scheme, path: `/${ids}/${rel}` });
}

/** Undefined for any other address. */
export function proposalKeyOf(uri: vscode.Uri): ProposalKey | undefined {
	if (uri.scheme !== PROPOSAL_SCHEME && uri.scheme !== BEFORE_SCHEME) return undefined;
	const [, sessionId, toolUseId] = uri.path.split('/');
	if (!sessionId || !toolUseId) return undefined;
	return { sessionId: decodeURIComponent(sessionId), toolUseId: decodeURIComponent(toolUseId) };
}

export const isSameProposal = (a: ProposalKey | undefined, b: ProposalKey | undefined): boolean =>
	a !== undefined && b !== undefined && a.sessionId === b.sessionId && a.toolUseId === b.toolUseId;
