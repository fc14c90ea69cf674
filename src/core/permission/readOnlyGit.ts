/** The forms of git that only look at the repository: no other configuration, no program of the user's choice, no network. Pure. */
import { finding, type Look, lookBy, refused } from './commandLooks.ts';
import type { ShellWord } from './shellParts.ts';

/** Options of git itself that change nothing about what it runs. */
const PLAIN_GLOBAL: ReadonlySet<string> = new Set([
	'--no-pager',
	'-P',
	'--no-optional-locks',
	'--literal-pathspecs',
	'--version',
]);

const DIFF = lookBy({
	shows: 'names',
	no: 'O',
	noLong: 'output ext-diff textconv no-index open-files-in-pager orderfile',
});
const SEARCH = finding(
	lookBy({
		shows: 'names',
		hasPattern: true,
		no: 'Of',
		noLong: 'open-files-in-pager no-index untracked no-exclude-standard file ext-diff textconv',
	}),
	// Its words can be commits.
	{ where: 'anywhere' },
);
const LIST = lookBy({
	shows: 'names',
	no: 'cXf',
	noLong: 'exclude-from exclude-per-directory stdin contents file output',
});

/** Only to list: a name behind it would make or change something, unless one of `choosing` makes it say which are listed. */
function listing(options: RegExp, choosing = /^--list$/): Look {
	return (args, command) => {
		const isChoosing = args.some(({ value = '' }) => choosing.test(value));
		const isPlain = ({ value = '' }: ShellWord) =>
			options.test(value) || choosing.test(value) || (isChoosing && /^[^-]/.test(value));
		const other = args.find((word) => !isPlain(word));
		return other === undefined ? LIST(args, command) : refused(`With ${other.source} it does more than list`);
	};
}

/** Behind these stand patterns and commits. */
const CHOOSING = /^--(?:list|merged|no-merged|contains|no-contains|points-at)$/;

const BRANCH = listing(
	/^(?:-[arvq]+|--(?:all|remotes|list|show-current|verbose|no-color|color|column|no-column|merged|no-merged|ignore-case)|--(?:sort|format|contains|no-contains|points-at|merged|no-merged)=[^/]*)$/,
	CHOOSING,
);
const TAG = listing(
	/^(?:-[ln]+\d*|--(?:list|column|no-column)|--(?:sort|format|contains|merged|points-at)=[^/]*)$/,
	new RegExp(`^-l$|${CHOOSING.source}`),
);
const NOTHING_BEHIND = listing(/^(?:-v|--verbose)$/);

/** The first word has to be one of these. */
function only(words: RegExp, look: Look): Look {
	return (args, command) => {
		const [first, ...rest] = args;
		return words.test(first?.value ?? '') ? look(rest, command) : refused('This form of it does more than look');
	};
}

const SUBCOMMANDS: Readonly<Record<string, Look>> = {
	status: LIST,
	log: DIFF,
	diff: DIFF,
	show: DIFF,
	whatchanged: DIFF,
	shortlog: DIFF,
	blame: LIST,
	annotate: LIST,
	grep: SEARCH,
	'diff-tree': DIFF,
	'diff-index': DIFF,
	'diff-files': DIFF,
	'ls-files': LIST,
	'ls-tree': LIST,
	'cat-file': lookBy({ shows: 'names', noLong: 'textconv filters batch batch-check batch-command' }),
	'rev-parse': LIST,
	'rev-list': LIST,
	'merge-base': LIST,
	'name-rev': LIST,
	'for-each-ref': LIST,
	'show-ref': LIST,
	describe: LIST,
	'check-ignore': LIST,
	cherry: LIST,
	'count-objects': LIST,
	branch: BRANCH,
	tag: TAG,
	remote: (args, command) =>
		args[0]?.value === 'get-url' ? LIST(args.slice(1), command) : NOTHING_BEHIND(args, command),
	stash: only(/^(?:list|show)$/, DIFF),
	worktree: only(/^list$/, LIST),
	reflog: (args, command) =>
		args.length === 0 ? DIFF(args, command) : only(/^(?:show|-\w+|--\w.*)$/, DIFF)(args, command),
	config: (args, command) =>
		/^--get$|^get$/.test(args[0]?.value ?? '') &&
		args.length === 2 &&
		/^(?:(?:user|core|branch|init)\.[\w.-]+|remote\.[\w-]+\.url)$/.test(args[1]?.value ?? '')
			? LIST([], command)
			: refused('It may show or change the configuration of git'),
};

export const readOnlyGit: Look = (args, command) => {
	if (args.length === 1 && args[0]?.value === '--help') return { kind: 'looks', paths: [] };
	let at = 0;
	const folders: ShellWord[] = [];
	for (; at < args.length; at++) {
		const word = args[at];
		if (word?.value === '-C' && args[at + 1] !== undefined) {
			folders.push(args[at + 1] as ShellWord);
			at++;
		} else if (!PLAIN_GLOBAL.has(word?.value ?? '')) break;
	}
	const name = args[at]?.value;
	if (name === undefined && at === args.length && folders.length === 0) return { kind: 'looks', paths: [] };
	if (name === undefined || name.startsWith('-'))
		return refused(
			name === undefined ? 'What git does is known only when it runs' : `git ${name} can change what git runs`,
		);
	const look = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
	if (look === undefined) return { kind: 'unknown' };
	const verdict = look(args.slice(at + 1), command);
	return verdict.kind === 'looks' ? { ...verdict, paths: [...folders, ...verdict.paths] } : verdict;
};
