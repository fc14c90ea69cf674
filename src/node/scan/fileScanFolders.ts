/**
 * Which folders and files of the workspace are watched over: walks new folders, judges names by the ignore rules, and turns what the
 * shards saw into events of single files. Reads no file but rule files.
 */
import { lstatSync } from 'node:fs';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { canList, list, realRoots, type ScanRoot } from './fileScanRead.ts';
import { openRepository, type Repository } from './fileScanRepository.ts';
import { createRules, type RulePlace, wayIn } from './fileScanRules.ts';
import { keepStat, kindOf, statAt } from './fileScanShard.ts';
import { type EntryKind, type FileStat, type FolderDelta, isFresh, type ShardFolder } from './fileScanTypes.ts';

export type KnownFolder = RulePlace & {
	readonly id: number;
	readonly path: string;
	/** Only tracked files in it count. */
	readonly isIgnored: boolean;
	/** Which shard has it; -1 = none yet. */
	shard: number;
};
/** A file was seen for the first time, is another one, or is gone. */
export type FileEvent = {
	readonly path: string;
	readonly folder: KnownFolder;
	readonly was: FileStat | undefined;
	readonly now: FileStat | undefined;
};
/** A shard in this thread or in another one. */
export type ShardLink = {
	put(folders: readonly ShardFolder[]): void;
	patch(id: number, names: readonly string[], stats: readonly number[]): void;
	drop(ids: readonly number[]): Promise<readonly ShardFolder[]>;
	restat(): Promise<readonly FolderDelta[]>;
	clear(): void;
};

export type Folders = {
	readonly roots: readonly ScanRoot[];
	readonly repositories: ReadonlyMap<string, Repository>;
	of(path: string): KnownFolder | undefined;
	/** The innermost root. */
	rootOf(path: string): ScanRoot | undefined;
	/** Looks at everything again. */
	restat(): Promise<readonly FileEvent[]>;
	/** The picture must be made anew when nobody needs this one any more: rules or repositories changed. */
	readonly isStale: boolean;
	/** `.gitattributes` of these changed since this was asked last. */
	takeAttributeChanges(): ReadonlySet<Repository>;
	markStale(): void;
	/** Whether a path in a known folder is watched over. */
	isWatched(path: string): boolean;
	/** What is left out, by path; of a folder with a `/` at its end. */
	leftOut(): Iterable<readonly [path: string, reason: string]>;
};

/** Folders that are made by programs, in a workspace whose owner has not said so with a repository. */
const HEAVY_FOLDERS: ReadonlySet<string> = new Set(
	`node_modules bower_components .venv venv .tox .nox __pycache__ .mypy_cache .pytest_cache .ruff_cache target dist
	.next .nuxt .svelte-kit .turbo .parcel-cache .gradle .terraform Pods DerivedData .cache .yarn .pnpm-store`.split(
		/\s+/,
	),
);
const OTHER_STORES: ReadonlySet<string> = new Set(['.hg', '.svn', '.jj', '_darcs', '.bzr', 'CVS']);
/** Each is asked several times; a workspace with more holds a collection of foreign ones. */
const MOST_REPOSITORIES = 64;
/** Fewer files than these are looked at faster by one thread than two can talk. */
const FILES_FOR_TWO_THREADS = 4_000;

type Place = Omit<KnownFolder, 'id' | 'shard'>;

/** Walks all roots. `shards` gets one more from `moreShards` when there is enough to look at. */
export async function walkFolders(
	roots: readonly WorkspaceRoot[],
	gitPath: string | undefined,
	firstShard: ShardLink,
	moreShards: () => ShardLink | undefined,
	onFile: (event: FileEvent) => void,
): Promise<Folders> {
	const known = new Map<string, KnownFolder>();
	const byId = new Map<number, KnownFolder>();
	const rules = createRules();
	const repositories = new Map<string, Repository>();
	const left = new Map<string, Map<string, string>>();
	const attributeChanges = new Set<Repository>();
	/** Folders that could not be listed; tried again each time. */
	const unreadable = new Map<string, Place>();
	const scanRoots = realRoots(roots, (path, reason) => leave(path, '', reason));
	const shards: ShardLink[] = [firstShard];
	const weights: number[] = [0];
	let lastId = 0;
	let isStale = false;
	firstShard.clear();

	function leave(folder: string, name: string, reason: string) {
		const names = left.get(folder) ?? new Map<string, string>();
		names.set(name, reason);
		left.set(folder, names);
	}
	/** Where a folder found in `parent` belongs; a sentence part when it is left out. */
	const placeOf = (path: string, name: string, parent: Place): Place | string => {
		const { repository } = parent;
		if (OTHER_STORES.has(name)) return 'the store of another version control';
		const isIgnored = parent.isIgnored || rules.isIgnored(path, true, parent);
		if (isIgnored && repository?.holdsTracked(wayIn(repository, path)) !== true)
			return repository ? 'ignored by git' : 'ignored by .gitignore';
		if (!repository && HEAVY_FOLDERS.has(name)) return 'made by programs, by its name';
		return { path, root: parent.root, repository, isIgnored };
	};
	const fileReason = (path: string, parent: Place): string | undefined => {
		const { repository } = parent;
		if (repository?.isTracked(wayIn(repository, path))) return undefined;
		if (!parent.isIgnored && !rules.isIgnored(path, false, parent)) return undefined;
		return repository ? 'ignored by git' : 'ignored by .gitignore';
	};

	/** Judges the entries of a folder; gives the folders that must be walked. */
	const takeEntries = (
		folder: KnownFolder,
		entries: Iterable<readonly [name: string, kind: EntryKind]>,
		shardFolder: Pick<ShardFolder, 'names' | 'stats'>,
		nowMs: number,
		onNew: (event: FileEvent) => void,
	): Place[] => {
		const places: Place[] = [];
		for (const [name, kind] of entries) {
			if (name.toLowerCase() === '.git') continue;
			const path = `${folder.path}/${name}`;
			if (kind === 'folder') {
				if (known.has(path) || scanRoots.some((root) => root.real === path)) continue;
				const place = placeOf(path, name, folder);
				if (typeof place === 'string') leave(folder.path, `${name}/`, place);
				else places.push(place);
				continue;
			}
			const reason = kind === 'other' ? 'neither a file nor a folder' : fileReason(path, folder);
			if (reason !== undefined) {
				leave(folder.path, name, reason);
				continue;
			}
			const stats = lstatSync(path, { throwIfNoEntry: false });
			if (!stats) {
				// A name that is not text cannot be asked for; another file is simply gone already.
				if (name.includes('\uFFFD')) leave(folder.path, name, 'its name is not valid UTF-8');
				continue;
			}
			if (!stats.isFile() && !stats.isSymbolicLink()) continue;
			const at = shardFolder.stats.length;
			shardFolder.names.push(name);
			onNew({ path, folder, was: undefined, now: keepStat(shardFolder.stats, at, stats, nowMs) });
		}
		return places;
	};

	const enter = async (place: Place, names: ReadonlySet<string>): Promise<Place> => {
		const isTop = names.has('.git') && place.repository?.top !== place.path;
		if (!isTop || gitPath === undefined || repositories.size >= MOST_REPOSITORIES) return place;
		const repository = await openRepository(gitPath, place.path);
		if (repository?.top !== place.path) return place;
		repositories.set(repository.top, repository);
		return { ...place, repository, isIgnored: false };
	};

	const walk = async (first: readonly Place[], onNew: (event: FileEvent) => void): Promise<void> => {
		const waiting = [...first];
		const walked: { folder: KnownFolder; seen: ShardFolder }[] = [];
		for (let found = waiting.pop(); found; found = waiting.pop()) {
			if (known.has(found.path)) continue;
			const listed = list(found.path);
			if ('reason' in listed) {
				unreadable.set(found.path, found);
				leave(found.path, '', listed.reason);
				continue;
			}
			const { entries, mtimeMs, nowMs } = listed;
			const names = new Set(entries.map(({ name }) => name));
			const place = names.has('.git') ? await enter(found, names) : found;
			if (names.has('.gitignore')) rules.load(place.path, place.repository);
			const folder: KnownFolder = { ...place, id: ++lastId, shard: -1 };
			const seen: ShardFolder = {
				id: folder.id,
				path: folder.path,
				mtimeMs: isFresh(mtimeMs, nowMs) ? Number.NaN : mtimeMs,
				names: [],
				stats: [],
			};
			known.set(folder.path, folder);
			byId.set(folder.id, folder);
			const pairs = entries.map((entry) => [entry.name, kindOf(entry)] as const);
			waiting.push(...takeEntries(folder, pairs, seen, nowMs, onNew));
			walked.push({ folder, seen });
		}
		distribute(walked);
	};

	/** The shard with the least to do gets the next folder. */
	const distribute = (walked: readonly { readonly folder: KnownFolder; readonly seen: ShardFolder }[]) => {
		const files = walked.reduce((sum, { seen }) => sum + seen.names.length, 0) + (weights[0] ?? 0);
		if (shards.length === 1 && files >= FILES_FOR_TWO_THREADS) {
			const more = moreShards();
			if (more) {
				more.clear();
				shards.push(more);
				weights.push(0);
			}
		}
		const parts: ShardFolder[][] = shards.map(() => []);
		for (const { folder, seen } of walked) {
			const lightest = weights.indexOf(Math.min(...weights));
			folder.shard = lightest;
			weights[lightest] = (weights[lightest] ?? 0) + seen.names.length + 2;
			parts[lightest]?.push(seen);
		}
		for (const [index, part] of parts.entries()) if (part.length > 0) shards[index]?.put(part);
	};

	await walk(await firstPlaces(), onFile);

	/** A root that lies in a repository: the rules between its top and the root count as well. */
	async function firstPlaces(): Promise<Place[]> {
		const places: Place[] = [];
		for (const root of scanRoots) {
			let repository = gitPath === undefined ? undefined : await openRepository(gitPath, root.real);
			const isInside = repository && (root.real === repository.top || root.real.startsWith(`${repository.top}/`));
			if (!isInside) repository = undefined;
			if (repository) repository = repositories.get(repository.top) ?? repository;
			for (let outer = root.real; repository && outer.length > repository.top.length; ) {
				outer = outer.slice(0, outer.lastIndexOf('/'));
				rules.load(outer, repository);
			}
			const place: Place = { path: root.real, root, repository, isIgnored: false };
			// A folder that the repository around it ignores was opened to be worked in.
			const isIgnoredAround =
				repository && root.real !== repository.top && rules.isAnyIgnored(root.real, repository.top, place);
			if (repository && !isIgnoredAround) repositories.set(repository.top, repository);
			places.push(isIgnoredAround ? { ...place, repository: undefined } : place);
		}
		return places;
	}
	const noteSpecial = (folder: KnownFolder, name: string) => {
		if (name === '.gitignore') {
			rules.load(folder.path, folder.repository);
			isStale = true;
		}
		if (name === '.gitattributes' && folder.repository) attributeChanges.add(folder.repository);
	};

	/** Folders that are gone take all below them along, also what still seems to be there through a link in their place. */
	const takeGone = async (deltas: readonly FolderDelta[], events: FileEvent[]): Promise<ReadonlySet<number>> => {
		const gonePaths = new Set(deltas.filter(({ isGone }) => isGone).flatMap(({ id }) => byId.get(id)?.path ?? []));
		const goneIds = new Set<number>();
		if (gonePaths.size === 0) return goneIds;
		for (const folder of known.values()) {
			for (let end = folder.path.length; end > 0; end = folder.path.lastIndexOf('/', end - 1)) {
				if (!gonePaths.has(folder.path.slice(0, end))) continue;
				goneIds.add(folder.id);
				break;
			}
		}
		const was = new Map<string, { folder: KnownFolder; stat: FileStat }>();
		const dropped = await Promise.all(shards.map((shard) => shard.drop([...goneIds])));
		for (const seen of dropped.flat()) {
			const folder = byId.get(seen.id);
			for (const [index, name] of seen.names.entries())
				if (folder) was.set(`${seen.path}/${name}`, { folder, stat: statAt(seen, index) });
		}
		for (const delta of deltas) {
			const folder = goneIds.has(delta.id) ? byId.get(delta.id) : undefined;
			for (const file of [...delta.changed, ...delta.gone])
				if (folder) was.set(`${folder.path}/${file.name}`, { folder, stat: file.was });
		}
		for (const [path, { folder, stat }] of was) events.push({ path, folder, was: stat, now: undefined });
		for (const id of goneIds) {
			const folder = byId.get(id);
			if (!folder) continue;
			known.delete(folder.path);
			byId.delete(id);
			left.delete(folder.path);
			if (rules.drop(folder.path)) isStale = true;
			if (folder.repository?.top === folder.path) isStale = true;
		}
		return goneIds;
	};

	const takeDelta = (delta: FolderDelta, events: FileEvent[]): Place[] => {
		const folder = byId.get(delta.id);
		if (!folder) return [];
		for (const { name, was, now } of delta.changed) {
			events.push({ path: `${folder.path}/${name}`, folder, was, now });
			noteSpecial(folder, name);
		}
		for (const { name, was } of delta.gone) {
			events.push({ path: `${folder.path}/${name}`, folder, was, now: undefined });
			noteSpecial(folder, name);
		}
		if (delta.isUnreadable) leave(folder.path, '', 'it cannot be read');
		if (!delta.others) return [];
		left.delete(folder.path);
		for (const [name] of delta.others) noteSpecial(folder, name);
		const hasStore = delta.others.some(([name]) => name === '.git');
		if (hasStore !== (folder.repository?.top === folder.path)) isStale = true;
		const added: Pick<ShardFolder, 'names' | 'stats'> = { names: [], stats: [] };
		const places = takeEntries(folder, delta.others, added, Date.now(), (event) => events.push(event));
		if (added.names.length > 0) {
			shards[folder.shard]?.patch(folder.id, added.names, added.stats);
			weights[folder.shard] = (weights[folder.shard] ?? 0) + added.names.length;
		}
		return places;
	};

	return {
		roots: scanRoots,
		repositories,
		of: (path) => known.get(path.slice(0, path.lastIndexOf('/'))),
		rootOf: (path) =>
			scanRoots
				.filter(({ real }) => path.startsWith(`${real}/`))
				.reduce<ScanRoot | undefined>(
					(best, root) => (best && best.real.length > root.real.length ? best : root),
					undefined,
				),
		async restat() {
			// The first one blocks this thread, so the other one is set to work before it.
			const deltas = (await Promise.all(shards.toReversed().map((shard) => shard.restat()))).flat();
			const events: FileEvent[] = [];
			const goneIds = await takeGone(deltas, events);
			// Rules first, since they judge what is new.
			const places = deltas.filter(({ id }) => !goneIds.has(id)).flatMap((delta) => takeDelta(delta, events));
			const again = [...unreadable.values()].filter(({ path }) => canList(path));
			for (const { path } of again) {
				unreadable.delete(path);
				left.delete(path);
			}
			await walk([...places, ...again], (event) => events.push(event));
			return events;
		},
		get isStale() {
			return isStale;
		},
		takeAttributeChanges() {
			const taken = new Set(attributeChanges);
			attributeChanges.clear();
			return taken;
		},
		markStale() {
			isStale = true;
		},
		isWatched(path) {
			const folder = known.get(path.slice(0, path.lastIndexOf('/')));
			return folder !== undefined && fileReason(path, folder) === undefined;
		},
		*leftOut() {
			for (const [folder, names] of left) for (const [name, reason] of names) yield [`${folder}/${name}`, reason];
		},
	};
}
