/**
 * A tool's view of the files: reading as they are, editing only through the user's consent and the log.
 * In mode `ask` an edit is proposed first unless a rule allows it; else it is written at once. Line ends, BOM and mode of a file are kept.
 */

import { UserError } from '../../base/errors.ts';
import type { ToolUseId } from '../../base/ids.ts';
import { broughtMask } from '../agent/maskSecrets.ts';
import { createRecordingWorkspace, FILE_MEDIA_TYPE } from '../checkpoint/recordingWorkspace.ts';
import { isSameFile } from '../checkpoint/timeline.ts';
import type { Approver, Workspace } from '../ports.ts';
import type { ContentRef, FilePath } from '../session/fileFields.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import type { EditOutcome, EditRequest, ToolFiles } from '../tools/tool.ts';
import { countChanges } from './diffText.ts';
import { ownLineEnds } from './lineEnds.ts';
import { forgetShown, isOtherThanShown, noteShown } from './shownFiles.ts';
import { decodeText, encodeText, type TextFile, textMeta, toLf } from './textFile.ts';

export type ToolFilesInput = {
	readonly session: Session;
	readonly workspace: Workspace;
	readonly blobs: BlobStore;
	readonly approver: Approver;
	readonly toolUseId: ToolUseId;
	/** What the user is told with a proposal: that somebody else has just changed the file. */
	readonly collision?: (file: FilePath) => string | undefined;
	/** Asked before an edit is proposed: whether a rule of the user's lets it be written at once, in mode `ask` too. */
	readonly isRuled?: () => boolean;
	readonly signal: AbortSignal;
};

/**
 * `edit` rejects with UserError `no-change`, `not-encodable`, `is-link`, `outside-workspace`, `not-text`, `masked-text`, `changed-since-read`, `untrusted`, or those of `Workspace.write`;
 * the file is then as it was. Rejects with CancelledError when the turn is stopped while the user is asked.
 */
export function createToolFiles(input: ToolFilesInput): ToolFiles {
	const { session, workspace, blobs, toolUseId, signal } = input;
	const recording = createRecordingWorkspace(input);
	return {
		roots: workspace.roots,
		async resolve(path) {
			const place = await workspace.resolve(path, session.cwd);
			const onDisk = workspace.asOnDisk?.(place.absolute) ?? place.absolute;
			return onDisk === place.absolute ? place : await workspace.resolve(onDisk, session.cwd);
		},
		read: (absolute) => workspace.read(absolute),
		noteShown: (absolute, bytes) => noteShown(session, absolute, blobs.hash(bytes)),
		async edit(asked) {
			if (!workspace.isTrusted)
				throw new UserError('untrusted', 'The workspace is not trusted, so no file is changed. Trust it first.');
			await checkPlace(workspace, session.cwd, asked);
			const file = textFileBefore(asked);
			const request = { ...asked, text: ownLineEnds(file, asked.text) };
			const isNew = request.before.kind === 'absent';
			if (!isNew && request.text === file.text)
				throw new UserError('no-change', `The edit would leave ${request.file.rel} as it is. Nothing was written.`);

			const { before, absolute } = request;
			if (
				request.isWhole &&
				before.kind === 'file' &&
				isOtherThanShown(session, absolute, () => blobs.hash(before.bytes))
			)
				throw new UserError(
					'changed-since-read',
					`${request.file.rel} was changed since you read it, by the user or by a program. Nothing was written. Read it again, then write it.`,
				);

			const mask = broughtMask(request.text, file.text);
			if (mask !== undefined)
				throw new UserError(
					'masked-text',
					`The new text holds “${mask}”, which stands for a credential that you are not shown. Nothing was written: the real one would be lost. Change only the lines around it, with Edit.`,
				);

			let { text } = request;
			const isShownFirst = session.mode === 'plan' || (session.mode === 'ask' && input.isRuled?.() !== true);
			if (request.mustAsk || isShownFirst) {
				const decision = await propose(input, request, file);
				if (decision.kind === 'rejected') return decision;
				text = decision.text;
				signal.throwIfAborted();
				await checkPlace(workspace, session.cwd, request);
			}
			const userText = text === request.text ? {} : { userText: text };
			const changes = countChanges(isNew ? '' : toLf(file.text), toLf(text));
			if (!isNew && text === file.text) return { kind: 'applied', ...changes, ...userText, isSaved: true };
			const final: TextFile = { ...file, text };
			const { mode } = request.before.kind === 'file' ? request.before.meta : {};
			const { isSaved } = await recording.write({
				file: request.file,
				absolute: request.absolute,
				before: request.before,
				bytes: encodeText(final),
				meta: { ...(mode === undefined ? {} : { mode }), ...textMeta(final) },
				author: 'agent',
				toolUseId,
			});
			forgetShown(session, absolute);
			return { kind: 'applied', ...changes, ...userText, isSaved };
		},
	};

	async function propose(
		{ approver }: ToolFilesInput,
		request: EditRequest,
		file: TextFile,
	): Promise<Extract<EditOutcome, { kind: 'rejected' }> | { readonly kind: 'accepted'; readonly text: string }> {
		const proposedBytes = encodeText({ ...file, text: request.text });
		const [before, proposed] = await Promise.all([
			request.before.kind === 'absent'
				? Promise.resolve<ContentRef>('absent')
				: blobs.put(request.before.bytes, FILE_MEDIA_TYPE),
			blobs.put(proposedBytes, FILE_MEDIA_TYPE),
		]);
		const warning = input.collision?.(request.file);
		session.append<'editProposed'>({
			type: 'editProposed',
			toolUseId,
			path: request.file,
			before,
			proposed,
			...(warning === undefined ? {} : { warning }),
		});
		const stateBefore = session.state;
		session.setState('awaitingUser');
		const decision = await approver
			.proposeEdit(
				{
					toolUseId,
					file: request.file,
					absolute: request.absolute,
					before: before === 'absent' ? undefined : toLf(file.text),
					proposed: toLf(request.text),
				},
				signal,
			)
			.finally(() => session.setState(stateBefore));
		if (decision.verdict === 'reject') {
			const reason = decision.reason === undefined ? {} : { reason: decision.reason };
			session.append<'editDecided'>({ type: 'editDecided', toolUseId, verdict: 'reject', ...reason });
			return { kind: 'rejected', ...reason };
		}
		// The editor shows one kind of line end only: a text that differs in nothing else is the proposal, untouched.
		const accepted = toLf(decision.text);
		const isAsProposed = accepted === toLf(request.text);
		const text = isAsProposed ? request.text : ownLineEnds({ ...file, text: request.text }, accepted);
		const final = isAsProposed ? {} : { final: await blobs.put(encodeText({ ...file, text }), FILE_MEDIA_TYPE) };
		session.append<'editDecided'>({ type: 'editDecided', toolUseId, verdict: 'accept', ...final });
		return { kind: 'accepted', text };
	}
}

/** The place must still be the very file the tool read: no link at the leaf, no folder on the way exchanged for one. */
async function checkPlace(workspace: Workspace, cwd: string, request: EditRequest): Promise<void> {
	const place = await workspace.resolve(request.absolute, cwd);
	const name = request.file.rel;
	if (place.kind === 'outside')
		throw new UserError('outside-workspace', `${request.absolute} is outside the workspace. Nothing was written.`);
	if (place.isLink)
		throw new UserError('is-link', `${name} is a symbolic link. Nothing was written: edit the file it points to.`);
	if (place.absolute !== request.absolute || !isSameFile(place.file, request.file))
		throw new UserError('changed-meanwhile', `${name} leads to another place now. Nothing was written: read it again.`);
}

function textFileBefore(request: EditRequest): TextFile {
	if (request.before.kind === 'absent') return { text: '', eol: '\n', bom: false };
	const decoded = decodeText(request.before.bytes, request.before.meta.encoding);
	if (decoded.kind === 'text') return decoded.file;
	const why = decoded.kind === 'binary' ? 'it is a binary file' : decoded.reason;
	throw new UserError('not-text', `${request.file.rel} cannot be edited: ${why}. Nothing was written.`);
}
