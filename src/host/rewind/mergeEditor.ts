/**
 * Conflicts of a rewind in VS Code's merge editor: on the left the file as it is now, on the right as it was then, below a scratch document of
 * our own. Only *Use result* puts its text into the file. The command that opens the editor is internal to VS Code, so it is used in one
 * place and only where it exists; elsewhere the scratch document opens alone, with conflict markers in it.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { UserError } from '../../base/errors.ts';
import { utf8Encode } from '../../base/text.ts';
import { FILE_MEDIA_TYPE } from '../../core/checkpoint/recordingWorkspace.ts';
import { pathKey } from '../../core/checkpoint/timeline.ts';
import { withoutConflicts } from '../../core/edit/merge.ts';
import { toLf } from '../../core/edit/textFile.ts';
import { branchUri } from '../branch/branchUri.ts';
import { plainMessage } from '../plainLabel.ts';
import type { OpenSession } from '../session/openSession.ts';
import { MERGE_SCHEME, type MergeKey, mergeKeyOf, mergeUri } from './mergeUri.ts';
import { type LoadedConflict, loadConflict, restoreWhole, useMerged } from './restoreConflicts.ts';
import type { RewindWorld } from './rewindFlow.ts';
import { unresolvedConflicts } from './unresolvedConflicts.ts';

export type MergeEditor = Disposable & {
	/** Opens the merge of a conflict that waits, named by its restore and path. Rejects with UserError when it waits no more. */
	open(session: OpenSession, restoreId: string, key: string): Promise<void>;
	/** Puts the result into the file: of this scratch document (an address or its text form), or of the active one. */
	use(document?: unknown): Promise<void>;
};

const OPEN_COMMAND = '_open.mergeEditor';
const STATE_PREFIX = 'retrace.merged:';

export function createMergeEditor(input: {
	readonly world: RewindWorld;
	/** Results that were saved, over reloads. */
	readonly state: { get(key: string): unknown; update(key: string, value: unknown): PromiseLike<void> };
	openSession(sessionId: string): Promise<OpenSession>;
	/** A scheme has one provider only, so a second editor of this kind needs its own. */
	readonly scheme?: string;
	readonly command?: string;
}): MergeEditor {
	const { world, state, scheme = MERGE_SCHEME, command = OPEN_COMMAND } = input;
	const store = new DisposableStore();
	const changedAt = new Map<string, number>();
	const onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
	store.add(onDidChangeFile);
	const signal = () => new AbortController().signal;

	const contentOf = async (uri: vscode.Uri): Promise<string> => {
		const saved = state.get(STATE_PREFIX + uri.toString());
		if (typeof saved === 'string') return saved;
		const key = mergeKeyOf(uri, scheme);
		if (!key) throw vscode.FileSystemError.FileNotFound(uri);
		try {
			const { texts } = await loadConflict(await input.openSession(key.sessionId), key, world, signal());
			if (texts) return texts.mergedWithMarkers;
		} catch (error) {
			if (!(error instanceof UserError)) throw error;
			throw vscode.FileSystemError.FileNotFound(error.message);
		}
		throw vscode.FileSystemError.FileNotFound(uri);
	};
	const refuse = (uri: vscode.Uri) => {
		throw vscode.FileSystemError.NoPermissions(uri);
	};
	const files: vscode.FileSystemProvider = {
		onDidChangeFile: onDidChangeFile.event,
		watch: () => new vscode.Disposable(() => undefined),
		stat: async (uri) => ({
			...{ type: vscode.FileType.File, ctime: 0, mtime: changedAt.get(uri.toString()) ?? 0 },
			size: utf8Encode(await contentOf(uri)).length,
		}),
		readFile: async (uri) => utf8Encode(await contentOf(uri)),
		async writeFile(uri, bytes) {
			if (!mergeKeyOf(uri, scheme)) refuse(uri);
			await state.update(STATE_PREFIX + uri.toString(), new TextDecoder().decode(bytes));
			changedAt.set(uri.toString(), (changedAt.get(uri.toString()) ?? 0) + 1);
			onDidChangeFile.fire([{ type: vscode.FileChangeType.Changed, uri }]);
		},
		readDirectory: () => [],
		createDirectory: refuse,
		delete: refuse,
		rename: refuse,
	};
	store.add(vscode.workspace.registerFileSystemProvider(scheme, files, { isCaseSensitive: true }));

	const showMerge = async (output: vscode.Uri, texts: NonNullable<LoadedConflict['texts']>, isMerge: boolean) => {
		const side = async (name: string, text: string) => {
			const { $blob: sha256 } = await world.blobs.put(utf8Encode(text), FILE_MEDIA_TYPE);
			return branchUri({ kind: 'file', sha256 }, `${name}${output.path}`);
		};
		const known = await vscode.commands.getCommands(false);
		if (!known.includes(command)) {
			await vscode.window.showTextDocument(output, { preview: false });
			return;
		}
		await vscode.commands.executeCommand(command, {
			base: await side('before', texts.ancestor),
			input1: { uri: await side('now', texts.ours), title: 'Your Version', description: 'as it is now' },
			input2: {
				uri: await side(isMerge ? 'worktree' : 'then', texts.theirs),
				...(isMerge
					? { title: 'Worktree', description: 'to merge' }
					: { title: 'Earlier Version', description: 'to restore' }),
			},
			output,
		});
	};
	/** For what has no lines to merge there are two answers, and one of them is what is there already. */
	const askWhole = async (session: OpenSession, key: MergeKey, { note, isMerge }: LoadedConflict) => {
		const { rel } = key.file;
		const restore = isMerge ? 'Use Worktree’s Version' : 'Restore Earlier Version';
		const answer = await vscode.window.showWarningMessage(
			plainMessage(`${rel} cannot be merged line by line: ${note}.`),
			{ modal: true, detail: `${restore} replaces what is there now. Undo Rewind brings that back.` },
			restore,
		);
		if (answer === restore) await restoreWhole(session, key, world, signal());
	};
	/** The editor starts with what the agent left where nothing is decided yet, and nobody else can tell that from a decision. */
	const isDecided = async (session: OpenSession, key: MergeKey, text: string): Promise<boolean> => {
		const { texts } = await loadConflict(session, key, world, signal());
		if (!texts || toLf(text) !== toLf(withoutConflicts(texts.mergedWithMarkers))) return true;
		const use = 'Use It';
		const answer = await vscode.window.showWarningMessage(
			plainMessage(`Nothing is decided in the merge of ${key.file.rel} yet.`),
			{ modal: true, detail: 'Where both sides differ, the result holds what the agent had left.' },
			use,
		);
		return answer === use;
	};
	/** Saved first, into our own memory, so that closing asks nothing. */
	const close = async (uri: vscode.Uri) => {
		const document = documentOf(uri);
		if (document?.isDirty) await document.save();
		const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => isTabOf(tab, uri));
		if (tabs.length > 0) await vscode.window.tabGroups.close(tabs, true);
		await state.update(STATE_PREFIX + uri.toString(), undefined);
	};

	return {
		async open(session, restoreId, pathText) {
			const conflict = unresolvedConflicts(session.session.entries).find(
				(one) => one.restore === restoreId && pathKey(one.file) === pathText,
			);
			if (!conflict) throw new UserError('conflict-settled', 'This conflict is settled. Nothing was changed.');
			const loaded = await loadConflict(session, conflict, world, signal());
			const { current, texts, isMerge } = loaded;
			const key: MergeKey = { ...conflict, sessionId: session.session.id, current };
			if (!texts) return await askWhole(session, key, loaded);
			const uri = mergeUri(key, scheme);
			await showMerge(uri, texts, isMerge);
			session.notify({
				...{ kind: 'notice', id: noticeId(uri), level: 'info' },
				text: `${conflict.file.rel} is open in the merge editor. Nothing is written before you use the result.`,
				actions: [{ label: 'Use result', action: 'useMerged' }],
			});
		},
		async use(argument) {
			const uri = uriOf(argument) ?? activeMerge(scheme);
			const key = uri && mergeKeyOf(uri, scheme);
			if (!key) throw new UserError('no-merge', 'There is no merge here. Open one from the row of the rewind.');
			const session = await input.openSession(key.sessionId);
			const text = documentOf(uri)?.getText() ?? (await contentOf(uri));
			if (!(await isDecided(session, key, text))) return;
			await useMerged(session, { ...key, text }, world, signal());
			session.unnotify(noticeId(uri));
			await close(uri);
		},
		dispose: () => store.dispose(),
	};
}

const noticeId = (uri: vscode.Uri): string => uri.toString();

/** The argument of a command in an editor's title is its address; a notice's is the address as text. */
function uriOf(argument: unknown): vscode.Uri | undefined {
	if (argument instanceof vscode.Uri) return argument;
	return typeof argument === 'string' ? vscode.Uri.parse(argument, true) : undefined;
}

const documentOf = (uri: vscode.Uri): vscode.TextDocument | undefined =>
	vscode.workspace.textDocuments.find((one) => !one.isClosed && one.uri.toString() === uri.toString());

function activeMerge(scheme: string): vscode.Uri | undefined {
	const uri = vscode.window.activeTextEditor?.document.uri;
	return uri?.scheme === scheme ? uri : undefined;
}

/** What the tab of a merge editor holds has no name in the stable API; its result is an address all the same. */
function isTabOf({ input }: vscode.Tab, uri: vscode.Uri): boolean {
	if (input instanceof vscode.TabInputText) return input.uri.toString() === uri.toString();
	if (typeof input !== 'object' || input === null || !('result' in input)) return false;
	return input.result instanceof vscode.Uri && input.result.toString() === uri.toString();
}
