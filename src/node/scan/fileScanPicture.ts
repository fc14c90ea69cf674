/**
 * The picture of the workspace between and around commands: which content every file has, where its bytes are, and what each run
 * touched. One step at a time; the steps of runs that overlap take turns.
 */
import type { ScanLimits } from '../../core/checkpoint/fileScanner.ts';
import { largerThan, lookAt, type ReadFile, readWhole, store } from './fileScanCapture.ts';
import { changesOf, findMoves, type Moves, readObjectsOf } from './fileScanChanges.ts';
import { type FileEvent, type Folders, type ShardLink, walkFolders } from './fileScanFolders.ts';
import { limitsOf } from './fileScanLimits.ts';
import type { Repository } from './fileScanRepository.ts';
import { wayIn } from './fileScanRules.ts';
import {
	type CopyStore,
	type FileContent,
	type FileStat,
	type FileState,
	isFresh,
	isSameStat,
	type ScanCalls,
	type ScanWorld,
	type ThreadChange,
} from './fileScanTypes.ts';

/** Between its two pictures: what changes is this run's. */
type Run = {
	readonly session: string;
	/** What each touched path was when the run began; undefined = no file. */
	readonly touched: Map<string, FileState | undefined>;
	waiting: string[];
	moves: Moves | undefined;
};

/** A log line each, written in one piece by the receiver. */
const PART_FILES = 256;
const PART_BYTES = 64_000_000;
/**
 * Copies that wait for the disk at the same time: all are written, then all are flushed. A disk flushes many that wait together as one, and does
 * not hold up the next writes meanwhile.
 */
const COPIES_AT_ONCE = 64;
/** Of all that are in memory for it. */
const COPY_BYTES_AT_ONCE = 16_000_000;
/** A disk that takes nothing is not asked for every file. */
const MAX_FAILED_COPIES = 8;
/** Between these, a command that waits gets its turn. */
const BACKGROUND_FILES = 64;
/** A copy that nobody names may be swept after seven days; before that it is put once more. */
const COPY_AGE_MS = 3 * 24 * 3_600_000;
const PENDING: FileContent = { kind: 'pending' };

export function createPicture(input: {
	readonly blobs: CopyStore;
	readonly shard: ShardLink;
	readonly moreShards: () => ShardLink | undefined;
}): ScanCalls {
	const { blobs } = input;
	/** Every file but those that are, unchanged, an object of their repository. */
	const states = new Map<string, FileState>();
	const pending = new Set<string>();
	const uncovered = new Set<string>();
	const runs = new Map<number, Run>();
	let folders: Folders | undefined;
	let madeOf = '';
	let lastWorld: ScanWorld | undefined;
	/** Why the disk took no more copies. */
	let diskReason: string | undefined;
	let copiedBytes = 0;
	let copiedFiles = 0;
	/** Copies that are being written count as well. */
	const underWay = { bytes: 0, files: 0 };
	let copiedSinceMs = Date.now();
	/** What was not copied when the last command began; it goes on in the background. */
	const backlog = new Set<string>();
	let backlogWaitedMs = 0;
	let last: Promise<unknown> = Promise.resolve();
	let isPumping = false;

	const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
		const done = last.then(work, work);
		last = done.catch(() => undefined);
		return done;
	};

	const setState = (path: string, state: FileState | undefined) => {
		const old = states.get(path)?.content;
		if (old?.kind === 'blob') {
			copiedBytes -= old.sizeBytes;
			copiedFiles--;
		}
		if (state?.content.kind === 'blob') {
			copiedBytes += state.content.sizeBytes;
			copiedFiles++;
		}
		if (state) states.set(path, state);
		else states.delete(path);
		if (state?.content.kind === 'pending') pending.add(path);
		else pending.delete(path);
		if (state?.content.kind === 'none') uncovered.add(path);
		else uncovered.delete(path);
	};

	const objectOf = (path: string, repository: Repository | undefined, stat: FileStat): FileContent | undefined => {
		const oid = repository?.objectOf(wayIn(repository, path), stat);
		return repository && oid !== undefined ? { kind: 'git', top: repository.top, oid } : undefined;
	};
	const touch = (path: string, was: FileState | undefined) => {
		for (const run of runs.values()) if (!run.touched.has(path)) run.touched.set(path, was);
	};
	/** Its bytes are where they can be had, now as before. */
	const isSafe = (path: string, content: FileContent, repository: Repository | undefined) =>
		content.kind === 'blob' ||
		(content.kind === 'git' &&
			repository?.top === content.top &&
			repository.holds(wayIn(repository, path), content.oid));
	/** Decides where the bytes of a file as it is now are, or are to be. */
	const judge = (path: string, repository: Repository | undefined, stat: FileStat, lookedAtMs: number) => {
		const isSure = !isFresh(stat.ctimeMs, lookedAtMs);
		const content = isSure ? objectOf(path, repository, stat) : undefined;
		// Who is watched needs its state by name; all others are known by the repository.
		if (content && runs.size === 0) setState(path, undefined);
		else setState(path, { stat, content: content ?? PENDING });
	};

	const build = async (world: ScanWorld): Promise<Folders> => {
		// Nothing can be gone from the first picture, and of many files the names alone are a lot.
		const seen = states.size === 0 ? undefined : new Set<string>();
		const startedMs = Date.now();
		const made = await walkFolders(world.roots, world.gitPath, input.shard, input.moreShards, (event) => {
			seen?.add(event.path);
			const state = states.get(event.path);
			const isKnown = state && event.now && isSameStat(state.stat, event.now) && !isFresh(event.now.ctimeMs, startedMs);
			if (event.now && !(isKnown && isSafe(event.path, state.content, event.folder.repository)))
				judge(event.path, event.folder.repository, event.now, startedMs);
		});
		if (seen) for (const path of [...states.keys()]) if (!seen.has(path)) setState(path, undefined);
		return made;
	};

	const lookAgain = async (known: Folders): Promise<void> => {
		const startedMs = Date.now();
		const events = await known.restat();
		// What was, first: with what the repository said then.
		for (const { path, folder, was } of events) {
			const content = was && objectOf(path, folder.repository, was);
			touch(path, states.get(path) ?? (was && { stat: was, content: content ?? notCopied }));
		}
		const differing = await refresh(known);
		for (const { path, folder, now } of events) {
			if (now) judge(path, folder.repository, now, startedMs);
			else setState(path, undefined);
		}
		judgeAgain(differing, events, known, startedMs);
	};

	const refresh = async (known: Folders): Promise<string[]> => {
		const attributes = known.takeAttributeChanges();
		const paths: string[] = [];
		for (const repository of known.repositories.values()) {
			const ways = await repository.refresh({ haveAttributesChanged: attributes.has(repository) });
			if (ways === 'all') known.markStale();
			else for (const way of ways) paths.push(`${repository.top}/${way}`);
		}
		return paths;
	};

	/** Files of which the repository says something else now, though they are the same. */
	const judgeAgain = (paths: readonly string[], events: readonly FileEvent[], known: Folders, startedMs: number) => {
		if (paths.length === 0) return;
		const done = new Set(events.map(({ path }) => path));
		for (const path of paths) {
			if (done.has(path)) continue;
			const folder = known.of(path);
			if (!folder || !known.isWatched(path)) {
				// Tracked now in a folder that is left out, or not tracked any more in an ignored one.
				if (known.rootOf(path)) known.markStale();
				continue;
			}
			if (states.get(path)?.content.kind === 'blob') continue;
			const stat = lookAt(path);
			if (stat) judge(path, folder.repository, stat, startedMs);
		}
	};

	const upToDate = async (world: ScanWorld, isLookedAt = false): Promise<Folders> => {
		const wanted = JSON.stringify([world.roots, world.gitPath]);
		lastWorld = world;
		if (folders && !isLookedAt) await lookAgain(folders);
		if (!folders || ((madeOf !== wanted || folders.isStale) && runs.size === 0)) {
			folders = await build(world);
			madeOf = wanted;
		}
		return folders;
	};

	const copy = async (path: string, known: Folders, { budget }: ScanWorld): Promise<void> => {
		const state = states.get(path);
		const folder = known.of(path);
		if (state?.content.kind !== 'pending') return;
		const { repository } = folder ?? {};
		const maxBytes = repository ? budget.repositoryFileBytes : budget.plainFileBytes;
		const isTooMuch =
			copiedBytes + underWay.bytes + state.stat.size > budget.totalBytes ||
			copiedFiles + underWay.files >= budget.totalFiles;
		const found: ReadFile =
			isTooMuch && state.stat.size <= maxBytes
				? { kind: 'refused', reason: beyond(budget.totalBytes), stat: undefined }
				: state.stat.size > maxBytes
					? { kind: 'refused', reason: largerThan(maxBytes), stat: undefined }
					: readWhole(path, maxBytes);
		const stat = found.kind === 'gone' ? undefined : found.stat;
		// Another one than was seen: what it was is lost to the runs that go on.
		if (stat && !isSameStat(stat, state.stat)) touch(path, { stat: state.stat, content: changedBefore });
		if (found.kind === 'gone') setState(path, { stat: state.stat, content: changedBefore });
		if (found.kind === 'refused')
			setState(path, { stat: stat ?? state.stat, content: { kind: 'none', reason: found.reason } });
		if (found.kind !== 'read') return;
		const way = repository && wayIn(repository, path);
		const oidOfFile =
			repository && way !== undefined && repository.isTracked(way) ? repository.oidOfBytes(found.bytes) : undefined;
		// Read and found to be the object itself, which no attribute or setting of git can make untrue.
		if (repository && way !== undefined && oidOfFile !== undefined && repository.holds(way, oidOfFile)) {
			setState(path, { stat: found.stat, content: { kind: 'git', top: repository.top, oid: oidOfFile } });
			return;
		}
		underWay.bytes += found.bytes.length;
		underWay.files++;
		const content = await store(blobs, found.bytes);
		underWay.bytes -= found.bytes.length;
		underWay.files--;
		const oid = oidOfFile !== undefined && content.kind === 'blob' ? { oid: oidOfFile } : {};
		const isForNow = content.kind === 'none' ? { isForNow: true as const } : {};
		setState(path, { stat: found.stat, content: { ...content, ...oid, ...isForNow } });
	};

	const copyAll = async (
		paths: Iterable<string>,
		known: Folders,
		world: ScanWorld,
		untilMs = Number.POSITIVE_INFINITY,
	) => {
		const queue = [...paths];
		let failures = 0;
		diskReason = undefined;
		for (let start = 0; start < queue.length; ) {
			if (Date.now() >= untilMs || failures >= MAX_FAILED_COPIES) return;
			let end = start;
			for (let bytes = 0; end < queue.length && end < start + COPIES_AT_ONCE && bytes < COPY_BYTES_AT_ONCE; end++)
				bytes += states.get(queue[end] ?? '')?.stat.size ?? 0;
			const batch = queue.slice(start, end);
			start = end;
			await Promise.all(batch.map((path) => copy(path, known, world)));
			for (const path of batch) {
				const content = states.get(path)?.content;
				if (content?.kind !== 'none' || !content.isForNow) continue;
				failures++;
				diskReason = content.reason;
			}
		}
	};

	/** What changed is waited for each time, what was there from the start only once. */
	const copyForCommand = async (known: Folders, world: ScanWorld): Promise<void> => {
		const { copyWaitMs } = world.budget;
		const isFirst = backlogWaitedMs === 0 && backlog.size === 0;
		const changed = isFirst ? [] : [...pending].filter((path) => !backlog.has(path));
		await copyAll(changed, known, world, Date.now() + copyWaitMs);
		const startedMs = Date.now();
		await copyAll(pending, known, world, startedMs + Math.max(0, copyWaitMs - backlogWaitedMs));
		backlogWaitedMs += Date.now() - startedMs;
		backlog.clear();
		for (const path of pending) backlog.add(path);
		if (pending.size === 0) backlogWaitedMs = 0;
	};

	/** Copies on while nobody waits. */
	const pump = async (world: ScanWorld): Promise<void> => {
		if (isPumping) return;
		isPumping = true;
		try {
			for (let left = pending.size; left > 0; ) {
				await inTurn(async () => {
					if (folders) await copyAll([...pending].slice(0, BACKGROUND_FILES), folders, world);
				});
				if (pending.size >= left) return;
				left = pending.size;
			}
		} finally {
			isPumping = false;
		}
	};

	const renew = () => {
		for (const path of [...uncovered]) {
			const state = states.get(path);
			if (state?.content.kind === 'none' && state.content.isForNow) setState(path, { ...state, content: PENDING });
		}
		if (Date.now() - copiedSinceMs < COPY_AGE_MS || runs.size > 0) return;
		copiedSinceMs = Date.now();
		for (const [path, state] of [...states])
			if (state.content.kind === 'blob') setState(path, { stat: state.stat, content: PENDING });
	};

	return {
		async prepare(world) {
			await inTurn(async () => {
				if (!folders) await upToDate(world);
			});
			await pump(world);
		},
		begin: async (id, session, world, goesOn) => {
			const limits = await inTurn(async (): Promise<ScanLimits> => {
				const known = await upToDate(world, goesOn);
				renew();
				await copyForCommand(known, world);
				runs.set(id, { session, touched: new Map(), waiting: [], moves: undefined });
				const uncopied = [...uncovered, ...pending];
				return limitsOf(
					known,
					uncopied.map((path) => [path, reasonOf(states.get(path))]),
				);
			});
			void pump(world).catch(failed);
			return limits;
		},
		finish: (id) =>
			inTurn(async () => {
				const run = runs.get(id);
				if (!folders || !run) return 0;
				await lookAgain(folders);
				run.waiting = [...run.touched.keys()].sort();
				run.moves = findMoves(goneIn(run));
				return run.waiting.length;
			}),
		next: (id) =>
			inTurn(async (): Promise<readonly ThreadChange[] | undefined> => {
				const run = runs.get(id);
				const paths = run ? takePart(run) : [];
				if (!folders || !lastWorld || !run?.moves || paths.length === 0) {
					end(id);
					return undefined;
				}
				// Git gets going while the files are copied.
				const befores = paths.map((path) => run.touched.get(path));
				// What fails here fails again, and is told, when it is needed.
				const objects = readObjectsOf(befores, folders).catch(() => new Map<string, Buffer>());
				await copyAll(paths, folders, lastWorld);
				const touched = paths.map((path) => ({ path, before: run.touched.get(path), after: states.get(path) }));
				// Told once per session: another run of it goes on from here.
				for (const other of runs.values())
					if (other !== run && other.session === run.session)
						for (const { path, after } of touched) if (other.touched.has(path)) other.touched.set(path, after);
				return await changesOf(touched, run.moves, folders, { blobs, objects });
			}),
		cancel: (id) =>
			inTurn(async () => {
				end(id);
			}),
	};

	function end(id: number) {
		const world = lastWorld;
		runs.delete(id);
		// Made anew now, so that the next command does not wait for it.
		if (runs.size === 0 && folders?.isStale && world)
			void inTurn(() => upToDate(world)).then(() => pump(world), failed);
	}
	function failed() {
		// What failed here fails again, and is told, when the next command begins.
		folders = undefined;
	}
	function reasonOf(state: FileState | undefined): string {
		return state?.content.kind === 'none' ? state.content.reason : (diskReason ?? notCopied.reason);
	}

	function* goneIn(run: Run): Iterable<readonly [string, FileState]> {
		for (const [path, before] of run.touched) if (before && !states.has(path)) yield [path, before];
	}
	function takePart(run: Run): string[] {
		let files = 0;
		for (let bytes = 0; files < run.waiting.length && files < PART_FILES && bytes < PART_BYTES; files++)
			bytes += states.get(run.waiting[files] ?? '')?.stat.size ?? 0;
		return run.waiting.splice(0, files);
	}
}

const notCopied = { kind: 'none', reason: 'it was not copied in time' } as const;
const changedBefore: FileContent = { kind: 'none', reason: 'it changed before it could be copied' };
const beyond = (bytes: number) => `beyond the ${Math.round(bytes / 1_000_000)} MB that are copied`;
