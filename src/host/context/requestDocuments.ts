/**
 * Requests and replies as read-only JSON documents. They are of the moment: what a window shows is kept in memory, and a tab that comes back
 * after a reload says how to show it again.
 */
import * as vscode from 'vscode';
import { maskSecrets } from '../../core/agent/maskSecrets.ts';

const REQUEST_SCHEME = 'retrace-request';
/** Enough for the tabs a person has open at a time; one may have megabytes. */
const MAX_KEPT = 20;

export class RequestDocuments implements vscode.Disposable {
	readonly #texts = new Map<string, string>();
	readonly #registration: vscode.Disposable;
	#count = 0;

	constructor() {
		this.#registration = vscode.workspace.registerTextDocumentContentProvider(REQUEST_SCHEME, {
			provideTextDocumentContent: (uri) =>
				this.#texts.get(uri.query) ?? '"This was shown before the window was loaded again. Show it once more."\n',
		});
	}

	/** `name` without its end, e.g. `Next request`. */
	async show(name: string, value: unknown): Promise<void> {
		const document = await vscode.workspace.openTextDocument(this.#keep(name, jsonText(value)));
		await vscode.window.showTextDocument(document, { preview: true });
	}

	/** Both as a diff, at the first line that differs. */
	async compare(title: string, before: unknown, after: unknown): Promise<void> {
		const [left, right] = [jsonText(before), jsonText(after)];
		const line = firstDifference(left, right);
		const range = new vscode.Range(line, 0, line, 0);
		await vscode.commands.executeCommand(
			'vscode.diff',
			this.#keep('Request before', left),
			this.#keep('Request after', right),
			title,
			{ preview: true, selection: range },
		);
	}

	dispose(): void {
		this.#registration.dispose();
		this.#texts.clear();
	}

	#keep(name: string, text: string): vscode.Uri {
		const key = String(++this.#count);
		this.#texts.set(key, text);
		for (const old of this.#texts.keys()) {
			if (this.#texts.size <= MAX_KEPT) break;
			this.#texts.delete(old);
		}
		return vscode.Uri.from({ scheme: REQUEST_SCHEME, path: `/${name}.json`, query: key });
	}
}

/** Credentials masked: in each string, since escaped line ends would hide those of several lines. */
function jsonText(value: unknown): string {
	return `${JSON.stringify(value, (_key, part) => (typeof part === 'string' ? maskSecrets(part) : part), 2)}\n`;
}

function firstDifference(left: string, right: string): number {
	let line = 0;
	const end = Math.min(left.length, right.length);
	for (let at = 0; at < end && left[at] === right[at]; at++) if (left[at] === '\n') line++;
	return line;
}
