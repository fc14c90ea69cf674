/**
 * Starts the language server with the first document that fills the context, and not before. Loaded with the extension, so it is small: the
 * client itself is a file of its own, loaded with that document.
 */
import * as vscode from 'vscode';
import { Emitter, type Event } from '../../base/emitter.ts';
import type { MemoryWeights } from '../../core/memory/memoryTokens.ts';
import { contextFileKind } from '../../protocol/contextFileKind.ts';
import type { ContextFileClient } from './contextFileClient.ts';

export type StartClient = () => Promise<ContextFileClient>;

export class ContextFiles implements vscode.Disposable {
	readonly #start: StartClient;
	readonly #listening: vscode.Disposable[];
	readonly #started = new Emitter<void>();
	#client: Promise<ContextFileClient | undefined> | undefined;

	/** Somebody wants to know what memory files weigh. */
	readonly onDidStart: Event<void> = this.#started.event;

	constructor(start: StartClient) {
		this.#start = start;
		this.#listening = [
			vscode.workspace.onDidOpenTextDocument((document) => this.#look(document)),
			vscode.workspace.onDidGrantWorkspaceTrust(() => this.#lookAtAll()),
			vscode.workspace.onDidChangeWorkspaceFolders(() => this.#lookAtAll()),
		];
		this.#lookAtAll();
	}

	get isRunning(): boolean {
		return this.#client !== undefined;
	}

	async setWeights(weights: MemoryWeights): Promise<void> {
		await (await this.#client)?.setWeights(weights);
	}

	/** Ends the server and waits for it. */
	async stop(): Promise<void> {
		await (await this.#client)?.stop();
	}

	dispose(): void {
		for (const one of this.#listening) one.dispose();
		this.#started.dispose();
	}

	#lookAtAll(): void {
		for (const document of vscode.workspace.textDocuments) this.#look(document);
	}

	#look({ uri }: vscode.TextDocument): void {
		if (this.#client || !vscode.workspace.isTrusted || uri.scheme !== 'file') return;
		if (contextFileKind(uri.path) === undefined || !vscode.workspace.getWorkspaceFolder(uri)) return;
		this.#client = this.#start().catch((error: unknown) => {
			// The next such document tries again.
			this.#client = undefined;
			void vscode.window.showErrorMessage(`Retrace could not start its help for context files. ${String(error)}`);
			return undefined;
		});
		this.#started.fire();
	}
}
