/**
 * What a repository says of the files in it: which are tracked, and of which the object in it is, byte for byte, the file as it
 * is. It is asked again only when its index or its settings changed. Writes nothing.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { runGit } from './fileScanGit.ts';
import { type IgnoreRule, parseIgnoreRules } from './fileScanIgnore.ts';
import { type IndexEntries, parseIndex } from './fileScanIndex.ts';
import { type FileStat, isFresh, isLink, slashed } from './fileScanTypes.ts';

export type Repository = {
	/** Its work tree, links resolved. */
	readonly top: string;
	/** Rules for the whole work tree, the strongest first. */
	readonly rules: readonly (readonly IgnoreRule[])[];
	readonly isCaseIgnored: boolean;
	isTracked(way: string): boolean;
	/** A folder that holds tracked files, or is a repository that is tracked as a whole. */
	holdsTracked(way: string): boolean;
	/** The object of a path, whatever the file is like now. */
	oidOf(way: string): string | undefined;
	/** The object that has the bytes of a file with this stat; undefined when it must be read to know. */
	objectOf(way: string, stat: FileStat): string | undefined;
	/** Contents by object name; what is missing or damaged is left out. */
	readObjects(oids: readonly string[]): Promise<Map<string, Buffer>>;
	/** The name of the object with these bytes. */
	oidOfBytes(bytes: Uint8Array): string;
	/** Whether the path's object has this name and is here: then the bytes it was made from are safe in it, whatever git does to files on the way. */
	holds(way: string, oid: string): boolean;
	/**
	 * Reads the index again if it changed. The ways whose object or state in it is another one since; `all` when its settings changed,
	 * and everything must be judged anew.
	 */
	refresh(options?: { readonly haveAttributesChanged?: boolean }): Promise<readonly string[] | 'all'>;
};

type Facts = {
	readonly entries: IndexEntries;
	readonly folders: ReadonlySet<string>;
	/** Of each entry's object; NaN = it is not here, or that is not sure. */
	readonly objectSizes: Float64Array;
	/** 1 = nothing but the file's own stat can still speak against the object. */
	readonly usable: Uint8Array;
};
type Place = {
	readonly top: string;
	readonly gitFolder: string;
	readonly commonFolder: string;
	readonly indexPath: string;
	readonly hash: 'sha1' | 'sha256';
};

/** Attributes under which git changes bytes between file and object. */
const CHANGING_ATTRIBUTES: ReadonlySet<string> = new Set([
	'filter',
	'text',
	'eol',
	'ident',
	'working-tree-encoding',
	'crlf',
]);
const GITLINK = 0o160000;
const LINK = 0o120000;
const TYPE = 0o170000;

/** The repository whose work tree `folder` (links resolved) is in; undefined when git knows none, or none that it trusts. */
export async function openRepository(gitPath: string, folder: string): Promise<Repository | undefined> {
	const place = await findPlace(gitPath, folder);
	if (!place) return undefined;
	const { top, hash } = place;
	const git = (command: Parameters<typeof runGit>[2], args: readonly string[], input?: string) =>
		runGit(gitPath, top, command, args, input === undefined ? {} : { input });
	const settings = await readSettings(place, git);
	if (!settings) return undefined;
	let facts: Facts | undefined;
	let indexMark = '';
	const settingsMark = markOf(settings.sources);

	const number = (way: string) => facts?.entries.numbers.get(way);
	const load: Repository['refresh'] = async (options) => {
		if (markOf(settings.sources) !== settingsMark) return 'all';
		const mark = markOf([place.indexPath]);
		if (mark === indexMark && options?.haveAttributesChanged !== true) return [];
		const before = facts;
		facts = await readFacts(place, git, settings, before);
		indexMark = mark;
		return before || facts ? differences(before, facts) : [];
	};
	await load();
	return {
		top,
		rules: settings.rules,
		isCaseIgnored: settings.isCaseIgnored,
		isTracked: (way) => number(way) !== undefined,
		holdsTracked: (way) => facts !== undefined && (facts.folders.has(way) || facts.entries.numbers.has(way)),
		oidOf(way) {
			const index = number(way);
			return facts && index !== undefined ? oidAt(facts.entries, index) : undefined;
		},
		objectOf(way, stat) {
			const index = number(way);
			if (!facts || index === undefined || facts.usable[index] !== 1) return undefined;
			const { sizes, mtimesMs, ctimesMs, modes } = facts.entries;
			if (sizes[index] !== stat.size || mtimesMs[index] !== stat.mtimeMs) return undefined;
			// A time set back after a write still shows here.
			if (ctimesMs[index] !== stat.ctimeMs) return undefined;
			if ((((modes[index] ?? 0) & TYPE) === LINK) !== isLink(stat.mode)) return undefined;
			return oidAt(facts.entries, index);
		},
		readObjects: async (oids) => {
			const answer = await git('cat-file', ['--batch', '--buffer'], `${[...new Set(oids)].join('\n')}\n`);
			return answer ? parseObjects(answer, hash) : new Map<string, Buffer>();
		},
		oidOfBytes: (bytes) => objectName(bytes, hash),
		holds(way, oid) {
			const index = number(way);
			return (
				facts !== undefined &&
				index !== undefined &&
				(facts.objectSizes[index] ?? -1) >= 0 &&
				oidAt(facts.entries, index) === oid
			);
		},
		refresh: load,
	};
}

type Git = (
	command: Parameters<typeof runGit>[2],
	args: readonly string[],
	input?: string,
) => Promise<Buffer | undefined>;

async function findPlace(gitPath: string, folder: string): Promise<Place | undefined> {
	const args = [
		'--show-toplevel',
		'--absolute-git-dir',
		'--git-common-dir',
		'--git-path',
		'index',
		'--show-object-format',
	];
	const answer = await runGit(gitPath, folder, 'rev-parse', args);
	const lines = answer?.toString('utf8').split('\n') ?? [];
	const [top, gitFolder, common, index, hash] = lines;
	// A name with a newline in it would shift the lines.
	if (lines.length !== 6 || !top || !gitFolder || !common || !index || (hash !== 'sha1' && hash !== 'sha256'))
		return undefined;
	return {
		top: slashed(resolve(top)),
		gitFolder: resolve(folder, gitFolder),
		commonFolder: resolve(folder, common),
		indexPath: resolve(folder, index),
		hash,
	};
}

type Settings = {
	/** Files in which all of this is written: when one changes, everything is read anew. */
	readonly sources: readonly string[];
	readonly rules: readonly (readonly IgnoreRule[])[];
	readonly isCaseIgnored: boolean;
	/** `core.autocrlf` changes bytes of any text file: no object is taken for a file that was not read. */
	readonly convertsLines: boolean;
	/** Objects may be missing here: none is taken for a file. */
	readonly isPartial: boolean;
};

async function readSettings(place: Place, git: Git): Promise<Settings | undefined> {
	const answer = await git('config', ['--list', '-z']);
	const shown = await git('config', ['--list', '-z', '--name-only', '--show-origin']);
	if (!answer || !shown) return undefined;
	const values = new Map<string, string>();
	for (const line of answer.toString('utf8').split('\0')) {
		const cut = line.indexOf('\n');
		// A key without a value is true.
		values.set(cut < 0 ? line : line.slice(0, cut), cut < 0 ? 'true' : line.slice(cut + 1));
	}
	const isOn = (value: string | undefined) => value !== undefined && !/^(?:false|no|off|0|)$/i.test(value);
	const isPartial = [...values].some(
		([key, value]) => key === 'extensions.partialclone' || (/^remote\..*\.promisor$/.test(key) && isOn(value)),
	);
	const isCaseIgnored = isOn(values.get('core.ignorecase'));
	const home = homedir();
	const configHome = process.env.XDG_CONFIG_HOME || join(home, '.config');
	const excludes = values.get('core.excludesfile') ?? join(configHome, 'git', 'ignore');
	const excludesPath = resolve(place.top, excludes.replace(/^~(?=\/)/, home));
	const exclude = join(place.commonFolder, 'info', 'exclude');
	const origins = shown
		.toString('utf8')
		.split('\0')
		.filter((part) => part.startsWith('file:'))
		.map((part) => resolve(place.top, part.slice('file:'.length)));
	return {
		sources: [
			...new Set([
				...origins,
				exclude,
				excludesPath,
				join(place.commonFolder, 'info', 'attributes'),
				join(place.gitFolder, 'config'),
				join(place.gitFolder, 'config.worktree'),
				join(home, '.gitconfig'),
				join(configHome, 'git', 'config'),
				join(configHome, 'git', 'attributes'),
			]),
		],
		rules: [exclude, excludesPath].map((path) => parseIgnoreRules(textOf(path), isCaseIgnored)),
		isCaseIgnored,
		convertsLines: isOn(values.get('core.autocrlf')),
		isPartial,
	};
}

/** Undefined when the index cannot be read as one: then every file is copied. */
async function readFacts(
	place: Place,
	git: Git,
	{ convertsLines, isPartial }: Settings,
	before: Facts | undefined,
): Promise<Facts | undefined> {
	const indexMs = lstatSync(place.indexPath, { throwIfNoEntry: false })?.mtimeMs;
	if (indexMs === undefined) return undefined;
	const entries = parseIndex(readFileSync(place.indexPath), place.hash === 'sha1' ? 20 : 32);
	if (!entries) return undefined;
	const folders = new Set<string>();
	for (const path of entries.numbers.keys()) {
		for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
			const folder = path.slice(0, end);
			if (folders.has(folder)) break;
			folders.add(folder);
		}
	}
	const usable = new Uint8Array(entries.sizes.length);
	const objectSizes = isPartial
		? new Float64Array(entries.sizes.length).fill(Number.NaN)
		: await sizesOfObjects(git, entries, before);
	if (!isPartial && !convertsLines) {
		const changing = await changingPaths(git, entries);
		for (const [path, index] of entries.numbers) {
			const mode = entries.modes[index] ?? 0;
			const isSure = entries.unsure[index] === 0 && mode !== GITLINK && !changing.has(path);
			// Written in the same moment as the index, a file may have changed behind git's back.
			const isRacy = isFresh(entries.mtimesMs[index] ?? Number.NaN, indexMs);
			if (isSure && !isRacy && objectSizes[index] === entries.sizes[index]) usable[index] = 1;
		}
	}
	return { entries, folders, objectSizes, usable };
}

async function changingPaths(git: Git, entries: IndexEntries): Promise<ReadonlySet<string>> {
	const paths = [...entries.numbers.keys()];
	if (paths.length === 0) return new Set();
	const answer = await git('check-attr', ['-z', '-a', '--stdin'], `${paths.join('\0')}\0`);
	// No answer is no permission.
	if (!answer) return new Set(paths);
	const found = new Set<string>();
	const words = answer.toString('utf8').split('\0');
	for (let at = 0; at + 2 < words.length; at += 3)
		if (CHANGING_ATTRIBUTES.has(words[at + 1] ?? '') && words[at + 2] !== 'unset') found.add(words[at] ?? '');
	return found;
}

/** The size of each entry's object, by its number. What is known from before is not asked again. */
async function sizesOfObjects(git: Git, entries: IndexEntries, before: Facts | undefined): Promise<Float64Array> {
	const sizes = new Float64Array(entries.sizes.length).fill(Number.NaN);
	const asked: number[] = [];
	const names: string[] = [];
	for (const [path, index] of entries.numbers) {
		const old = before?.entries.numbers.get(path);
		const known = before && old !== undefined ? before.objectSizes[old] : undefined;
		if (
			before &&
			old !== undefined &&
			known !== undefined &&
			known >= 0 &&
			isSameOid(before.entries, old, entries, index)
		) {
			sizes[index] = known;
			continue;
		}
		asked.push(index);
		names.push(oidAt(entries, index));
	}
	if (asked.length === 0) return sizes;
	const answer = await git(
		'cat-file',
		['--batch-check=%(objecttype) %(objectsize)', '--buffer'],
		`${names.join('\n')}\n`,
	);
	const lines = answer?.toString('latin1').split('\n') ?? [];
	for (const [at, index] of asked.entries()) {
		const [type, size] = lines[at]?.split(' ') ?? [];
		if (type === 'blob') sizes[index] = Number(size);
	}
	return sizes;
}

/** In one go from the bytes of all: a view for each of many thousand would be as much again. */
const oidAt = ({ oids, oidLength }: IndexEntries, index: number): string =>
	oids.toString('hex', index * oidLength, (index + 1) * oidLength);

function isSameOid(a: IndexEntries, at: number, b: IndexEntries, bt: number): boolean {
	if (a.oidLength !== b.oidLength) return false;
	for (let byte = 0; byte < a.oidLength; byte++)
		if (a.oids[at * a.oidLength + byte] !== b.oids[bt * b.oidLength + byte]) return false;
	return true;
}

/** Ways for which the answer of `objectOf`, `isTracked` or `oidOf` may be another one. */
function differences(before: Facts | undefined, after: Facts | undefined): string[] {
	const ways: string[] = [];
	for (const [path, index] of after?.entries.numbers ?? []) {
		const old = before?.entries.numbers.get(path);
		if (
			!before ||
			!after ||
			old === undefined ||
			before.usable[old] !== after.usable[index] ||
			before.entries.sizes[old] !== after.entries.sizes[index] ||
			before.entries.mtimesMs[old] !== after.entries.mtimesMs[index] ||
			before.entries.ctimesMs[old] !== after.entries.ctimesMs[index] ||
			!isSameOid(before.entries, old, after.entries, index)
		)
			ways.push(path);
	}
	for (const path of before?.entries.numbers.keys() ?? []) if (!after?.entries.numbers.has(path)) ways.push(path);
	return ways;
}

function parseObjects(answer: Buffer, hash: Place['hash']): Map<string, Buffer> {
	const found = new Map<string, Buffer>();
	for (let at = 0; at < answer.length; ) {
		const newline = answer.indexOf(10, at);
		if (newline < 0) break;
		const [oid = '', type, size] = answer.toString('latin1', at, newline).split(' ');
		at = newline + 1;
		// `<name> missing` has no content.
		if (type === 'missing' || size === undefined) continue;
		const bytes = answer.subarray(at, at + Number(size));
		at += Number(size) + 1;
		if (type === 'blob' && objectName(bytes, hash) === oid) found.set(oid, bytes);
	}
	return found;
}

function objectName(bytes: Uint8Array, hash: Place['hash']): string {
	return createHash(hash).update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Another text whenever one of the files was written. */
function markOf(paths: readonly string[]): string {
	return paths
		.map((path) => {
			const stats = lstatSync(path, { throwIfNoEntry: false });
			return stats ? `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}` : '';
		})
		.join('\n');
}

function textOf(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error) return '';
		throw error;
	}
}
