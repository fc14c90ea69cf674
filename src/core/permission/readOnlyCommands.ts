/**
 * Commands that only look: allowed without a question as long as what they look at is inside the workspace and no secret. The options that make
 * them write or run something are left out, and so is every word that nobody knows before it runs. Pure.
 */
import {
	finding,
	LOOKS_AT_NOTHING,
	type Look,
	lookBy,
	refused,
	type Shape,
	type TableVerdict,
} from './commandLooks.ts';
import { readOnlyGit } from './readOnlyGit.ts';
import { shellBuiltins } from './shellBuiltins.ts';
import type { ShellCommand, ShellWord } from './shellParts.ts';
import { systemLooks } from './systemLooks.ts';
import { awk, sed } from './textPrograms.ts';

export function tableVerdict(command: ShellCommand): TableVerdict {
	const [first, ...args] = command.words;
	if (first === undefined) return { kind: 'looks', paths: [] };
	if (first.value === undefined || first.isPattern) return refused(`${first.source} is known only when it runs`);
	const verdict = (Object.hasOwn(TABLE, first.value) ? TABLE[first.value]?.(args, command) : undefined) ?? UNKNOWN;
	return verdict.kind === 'unknown' && isVersionQuery(first.value, args) ? LOOKS_AT_NOTHING : verdict;
}

const UNKNOWN: TableVerdict = { kind: 'unknown' };
const ANYTHING = lookBy({ shows: 'none', takesAnything: true });
const WORDS = lookBy({ shows: 'none' });
const CONTENT = lookBy({ shows: 'content' });
const NAMES = lookBy({ shows: 'names' });
const HIDDEN_TOO = 'It may read hidden files, which can hold secrets';
const GREP = lookBy({
	shows: 'content',
	hasPattern: true,
	why: `${HIDDEN_TOO}; Grep leaves them out`,
	no: 'rRfD',
	noLong: 'recursive dereference-recursive file exclude-from include-from directories devices',
});

/** A search of folders shows what it finds in hidden files too, unless it takes files of such a kind only: no secret has one of these names. */
const CODE_ONLY =
	/^--include=\*\.(?:[cm]?[jt]sx?|py|pyi|rb|go|rs|java|kt|kts|scala|swift|c|h|cc|cpp|cxx|hpp|hh|cs|fs|vb|php|pl|lua|sh|sql|html?|css|s[ac]ss|less|vue|svelte|astro|mdx?|rst|proto|graphql|exs?|erl|hs|mli?|clj|dart|gradle|cmake)$/;
const DEEP = /^-[nilcovwxHhsEFGPq]*r[nilcovwxHhsEFGPq]*$|^--recursive$/;

const grep: Look = (args, command) => {
	const joined = args.flatMap((word, at) => {
		if (args[at - 1]?.value === '--include') return [];
		const value = word.value === '--include' ? `--include=${args[at + 1]?.value ?? ''}` : word.value;
		return [{ ...word, value }];
	});
	const included = joined.filter(({ value = '' }) => value.startsWith('--include='));
	const rest = joined.filter(({ value = '' }) => !/^--(?:include|exclude|exclude-dir)=/.test(value));
	const isCodeOnly = included.length > 0 && included.every(({ value = '' }) => CODE_ONLY.test(value));
	if (!isCodeOnly || !rest.some(({ value = '' }) => DEEP.test(value))) return GREP(rest, command);
	return GREP_CODE(
		rest.filter(({ value = '' }) => !DEEP.test(value)),
		command,
	);
};
const GREP_CODE = finding(GREP);

const RG: Shape = {
	shows: 'content',
	no: 'u.zfL',
	why: 'It may read hidden and ignored files, which can hold secrets, or run a program',
	noLong:
		'pre pre-glob hostname-bin search-zip hidden unrestricted no-ignore no-ignore-vcs no-ignore-dot no-ignore-parent no-ignore-global no-ignore-exclude no-ignore-files file ignore-file follow',
};
const RG_NAMES = lookBy(RG);
const RG_LINES = finding(lookBy({ ...RG, hasPattern: true }), { skipsHidden: true });
const rg: Look = (args, command) =>
	(args.some(({ value }) => value === '--files') ? RG_NAMES : RG_LINES)(args, command);

/** Tests and actions of `find` that neither write nor run anything; what has a value is followed by it. */
const FIND_PLAIN =
	/^(?:-(?:a|and|o|or|not|depth|d|print|print0|prune|ls|mount|xdev|empty|true|false|executable|readable|writable|quit|noleaf|nouser|nogroup|daystart|warn|nowarn|H|P|E|X)|[()!,])$/;
const FIND_VALUES =
	/^-(?:name|iname|path|ipath|wholename|iwholename|regex|iregex|regextype|type|xtype|size|maxdepth|mindepth|mtime|mmin|atime|amin|ctime|cmin|perm|user|group|uid|gid|links|inum|printf|fstype|newer|anewer|cnewer|newermt)$/;
const FIND_RUNS = /^-(?:exec|execdir|ok|okdir)$/;

const find: Look = (args) => {
	const paths: ShellWord[] = [];
	let isBehindPaths = false;
	for (let at = 0; at < args.length; at++) {
		const word = args[at];
		if (word === undefined) break;
		const { value } = word;
		if (value === undefined && !word.source.startsWith('~'))
			return refused(`${word.source} is known only when it runs`);
		if (value !== undefined && FIND_RUNS.test(value)) {
			// What it runs is judged as a command of its own.
			while (at < args.length && args[at]?.value !== ';' && !(args[at]?.value === '+' && args[at - 1]?.source === '{}'))
				at++;
			isBehindPaths = true;
		} else if (value !== undefined && FIND_PLAIN.test(value)) isBehindPaths = isBehindPaths || !/^-[HPEX]$/.test(value);
		else if (value !== undefined && FIND_VALUES.test(value)) {
			isBehindPaths = true;
			at++;
		} else if (value?.startsWith('-') || isBehindPaths)
			return refused(`With ${word.source} it may write or run something`);
		else paths.push(word);
	}
	return { kind: 'looks', paths };
};

const DIFF = lookBy({ shows: 'content', no: 'Xl', noLong: 'exclude-from from-file to-file paginate' });
const diff: Look = (args, command) => {
	const isDeep = args.some(({ value = '' }) => /^-[a-zA-Z]*r|^--rec/.test(value));
	const isBrief = args.some(({ value = '' }) => /^-[a-zA-Z]*q|^--brief$/.test(value));
	return isDeep && !isBrief ? refused(HIDDEN_TOO) : DIFF(args, command);
};

const jq: Look = (args, command) => {
	const shape: Shape = {
		shows: 'content',
		hasPattern: true,
		no: 'fL',
		noLong: 'from-file library-path slurpfile rawfile args jsonargs',
	};
	const isPlain = !args.some(({ value = '' }) =>
		/\benv\b|\$ENV|\b(?:import|include|input_filename|debug|halt)\b/.test(value),
	);
	return isPlain ? lookBy(shape)(args, command) : refused('This form of jq reads more than its files');
};

const VERSIONED: ReadonlySet<string> = new Set(
	(
		'node npm pnpm yarn bun deno python python3 pip pip3 ruby gem perl php java javac kotlinc go rustc cargo rustup gcc g++ clang ' +
		'cc make cmake ninja docker podman kubectl helm terraform git tsc dotnet swift mvn gradle uv poetry rg jq bash'
	).split(' '),
);

function isVersionQuery(name: string, args: readonly ShellWord[]): boolean {
	if (!VERSIONED.has(name) || args.length !== 1) return false;
	const [only] = args;
	if (only?.value === '--version' || only?.value === '--help') return true;
	if (only?.value === 'version') return name === 'go';
	return (
		(only?.value === '-v' && /^(?:node|npm|pnpm|yarn)$/.test(name)) || (only?.value === '-V' && /^python/.test(name))
	);
}

const every = (names: string, look: Look): Record<string, Look> =>
	Object.fromEntries(names.split(' ').map((name) => [name, look]));

const TABLE: Readonly<Record<string, Look>> = {
	...shellBuiltins,
	...every('echo : true false basename dirname', ANYTHING),
	...every('pwd whoami id groups uname arch nproc uptime seq expr tr which type cal tty locale', WORDS),
	...every('cat head nl tac rev cut paste column fold fmt expand unexpand comm cmp join base64', CONTENT),
	...every('md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum od hexdump', CONTENT),
	...every('ls stat readlink realpath', NAMES),
	...every('grep egrep fgrep', grep),
	...every('awk gawk mawk nawk', awk),
	...systemLooks,
	hostname: (args) => (args.length === 0 ? LOOKS_AT_NOTHING : refused('With words behind it, hostname sets the name')),
	tail: lookBy({ shows: 'content', no: 'fF', noLong: 'follow retry', why: 'It never ends' }),
	wc: lookBy({ shows: 'names', noLong: 'files0-from' }),
	du: lookBy({ shows: 'names', no: 'X', noLong: 'files0-from exclude-from' }),
	df: NAMES,
	file: lookBy({ shows: 'names', no: 'Cfm', noLong: 'compile files-from magic-file' }),
	tree: lookBy({ shows: 'names', no: 'oRl', noLong: 'output fromfile fromtabfile infodir gitfile infofile' }),
	date: lookBy({ shows: 'none', no: 'sfr', noLong: 'set file reference' }),
	diff,
	sort: lookBy({
		shows: 'content',
		no: 'oST',
		noLong: 'output compress-program files0-from temporary-directory random-source',
	}),
	uniq: lookBy({ shows: 'content', mostPaths: 1 }),
	xxd: lookBy({ shows: 'content', no: 'r', noLong: 'revert', mostPaths: 1 }),
	printf: (args) =>
		args[0]?.value === undefined || args[0].value.startsWith('-')
			? refused('This form of printf may set a variable')
			: LOOKS_AT_NOTHING,
	sleep: (args) =>
		/^\d{0,3}(?:\.\d{1,3})?s?$/.test(args[0]?.value ?? '') && /^\.?\d/.test(args[0]?.value ?? '') && args.length === 1
			? LOOKS_AT_NOTHING
			: refused('It waits for an unknown time'),
	command: WORDS,
	rg,
	find,
	sed,
	jq,
	git: readOnlyGit,
};
