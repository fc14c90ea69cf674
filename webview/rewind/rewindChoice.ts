/** What the user chose in the dialog `Rewind`: which files are restored and which of their hunks are kept. Pure. */
import type { KeptHunks } from '../../src/protocol/toHost.ts';
import type { RewindFile } from '../../src/protocol/toPanel.ts';

export type FileGroup = 'restored' | 'unknown' | 'conflict' | 'blocked';
/** In part: some hunks are kept as they are now. */
export type Tick = 'on' | 'off' | 'part';

type KeptOf = { readonly version: string; readonly hunks: ReadonlySet<number> };
/** Only what differs from what is proposed. */
export type RewindChoice = {
	/** Ticked or not, by the key of the file. */
	readonly ticks: ReadonlyMap<string, boolean>;
	readonly kept: ReadonlyMap<string, KeptOf>;
};

export const asProposed: RewindChoice = { ticks: new Map(), kept: new Map() };

/** Undefined for a file that is as it was then: nothing is to be said of it. */
export function groupOf(file: RewindFile): FileGroup | undefined {
	if (file.status === 'blocked') return 'blocked';
	if (file.action === 'none') return file.status === 'ok' ? undefined : 'blocked';
	if (file.isUnknownAuthor) return 'unknown';
	return file.status === 'conflict' ? 'conflict' : 'restored';
}

/** What moved back with each file, by its key: one row and one tick for both. */
export type Moves = ReadonlyMap<string, RewindFile>;

export function movesOf(files: readonly RewindFile[]): Moves {
	const byKey = new Map(files.map((file) => [file.key, file]));
	return new Map(
		files.flatMap((file) => {
			const source = file.movedFrom === undefined ? undefined : byKey.get(file.movedFrom);
			return source && groupOf(source) === groupOf(file) ? [[file.key, source] as const] : [];
		}),
	);
}

export const withMoved = (files: readonly RewindFile[], moves: Moves): readonly RewindFile[] =>
	moves.size === 0
		? files
		: files.flatMap((file) => [file, ...(moves.has(file.key) ? [moves.get(file.key) ?? file] : [])]);

/** Ticked without the user's doing: what nothing of the user's is lost by. */
const isProposed = (file: RewindFile): boolean => groupOf(file) === 'restored';

export function tickOf(choice: RewindChoice, file: RewindFile): Tick {
	if (!(choice.ticks.get(file.key) ?? isProposed(file))) return 'off';
	return choice.kept.has(file.key) ? 'part' : 'on';
}

/** Of several files; those that cannot be restored do not count. */
export function tickOfAll(choice: RewindChoice, files: readonly RewindFile[]): Tick {
	let on = 0;
	let off = 0;
	for (const file of files) {
		if (file.status === 'blocked') continue;
		const tick = tickOf(choice, file);
		if (tick === 'part') return 'part';
		if (tick === 'on') on++;
		else off++;
		if (on > 0 && off > 0) return 'part';
	}
	return on > 0 ? 'on' : 'off';
}

/** Ticks whole files, or keeps them as they are now. */
export function tickFiles(choice: RewindChoice, files: readonly RewindFile[], isTicked: boolean): RewindChoice {
	const ticks = new Map(choice.ticks);
	const kept = new Map(choice.kept);
	for (const file of files) {
		if (file.status === 'blocked') continue;
		ticks.set(file.key, isTicked);
		kept.delete(file.key);
	}
	return { ticks, kept };
}

export function isHunkTicked(choice: RewindChoice, file: RewindFile, hunk: number): boolean {
	return tickOf(choice, file) !== 'off' && !(choice.kept.get(file.key)?.hunks.has(hunk) ?? false);
}

/** Of a file with `count` hunks in all, ticks one or keeps it as it is now. */
export function tickHunk(
	choice: RewindChoice,
	file: RewindFile,
	place: { readonly version: string; readonly hunk: number; readonly count: number },
	isTicked: boolean,
): RewindChoice {
	const hunks = new Set<number>();
	for (let index = 0; index < place.count; index++) if (!isHunkTicked(choice, file, index)) hunks.add(index);
	if (isTicked) hunks.delete(place.hunk);
	else hunks.add(place.hunk);
	if (hunks.size === 0 || hunks.size === place.count) return tickFiles(choice, [file], hunks.size === 0);
	return {
		ticks: new Map(choice.ticks).set(file.key, true),
		kept: new Map(choice.kept).set(file.key, { version: place.version, hunks }),
	};
}

/** What the message to the host says of the files. */
export function chosenFiles(
	choice: RewindChoice,
	files: readonly RewindFile[],
): { readonly overwrite: string[]; readonly keep: string[]; readonly keepHunks: KeptHunks[] } {
	const chosen = { overwrite: [] as string[], keep: [] as string[], keepHunks: [] as KeptHunks[] };
	for (const file of files) {
		const group = groupOf(file);
		if (group === undefined || group === 'blocked') continue;
		const tick = tickOf(choice, file);
		if (tick === 'off') {
			if (isProposed(file)) chosen.keep.push(file.key);
			continue;
		}
		if (!isProposed(file)) chosen.overwrite.push(file.key);
		const kept = choice.kept.get(file.key);
		if (kept)
			chosen.keepHunks.push({ key: file.key, version: kept.version, hunks: [...kept.hunks].sort((a, b) => a - b) });
	}
	return chosen;
}

export type RewindCounts = {
	readonly restored: number;
	readonly inPart: number;
	/** As they are now, by the user's choice. */
	readonly kept: number;
	/** Conflicts that are not overwritten: to be merged after the rewind. */
	readonly conflicts: number;
	readonly blocked: number;
};

type Fate = 'blocked' | 'kept' | 'conflicts' | 'restored';
/** What a file that stands in two groups is counted as: the later one. */
const FATES: readonly Fate[] = ['blocked', 'kept', 'conflicts', 'restored'];

/** Each path once: a file may stand among the restored ones, and apart with what an unknown author did to it. */
export function countChosen(choice: RewindChoice, files: readonly RewindFile[]): RewindCounts {
	const fates = new Map<string, { readonly fate: Fate; readonly isInPart: boolean }>();
	for (const file of files) {
		const group = groupOf(file);
		if (group === undefined) continue;
		const tick = group === 'blocked' ? 'off' : tickOf(choice, file);
		const staying = group === 'blocked' ? 'blocked' : group === 'conflict' ? 'conflicts' : 'kept';
		const fate = tick === 'off' ? staying : 'restored';
		const known = fates.get(file.path);
		if (!known || FATES.indexOf(fate) >= FATES.indexOf(known.fate))
			fates.set(file.path, { fate, isInPart: tick === 'part' });
	}
	const counts = { restored: 0, inPart: 0, kept: 0, conflicts: 0, blocked: 0 };
	for (const { fate, isInPart } of fates.values()) {
		counts[fate]++;
		if (isInPart) counts.inPart++;
	}
	return counts;
}
