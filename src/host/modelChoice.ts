/**
 * Where replies come from now: the endpoint or the demo model, by the user's settings and keys.
 * Keeps the list of models; sends no prompt.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import { DEMO_MODEL, demoModelInfo, fallbackModels, modelInfoFor } from '../core/model/catalogue.ts';
import { createDemoModel } from '../core/model/demoModel.ts';
import type { ModelInfo, StreamModel } from '../core/ports.ts';
import type { OutsideWorld } from './agentTypes.ts';
import type { ApiKeys } from './secrets.ts';
import { chosenProvider, setting } from './settings.ts';

/** Listing models is a convenience of the picker: it may not hold anything up. */
const LIST_TIMEOUT_MS = 10_000;
const OFFICIAL_HOST = 'api.anthropic.com';

export type ModelChoice = Disposable & {
	readonly isDemo: boolean;
	/** Anthropic's own endpoint, which takes every field of the API. */
	readonly isOfficialEndpoint: boolean;
	/** `Anthropic API`, `Demo model`, or the host of a gateway. */
	readonly provider: string;
	/** No key and no choice made yet, as far as is known now. */
	readonly needsSetup: boolean;
	readonly models: readonly ModelInfo[];
	/** The endpoint as it is configured now. */
	streamModel(): StreamModel;
	/** Whether a prompt can be sent: a local server needs no key. */
	hasKey(): Promise<boolean>;
	/** The model a session should use, given the one it has: a demo model only with the demo provider. */
	modelFor(current: string | undefined): string;
	infoFor(id: string): ModelInfo;
	readonly onDidChange: Event<void>;
};

export function createModelChoice(
	outside: Pick<OutsideWorld, 'anthropicModel' | 'clock'>,
	keys: ApiKeys,
	onError: (event: string, error: unknown) => void,
): ModelChoice {
	const store = new DisposableStore();
	const changed = store.add(new Emitter<void>());
	const demo = createDemoModel(outside.clock);
	let listed: readonly ModelInfo[] = [];
	let isKeyKnown = true;
	let listing: AbortController | undefined;

	const endpoint = (): StreamModel => {
		const baseUrl = setting('baseUrl');
		const apiKeyHeader = setting('apiKeyHeader');
		return outside.anthropicModel({ baseUrl, apiKeyHeader, apiKey: () => keys.keyFor(baseUrl) });
	};
	const hasKey = async () => {
		if (chosenProvider() === 'demo') return true;
		const baseUrl = setting('baseUrl');
		return isLoopback(baseUrl) || (await keys.keyFor(baseUrl)) !== undefined;
	};
	const refresh = async () => {
		listing?.abort();
		const own = new AbortController();
		listing = own;
		try {
			isKeyKnown = await hasKey();
			listed = [];
			changed.fire();
			if (chosenProvider() === 'demo' || !isKeyKnown) return;
			const found = await endpoint().listModels(AbortSignal.any([own.signal, AbortSignal.timeout(LIST_TIMEOUT_MS)]));
			if (own.signal.aborted) return;
			listed = found;
			changed.fire();
		} catch (error) {
			// The table stands in for the list; the next prompt will say what is wrong with the endpoint.
			if (!own.signal.aborted) onError('listModels', error);
		}
	};
	store.add(
		vscode.workspace.onDidChangeConfiguration((event) => {
			const isOurs = ['provider', 'baseUrl', 'apiKeyHeader', 'context'].some((key) =>
				event.affectsConfiguration(`retrace.${key}`),
			);
			if (isOurs) void refresh();
		}),
	);
	store.add(keys.onDidChange(() => void refresh()));
	store.add({ dispose: () => listing?.abort() });
	void refresh();

	return {
		get isDemo() {
			return chosenProvider() === 'demo';
		},
		get isOfficialEndpoint() {
			return chosenProvider() !== 'demo' && hostOf(setting('baseUrl')) === OFFICIAL_HOST;
		},
		get provider() {
			if (chosenProvider() === 'demo') return 'Demo model';
			const host = hostOf(setting('baseUrl'));
			return host === OFFICIAL_HOST ? 'Anthropic API' : (host ?? 'No valid address');
		},
		get needsSetup() {
			return chosenProvider() !== 'demo' && !isKeyKnown;
		},
		get models() {
			if (chosenProvider() === 'demo') return [demoModelInfo];
			return listed.length > 0 ? listed : fallbackModels;
		},
		streamModel: () => (chosenProvider() === 'demo' ? demo : endpoint()),
		hasKey,
		modelFor(current) {
			if (chosenProvider() === 'demo') return DEMO_MODEL;
			return current === undefined || current === DEMO_MODEL ? setting('model') : current;
		},
		infoFor(id) {
			const info = modelInfoFor(id, listed);
			const windowTokens = setting('context.windowTokens');
			return windowTokens === null ? info : { ...info, windowTokens };
		},
		onDidChange: changed.event,
		dispose: () => store.dispose(),
	};
}

/** A server on this machine may well want no key. */
function isLoopback(baseUrl: string): boolean {
	const hostname = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : undefined;
	return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

/** Undefined when the setting is no address: the next prompt will say so. */
function hostOf(baseUrl: string): string | undefined {
	return URL.canParse(baseUrl) ? new URL(baseUrl).host : undefined;
}
