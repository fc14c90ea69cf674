/**
 * Export Session, Import Session and Adopt Sessions of a Moved Folder: what is asked, what is told. What is written and what is taken over is
 * decided in `core/transfer`.
 */
import * as vscode from 'vscode';
import { CancelledError, UserError } from '../../base/errors.ts';
import { asSessionId, type SessionId } from '../../base/ids.ts';
import { plural } from '../../base/text.ts';
import type { Trace } from '../../base/trace.ts';
import type { Clock, IdSource, WorkspaceRoot } from '../../core/ports.ts';
import type { SessionDefaults } from '../../core/session/sessionTypes.ts';
import type { BlobStore, SessionStore } from '../../core/session/storePort.ts';
import { readBundle } from '../../core/transfer/bundleContent.ts';
import { BUNDLE_LIMITS } from '../../core/transfer/bundleFormat.ts';
import { importBundle } from '../../core/transfer/importBundle.ts';
import { importClaude } from '../../core/transfer/importClaude.ts';
import { type ImportedSession, writeImported } from '../../core/transfer/importedSession.ts';
import { jsonExport } from '../../core/transfer/jsonExport.ts';
import { makeBundle } from '../../core/transfer/makeBundle.ts';
import { markdownExport } from '../../core/transfer/markdownExport.ts';
import type { Transfer } from '../../core/transfer/transferPorts.ts';
import { plainMessage } from '../plainLabel.ts';
import { pickAdoption, pickClaudeSessions, pickFormat, pickImportSource } from './transferPicks.ts';
import { importReport, safeFileName } from './transferTexts.ts';

export type TransferWorld = {
	readonly sessions: SessionStore;
	readonly blobs: BlobStore;
	readonly transfer: Transfer;
	readonly clock: Clock;
	readonly ids: IdSource;
	readonly homeFolder: string;
	readonly trace: Trace;
	defaults(): SessionDefaults;
	roots(): readonly WorkspaceRoot[];
	/** Every credential that is configured here. None of them may leave. */
	knownSecrets(): Promise<readonly string[]>;
	shownId(): SessionId;
	show(id: SessionId): Promise<void>;
	refresh(): void;
};

type Commands = Readonly<
	Record<'exportSession' | 'importSession' | 'adoptSessions', (...args: readonly unknown[]) => Promise<void>>
>;

export function createTransferCommands(world: TransferWorld): Commands {
	return {
		exportSession: (node) => exportSession(sessionIdOf(node) ?? world.shownId(), world),
		importSession: () => importSession(world),
		adoptSessions: () => adoptSessions(world),
	};
}

const FILE_TYPES = {
	markdown: { ending: 'md', label: 'Markdown' },
	json: { ending: 'json', label: 'JSON' },
	bundle: { ending: 'retrace', label: 'Retrace bundle' },
} as const;

async function exportSession(id: SessionId, world: TransferWorld): Promise<void> {
	const session = (await world.sessions.list()).sessions.find((one) => one.id === id);
	if (!session)
		throw new UserError(
			'empty-session',
			'This session has no message yet. Send a prompt first; then it can be exported.',
		);
	const choice = await pickFormat();
	if (!choice) return;
	const { ending, label } = FILE_TYPES[choice.format];
	const folder = world.roots()[0]?.path ?? world.homeFolder;
	const target = await vscode.window.showSaveDialog({
		title: 'Export Session',
		defaultUri: vscode.Uri.joinPath(vscode.Uri.file(folder), `${safeFileName(session.title)}.${ending}`),
		filters: { [label]: [ending] },
	});
	if (!target) return;
	const options = {
		isRedacted: choice.isRedacted,
		roots: world.roots(),
		home: world.homeFolder,
		knownSecrets: await world.knownSecrets(),
	};
	const exported = { id, title: session.title };
	const { agentLogs, files } = world.transfer;
	const source = { ...world, agentLogs, extensionVersion: world.defaults().extensionVersion };
	const losses = await withProgress('Exporting session…', async (signal) => {
		if (choice.format === 'markdown')
			await files.writeText(target.fsPath, markdownExport(exported, source, options, signal), signal);
		else if (choice.format === 'json')
			await files.writeText(target.fsPath, jsonExport(exported, source, options, signal), signal);
		else {
			const bundle = makeBundle([exported], source, options);
			await files.writeArchive(target.fsPath, bundle.parts(signal), (sums) => bundle.last(sums), signal);
			return bundle.losses;
		}
		return undefined;
	});
	const missing = losses?.missingBlobs
		? ` ${plural(losses.missingBlobs, 'content')} could not be read and were left out.`
		: '';
	const name = target.path.split('/').at(-1) ?? '';
	void tellExported(`Exported “${session.title}” to ${name}.${missing}`, target, choice.format === 'bundle');
}

/** Not awaited: the message stays as long as the user likes. */
async function tellExported(text: string, target: vscode.Uri, isArchive: boolean): Promise<void> {
	const action = isArchive ? 'Show in Folder' : 'Open';
	const answer = await vscode.window.showInformationMessage(plainMessage(text), action);
	if (answer === undefined) return;
	if (isArchive) await vscode.commands.executeCommand('revealFileInOS', target);
	else await vscode.window.showTextDocument(target);
}

async function importSession(world: TransferWorld): Promise<void> {
	const source = await pickImportSource();
	if (source === 'file') await importFile(world);
	else if (source === 'claudeCode') await importFromClaudeCode(world);
}

async function importFile(world: TransferWorld): Promise<void> {
	const [chosen] =
		(await vscode.window.showOpenDialog({
			title: 'Import Session',
			openLabel: 'Import',
			filters: { 'Retrace export': ['retrace', 'json'] },
		})) ?? [];
	if (!chosen) return;
	const imported = await withProgress('Importing…', async (signal) => {
		const file = await world.transfer.files.readImport(chosen.fsPath, BUNDLE_LIMITS, signal);
		const content = readBundle(file, (bytes) => world.blobs.hash(bytes));
		const { cwd } = world.defaults();
		const sessions = importBundle(content, { ids: world.ids, roots: world.roots(), home: world.homeFolder, cwd });
		await writeAll(sessions, world, signal);
		return sessions;
	});
	await tellImported(imported, world);
}

async function importFromClaudeCode(world: TransferWorld): Promise<void> {
	const roots = world.roots().map((root) => root.path);
	const listed = await withProgress('Looking for Claude Code sessions…', (signal) =>
		world.transfer.claudeCode.list(roots, signal),
	);
	if (listed.length === 0) {
		throw new UserError(
			'no-claude-code',
			`No Claude Code sessions were found in ${world.homeFolder}/.claude/projects. Nothing was imported.`,
		);
	}
	const chosen = await pickClaudeSessions(listed, world.clock.now());
	if (chosen.length === 0) return;
	const imported = await withProgress('Importing from Claude Code…', async (signal) => {
		const sessions: ImportedSession[] = [];
		// One at a time: each can be large. All are read before one is written.
		for (const { path } of chosen) {
			const files = await world.transfer.claudeCode.read(path, signal);
			sessions.push(importClaude(files, { ids: world.ids, cwd: world.defaults().cwd, now: world.clock.now() }));
		}
		await writeAll(sessions, world, signal);
		return sessions;
	});
	await tellImported(imported, world);
}

async function writeAll(
	sessions: readonly ImportedSession[],
	world: TransferWorld,
	signal: AbortSignal,
): Promise<void> {
	const { sessions: store, blobs, clock, ids, trace } = world;
	const { agentLogs } = world.transfer;
	for (const session of sessions) {
		signal.throwIfAborted();
		await writeImported(session, { store, blobs, clock, ids, trace, agentLogs, defaults: world.defaults() });
	}
}

/** One is shown at once; of several the tree shows them. */
async function tellImported(imported: readonly ImportedSession[], world: TransferWorld): Promise<void> {
	world.refresh();
	const [first] = imported;
	if (imported.length === 1 && first) await world.show(first.id);
	void vscode.window.showInformationMessage(plainMessage(importReport(imported)));
}

async function adoptSessions(world: TransferWorld): Promise<void> {
	const { moved } = world.transfer;
	if (!moved) {
		throw new UserError(
			'nothing-to-adopt',
			'Sessions can be adopted only where they are kept on disk. Turn `retrace.sessions.persist` on first.',
		);
	}
	const roots = world.roots().map((root) => root.path);
	const folders = await withProgress('Looking for sessions of moved folders…', (signal) => moved.find(roots, signal));
	if (folders.length === 0) {
		throw new UserError(
			'nothing-to-adopt',
			'No sessions of a folder that was moved or renamed were found in the storage of this editor. Nothing was changed.',
		);
	}
	const chosen = await pickAdoption(folders, world.clock.now());
	if (!chosen) return;
	const { adopted, skipped } = await withProgress('Copying sessions…', (signal) =>
		moved.adopt(chosen, chosen.sessionIds, signal),
	);
	world.refresh();
	const reasons = [...new Set(skipped.map(({ why }) => why))].join(', ');
	const rest = skipped.length === 0 ? '' : ` ${plural(skipped.length, 'session')} left where they are: ${reasons}.`;
	const text = `Copied ${plural(adopted.length, 'session')} into this folder.${rest} Files they changed in the old folder cannot be rewound here.`;
	void vscode.window.showInformationMessage(plainMessage(text));
}

/** With a way to cancel; the work leaves nothing half done. */
async function withProgress<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
	return await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title: `Retrace: ${title}`, cancellable: true },
		async (_progress, token) => {
			const abort = new AbortController();
			const listening = token.onCancellationRequested(() => abort.abort(new CancelledError()));
			try {
				return await work(abort.signal);
			} finally {
				listening.dispose();
			}
		},
	);
}

function sessionIdOf(argument: unknown): SessionId | undefined {
	if (typeof argument === 'string') return asSessionId(argument);
	const isNode = typeof argument === 'object' && argument !== null && 'sessionId' in argument;
	return isNode && typeof argument.sessionId === 'string' ? asSessionId(argument.sessionId) : undefined;
}
