/**
 * The language server's process: takes requests about context files and answers with the features, each in a file of its own. Started and ended
 * by the extension; reads what is in the workspace folders and writes nothing.
 */
import { homedir } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
	createConnection,
	DidChangeWatchedFilesNotification,
	FileChangeType,
	type InitializeParams,
	ProposedFeatures,
	ResponseError,
	TextDocumentSyncKind,
	TextDocuments,
	type WorkspaceEdit,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { contextFileKind } from '../protocol/contextFileKind.ts';
import { memoryWeightsSchema, serverFactsSchema } from '../protocol/contextServer.ts';
import { WEIGHTS_NOTIFICATION } from '../protocol/weightsNotification.ts';
import { completions } from './completion.ts';
import { diagnose } from './diagnose.ts';
import { hoverAt } from './hover.ts';
import { importedPaths } from './importGraph.ts';
import { inlays } from './inlays.ts';
import { definitionAt, importLinks, toDocumentLink } from './links.ts';
import { toDiagnostic } from './problem.ts';
import { editsForMoves, type FileEdits, type Move, renameImport, renameRange } from './renames.ts';
import type { ContextDocument } from './surroundings.ts';
import { createWorkspaceWorld } from './workspaceWorld.ts';

/** Typing comes in bursts: problems are looked for once it pauses this long. */
const DIAGNOSE_AFTER_MS = 120;
/** What a burst of questions leaves behind is given back when nobody asks any more. */
const TIDY_AFTER_MS = 1_000;
const REQUEST_FAILED = -32803;

const connection = createConnection(ProposedFeatures.all);
const documents = new TextDocuments(TextDocument);
const byPath = new Map<string, TextDocument>();
let world = createWorld({ tools: [], models: [] });
let isInlayRefreshed = false;
let areFoldersTold = false;
let waiting: NodeJS.Timeout | undefined;
let tidying: NodeJS.Timeout | undefined;
let isWarm = false;

function createWorld(facts: Parameters<typeof createWorkspaceWorld>[0]['facts']) {
	return createWorkspaceWorld({
		facts,
		homeFolder: homedir(),
		openText: (path) => byPath.get(path)?.getText(),
		now: () => performance.now(),
	});
}

connection.onInitialize((params: InitializeParams) => {
	world = createWorld(serverFactsSchema.parse(params.initializationOptions));
	world.setRoots((params.workspaceFolders ?? []).flatMap(({ uri }) => pathOf(uri) ?? []));
	const { workspace } = params.capabilities;
	isInlayRefreshed = workspace?.inlayHint?.refreshSupport === true;
	areFoldersTold = workspace?.workspaceFolders === true;
	const every = [{ scheme: 'file', pattern: { glob: '**/*' } }];
	return {
		capabilities: {
			textDocumentSync: TextDocumentSyncKind.Incremental,
			completionProvider: { triggerCharacters: ['@', '/', '"', ' '] },
			hoverProvider: true,
			documentLinkProvider: {},
			definitionProvider: true,
			renameProvider: { prepareProvider: true },
			inlayHintProvider: true,
			workspace: {
				workspaceFolders: { supported: true, changeNotifications: true },
				fileOperations: { willRename: { filters: every } },
			},
		},
	};
});

connection.onInitialized(() => {
	if (areFoldersTold)
		connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
			const gone = new Set(removed.map(({ uri }) => pathOf(uri)));
			const kept = world.roots.filter((root) => !gone.has(root));
			world.setRoots([...kept, ...added.flatMap(({ uri }) => pathOf(uri) ?? [])]);
			changed();
		});
	changed();
});

connection.onNotification(WEIGHTS_NOTIFICATION, (params: unknown) => {
	world.setWeights(memoryWeightsSchema.parse(params));
	refreshInlays();
});

connection.onNotification(DidChangeWatchedFilesNotification.type, ({ changes }) => {
	const ours = changes.filter(({ uri }) => !uri.includes('/node_modules/'));
	if (ours.length === 0) return;
	if (ours.some(({ type }) => type !== FileChangeType.Changed)) world.forgetFiles();
	changed();
	refreshInlays();
});

documents.onDidOpen(({ document }) => {
	const path = pathOf(document.uri);
	if (path !== undefined) byPath.set(path, document);
	changed();
});
documents.onDidChangeContent(changed);
documents.onDidClose(({ document }) => {
	const path = pathOf(document.uri);
	if (path !== undefined) byPath.delete(path);
	void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
	changed();
});

connection.onCompletion(async ({ textDocument, position }) => {
	const found = await documentAt(textDocument.uri);
	return found ? [...(await completions(found.context, found.document.offsetAt(position), world))] : null;
});
connection.onHover(async ({ textDocument, position }) => {
	const found = await documentAt(textDocument.uri);
	return (found && (await hoverAt(found.context, found.document.offsetAt(position), world))) ?? null;
});
connection.onDocumentLinks(async ({ textDocument }) => {
	const found = await documentAt(textDocument.uri);
	return found ? (await importLinks(found.context, world)).map((link) => toDocumentLink(link, uriOf)) : null;
});
connection.onDefinition(async ({ textDocument, position }) => {
	const found = await documentAt(textDocument.uri);
	const link = found && (await definitionAt(found.context, found.document.offsetAt(position), world));
	if (!link) return null;
	const start = { line: 0, character: 0 };
	const target = { targetRange: { start, end: start }, targetSelectionRange: { start, end: start } };
	return [{ originSelectionRange: link.range, targetUri: uriOf(link.target), ...target }];
});
connection.onPrepareRename(async ({ textDocument, position }) => {
	const found = await documentAt(textDocument.uri);
	return (found && renameRange(found.context, found.document.offsetAt(position))) ?? null;
});
connection.onRenameRequest(async ({ textDocument, position, newName }) => {
	const found = await documentAt(textDocument.uri);
	if (!found) return null;
	const plan = await renameImport(found.context, found.document.offsetAt(position), newName, world);
	if (typeof plan === 'string') throw new ResponseError(REQUEST_FAILED, plan);
	return workspaceEdit(plan.edits, plan.move);
});
connection.workspace.onWillRenameFiles(async ({ files }) => {
	const moves = files.flatMap(({ oldUri, newUri }): Move[] => {
		const [from, to] = [pathOf(oldUri), pathOf(newUri)];
		return from === undefined || to === undefined ? [] : [{ from, to }];
	});
	const edits = await editsForMoves(moves, world);
	tidyLater();
	return edits.length > 0 ? workspaceEdit(edits, undefined) : null;
});
connection.languages.inlayHint.on(async ({ textDocument, range }) => {
	const found = await documentAt(textDocument.uri);
	if (!found) return null;
	const hints = await inlays(found.context, world);
	return hints.filter(({ position }) => range.start.line <= position.line && position.line <= range.end.line);
});

/** Something is other than it was: look again at every open document, once it is quiet. */
function changed(): void {
	clearTimeout(waiting);
	waiting = setTimeout(() => {
		void diagnoseAll().catch((error: unknown) => connection.console.error(String(error)));
	}, DIAGNOSE_AFTER_MS);
}

async function diagnoseAll(): Promise<void> {
	for (const document of documents.all()) {
		const { uri, version } = document;
		const context = await contextOf(document);
		const problems = context ? await diagnose(context, world) : [];
		// What was typed meanwhile is looked at next.
		if (documents.get(uri)?.version !== version) continue;
		const diagnostics = problems.map((problem) => toDiagnostic(problem, uriOf));
		await connection.sendDiagnostics({ uri, version, diagnostics });
	}
	if (!isWarm && documents.all().length > 0) {
		// So that the first rename need not read every file that imports.
		isWarm = true;
		await importedPaths(world);
	}
	tidyLater();
}

/** Node has `gc` when it is started with `--expose-gc`. */
function tidyLater(): void {
	clearTimeout(tidying);
	tidying = setTimeout(
		() => globalThis.gc?.({ execution: 'sync', flavor: 'last-resort', type: 'major' }),
		TIDY_AFTER_MS,
	);
}

function refreshInlays(): void {
	if (!isInlayRefreshed) return;
	connection.languages.inlayHint
		.refresh()
		.catch((error: unknown) => connection.console.warn(`The hints were not asked for again: ${String(error)}`));
}

async function documentAt(uri: string) {
	tidyLater();
	const document = documents.get(uri);
	const context = document && (await contextOf(document));
	return document && context && { document, context };
}

/** Undefined for documents that fill no context. */
async function contextOf(document: TextDocument): Promise<ContextDocument | undefined> {
	const path = pathOf(document.uri);
	if (path === undefined || !world.isInside(path)) return undefined;
	const kind = contextFileKind(path);
	if (kind) return { path, kind, text: document.getText() };
	if (!(await importedPaths(world)).has(path)) return undefined;
	return { path, kind: 'imported', text: document.getText() };
}

function workspaceEdit(edits: readonly FileEdits[], move: Move | undefined): WorkspaceEdit {
	return {
		documentChanges: [
			...edits.map(({ path, edits: ofFile }) => {
				const open = byPath.get(path);
				const textDocument = { uri: open?.uri ?? uriOf(path), version: open?.version ?? null };
				return { textDocument, edits: [...ofFile] };
			}),
			...(move ? [{ kind: 'rename' as const, oldUri: uriOf(move.from), newUri: uriOf(move.to) }] : []),
		],
	};
}

function pathOf(uri: string): string | undefined {
	return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
}

function uriOf(path: string): string {
	return pathToFileURL(path).href;
}

// A window that is gone closes the channel; nobody is left to answer.
process.on('disconnect', () => process.exit(0));
documents.listen(connection);
connection.listen();
