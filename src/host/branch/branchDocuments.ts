/** Makes the read-only documents about branches: contents of files from the blob store, messages from the log. Opens no view. */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import { asEntryId, asSessionId, asSha256 } from '../../base/ids.ts';
import { utf8Encode } from '../../base/text.ts';
import { type AgentLogs, readAgentLog } from '../../core/session/agentLog.ts';
import { amountsOf, entriesAfter } from '../../core/session/branchAmounts.ts';
import type { BranchReader } from '../../core/session/branchReader.ts';
import { transcriptMarkdown } from '../../core/session/branchTranscript.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { readOnlyFiles } from '../readOnlyFiles.ts';
import type { OpenSessions } from '../session/openSessions.ts';
import { amountsText } from './branchRow.ts';
import { BRANCH_SCHEME, type BranchDocument, branchDocumentOf } from './branchUri.ts';

/** The newest ones: a document of all messages of a very long branch helps nobody. */
const MAX_ENTRIES = 4_000;

export type BranchDocumentWorld = {
	readonly sessions: Pick<OpenSessions, 'open'>;
	readonly blobs: BlobStore;
	readonly branches: BranchReader;
	readonly agentLogs: AgentLogs | undefined;
};

export function registerBranchDocuments(world: BranchDocumentWorld): vscode.Disposable {
	const files = readOnlyFiles((uri) => readBranchDocument(uri, world));
	return vscode.workspace.registerFileSystemProvider(BRANCH_SCHEME, files, { isReadonly: true });
}

/** Rejects with a FileSystemError that says what is missing. */
async function readBranchDocument(uri: vscode.Uri, world: BranchDocumentWorld): Promise<Uint8Array> {
	const document = branchDocumentOf(uri);
	if (!document) throw vscode.FileSystemError.FileNotFound(uri);
	if (document.kind === 'agent') return utf8Encode(await agentMessages(document, world, uri));
	if (document.kind === 'messages') return utf8Encode(await messages(document, world, uri));
	if (document.sha256 === 'absent') return new Uint8Array();
	try {
		return await world.blobs.get({ $blob: asSha256(document.sha256) });
	} catch (error) {
		if (error instanceof UserError) throw vscode.FileSystemError.FileNotFound(error.message);
		throw error;
	}
}

/** From the prompt it was given to its end. */
async function agentMessages(
	{ sessionId, agentId }: Extract<BranchDocument, { kind: 'agent' }>,
	world: BranchDocumentWorld,
	uri: vscode.Uri,
): Promise<string> {
	if (!world.agentLogs) throw vscode.FileSystemError.FileNotFound(uri);
	const branch = (await readAgentLog(world.agentLogs, asSessionId(sessionId), agentId)).branch();
	if (branch.length === 0) throw vscode.FileSystemError.FileNotFound(uri);
	const shown = branch.slice(-MAX_ENTRIES);
	const left = shown.length < branch.length ? '*The start is left out here: it is very long.*\n\n' : '';
	return `# ${agentId}\n\n${left}${transcriptMarkdown(shown)}`;
}

async function messages(
	{ sessionId, after, end }: Extract<BranchDocument, { kind: 'messages' }>,
	world: BranchDocumentWorld,
	uri: vscode.Uri,
): Promise<string> {
	const { session } = await world.sessions.open(asSessionId(sessionId));
	const branches = await world.branches.read(session);
	const last = end === undefined ? null : asEntryId(end);
	const branch = last === null ? undefined : branches.tree.branchOf(last);
	if (last !== null && !branch) throw vscode.FileSystemError.FileNotFound(uri);
	const ids = entriesAfter(branches, after === undefined ? null : asEntryId(after), last);
	const shown = ids.slice(-MAX_ENTRIES);
	const byId = new Map((await session.read(shown)).map((entry) => [entry.id, entry]));
	const text = transcriptMarkdown(shown.flatMap((id) => byId.get(id) ?? []));
	const head = [`# ${branch?.label ?? 'Before the first prompt'}`, amountsText(amountsOf(branches, ids))];
	if (branch?.summary) head.push(`> ${branch.summary}`);
	if (shown.length < ids.length) head.push('*The start of this branch is left out here: it is very long.*');
	return `${head.join('\n\n')}\n\n${text}`;
}
