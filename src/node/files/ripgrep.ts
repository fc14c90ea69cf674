/**
 * The port Search over ripgrep, the one that VS Code brings along. Finds files and lines; ignored and binary files are
 * left out. Does not shorten results for the model.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync, statSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { CancelledError, messageOf, UserError } from '../../base/errors.ts';
import { cutText } from '../../base/text.ts';
import type { GrepMatch, GrepRequest, Search, SearchOutcome } from '../../core/fileSearchPort.ts';
import { childEnvironment } from '../process/childEnvironment.ts';
import { matcherOf } from './globPattern.ts';

const BINARY = process.platform === 'win32' ? 'rg.exe' : 'rg';
/** Longer lines are generated ones; what matters of them is where they are. */
const MAX_LINE_CHARS = 2_000;
/** In bytes. So much of a long line that the note which ripgrep puts behind it is always cut away. */
const MAX_COLUMNS = 4 * MAX_LINE_CHARS;
/** Enough for every message; a broken run may write one line per file. */
const MAX_ERROR_CHARS = 10_000;
/** No configuration of the user's, hidden files too, `.gitignore` also where there is no repository. */
/**
 * `path NUL number:line`. Not as JSON: that names each place within a line, a hundred times the text for a pattern that fits each letter of
 * a generated file. Files that cannot be read are passed over.
 */
const MATCH_ARGS = [
	...['--with-filename', '--null', '--no-heading', '--line-number', '--no-messages'],
	...[`--max-columns=${MAX_COLUMNS}`, '--max-columns-preview'],
];
/** Behind the name of a file. */
const IS_BINARY =
	/: (?:WARNING: stopped searching binary file after match|binary file matches) \(found .{1,20} byte around offset \d+\)$/;
const COMMON_ARGS = ['--no-config', '--hidden', '--no-require-git', '--color=never', '--glob=!.git'];

/**
 * Path of the ripgrep in `appRoot` (VS Code's own folder), else of one on the PATH; undefined when there is none.
 * One inside `workspaceFolders` is never taken: a project does not bring the programs that we run.
 */
export function findRipgrep(appRoot: string, workspaceFolders: readonly string[] = []): string | undefined {
	for (const modules of ['node_modules', 'node_modules.asar.unpacked']) {
		const vendor = join(appRoot, modules, '@vscode');
		const platform = `${process.platform}-${process.arch}`;
		const likely = [
			join(vendor, 'ripgrep', 'bin', BINARY),
			join(vendor, 'ripgrep-universal', 'bin', platform, BINARY),
			join(vendor, `ripgrep-${platform}`, 'bin', BINARY),
		];
		const found = likely.find(isExecutable) ?? findBelow(join(vendor, 'ripgrep-universal'), platform);
		if (found) return found;
	}
	for (const folder of (process.env.PATH ?? '').split(delimiter)) {
		if (!isAbsolute(folder)) continue;
		const candidate = join(folder, BINARY);
		if (isExecutable(candidate) && !isBelowAny(candidate, workspaceFolders)) return candidate;
	}
	return undefined;
}

/** `ripgrepPath` undefined = there is none: every search is then UserError `no-ripgrep`. */
export function createSearch(ripgrepPath: string | undefined): Search {
	return {
		async grep(request, signal) {
			const { target, cwd } = await targetOf(request.directory);
			return withFilter(request.glob, async (filterArgs, isWanted) => {
				const found = createMatchReader(request.maxMatches, cwd, isWanted);
				const args = [...MATCH_ARGS, ...COMMON_ARGS, ...filterArgs, ...patternArgs(request), '--', target];
				await runRipgrep(ripgrepPath, args, cwd, '\n', (line) => found.read(line), signal);
				return found.outcome();
			});
		},
		async glob(pattern, directory, maxFiles, signal) {
			const { target, cwd } = await targetOf(directory);
			return withFilter(pattern, async (filterArgs, isWanted) => {
				const items: string[] = [];
				let isComplete = true;
				const read = (path: string) => {
					if (!isWanted(path)) return true;
					if (items.length < maxFiles) items.push(resolve(cwd, path));
					else isComplete = false;
					return isComplete;
				};
				const args = ['--files', '--null', '--sortr=modified', ...COMMON_ARGS, ...filterArgs, '--', target];
				await runRipgrep(ripgrepPath, args, cwd, '\0', read, signal);
				return { items, isComplete };
			});
		},
	};
}

function patternArgs(request: GrepRequest): readonly string[] {
	return [
		...(request.isCaseInsensitive ? ['--ignore-case'] : []),
		...(request.isLiteral ? ['--fixed-strings'] : []),
		`--regexp=${request.pattern}`,
	];
}

/** What to search from where. A folder is named by a dot, since without a path ripgrep may read its input instead. */
async function targetOf(path: string): Promise<{ readonly target: string; readonly cwd: string }> {
	const stats = await stat(path).catch((error: unknown) => {
		throw new UserError('no-such-folder', `${path} cannot be searched: ${messageOf(error)}`, { cause: error });
	});
	return stats.isDirectory() ? { target: '.', cwd: path } : { target: `./${basename(path)}`, cwd: dirname(path) };
}

type Wanted = (path: string) => boolean;

/**
 * Restricts a search to files that match `glob`. A positive `--glob` would also bring back ignored files and folders, so
 * the restriction is an ignore file of the lowest precedence: everything but folders and matches. What a project's own
 * ignore file brings back (`!name`) passes it, so each path is tested once more.
 */
async function withFilter<T>(
	glob: string | undefined,
	run: (args: readonly string[], isWanted: Wanted) => Promise<T>,
): Promise<T> {
	if (glob === undefined || glob === '') return run([], () => true);
	const isNegated = glob.startsWith('!');
	const pattern = glob
		.slice(isNegated ? 1 : 0)
		.replace(/^\.\//, '')
		.replaceAll(/[\r\n]/g, '?');
	const matches = matcherOf(pattern);
	const isWanted = (path: string) => {
		const plain = (sep === '/' ? path : path.replaceAll(sep, '/')).replace(/^\.\//, '');
		return matches(plain) !== isNegated;
	};
	const folder = await mkdtemp(join(tmpdir(), 'retrace-search-'));
	try {
		const file = join(folder, 'filter');
		await writeFile(file, isNegated ? `${pattern}\n` : `*\n!*/\n!${pattern}\n`);
		return await run([`--ignore-file=${file}`], isWanted);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/**
 * Runs ripgrep and hands over each piece of its output until `read` says false. Resolves when it is done; rejects with
 * CancelledError, or with UserError `bad-pattern`, `search-failed` or `no-ripgrep`.
 */
async function runRipgrep(
	ripgrepPath: string | undefined,
	args: readonly string[],
	cwd: string,
	separator: string,
	read: (piece: string) => boolean,
	signal: AbortSignal,
): Promise<void> {
	if (ripgrepPath === undefined)
		throw new UserError(
			'no-ripgrep',
			'ripgrep was not found in this VS Code or on the PATH, so files cannot be searched.',
		);
	if (signal.aborted) throw new CancelledError();
	const child = spawn(ripgrepPath, args, {
		cwd,
		env: childEnvironment(process.env, []),
		stdio: ['ignore', 'pipe', 'pipe'],
		windowsHide: true,
	});
	const kill = () => child.kill('SIGKILL');
	signal.addEventListener('abort', kill, { once: true });
	let said = '';
	let hasOutput = false;
	let isEnough = false;
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		said = cutText(said + text, MAX_ERROR_CHARS);
	});
	eachPiece(child.stdout, separator, (piece) => {
		hasOutput = true;
		if (isEnough || read(piece)) return;
		isEnough = true;
		kill();
	});
	try {
		const code = await closed(child);
		if (signal.aborted) throw new CancelledError();
		const isPatternBad = /error parsing glob/.test(said);
		// 2 without a word: some files could not be read.
		const isDone = isEnough || code === 0 || code === 1 || hasOutput || (code === 2 && said.trim() === '');
		if (!isPatternBad && isDone) return;
		if (isPatternBad || /regex|literal .* is not allowed|PCRE2/i.test(said)) throw badPattern(said);
		throw new UserError('search-failed', `The search failed: ${sentenceOf(said) || `ripgrep ended with ${code}`}`);
	} finally {
		signal.removeEventListener('abort', kill);
	}
}

function closed(child: ChildProcessByStdio<null, Readable, Readable>): Promise<number | null> {
	return new Promise((resolveCode, reject) => {
		child.once('close', resolveCode);
		child.once('error', (error) =>
			reject(new UserError('no-ripgrep', `ripgrep could not be started: ${messageOf(error)}`, { cause: error })),
		);
	});
}

function badPattern(said: string): UserError {
	const [reason = ''] = sentenceOf(said).split(/\n\s*\n/);
	return new UserError('bad-pattern', `The pattern is not valid: ${reason}\n${nextStep(said)}`);
}

/** Its own advice is about options that nobody can give here. */
function nextStep(said: string): string {
	if (/look-around|backreferences/.test(said))
		return 'Look-around and back references are not known: use a plainer pattern, or rg -P with Bash.';
	if (/literal .* is not allowed/.test(said))
		return 'One line is looked at at a time: search for one of the lines, or use rg -U with Bash.';
	return /glob/.test(said) ? 'Give a plainer glob.' : 'To search for it as plain text, set literal.';
}

/** ripgrep's own words, without its name and the path of our filter file. */
function sentenceOf(said: string): string {
	return said
		.trim()
		.replace(/^rg: /, '')
		.replace(/^\S*retrace-search-\S*: (line \d+: )?/, '')
		.replace("parsing glob '!", "parsing glob '");
}

function eachPiece(stream: Readable, separator: string, onPiece: (piece: string) => void): void {
	let rest = '';
	stream.setEncoding('utf8').on('data', (text: string) => {
		const pieces = (rest + text).split(separator);
		rest = pieces.pop() ?? '';
		for (const piece of pieces) onPiece(piece);
	});
}

type MatchReader = { read(piece: string): boolean; outcome(): SearchOutcome<GrepMatch> };

/** Reads the lines of matches. Those of a file that turns out to be binary are taken back. */
function createMatchReader(maxMatches: number, cwd: string, isWanted: Wanted): MatchReader {
	let matches: GrepMatch[] = [];
	let isComplete = true;
	/** The start of a name that has line ends in it. */
	let nameStart = '';
	return {
		read(piece) {
			const end = piece.indexOf('\0');
			if (end < 0 && IS_BINARY.test(piece)) {
				const path = resolve(cwd, nameStart + piece.replace(IS_BINARY, ''));
				matches = matches.filter((match) => match.path !== path);
				nameStart = '';
				return true;
			}
			if (end < 0) {
				nameStart += `${piece}\n`;
				return true;
			}
			const given = nameStart + piece.slice(0, end);
			nameStart = '';
			if (!isWanted(given)) return true;
			if (matches.length >= maxMatches) {
				isComplete = false;
				return false;
			}
			const colon = piece.indexOf(':', end);
			const text = cutText(piece.slice(colon + 1).replace(/\r$/, ''), MAX_LINE_CHARS);
			matches.push({ path: resolve(cwd, given), lineNumber: Number(piece.slice(end + 1, colon)), text });
			return true;
		},
		outcome() {
			const order = (a: GrepMatch, b: GrepMatch) =>
				a.path < b.path ? -1 : a.path > b.path ? 1 : a.lineNumber - b.lineNumber;
			return { items: matches.toSorted(order), isComplete };
		},
	};
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return statSync(path).isFile();
	} catch {
		// Not there, or not for us: the next place is tried.
		return false;
	}
}

/** The universal package names its folders differently from version to version. */
function findBelow(folder: string, platform: string): string | undefined {
	try {
		const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
		const candidates = files.filter((file) => basename(file) === BINARY).map((file) => join(folder, file));
		const own = candidates.filter((file) => file.includes(platform));
		return [...own, ...candidates.filter(() => own.length === 0 && candidates.length === 1)].find(isExecutable);
	} catch {
		// This version of VS Code has no such folder.
		return undefined;
	}
}

function isBelowAny(file: string, folders: readonly string[]): boolean {
	const real = realpathSync(file);
	return folders.some((folder) =>
		[real, file].some((path) => {
			const way = relative(realOf(folder), path);
			return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
		}),
	);
}

function realOf(folder: string): string {
	try {
		return realpathSync(folder);
	} catch {
		// A folder that is gone holds nothing.
		return folder;
	}
}
