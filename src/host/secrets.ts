/**
 * API keys, one per origin, in VS Code's secret storage. `ANTHROPIC_API_KEY` of the environment counts for the endpoint
 * that is configured. A key is never written anywhere else, and never sent to another origin than the one it was entered for.
 */
import type * as vscode from 'vscode';
import type { Disposable } from '../base/disposable.ts';
import { UserError } from '../base/errors.ts';
import { secretsIn } from './storedSecrets.ts';

export type ApiKeys = Disposable & {
	/** The key for requests to `baseUrl`, or undefined. Asks the storage, a trip to the window, only when a key may have changed. */
	keyFor(baseUrl: string): Promise<string | undefined>;
	/** Every key that is stored or in the environment, whatever its origin: none of them may leave in an export. */
	all(): Promise<readonly string[]>;
	store(baseUrl: string, key: string): Promise<void>;
	remove(baseUrl: string): Promise<void>;
	readonly onDidChange: vscode.Event<unknown>;
};

export function createApiKeys(storage: vscode.SecretStorage, environment: NodeJS.ProcessEnv = process.env): ApiKeys {
	const known = new Map<string, Promise<string | undefined>>();
	/** Changes on their way to the storage: whoever asks meanwhile, as a prompt right behind a new key, waits for them. */
	const changing = new Map<string, Promise<void>>();
	// Other windows change keys too, and are heard here.
	const listening = storage.onDidChange(() => known.clear());
	const storedKey = async (name: string): Promise<string | undefined> => {
		await changing.get(name)?.catch(() => undefined);
		const asked = known.get(name) ?? Promise.resolve(storage.get(name));
		known.set(name, asked);
		// What failed once is asked again; the failure itself goes to who waits for `asked`.
		asked.catch(() => known.delete(name));
		return await asked;
	};
	const change = async (name: string, write: PromiseLike<void>): Promise<void> => {
		const written = Promise.resolve(write).finally(() => {
			known.delete(name);
			if (changing.get(name) === written) changing.delete(name);
		});
		changing.set(name, written);
		await written;
	};
	return {
		async keyFor(baseUrl) {
			const stored = await storedKey(`apiKey:${originOf(baseUrl)}`);
			return stored || environment.ANTHROPIC_API_KEY || undefined;
		},
		async all() {
			const names = await storage.keys();
			const stored = await Promise.all(names.map(async (name) => secretsIn(name, (await storage.get(name)) ?? '')));
			return [...stored.flat(), environment.ANTHROPIC_API_KEY].flatMap((key) => key || []);
		},
		async store(baseUrl, key) {
			const name = `apiKey:${originOf(baseUrl)}`;
			await change(name, storage.store(name, key));
		},
		async remove(baseUrl) {
			const name = `apiKey:${originOf(baseUrl)}`;
			await change(name, storage.delete(name));
		},
		onDidChange: storage.onDidChange,
		dispose() {
			listening.dispose();
			known.clear();
		},
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
