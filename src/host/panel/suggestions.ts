/**
 * The suggestion above the input of each open session: at most one, each cause once per session, none while a turn runs. When one is due is
 * core's (context/suggestions.ts).
 */
import * as z from 'zod';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Event } from '../../base/emitter.ts';
import { plural } from '../../base/text.ts';
import { isForecastShort, isInRotZone, isNewTask, type SuggestionMoment } from '../../core/context/suggestions.ts';
import { type ContextMeter, shortTokens } from '../../protocol/contextMeter.ts';
import type { Suggestion, SuggestionCause } from '../../protocol/suggestion.ts';
import type { OpenSession, SessionChange } from '../session/openSession.ts';

type Suggested = Pick<OpenSession, 'isRunning' | 'headChanged'> & {
	readonly session: Pick<OpenSession['session'], 'id' | 'readOnlyReason' | 'branch'>;
};

export type SuggestionsWorld<Open> = {
	readonly host: { readonly onDidChange: Event<{ readonly open: Open; readonly change: Pick<SessionChange, 'kind'> }> };
	readonly state: { get(key: string): unknown; update(key: string, value: unknown): Thenable<void> };
	readonly clock: { now(): number };
	/** As it is now. */
	setting(key: 'context.suggestions' | 'context.autoCompact'): boolean;
	meterOf(open: Open): ContextMeter;
	onError(event: string, error: unknown, sessionId?: string): void;
};

const TOLD_KEY = 'retrace.suggested';
/** Sessions of which it is known what they were told. */
const MAX_TOLD_SESSIONS = 200;
const toldSchema = z.record(z.string(), z.array(z.string())).catch({});

export class Suggestions<Open extends Suggested = OpenSession> implements Disposable {
	readonly #world: SuggestionsWorld<Open>;
	readonly #store = new DisposableStore();
	readonly #shown = new WeakMap<Open, Suggestion>();
	readonly #drafts = new WeakMap<Open, string>();

	constructor(world: SuggestionsWorld<Open>) {
		this.#world = world;
		this.#store.add(
			world.host.onDidChange(({ open, change }) => {
				// The end of a turn is a change of the head; so is what this shows, which then changes nothing more.
				if (change.kind === 'head' || change.kind === 'reset') this.#update(open);
			}),
		);
	}

	of(open: Open): Suggestion | null {
		return this.#shown.get(open) ?? null;
	}

	/** What is being typed in the input of this session. */
	drafted(open: Open, text: string): void {
		this.#drafts.set(open, text);
		this.#update(open);
	}

	dismiss(open: Open, cause: SuggestionCause): void {
		if (this.#shown.get(open)?.cause === cause) this.#show(open, undefined);
	}

	dispose(): void {
		this.#store.dispose();
	}

	/** Its own barrier: nobody asked for it. */
	#update(open: Open): void {
		try {
			const shown = this.#shown.get(open);
			const isQuiet =
				open.isRunning || open.session.readOnlyReason !== undefined || !this.#world.setting('context.suggestions');
			if (isQuiet) {
				this.#show(open, undefined);
				return;
			}
			const told = this.#told(open);
			if (shown === undefined && told.size === CAUSES.length) return;
			const moment = this.#momentOf(open);
			// What is on the screen stays while its reason does, so that nothing flickers while somebody types.
			if (shown?.cause === 'newTask' && moment.draft.trim() !== '') return;
			if (shown && shown.cause !== 'newTask' && HOLDS[shown.cause](moment)) return;
			const cause = CAUSES.find((one) => !told.has(one) && HOLDS[one](moment));
			this.#show(open, cause === undefined ? undefined : suggestionFor(cause, moment));
		} catch (error) {
			this.#world.onError('suggestion', error, open.session.id);
		}
	}

	#momentOf(open: Open): SuggestionMoment {
		return {
			branch: open.session.branch(),
			draft: this.#drafts.get(open) ?? '',
			meter: this.#world.meterOf(open),
			autoCompact: this.#world.setting('context.autoCompact'),
			nowMs: this.#world.clock.now(),
		};
	}

	#show(open: Open, suggestion: Suggestion | undefined): void {
		if (this.#shown.get(open)?.cause === suggestion?.cause) return;
		if (suggestion) {
			this.#shown.set(open, suggestion);
			this.#tell(open, suggestion.cause);
		} else this.#shown.delete(open);
		open.headChanged();
	}

	#told({ session }: Open): ReadonlySet<string> {
		return new Set(toldSchema.parse(this.#world.state.get(TOLD_KEY) ?? {})[session.id]);
	}

	#tell({ session }: Open, cause: SuggestionCause): void {
		const { state, onError } = this.#world;
		const all = toldSchema.parse(state.get(TOLD_KEY) ?? {});
		const { [session.id]: own = [], ...others } = all;
		const kept = Object.entries(others).slice(1 - MAX_TOLD_SESSIONS);
		const told = Object.fromEntries([...kept, [session.id, [...own, cause]]]);
		// The window may close before it is written: then it is said once more.
		state.update(TOLD_KEY, told).then(undefined, (error: unknown) => onError('suggestion', error, session.id));
	}
}

/** What weighs more comes first. */
const CAUSES: readonly SuggestionCause[] = ['forecast', 'rot', 'newTask'];

const HOLDS: Readonly<Record<SuggestionCause, (moment: SuggestionMoment) => boolean>> = {
	forecast: isForecastShort,
	rot: isInRotZone,
	newTask: isNewTask,
};

function suggestionFor(cause: SuggestionCause, { meter }: SuggestionMoment): Suggestion {
	const used = shortTokens(meter.usedTokens);
	switch (cause) {
		case 'forecast': {
			const when = meter.turnsLeft === 0 ? 'with the next turn' : `in about ${plural(meter.turnsLeft ?? 0, 'turn')}`;
			return { cause, action: 'compact', text: `The context is full ${when}. Compact now, and say what to keep?` };
		}
		case 'rot':
			return { cause, action: 'compact', text: `The context is in the rot zone (${used}): compact with a focus?` };
		case 'newTask':
			return { cause, action: 'clear', text: `This looks like a new task, and the conversation has ${used} tokens.` };
	}
}
