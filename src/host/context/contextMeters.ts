/**
 * The context meter of each open session, for the panel and the status bar: measured after every change of state. The figures are core's
 * (context/meter.ts); what the endpoint is asked to count is `contextCounts.ts`.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import type { ProjectContext } from '../../core/agent/turnTypes.ts';
import { type MeterInput, measureContext } from '../../core/context/meter.ts';
import { type PrefixTexts, prefixTexts } from '../../core/context/prefix.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { loadedTools, toolDefinitions } from '../../core/tools/registry.ts';
import type { ContextMeter } from '../../protocol/contextMeter.ts';
import { LM_PREFIX } from '../model/lmModel.ts';
import type { ModelChoice } from '../model/modelChoice.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import { setting } from '../settings.ts';
import { sessionCost } from '../transcript/costWords.ts';
import { ContextCounts } from './contextCounts.ts';
import { ContextStatusItem } from './contextStatusItem.ts';

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
	readonly #counts: ContextCounts;
	#draftPrefix: PrefixTexts | undefined;

	/** The meter of a session that a view shows has another value. */
	readonly onDidChange: Event<OpenSession> = this.#changed.event;

	constructor(world: MeterWorld) {
		this.#world = world;
		const { host } = world;
		this.#counts = this.#store.add(
			new ContextCounts(
				world,
				(open) => this.#inputOf(open),
				(open) => (open === host.current ? this.#update() : this.#changed.fire(open)),
			),
		);
		this.#store.add(
			host.onDidChange(({ open, change }) => {
				// What was to be counted waits for the end of the work.
				if (change.kind === 'head' && open === host.current) this.#counts.changed(open);
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
		const { session } = open;
		const measure = measureContext(this.#inputOf(open));
		// Not all of a big log is loaded, and what is not was paid for, too.
		const model = this.#world.choice.modelFor(session.model);
		const cost = sessionCost(session.entries, session.costUsd, model);
		// Where there is no cache, nothing read from it is no news.
		const cacheShare = model.startsWith(LM_PREFIX) ? null : measure.cacheShare;
		return { ...measure, cacheShare, costUsd: session.costUsd, ...cost, layers: [...measure.layers] };
	}

	/** What a first request would freeze; undefined until it is known. */
	get draftPrefix(): PrefixTexts | undefined {
		return this.#draftPrefix;
	}

	dispose(): void {
		this.#store.dispose();
	}

	#inputOf(open: OpenSession): MeterInput {
		const { choice } = this.#world;
		const { session } = open;
		const model = choice.modelFor(session.model);
		const counted = this.#counts.countedFor(open, model);
		const newestPrefix = session.newest('prefix');
		return {
			entries: session.entries,
			leaf: session.leaf,
			links: session.links,
			modelInfo: choice.infoFor(model),
			windowOverride: setting('context.windowTokens'),
			rotTokens: setting('context.rotTokens'),
			...(this.#draftPrefix ? { draftPrefix: this.#draftPrefix } : {}),
			...(newestPrefix ? { newestPrefix } : {}),
			...(counted ? { counted } : {}),
		};
	}

	#update(): void {
		const open = this.#world.host.current;
		this.#item.show(this.meterOf(open));
		this.#changed.fire(open);
		this.#counts.changed(open);
	}

	#updateAll(): void {
		this.#update();
		for (const open of this.#world.host.sessions.all) if (open !== this.#world.host.current) this.#changed.fire(open);
	}

	/** The prefix that a first request would freeze. Its own barrier: the meter works without, a little low. */
	async #loadDraft(): Promise<void> {
		try {
			this.#draftPrefix = prefixTexts(toolDefinitions(loadedTools), await this.#world.loadProjectContext());
			this.#updateAll();
		} catch (error) {
			this.#world.onError('meter.draft', error);
		}
	}
}
