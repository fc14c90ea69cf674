/** The choices of export, import and adoption, as quick picks. Each returns undefined (or nothing) when the user leaves. */
import * as vscode from 'vscode';
import { plural } from '../../base/text.ts';
import type { ClaudeCodeSession, MovedFolder } from '../../core/transfer/transferPorts.ts';
import { plainLabel } from '../plainLabel.ts';
import { ageText, sizeText } from './transferTexts.ts';

export type ExportChoice = { readonly format: 'markdown' | 'json' | 'bundle'; readonly isRedacted: boolean };

export async function pickFormat(): Promise<ExportChoice | undefined> {
	const formats: readonly (vscode.QuickPickItem & { readonly format: ExportChoice['format'] })[] = [
		{
			label: 'Markdown',
			format: 'markdown',
			detail: 'A transcript to read and share: the active branch with its edits as diffs.',
		},
		{ label: 'JSON', format: 'json', detail: 'Every entry of the session, all branches, with the contents they name.' },
		{
			label: 'Portable bundle',
			format: 'bundle',
			detail: 'One file that can be imported and resumed on another machine.',
		},
	];
	const format = await vscode.window.showQuickPick(formats, { title: 'Export Session', placeHolder: 'Format' });
	if (!format) return undefined;
	const privacy: readonly (vscode.QuickPickItem & { readonly isRedacted: boolean })[] = [
		{
			label: 'Redacted',
			isRedacted: true,
			detail:
				'Credentials are masked, your folders get names. A session imported from it does not repeat the same bytes in its requests.',
		},
		{
			label: 'As it is',
			isRedacted: false,
			detail: 'Paths and texts stay. Only the API keys that are configured here are masked.',
		},
	];
	const chosen = await vscode.window.showQuickPick(privacy, {
		title: 'Export Session',
		placeHolder: 'What may leave this machine?',
	});
	return chosen && { format: format.format, isRedacted: chosen.isRedacted };
}

export async function pickImportSource(): Promise<'file' | 'claudeCode' | undefined> {
	const sources: readonly (vscode.QuickPickItem & { readonly source: 'file' | 'claudeCode' })[] = [
		{ label: '$(file-zip) From File…', source: 'file', detail: 'A portable bundle (.retrace) or a JSON export.' },
		{
			label: '$(history) From Claude Code…',
			source: 'claudeCode',
			detail: 'Its sessions on this machine. They are copied; the originals stay as they are.',
		},
	];
	return (await vscode.window.showQuickPick(sources, { title: 'Import Session' }))?.source;
}

type ClaudeItem = vscode.QuickPickItem & { readonly session?: ClaudeCodeSession };

export async function pickClaudeSessions(
	sessions: readonly ClaudeCodeSession[],
	nowMs: number,
): Promise<readonly ClaudeCodeSession[]> {
	const itemOf = (session: ClaudeCodeSession): ClaudeItem => ({
		label: plainLabel(session.title || 'Untitled session'),
		description: `${ageText(session.modifiedMs, nowMs)} · ${sizeText(session.sizeBytes)}`,
		...(session.isOfWorkspace || session.cwd === undefined ? {} : { detail: session.cwd }),
		session,
	});
	const own = sessions.filter((session) => session.isOfWorkspace);
	const others = sessions.filter((session) => !session.isOfWorkspace);
	const group = (label: string, some: readonly ClaudeCodeSession[]): ClaudeItem[] =>
		some.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...some.map(itemOf)];
	const picked = await vscode.window.showQuickPick([...group('This folder', own), ...group('Other folders', others)], {
		title: 'Import from Claude Code',
		placeHolder: 'Sessions to import',
		canPickMany: true,
		matchOnDescription: true,
		matchOnDetail: true,
	});
	return (picked ?? []).flatMap((item) => item.session ?? []);
}

export async function pickAdoption(folders: readonly MovedFolder[], nowMs: number): Promise<MovedFolder | undefined> {
	const items = folders.map((moved) => ({
		label: moved.folder ?? 'A folder that is not known any more',
		description: moved.fit === 'gone' ? 'not there any more' : 'same name or repository',
		detail: `${plural(moved.sessionIds.length, 'session')}, newest ${ageText(moved.newestMs, nowMs)}`,
		moved,
	}));
	const picked = await vscode.window.showQuickPick(items, {
		title: 'Adopt Sessions of a Moved Folder',
		placeHolder: 'Folder whose sessions are copied here. The originals stay.',
		matchOnDetail: true,
	});
	return picked?.moved;
}
