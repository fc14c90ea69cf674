/**
 * Keeps the branches of a session at hand: reads what a log of any size says of them once, then only what is new, and works in short
 * steps so that nobody waits for it. Changes nothing.
 */

import type { EntryId } from '../../base/ids.ts';
import { BRANCH_TYPES, type BranchDetail, type BranchTree, branchTreeSteps } from './branches.ts';
import type { LogOutline, Session } from './sessionTypes.ts';

export type SessionBranches = {
	readonly tree: BranchTree;
	readonly outline: LogOutline;
	readonly details: readonly BranchDetail[];
};

export type BranchReader = {
	/** As the log is now. Rejects with UserError `log-unreadable` or CancelledError. */
	read(session: Session, signal?: AbortSignal): Promise<SessionBranches>;
};

export function createBranchReader(): BranchReader {
	const known = new WeakMap<Session, Known>();
	const readNow = async (session: Session, one: Known, signal?: AbortSignal): Promise<SessionBranches> => {
		let outline = await session.outline(signal);
		let { leaf } = session;
		// What was appended meanwhile may be where the conversation is now.
		while (leaf !== null && !outline.byId.has(leaf)) {
			const { length } = outline.entries;
			outline = await session.outline(signal);
			leaf = session.leaf;
			if (outline.entries.length === length) break;
		}
		const { length } = outline.entries;
		if (one.result && one.seen === length && one.leaf === leaf) return one.result;
		const fresh = outline.entries.slice(one.seen, length).filter(({ type }) => types.has(type));
		const entries = fresh.length === 0 ? [] : await session.read(new Set(fresh.map(({ id }) => id)), signal);
		const details = [...one.details, ...entries.filter(isDetail)];
		// A copy, since the outline grows in place while the steps pause.
		const part = { entries: outline.entries.slice(0, length), byId: outline.byId };
		const tree = await inSteps(branchTreeSteps(part, leaf, details), signal);
		one.result = { tree, outline: part, details };
		Object.assign(one, { seen: length, leaf, details });
		return one.result;
	};
	return {
		async read(session, signal) {
			const one = known.get(session) ?? {
				seen: 0,
				leaf: null,
				details: [],
				result: undefined,
				last: Promise.resolve(),
			};
			known.set(session, one);
			// One after the other: each goes on where the one before ended.
			const reading = one.last.then(() => readNow(session, one, signal));
			one.last = reading.catch(() => undefined);
			return await reading;
		},
	};
}

type Known = {
	seen: number;
	leaf: EntryId | null;
	details: readonly BranchDetail[];
	result: SessionBranches | undefined;
	last: Promise<unknown>;
};

/** Half a frame. */
const SLICE_MS = 8;
const types: ReadonlySet<string> = new Set(BRANCH_TYPES);
const isDetail = (entry: { readonly type: string }): entry is BranchDetail => types.has(entry.type);

export async function inSteps<T>(steps: Generator<void, T>, signal?: AbortSignal): Promise<T> {
	let startedMs = Date.now();
	for (;;) {
		const step = steps.next();
		if (step.done) return step.value;
		if (Date.now() - startedMs < SLICE_MS) continue;
		await new Promise<void>((resolve) => setTimeout(resolve, 0));
		signal?.throwIfAborted();
		startedMs = Date.now();
	}
}
