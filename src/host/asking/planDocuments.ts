/**
 * A plan that waits, as a Markdown document that can be rewritten. What is typed counts at once, saved or not; when the plan waits no more
 * its tab closes. Nothing of it is on the disk.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { UserError } from '../../base/errors.ts';
import { utf8Encode } from '../../base/text.ts';
import type { AskCards } from './askCards.ts';

const SCHEME = 'retrace-plan';
const FILE_NAME = 'Plan.md';

type OpenPlan = { readonly cards: AskCards; readonly toolUseId: string; bytes: Uint8Array };

export class PlanDocuments implements Disposable {
	readonly #store = new DisposableStore();
	readonly #plans = new Map<string, OpenPlan>();
	readonly #onError: (error: unknown) => void;
	#isRegistered = false;

	constructor(onError: (error: unknown) => void) {
		this.#onError = onError;
	}

	/** Rejects with UserError when the plan waits no more. */
	async open(cards: AskCards, toolUseId: string): Promise<void> {
		const text = cards.planText(toolUseId);
		if (text === undefined)
			throw new UserError('too-late', 'This plan waits no more: the turn was stopped or it was answered elsewhere.');
		this.#register();
		const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${FILE_NAME}`, query: encodeURIComponent(toolUseId) });
		if (!this.#plans.has(uri.toString())) {
			const plan: OpenPlan = { cards, toolUseId, bytes: utf8Encode(text) };
			this.#plans.set(uri.toString(), plan);
			const ended = cards.onDidEndPlan((id) => {
				if (id !== toolUseId) return;
				ended.dispose();
				void this.#close(uri).catch(this.#onError);
			});
			this.#store.add(ended);
		}
		await vscode.window.showTextDocument(uri, { preview: false });
	}

	dispose(): void {
		this.#store.dispose();
	}

	/** With the first plan that is opened. */
	#register(): void {
		if (this.#isRegistered) return;
		this.#isRegistered = true;
		this.#store.add(vscode.workspace.registerFileSystemProvider(SCHEME, this.#files(), { isCaseSensitive: true }));
		this.#store.add(
			vscode.workspace.onDidChangeTextDocument(({ document }) => {
				const plan = this.#plans.get(document.uri.toString());
				plan?.cards.setPlanText(plan.toolUseId, document.getText());
			}),
		);
	}

	#files(): vscode.FileSystemProvider {
		const planAt = (uri: vscode.Uri): OpenPlan => {
			const plan = this.#plans.get(uri.toString());
			if (!plan) throw vscode.FileSystemError.FileNotFound(uri);
			return plan;
		};
		const refuse = (uri: vscode.Uri) => {
			throw vscode.FileSystemError.NoPermissions(uri);
		};
		return {
			onDidChangeFile: () => new vscode.Disposable(() => undefined),
			watch: () => new vscode.Disposable(() => undefined),
			stat: (uri) => ({ type: vscode.FileType.File, ctime: 0, mtime: 0, size: planAt(uri).bytes.length }),
			readFile: (uri) => planAt(uri).bytes,
			writeFile(uri, bytes) {
				planAt(uri).bytes = bytes;
			},
			readDirectory: () => [],
			createDirectory: refuse,
			delete: refuse,
			rename: refuse,
		};
	}

	/** Saved first, into our own memory, so that closing asks nothing. */
	async #close(uri: vscode.Uri): Promise<void> {
		const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri.toString());
		if (document?.isDirty) await document.save();
		const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
		const own = tabs.filter(
			({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri.toString(),
		);
		if (own.length > 0) await vscode.window.tabGroups.close(own, true);
		this.#plans.delete(uri.toString());
	}
}
