/** The addresses of a proposed edit's two documents. They name session and tool call, so they mean the same after a reload. */
import * as vscode from 'vscode';

export type ProposalKey = { readonly sessionId: string; readonly toolUseId: string };
/** URI schemes of the left and of the right side. */
export type ProposalSchemes = { readonly before: string; readonly proposal: string };

export const proposalSchemes: ProposalSchemes = { before: 'retrace-before', proposal: 'retrace-proposal' };

/**
 * The path is the file's own, so that tab and breadcrumb read like it and the editor finds the language. The ids stand in the query:
 * an address in text form keeps its case, that of an authority is lowered.
 */
export function proposalUri(scheme: string, key: ProposalKey, rel: string): vscode.Uri {
	const query = [key.sessionId, key.toolUseId].map(encodeURIComponent).join('&');
	return vscode.Uri.from({ scheme, path: `/${rel}`, query });
}

/** Which proposal an address of these schemes names; undefined for any other address. */
export function proposalKeyOf(uri: vscode.Uri, schemes: ProposalSchemes): ProposalKey | undefined {
	if (uri.scheme !== schemes.before && uri.scheme !== schemes.proposal) return undefined;
	const [sessionId, toolUseId] = uri.query.split('&');
	if (!sessionId || !toolUseId) return undefined;
	return { sessionId: decodeURIComponent(sessionId), toolUseId: decodeURIComponent(toolUseId) };
}

export const isSameProposal = (a: ProposalKey | undefined, b: ProposalKey | undefined): boolean =>
	a !== undefined && b !== undefined && a.sessionId === b.sessionId && a.toolUseId === b.toolUseId;
