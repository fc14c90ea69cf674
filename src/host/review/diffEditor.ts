/**
 * Proposed edits as native diffs: left the file as it was, right an editable document of our own. Accept takes the right side's text,
 * saved or not; closing the tab decides nothing. What was proposed is read back from the log, so tabs show it after a reload too.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { CancelledError } from '../../base/errors.ts';
import type { StoredProposal } from '../../core/edit/proposals.ts';
import type { EditDecision, EditProposal } from '../../core/ports.ts';
import {
	isSameProposal,
	type ProposalKey,
	type ProposalSchemes,
	proposalKeyOf,
	proposalSchemes,
	proposalUri,
} from './proposalUri.ts';

export type DiffEditor = Disposable & {
	/** Opens the diff without taking the focus and waits for the user. Rejects with CancelledError when `signal` aborts. */
	proposeEdit(sessionId: string, proposal: EditProposal, signal: AbortSignal): Promise<EditDecision>;
	/** Shows the diff (again). Resolves when it is shown; does nothing for a proposal nobody knows. */
	open(key: ProposalKey, options?: { readonly preserveFocus?: boolean }): Promise<void>;
	/** Without a key: the proposal in the active tab. False when nobody waits for it (any more). */
	accept(key?: ProposalKey): Promise<boolean>;
	reject(key?: ProposalKey, reason?: string): Promise<boolean>;
	/** The proposal in the active tab, while it waits for the user. */
	readonly activeProposal: ProposalKey | undefined;
	/** The active proposal or the set of waiting ones changed. */
	readonly onDidChange: Event<void>;
};

type Waiting = { readonly key: ProposalKey; readonly settle: (decision: EditDecision) => void };
type Content = { readonly rel: string; readonly before: string | undefined; proposed: string; changedAt: number };

/** Create it on activation: tabs that were restored after a reload ask it for their content at once. */
export function createDiffEditor(input: {
	/** Finds a proposal in the log of a session; undefined when there is none. */
	readonly loadProposal: (sessionId: string, toolUseId: string) => Promise<StoredProposal | undefined>;
	readonly onError: (error: unknown) => void;
	/** A scheme has one provider only, so a second editor of this kind needs its own. */
	readonly schemes?: ProposalSchemes;
}): DiffEditor {
	const { schemes = proposalSchemes } = input;
	const store = new DisposableStore();
	const onDidChange = store.add(new Emitter<void>(input.onError));
	const onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
	store.add(onDidChangeFile);
	const contents = new Map<string, Content>();
	const waiting = new Map<string, Waiting>();
	const mapKey = (key: ProposalKey) => `${key.sessionId}/${key.toolUseId}`;

	const contentOf = async (key: ProposalKey): Promise<Content | undefined> => {
		const known = contents.get(mapKey(key));
		if (known) return known;
		const stored = await input.loadProposal(key.sessionId, key.toolUseId);
		if (!stored) return undefined;
		const { file, before, proposed } = stored;
		const content = contents.get(mapKey(key)) ?? { rel: file.rel, before, proposed, changedAt: 0 };
		contents.set(mapKey(key), content);
		return content;
	};
	const contentAt = async (uri: vscode.Uri): Promise<{ text: string; content: Content; key: ProposalKey }> => {
		const key = proposalKeyOf(uri, schemes);
		const content = key && (await contentOf(key));
		if (!key || !content) throw vscode.FileSystemError.FileNotFound(uri);
		return { text: uri.scheme === schemes.before ? (content.before ?? '') : content.proposed, content, key };
	};
	const isWritable = (uri: vscode.Uri, key: ProposalKey) => uri.scheme === schemes.proposal && waiting.has(mapKey(key));

	const files: vscode.FileSystemProvider = {
		onDidChangeFile: onDidChangeFile.event,
		watch: () => new vscode.Disposable(() => undefined),
		async stat(uri) {
			const { text, content, key } = await contentAt(uri);
			const stat = { type: vscode.FileType.File, ctime: 0, mtime: content.changedAt, size: sizeOf(text) };
			return isWritable(uri, key) ? stat : { ...stat, permissions: vscode.FilePermission.Readonly };
		},
		readFile: async (uri) => new TextEncoder().encode((await contentAt(uri)).text),
		async writeFile(uri, bytes) {
			const { content, key } = await contentAt(uri);
			if (!isWritable(uri, key)) throw vscode.FileSystemError.NoPermissions(uri);
			content.proposed = new TextDecoder().decode(bytes);
			content.changedAt++;
			onDidChangeFile.fire([{ type: vscode.FileChangeType.Changed, uri }]);
		},
		readDirectory: () => [],
		createDirectory: (uri) => {
			throw vscode.FileSystemError.NoPermissions(uri);
		},
		delete: (uri) => {
			throw vscode.FileSystemError.NoPermissions(uri);
		},
		rename: (uri) => {
			throw vscode.FileSystemError.NoPermissions(uri);
		},
	};

	let shownContext: boolean | undefined;
	const activeProposal = (): ProposalKey | undefined => {
		const key = keyOfTab(vscode.window.tabGroups.activeTabGroup.activeTab, schemes);
		return key && waiting.has(mapKey(key)) ? key : undefined;
	};
	const update = () => {
		const isProposal = activeProposal() !== undefined;
		if (isProposal !== shownContext) {
			shownContext = isProposal;
			void vscode.commands.executeCommand('setContext', 'retrace.isProposal', isProposal);
		}
		onDidChange.fire();
	};

	const open: DiffEditor['open'] = async (key, options = {}) => {
		const content = await contentOf(key);
		if (!content) return;
		await vscode.commands.executeCommand(
			'vscode.diff',
			proposalUri(schemes.before, key, content.rel),
			proposalUri(schemes.proposal, key, content.rel),
			`${content.rel} (Retrace: proposed edit)`,
			{ preview: false, preserveFocus: options.preserveFocus ?? false },
		);
	};

	/** Saves the right side first (into our own memory), so that closing asks nothing. */
	const close = async (key: ProposalKey) => {
		const document = documentOf(key, schemes) ?? notebookOf(key, schemes);
		if (document?.isDirty) await document.save();
		const tabs = vscode.window.tabGroups.all
			.flatMap((group) => group.tabs)
			.filter((tab) => isSameProposal(keyOfTab(tab, schemes), key));
		if (tabs.length > 0) await vscode.window.tabGroups.close(tabs, true);
	};
	/** Ends the wait, then closes the tabs; a tab that does not close changes nothing about the decision. */
	const decide = async (key: ProposalKey | undefined, decisionOf: (text: string) => EditDecision): Promise<boolean> => {
		const waiter = key && waiting.get(mapKey(key));
		if (!waiter) return false;
		// What was changed in a notebook diff is told by saving it, into our own memory.
		await notebookOf(waiter.key, schemes)?.save();
		const text = documentOf(waiter.key, schemes)?.getText() ?? contents.get(mapKey(waiter.key))?.proposed ?? '';
		waiter.settle(decisionOf(text));
		await close(waiter.key).catch(input.onError);
		end(waiter.key);
		return true;
	};
	const end = (key: ProposalKey) => {
		waiting.delete(mapKey(key));
		contents.delete(mapKey(key));
		update();
	};

	for (const scheme of [schemes.before, schemes.proposal])
		store.add(
			vscode.workspace.registerFileSystemProvider(scheme, files, {
				isCaseSensitive: true,
				isReadonly: scheme === schemes.before,
			}),
		);
	store.add(vscode.window.tabGroups.onDidChangeTabs(update));
	store.add(vscode.window.tabGroups.onDidChangeTabGroups(update));
	update();

	return {
		proposeEdit(sessionId, proposal, signal) {
			const key: ProposalKey = { sessionId, toolUseId: proposal.toolUseId };
			const { before, proposed, file } = proposal;
			return new Promise<EditDecision>((resolve, reject) => {
				const onAbort = () => {
					reject(new CancelledError());
					void close(key)
						.catch(input.onError)
						.finally(() => end(key));
				};
				if (signal.aborted) {
					reject(new CancelledError());
					return;
				}
				contents.set(mapKey(key), { rel: file.rel, before, proposed, changedAt: 1 });
				waiting.set(mapKey(key), {
					key,
					settle(decision) {
						signal.removeEventListener('abort', onAbort);
						resolve(decision);
					},
				});
				signal.addEventListener('abort', onAbort, { once: true });
				// The card in the panel decides as well, so a diff that does not open is told and the wait goes on.
				void open(key, { preserveFocus: true }).catch(input.onError).finally(update);
			});
		},
		open,
		accept: (key = activeProposal()) => decide(key, (text) => ({ verdict: 'accept', text })),
		reject: (key = activeProposal(), reason) =>
			decide(key, () => ({ verdict: 'reject', ...(reason === undefined ? {} : { reason }) })),
		get activeProposal() {
			return activeProposal();
		},
		onDidChange: onDidChange.event,
		dispose() {
			store.dispose();
			waiting.clear();
		},
	};
}

function documentOf(key: ProposalKey, schemes: ProposalSchemes): vscode.TextDocument | undefined {
	return vscode.workspace.textDocuments.find(
		({ uri, isClosed }) =>
			!isClosed && uri.scheme === schemes.proposal && isSameProposal(proposalKeyOf(uri, schemes), key),
	);
}

function notebookOf(key: ProposalKey, schemes: ProposalSchemes): vscode.NotebookDocument | undefined {
	return vscode.workspace.notebookDocuments.find(
		({ uri, isClosed, isDirty }) =>
			isDirty && !isClosed && uri.scheme === schemes.proposal && isSameProposal(proposalKeyOf(uri, schemes), key),
	);
}

function keyOfTab(tab: vscode.Tab | undefined, schemes: ProposalSchemes): ProposalKey | undefined {
	const { input } = tab ?? {};
	const isDiff = input instanceof vscode.TabInputTextDiff || input instanceof vscode.TabInputNotebookDiff;
	return isDiff ? proposalKeyOf(input.modified, schemes) : undefined;
}

const sizeOf = (text: string): number => new TextEncoder().encode(text).length;
