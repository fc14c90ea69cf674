/**
 * The context meter of each open session, for the panel and the status bar: measured after every change of state,
 * counted by the endpoint when idle and nothing was ever counted. Estimates are core's (context/meter.ts).
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import type { EntryId } from '../base/ids.ts';
import type { ProjectContext } from '../core/agent/turnTypes.ts';
import { buildContext } from '../core/context/buildContext.ts';
import { type BlobCache, loadBranchBlobs } from '../core/context/loadBlobs.ts';
import { measureContext, needsCount } from '../core/context/meter.ts';
import { loadPrefix, type PrefixTexts, prefixTexts } from '../core/context/prefix.ts';
import { ModelError } from '../core/model/modelError.ts';
import type { BlobStore } from '../core/ports.ts';
import { builtInTools, toolDefinitions } from '../core/tools/registry.ts';
import type { ContextMeter } from '../protocol/contextMeter.ts';
import { ContextStatusItem } from './contextStatusItem.ts';
import { sessionCost } from './costWords.ts';
import type { ModelChoice } from './modelChoice.ts';
import type { OpenSession } from './openSession.ts';
import type { SessionHost } from './sessionHost.ts';
import { setting } from './settings.ts';

/** Long enough after the last change that nobody is about to send. */
const COUNT_AFTER_MS = 1500;

export type MeterWorld = {
	readonly host: SessionHost;
	readonly choice: ModelChoice;
	readonly blobs: BlobStore;
	loadProjectContext(): Promise<ProjectContext>;
	onError(event: string, error: unknown, sessionId?: string): void;
};

export class ContextMeters implements Disposable {
	readonly #world: MeterWorld;
	readonly #store = new DisposableStore();
	readonly #changed = this.#store.add(new Emitter<OpenSession>());
	readonly #item = this.#store.add(new ContextStatusItem());
	readonly #counted = new WeakMap<OpenSession, { readonly leaf: EntryId | null; readonly tokens: number }>();
	readonly #asked = new WeakMap<OpenSession, EntryId | null>();
	#draftPrefix: PrefixTexts | undefined;
	#countTimer: ReturnType<typeof setTimeout> | undefined;
	#counting = new AbortController();

	/** The meter of a session that a view shows has another value. */
	readonly onDidChange: Event<OpenSession> = this.#changed.event;

	constructor(world: MeterWorld) {
		this.#world = world;
		const { host } = world;
		this.#store.add(
			host.onDidChange(({ open, change }) => {
				if (change.kind !== 'context' && change.kind !== 'reset') return;
				if (open === host.current) this.#update();
				else this.#changed.fire(open);
			}),
		);
		this.#store.add(host.onDidShow(() => this.#update()));
		this.#store.add(world.choice.onDidChange(() => this.#updateAll()));
		this.#store.add(
			vscode.workspace.onDidChangeConfiguration((event) => {
				if (event.affectsConfiguration('retrace')) this.#updateAll();
			}),
		);
		this.#store.add(vscode.workspace.onDidGrantWorkspaceTrust(() => void this.#loadDraft()));
		void this.#loadDraft();
		this.#update();
	}

	/** What the next request of this session would carry. */
	meterOf(open: OpenSession): ContextMeter {
		const { choice } = this.#world;
		const { session } = open;
		const counted = this.#counted.get(open);
		const newestPrefix = session.newest('prefix');
		const measure = measureContext({
			entries: session.entries,
			leaf: session.leaf,
			links: session.links,
			modelInfo: choice.infoFor(choice.modelFor(session.model)),
			windowOverride: setting('context.windowTokens'),
			rotTokens: setting('context.rotTokens'),
			...(this.#draftPrefix ? { draftPrefix: this.#draftPrefix } : {}),
			...(newestPrefix ? { newestPrefix } : {}),
			...(counted ? { counted } : {}),
		});
		// Not all of a big log is loaded, and what is not was paid for, too.
		const cost = sessionCost(session.entries, session.costUsd, choice.modelFor(session.model));
		return { ...measure, costUsd: session.costUsd, ...cost, layers: [...measure.layers] };
	}

	/** What a first request would freeze; undefined until it is known. */
	get draftPrefix(): PrefixTexts | undefined {
		return this.#draftPrefix;
	}

	dispose(): void {
		clearTimeout(this.#countTimer);
		this.#counting.abort();
		this.#store.dispose();
	}

	#update(): void {
		const open = this.#world.host.current;
		this.#item.show(this.meterOf(open));
		this.#changed.fire(open);
		clearTimeout(this.#countTimer);
		this.#countTimer = setTimeout(() => void this.#count(open), COUNT_AFTER_MS);
	}

	#updateAll(): void {
		this.#update();
		for (const open of this.#world.host.sessions.all) if (open !== this.#world.host.current) this.#changed.fire(open);
	}

	/** The prefix that a first request would freeze. Its own barrier: the meter works without, a little low. */
	async #loadDraft(): Promise<void> {
		try {
			this.#draftPrefix = prefixTexts(toolDefinitions(builtInTools), await this.#world.loadProjectContext());
			this.#updateAll();
		} catch (error) {
			this.#world.onError('meter.draft', error);
		}
	}

	/** Asks the endpoint once per leaf. Its own barrier: the estimate stays when it cannot say. */
	async #count(open: OpenSession): Promise<void> {
		const { choice, blobs, onError } = this.#world;
		const { session } = open;
		const { leaf } = session;
		if (open.isRunning || choice.isDemo || !needsCount(this.meterOf(open)) || this.#asked.get(open) === leaf) return;
		this.#asked.set(open, leaf);
		try {
			const entry = session.newest('prefix');
			if (!entry || !(await choice.hasKey())) return;
			const cache: BlobCache = new Map();
			const branch = session.branch();
			const prefix = await loadPrefix(entry, blobs, cache);
			const request = buildContext({
				branch,
				prefix,
				blobs: await loadBranchBlobs(branch, blobs, cache),
				isMeasuring: true,
			});
			const tokens = await choice.streamModel().countTokens(request, this.#counting.signal);
			if (tokens === undefined) return;
			this.#counted.set(open, { leaf, tokens });
			if (open === this.#world.host.current) this.#update();
		} catch (error) {
			// A gateway that does not count is usual; anything else is worth a line in the log.
			if (!(error instanceof ModelError)) onError('meter.count', error, session.id);
		}
	}
}
