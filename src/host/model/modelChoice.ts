/**
 * Where replies come from now: the endpoint or the demo model, by the user's settings and keys.
 * Keeps the list of models; sends no prompt.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { UserError } from '../../base/errors.ts';
import { createRequestPool, type PoolCaller } from '../../core/agent/requestPool.ts';
import { DEMO_MODEL, demoModelInfo, fallbackModels, modelInfoFor, smallModelFor } from '../../core/model/catalogue.ts';
import { createDemoModel } from '../../core/model/demoModel.ts';
import { type EndpointFeature, withinLimits, withoutFeatures } from '../../core/model/endpointLimits.ts';
import type { ModelInfo, ModelRequest, ReminderForms, StreamModel } from '../../core/model/modelPort.ts';
import type { OutsideWorld } from '../agentTypes.ts';
import { plainMessage } from '../plainLabel.ts';
import type { ApiKeys } from '../secrets.ts';
import { chosenProvider, setting } from '../settings.ts';
import { createEndpointMemory, refusedText } from './endpointMemory.ts';
import { createLmModel, LM_PREFIX, NO_LM_MODEL } from './lmModel.ts';
import { createReminderForms, type KeptState } from './reminderForms.ts';

/** Listing models is a convenience of the picker: it may not hold anything up. */
const LIST_TIMEOUT_MS = 10_000;
const OFFICIAL_HOST = 'api.anthropic.com';
const SIDE: PoolCaller = { session: '', kind: 'side' };

export type ModelChoice = Disposable & {
	readonly isDemo: boolean;
	/** Anthropic's own endpoint, which takes every field of the API. */
	readonly isOfficialEndpoint: boolean;
	/** What is known of how the endpoint takes reminders; undefined for the demo model, which needs none. */
	readonly reminderForms: ReminderForms | undefined;
	/** `Anthropic API`, `VS Code language models`, `Demo model`, or the host of a gateway. */
	readonly provider: string;
	/** No key and no choice made yet, as far as is known now. */
	readonly needsSetup: boolean;
	readonly models: readonly ModelInfo[];
	/** The endpoint as it is configured now. Its requests wait for their place in the pool; without a caller they count as small side questions. */
	streamModel(caller?: PoolCaller): StreamModel;
	/** The request without what the endpoint was found to refuse: as it goes out. */
	asSent(request: ModelRequest): ModelRequest;
	/** Whether the endpoint was found to have this for the model; what was not tried yet counts as there. */
	takes(model: string, feature: EndpointFeature): boolean;
	/** What was found out about the endpoint is found out again with the next requests. */
	forgetEndpoint(): void;
	/** Whether a prompt can be sent: a local server needs no key. */
	hasKey(): Promise<boolean>;
	/** The model a session should use, given the one it has: a demo model only with the demo provider. */
	modelFor(current: string | undefined): string;
	/** For small background questions of a session that uses `current`: a cheap model of the same endpoint. */
	smallModelFor(current: string): string;
	infoFor(id: string): ModelInfo;
	readonly onDidChange: Event<void>;
};

type Chosen = {
	readonly provider: ReturnType<typeof chosenProvider>;
	readonly baseUrl: string;
	readonly apiKeyHeader: 'authorization' | 'x-api-key' | 'none';
	readonly windowTokens: number | null;
	readonly maxRequests: number;
};

export function createModelChoice(
	outside: Pick<OutsideWorld, 'anthropicModel' | 'clock'>,
	keys: ApiKeys,
	kept: KeptState,
	onError: (event: string, error: unknown) => void,
): ModelChoice {
	const store = new DisposableStore();
	const changed = store.add(new Emitter<void>());
	const demo = createDemoModel(outside.clock);
	const lm = createLmModel(outside.clock);
	const pool = createRequestPool({ clock: outside.clock, limit: () => chosen().maxRequests });
	let listed: readonly ModelInfo[] = [];
	let isKeyKnown = true;
	let listing: AbortController | undefined;

	// The head of the panel asks for these several times whenever it changes, and each is a search through VS Code's settings.
	let known: Chosen | undefined;
	const chosen = (): Chosen => {
		known ??= {
			provider: chosenProvider(),
			baseUrl: setting('baseUrl'),
			apiKeyHeader: setting('apiKeyHeader'),
			windowTokens: setting('context.windowTokens'),
			maxRequests: setting('maxConcurrentRequests'),
		};
		return known;
	};
	const isLm = () => chosen().provider === 'vscodeLm';
	const endpoint = (): StreamModel => {
		if (isLm()) return lm;
		const baseUrl = chosen().baseUrl;
		const apiKeyHeader = chosen().apiKeyHeader;
		const model = outside.anthropicModel({ baseUrl, apiKeyHeader, apiKey: () => keys.keyFor(baseUrl) });
		return withinLimits(model, memory);
	};
	const memory = createEndpointMemory(
		kept,
		() => chosen().baseUrl,
		(model, feature, said) => {
			onError('endpoint', new UserError(`lacks-${feature}`, said ?? 'no such address'));
			const host = hostOf(chosen().baseUrl) ?? chosen().baseUrl;
			const text = plainMessage(
				`${host} has, for ${model}, ${refusedText[feature]}. Requests go without it from now on.`,
			);
			void vscode.window.showInformationMessage(text);
		},
	);
	const reminderForms = createReminderForms(kept, () => chosen().baseUrl);
	const hasKey = async () => {
		if (chosen().provider !== 'anthropic' || chosen().apiKeyHeader === 'none') return true;
		const baseUrl = chosen().baseUrl;
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
			if (chosen().provider === 'demo' || !isKeyKnown) return;
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
			const isOurs = ['provider', 'baseUrl', 'apiKeyHeader', 'context', 'maxConcurrentRequests'].some((key) =>
				event.affectsConfiguration(`retrace.${key}`),
			);
			if (!isOurs) return;
			known = undefined;
			void refresh();
		}),
	);
	store.add(keys.onDidChange(() => void refresh()));
	// Extensions bring their models when they like.
	store.add(vscode.lm.onDidChangeChatModels(() => isLm() && void refresh()));
	store.add({ dispose: () => listing?.abort() });
	void refresh();

	return {
		get isDemo() {
			return chosen().provider === 'demo';
		},
		get isOfficialEndpoint() {
			return chosen().provider === 'anthropic' && hostOf(chosen().baseUrl) === OFFICIAL_HOST;
		},
		get reminderForms() {
			return chosen().provider === 'anthropic' ? reminderForms : undefined;
		},
		get provider() {
			if (chosen().provider === 'demo') return 'Demo model';
			if (isLm()) return 'VS Code language models';
			const host = hostOf(chosen().baseUrl);
			return host === OFFICIAL_HOST ? 'Anthropic API' : (host ?? 'No valid address');
		},
		get needsSetup() {
			return chosen().provider === 'anthropic' && !isKeyKnown;
		},
		get models() {
			if (chosen().provider === 'demo') return [demoModelInfo];
			if (isLm()) return listed;
			return listed.length > 0 ? listed : fallbackModels;
		},
		streamModel: (caller = SIDE) =>
			chosen().provider === 'demo' ? demo : pool.share(endpoint(), isLm() ? LM_PREFIX : chosen().baseUrl, caller),
		hasKey,
		asSent: (request) =>
			chosen().provider === 'anthropic' ? withoutFeatures(request, memory.refused(request.model)) : request,
		takes: (model, feature) => !memory.refused(model).has(feature),
		forgetEndpoint() {
			reminderForms.forget();
			memory.forget();
		},
		modelFor(current) {
			if (chosen().provider === 'demo') return DEMO_MODEL;
			// A session that was there before the first model takes it when it comes.
			const isNone = current === undefined || current === DEMO_MODEL || current === NO_LM_MODEL;
			const isOurs = !isNone && current.startsWith(LM_PREFIX) === isLm();
			if (isOurs) return current;
			const preferred = setting('model');
			if (!isLm() || preferred.startsWith(LM_PREFIX)) return preferred;
			return listed[0]?.id ?? NO_LM_MODEL;
		},
		smallModelFor(current) {
			if (chosen().provider === 'demo') return DEMO_MODEL;
			if (isLm()) return current;
			// A gateway that lists nothing may have no such model; Anthropic's own endpoint has those of the table.
			const isOfficial = hostOf(chosen().baseUrl) === OFFICIAL_HOST;
			return smallModelFor(current, listed.length === 0 && isOfficial ? fallbackModels : listed);
		},
		infoFor(id) {
			const known = modelInfoFor(id, listed);
			const info = id === NO_LM_MODEL ? { ...known, displayName: 'No model yet' } : known;
			const windowTokens = chosen().windowTokens;
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
