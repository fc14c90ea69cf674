/**
 * Asks the endpoint how many tokens the next request of a session comes to, where no reply says it: soon after a summary, an edit or a change
 * of model, and when idle after much was added. The answer goes to the log where this window writes, so that it survives like all else.
 */
import type { Disposable } from '../../base/disposable.ts';
import type { EntryId } from '../../base/ids.ts';
import { countRequest } from '../../core/context/countRequest.ts';
import { type BlobCache, loadBranchBlobs } from '../../core/context/loadBlobs.ts';
import { countDue, type MeterInput } from '../../core/context/meter.ts';
import { loadPrefix } from '../../core/context/prefix.ts';
import { ModelError } from '../../core/model/modelError.ts';
import type { Entry } from '../../core/session/entry.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { ModelChoice } from '../model/modelChoice.ts';
import type { OpenSession } from '../session/openSession.ts';

/** Long enough for what comes together, and after the last change that nobody is about to send. */
const DELAY_MS = { soon: 100, idle: 1_500 } as const;

type CountWorld = {
	readonly choice: ModelChoice;
	readonly blobs: BlobStore;
	onError(event: string, error: unknown, sessionId?: string): void;
};
type Counted = { readonly leaf: EntryId | null; readonly tokens: number; readonly model: string };

export class ContextCounts implements Disposable {
	readonly #world: CountWorld;
	readonly #inputOf: (open: OpenSession) => MeterInput;
	readonly #onCounted: (open: OpenSession) => void;
	readonly #counted = new WeakMap<OpenSession, Counted>();
	/** The place and the model that were asked about. */
	readonly #asked = new WeakMap<OpenSession, string>();
	/** The newest entry when the session was first seen: to look at a session writes nothing. */
	readonly #firstSeen = new WeakMap<OpenSession, { readonly last: Entry | undefined }>();
	readonly #ending = new AbortController();
	#timer: ReturnType<typeof setTimeout> | undefined;

	/** `inputOf` gives what the meter measures. */
	constructor(world: CountWorld, inputOf: (open: OpenSession) => MeterInput, onCounted: (open: OpenSession) => void) {
		this.#world = world;
		this.#inputOf = inputOf;
		this.#onCounted = onCounted;
	}

	/** What was counted for a session whose log this window does not write. */
	countedFor(open: OpenSession, model: string): Counted | undefined {
		const counted = this.#counted.get(open);
		return counted?.model === model ? counted : undefined;
	}

	/** The session in view, or its meter, has changed. */
	changed(open: OpenSession): void {
		const { session } = open;
		if (!this.#firstSeen.has(open)) this.#firstSeen.set(open, { last: session.entries.at(-1) });
		clearTimeout(this.#timer);
		if (open.isRunning || this.#world.choice.isDemo) return;
		const due = countDue(this.#inputOf(open));
		if (due && this.#asked.get(open) !== this.#placeOf(open))
			this.#timer = setTimeout(() => void this.#count(open), DELAY_MS[due]);
	}

	dispose(): void {
		clearTimeout(this.#timer);
		this.#ending.abort();
	}

	#placeOf(open: OpenSession): string {
		return `${open.session.leaf ?? ''} ${this.#world.choice.modelFor(open.session.model)}`;
	}

	/** Asks once per place and model. Its own barrier: the estimate stays when the endpoint cannot say. */
	async #count(open: OpenSession): Promise<void> {
		const { choice, blobs, onError } = this.#world;
		const { session } = open;
		const { leaf } = session;
		const place = this.#placeOf(open);
		if (open.isRunning || this.#asked.get(open) === place) return;
		this.#asked.set(open, place);
		try {
			const entry = session.newest('prefix');
			if (!entry || !(await choice.hasKey())) return;
			const model = choice.modelFor(session.model);
			const cache: BlobCache = new Map();
			const branch = session.branch();
			const prefix = await loadPrefix(entry, blobs, cache);
			const loaded = await loadBranchBlobs(branch, blobs, cache);
			const { request, extraTokens } = countRequest({ branch, prefix, blobs: loaded, model });
			const counted = await choice.streamModel().countTokens(request, this.#ending.signal);
			// What was counted belongs to the place where the session was.
			if (counted === undefined || open.isRunning || this.#placeOf(open) !== place) return;
			const tokens = Math.max(0, counted - extraTokens);
			if (this.#isWriting(open)) session.append({ type: 'count', tokens, model });
			else this.#counted.set(open, { leaf, tokens, model });
			this.#onCounted(open);
		} catch (error) {
			// A gateway that does not count is usual; anything else is worth a line in the log.
			if (!(error instanceof ModelError)) onError('meter.count', error, session.id);
		}
	}

	#isWriting(open: OpenSession): boolean {
		const { session } = open;
		const seen = this.#firstSeen.get(open);
		return session.readOnlyReason === undefined && seen !== undefined && session.entries.at(-1) !== seen.last;
	}
}
