/**
 * Keeps the time line of a session at hand: reads what a log of any size says of it once, then only what is new, and works in short steps
 * so that nobody waits for it. Changes nothing.
 */
import type { EntryId } from '../../base/ids.ts';
import {
	POINT_TYPES,
	type Point,
	type PointEntry,
	type PointList,
	timelinePointSteps,
} from '../../core/checkpoint/checkpoints.ts';
import { inSteps } from '../../core/session/branchReader.ts';
import { isToolUseBlock } from '../../core/session/content.ts';
import { pathTo } from '../../core/session/outline.ts';
import type { LogOutline, Session } from '../../core/session/sessionTypes.ts';
import type { ToolLabel } from '../../core/tools/tool.ts';

export type SessionTimeline = PointList & {
	readonly session: Session;
	readonly byId: ReadonlyMap<EntryId, Point>;
	/** Prompts that the conversation still has. */
	readonly onBranch: ReadonlySet<EntryId>;
};

export type TimelineReader = {
	/** As the log is now. Rejects with UserError `log-unreadable` or CancelledError. */
	read(session: Session, signal?: AbortSignal): Promise<SessionTimeline>;
};

type Known = {
	seen: number;
	leaf: EntryId | null;
	entries: readonly PointEntry[];
	/** What commands were, by point. */
	readonly labels: Map<EntryId, string>;
	result: SessionTimeline | undefined;
	last: Promise<unknown>;
};

/** `label` says how a call reads. */
export function createTimelineReader(label: (name: string, input: unknown) => ToolLabel): TimelineReader {
	const known = new WeakMap<Session, Known>();
	const readNow = async (session: Session, one: Known, signal?: AbortSignal): Promise<SessionTimeline> => {
		const outline = await session.outline(signal);
		const { leaf } = session;
		const { length } = outline.entries;
		if (one.result && one.seen === length && one.leaf === leaf) return one.result;
		const fresh = outline.entries.slice(one.seen, length).filter(({ type, isLate }) => types.has(type) && !isLate);
		const read = fresh.length === 0 ? [] : await session.read(new Set(fresh.map(({ id }) => id)), signal);
		const entries = [...one.entries, ...read.filter(isPointEntry)];
		const list = await inSteps(timelinePointSteps(entries), signal);
		await nameCommands(list.points, one.labels, { session, outline, label }, signal);
		const points = list.points.map((point) => {
			const name = one.labels.get(point.id);
			return name === undefined ? point : { ...point, label: name };
		});
		const way = leaf === null ? [] : pathTo(outline, leaf, session.links);
		one.result = {
			...list,
			...{ session, points },
			byId: new Map(points.map((point) => [point.id, point])),
			onBranch: new Set(way.filter(({ type }) => type === 'user').map(({ id }) => id)),
		};
		Object.assign(one, { seen: length, leaf, entries });
		return one.result;
	};
	return {
		async read(session, signal) {
			const one = known.get(session) ?? {
				...{ seen: 0, leaf: null, entries: [], labels: new Map(), result: undefined },
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

const types: ReadonlySet<string> = new Set(POINT_TYPES);
const isPointEntry = (entry: { readonly type: string }): entry is PointEntry => types.has(entry.type);
/** A call stands a few entries above what it changed. */
const MAX_ABOVE = 200;

/** Finds the call of each command that has no name yet. */
async function nameCommands(
	points: readonly Point[],
	labels: Map<EntryId, string>,
	world: { readonly session: Session; readonly outline: LogOutline; label(name: string, input: unknown): ToolLabel },
	signal?: AbortSignal,
): Promise<void> {
	const unnamed = points.filter((point) => point.kind === 'command' && !labels.has(point.id));
	if (unnamed.length === 0) return;
	const { byId } = world.outline;
	const above = new Set<EntryId>();
	for (const point of unnamed) {
		let at = byId.get(point.id);
		for (let count = 0; at && count < MAX_ABOVE; count++) {
			// A slash command runs some by itself.
			if (at.type === 'assistant' || at.type === 'user') above.add(at.id);
			if (at.type === 'user') break;
			at = at.parentId === null ? undefined : byId.get(at.parentId);
		}
	}
	const calls = new Map<string, string>();
	for (const entry of await world.session.read(above, signal)) {
		const runs = entry.type === 'user' ? (entry.command?.runs ?? []) : [];
		for (const { toolUseId, command } of runs) {
			const { verb, target } = world.label('Bash', { command });
			calls.set(toolUseId, `${verb} ${target}`.trim());
		}
		if (entry.type !== 'assistant' || !isToolUseBlock(entry.block)) continue;
		const { verb, target } = world.label(entry.block.name, entry.block.input);
		calls.set(entry.block.id, `${verb} ${target}`.trim());
	}
	for (const point of unnamed) labels.set(point.id, calls.get(point.toolUseId ?? '') ?? 'Command');
}
