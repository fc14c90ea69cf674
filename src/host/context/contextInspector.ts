/**
 * The host's side of the context dialog: the items of the next request as the page shows them, what changing some of them would cost, and
 * what is opened from the list. Which of their files are other ones by now is staleItems.ts's.
 */
import * as vscode from 'vscode';
import { assertNever } from '../../base/assertNever.ts';
import { UserError } from '../../base/errors.ts';
import { CACHE_MISS } from '../../core/agent/cacheMissNote.ts';
import { activeEdits } from '../../core/context/contextEdits.ts';
import { type ContextItem, contextItems, opsOf } from '../../core/context/contextItems.ts';
import { loadBlobText } from '../../core/context/loadBlobs.ts';
import { meterIndex } from '../../core/context/meterIndex.ts';
import { applyEdits, type EditDraft, planEdits } from '../../core/context/planEdits.ts';
import type { PrefixTexts } from '../../core/context/prefix.ts';
import { prefixPieces } from '../../core/context/prefixItems.ts';
import { type MemoryWeights, memoryWeights } from '../../core/memory/memoryTokens.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { ContextList, ContextOp, ContextPlan, Inspect, PanelContextItem } from '../../protocol/contextItems.ts';
import type { FactAct } from '../../protocol/facts.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import { requireFree } from '../session/compactFlow.ts';
import type { OpenSession } from '../session/openSession.ts';
import { portsFor, type TurnWorld } from '../session/turnRunner.ts';
import { placeOfEntry, rowIdOf } from '../transcript/revealEntry.ts';
import type { ContextMeters } from './contextMeters.ts';
import { changeFact, panelFacts, placeOfFact } from './factEdits.ts';
import { type RequestViewsWorld, showRequest } from './requestViews.ts';
import { staleItems } from './staleItems.ts';

export type InspectorWorld = TurnWorld &
	RequestViewsWorld & {
		readonly meters: Pick<ContextMeters, 'meterOf' | 'draftPrefix'>;
		relativePath(absolute: string): string;
		onError(event: string, error: unknown, sessionId?: string): void;
	};

type Say = (message: ToPanel) => void;

const BUSY = 'A turn is running: the context can be changed when it has ended.';
/** A look at the files again costs reading them. */
const STALE_AFTER_MS = 2_000;

export class ContextInspector {
	readonly #world: InspectorWorld;
	readonly #texts = new WeakMap<EntryOf<'prefix'>, PrefixTexts>();
	readonly #looking = new WeakSet<OpenSession>();
	readonly #lookedAt = new WeakMap<OpenSession, number>();

	constructor(world: InspectorWorld) {
		this.#world = world;
	}

	/** Opens the dialog. */
	async show(open: OpenSession, say: Say): Promise<void> {
		const { choice, meters } = this.#world;
		const model = choice.infoFor(choice.modelFor(open.session.model)).displayName;
		say({ kind: 'context', meter: meters.meterOf(open), model, list: await this.#list(open) });
		void this.#look(open, say);
	}

	async act(act: Inspect, open: OpenSession, say: Say): Promise<void> {
		switch (act.kind) {
			case 'refresh':
				say({ kind: 'context.list', list: await this.#list(open) });
				if (this.#world.clock.now() - (this.#lookedAt.get(open) ?? 0) > STALE_AFTER_MS) void this.#look(open, say);
				return;
			case 'plan':
				return say({ kind: 'context.plan', plan: await this.#planned(act, open) });
			case 'apply':
				await this.#apply(act, open);
				return say({ kind: 'context.list', list: await this.#list(open) });
			case 'fact':
				return await this.#fact(act.fact, open, say);
			case 'open':
				return await this.#open(act, open, say);
			case 'show':
				return await showRequest(act.what, open, this.#world);
			default:
				return assertNever(act);
		}
	}

	/** What each memory file is in the list, for whoever else shows it. */
	async memoryWeights(open: OpenSession): Promise<MemoryWeights> {
		const prefix = await this.#prefixTexts(open);
		const { ratios } = meterIndex(open.session.entries, open.session.links);
		return memoryWeights(await this.#items(open), prefix ? prefixPieces(prefix) : [], ratios);
	}

	async #items(open: OpenSession): Promise<readonly ContextItem[]> {
		const { session } = open;
		const prefix = await this.#prefixTexts(open);
		const branch = session.branch();
		return contextItems({
			branch,
			edits: activeEdits(branch),
			ratios: meterIndex(session.entries, session.links).ratios,
			meter: this.#world.meters.meterOf(open),
			...(prefix ? { prefix } : {}),
		});
	}

	/** What the meter measures: the frozen start, or what would be frozen now. */
	async #prefixTexts({ session }: OpenSession): Promise<PrefixTexts | undefined> {
		const { meters, choice, blobs } = this.#world;
		const entry = session.newest('prefix');
		const draft = meters.draftPrefix;
		if (!entry || (draft && entry.model !== choice.modelFor(session.model))) return draft;
		let texts = this.#texts.get(entry);
		if (!texts) {
			const [tools, system, context] = await Promise.all([
				loadBlobText(entry.tools, blobs),
				loadBlobText(entry.system, blobs),
				loadBlobText(entry.context, blobs),
			]);
			texts = { tools, system, context };
			this.#texts.set(entry, texts);
		}
		return texts;
	}

	async #list(open: OpenSession): Promise<ContextList> {
		const { session } = open;
		const items = (await this.#items(open)).map((item) => this.#shown(item, open));
		return {
			items,
			facts: panelFacts(session, (id) => {
				const entry = session.find(id);
				return entry !== undefined && rowIdOf(entry, session) !== undefined;
			}),
			busyReason: session.readOnlyReason ?? (open.isRunning ? BUSY : null),
			hasLast: session.entries.some(({ type }) => type === 'assistantEnded'),
			miss: missOfNewestTurn(session),
		};
	}

	#shown(item: ContextItem, open: OpenSession): PanelContextItem {
		const { id, kind, label, path, tokens, turnsAgo, state, isPinned, supersededBy, importance } = item;
		const entry = item.entry && open.session.find(item.entry);
		const hasRow = entry !== undefined && rowIdOf(entry, open.session) !== undefined;
		return {
			...{ id, kind, tokens, turnsAgo, state, isPinned, importance },
			label: label === path ? this.#world.relativePath(path) : label,
			isSuperseded: supersededBy !== undefined,
			stale: null,
			ops: [...opsOf(item)].filter((op): op is ContextOp => op !== 'stripThinking'),
			opens: [...(path ? (['file'] as const) : []), ...(hasRow ? (['message'] as const) : [])],
		};
	}

	async #draft({ op, ids }: Extract<Inspect, { kind: 'plan' | 'apply' }>, open: OpenSession): Promise<EditDraft> {
		requireFree(open);
		const byId = new Map((await this.#items(open)).map((item) => [item.id, item]));
		const wishes = ids.flatMap((id) => {
			const ref = byId.get(id)?.ref;
			return ref ? [{ ref, op }] : [];
		});
		return planEdits(open.session, wishes, portsFor(open, this.#world));
	}

	async #planned(act: Extract<Inspect, { kind: 'plan' }>, open: OpenSession): Promise<ContextPlan> {
		const none = { tokensFreed: 0, thinkingRemoved: 0, tokensToWrite: 0, costUsd: null, savedUsd: null };
		const { op, ids } = act;
		try {
			const draft = await this.#draft(act, open);
			return {
				...{ op, ids, refusal: null },
				tokensFreed: draft.tokensBefore - draft.tokensAfter,
				thinkingRemoved: draft.strippedThinking,
				tokensToWrite: draft.rewrittenTokens,
				costUsd: draft.nowUsd,
				savedUsd: draft.savedUsd,
				isCacheCold: !draft.isCacheWarm,
			};
		} catch (error) {
			if (!(error instanceof UserError)) throw error;
			return { ...{ op, ids, ...none }, refusal: error.message, isCacheCold: false };
		}
	}

	/** Planned anew: what the page showed may be of a moment ago. */
	async #apply(act: Extract<Inspect, { kind: 'apply' }>, open: OpenSession): Promise<void> {
		await open.alone(async () => void (await applyEdits(open.session, await this.#draft(act, open))));
	}

	async #fact(act: FactAct, open: OpenSession, say: Say): Promise<void> {
		const { session } = open;
		if (act.op !== 'open') {
			requireFree(open);
			await open.alone(async () => await changeFact(session, act));
			return say({ kind: 'context.list', list: await this.#list(open) });
		}
		const place = await placeOfEntry(open, placeOfFact(session, act.id), 'main', new AbortController().signal);
		if (place.kind === 'row') say({ kind: 'reveal', id: place.rowId });
	}

	async #open({ id, what }: Extract<Inspect, { kind: 'open' }>, open: OpenSession, say: Say): Promise<void> {
		const item = (await this.#items(open)).find((one) => one.id === id);
		if (what === 'message' && item?.entry) {
			const place = await placeOfEntry(open, item.entry, 'main', new AbortController().signal);
			if (place.kind === 'row') return say({ kind: 'reveal', id: place.rowId });
		}
		if (what === 'file' && item?.path) return await this.#openFile(item.path, item.lines?.start ?? 0);
		throw new UserError('not-in-context', 'This is no part of the next request any more. Open the context again.');
	}

	async #openFile(path: string, line: number): Promise<void> {
		if ((await this.#world.workspace.read(path)).kind !== 'file')
			throw new UserError('no-such-file', `${this.#world.relativePath(path)} is not there any more.`);
		await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path), {
			preview: true,
			selection: new vscode.Range(line, 0, line, 0),
		});
	}

	/** Its own barrier: the list stands without. One look at a time per session. */
	async #look(open: OpenSession, say: Say): Promise<void> {
		if (this.#looking.has(open)) return;
		this.#looking.add(open);
		const { blobs, workspace, onError, clock } = this.#world;
		try {
			const prefix = await this.#prefixTexts(open);
			const stale = await staleItems(await this.#items(open), open.session, { blobs, workspace }, prefix);
			say({ kind: 'context.stale', items: [...stale] });
		} catch (error) {
			onError('context.stale', error, open.session.id);
		} finally {
			this.#looking.delete(open);
			this.#lookedAt.set(open, clock.now());
		}
	}
}

/** What its notice says; null when the cache held what it should. */
function missOfNewestTurn({ entries }: Session): string | null {
	for (let index = entries.length - 1; index >= 0; index--) {
		const entry = entries[index];
		if (entry?.type === 'user') return null;
		if (entry?.type === 'notice' && entry.code === CACHE_MISS) return entry.text;
	}
	return null;
}
