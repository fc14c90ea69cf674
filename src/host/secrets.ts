/**
 * API keys, one per origin, in VS Code's secret storage. `ANTHROPIC_API_KEY` of the environment counts for the endpoint
 * that is configured. A key is never written anywhere else, and never sent to another origin than the one it was entered for.
 */
import type * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';

export type ApiKeys = {
	/** The key for requests to `baseUrl`, or undefined. */
	keyFor(baseUrl: string): Promise<string | undefined>;
	store(baseUrl: string, key: string): Promise<void>;
	remove(baseUrl: string): Promise<void>;
	readonly onDidChange: vscode.Event<unknown>;
};

export function createApiKeys(storage: vscode.SecretStorage, environment: NodeJS.ProcessEnv = process.env): ApiKeys {
	return {
		async keyFor(baseUrl) {
			const stored = await storage.get(`apiKey:${originOf(baseUrl)}`);
			return stored || environment.ANTHROPIC_API_KEY || undefined;
		},
		async store(baseUrl, key) {
			await storage.store(`apiKey:${originOf(baseUrl)}`, key);
		},
		async remove(baseUrl) {
			await storage.delete(`apiKey:${originOf(baseUrl)}`);
		},
		onDidChange: storage.onDidChange,
	};
}

/** Scheme, host and port. Throws UserError `bad-base-url`. */
export function originOf(baseUrl: string): string {
	// Addresses of other kinds share one origin, “null”.
	const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
	if (!url || !/^https?:$/.test(url.protocol)) throw badBaseUrl(baseUrl);
	return url.origin;
}

const badBaseUrl = (baseUrl: string): UserError =>
	new UserError(
		'bad-base-url',
		`The setting retrace.baseUrl is not an http(s) address: “${withoutUserInfo(baseUrl)}”. Nothing was sent. Correct it in the settings.`,
	);

/** What stands before an @ may be a password. */
const withoutUserInfo = (text: string): string => text.replace(/^.*@/s, '…@');
