// The real process of the language server, spoken to over its standard streams as an editor would.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
	createProtocolConnection,
	type Diagnostic,
	DidChangeTextDocumentNotification,
	DidCloseTextDocumentNotification,
	DidOpenTextDocumentNotification,
	ExitNotification,
	InitializedNotification,
	InitializeRequest,
	PublishDiagnosticsNotification,
	ShutdownRequest,
	StreamMessageReader,
	StreamMessageWriter,
} from 'vscode-languageserver/node';
import type { ServerFacts } from '../../src/protocol/contextServer.ts';

const SOURCE = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url));

export type ServerProcess = Awaited<ReturnType<typeof startServer>>;

/** `file`: what is run instead of the source, and `flags` what Node gets. */
export async function startServer(
	root: string,
	facts: ServerFacts,
	{ file = SOURCE, flags = [] }: { readonly file?: string; readonly flags?: readonly string[] } = {},
) {
	const child = spawn(process.execPath, [...flags, file, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
	const connection = createProtocolConnection(
		new StreamMessageReader(child.stdout),
		new StreamMessageWriter(child.stdin),
	);
	const told = new Map<string, readonly Diagnostic[]>();
	const waiting = new Set<() => void>();
	connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, diagnostics }) => {
		told.set(uri, diagnostics);
		for (const look of [...waiting]) look();
	});
	connection.listen();
	await connection.sendRequest(InitializeRequest.type, {
		processId: process.pid,
		rootUri: null,
		capabilities: {},
		workspaceFolders: [{ uri: pathToFileURL(root).href, name: 'project' }],
		initializationOptions: facts,
	});
	await connection.sendNotification(InitializedNotification.type, {});
	let version = 1;
	return {
		child,
		connection,
		async open(path: string, text: string) {
			const uri = pathToFileURL(path).href;
			const languageId = path.endsWith('.json') ? 'json' : 'markdown';
			await connection.sendNotification(DidOpenTextDocumentNotification.type, {
				textDocument: { uri, languageId, version: version++, text },
			});
			return uri;
		},
		async change(uri: string, text: string) {
			await connection.sendNotification(DidChangeTextDocumentNotification.type, {
				textDocument: { uri, version: version++ },
				contentChanges: [{ text }],
			});
		},
		async close(uri: string) {
			await connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } });
		},
		/** Waits until what was told last about the document is so. */
		async told(uri: string, isSo: (diagnostics: readonly Diagnostic[]) => boolean): Promise<readonly Diagnostic[]> {
			return await new Promise((resolve) => {
				const look = () => {
					const diagnostics = told.get(uri);
					if (!diagnostics || !isSo(diagnostics)) return;
					waiting.delete(look);
					resolve(diagnostics);
				};
				waiting.add(look);
				look();
			});
		},
		async stop(): Promise<void> {
			if (child.exitCode !== null || child.signalCode !== null) return;
			const gone = once(child, 'exit');
			await connection.sendRequest(ShutdownRequest.type);
			await connection.sendNotification(ExitNotification.type);
			await gone;
			connection.dispose();
		},
	};
}
