/**
 * What signing in to an MCP server needs of the window: an address of ours that the browser comes back to, the browser itself, and a place
 * for tokens. Sends nothing and knows no server; what comes back with a state that nobody waits for is refused.
 */
import * as vscode from 'vscode';
import { CancelledError, UserError } from '../../base/errors.ts';
import type { McpSignInWindow } from '../../core/mcp/mcpPorts.ts';
import { plainMessage } from '../plainLabel.ts';

const REDIRECT_PATH = '/mcp-auth';
const SECRET_PREFIX = 'mcpAuth:';
const OPEN = 'Open Browser';
const COPY = 'Copy Address';

export type McpSignIn = McpSignInWindow & {
	/** Takes an address that the browser came back with; false when it is for something else. Throws UserError for one that nobody expects. */
	takeRedirect(uri: Pick<vscode.Uri, 'path' | 'query'>): boolean;
};

/** The dialogs of it, so that a test can answer. */
export type SignInDialogs = {
	/** Undefined: the user does not want it. */
	confirm(message: string, detail: string): Promise<typeof OPEN | typeof COPY | undefined>;
	open(url: string): Promise<boolean>;
	copied(url: string): Promise<void>;
};

const signInDialogs: SignInDialogs = {
	async confirm(message, detail) {
		return await vscode.window.showInformationMessage(message, { modal: true, detail }, OPEN, COPY);
	},
	open: async (url) => await vscode.env.openExternal(vscode.Uri.parse(url, true)),
	async copied(url) {
		await vscode.env.clipboard.writeText(url);
		void vscode.window.showInformationMessage(
			'The address is copied. Open it in a browser that can reach this machine.',
		);
	},
};

export function createMcpSignIn(secrets: vscode.SecretStorage, dialogs: SignInDialogs = signInDialogs): McpSignIn {
	const waiting = new Map<string, (query: Readonly<Record<string, string>>) => void>();
	let redirect: Promise<string> | undefined;
	return {
		// An authorization server takes only the very address that it was told at first.
		redirectUrl() {
			redirect ??= redirectAddress();
			redirect.catch(() => {
				redirect = undefined;
			});
			return redirect;
		},
		async openBrowser(url, server) {
			const { origin } = new URL(url);
			const answer = await dialogs.confirm(
				plainMessage(`Sign in to the MCP server “${server}”?`),
				`Its sign-in page is at ${origin}. What you type there is not seen by Retrace; the access you give is kept in VS Code’s secret storage and sent to this server only.`,
			);
			if (answer === undefined) return false;
			if (answer === COPY || !(await dialogs.open(url))) await dialogs.copied(url);
			return true;
		},
		async waitForRedirect(state, signal) {
			signal.throwIfAborted();
			return await new Promise((resolve, reject) => {
				const abort = () => {
					waiting.delete(state);
					reject(signal.reason ?? new CancelledError());
				};
				signal.addEventListener('abort', abort, { once: true });
				waiting.set(state, (query) => {
					waiting.delete(state);
					signal.removeEventListener('abort', abort);
					resolve(query);
				});
			});
		},
		secrets: {
			get: async (key) => await secrets.get(`${SECRET_PREFIX}${key}`),
			set: async (key, value) => await secrets.store(`${SECRET_PREFIX}${key}`, value),
			delete: async (key) => await secrets.delete(`${SECRET_PREFIX}${key}`),
			onDidChange: (listener) => secrets.onDidChange(({ key }) => key.startsWith(SECRET_PREFIX) && listener()),
		},
		takeRedirect({ path, query }) {
			if (path !== REDIRECT_PATH) return false;
			const values = Object.fromEntries(new URLSearchParams(query));
			const resolve = waiting.get(values.state ?? '');
			if (!resolve)
				throw new UserError(
					'unexpected-sign-in',
					'The browser came back from a sign-in that this window does not wait for. Nothing was done. Start it again with Sign In in the MCP Servers view.',
				);
			resolve(values);
			return true;
		},
	};
}

async function redirectAddress(): Promise<string> {
	const own = vscode.Uri.parse(`${vscode.env.uriScheme}://retrace.retrace${REDIRECT_PATH}`);
	return (await vscode.env.asExternalUri(own)).toString(true);
}
