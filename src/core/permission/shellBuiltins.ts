/** What the shell itself does without a program: moving about, variables, conditions. Harmless forms only. Pure. */
import { LOOKS_AT_NOTHING, type Look, refused } from './commandLooks.ts';
import type { ShellAssignment, ShellWord } from './shellParts.ts';

/** Why setting this variable is asked about; undefined when it only holds a value. */
export function assignmentCause({ name, value }: ShellAssignment): string | undefined {
	if (CHANGES_PROGRAMS.test(name) && name !== 'NODE_ENV') return `It sets ${name}, which can change what programs do`;
	if (holdsCommand(value)) return `The value of ${name} holds a command`;
	return undefined;
}

/** Parts of names that the shell, the linker, git, pagers and interpreters obey. */
const CHANGES_PROGRAMS =
	/PATH|^LD|^DYLD|GIT|PAGER|LESS|EDITOR|VISUAL|SHELL|^HOME|XDG|^IFS$|^ENV$|BASH|^PS\d|PROMPT|OPT|PRELOAD|CONFIG|GREP|PYTHON|PERL|RUBY|NODE_|JAVA|NPM|SSH|PROXY|^LOC|CONV|TUNABLES|MALLOC|TMP|TEMP|COMMAND|BROWSER|^CC$|^CXX$|MAKE|CARGO|RUSTC|^GO[A-Z]*FLAGS|ANTHROPIC|^(?:UID|EUID|PPID|FUNCNAME|ASKPASS|SUDO.*|TERMINFO|TERMCAP|HISTFILE|MAIL.*|FIGNORE|GLOBIGNORE|INPUTRC|HOSTFILE|POSIXLY_CORRECT|NULLCMD|READNULLCMD|ZDOTDIR|FPATH|CDPATH)$/i;

/** Arithmetic and subscripts run what is substituted in a text, quoted or not. */
const holdsCommand = (word: ShellWord | undefined): boolean => /\$\(|`/.test(word?.value ?? '');

const isName = (word: ShellWord): boolean => /^[A-Za-z_]\w*$/.test(word.value ?? '');

function namesProblem(words: readonly ShellWord[]): string | undefined {
	for (const word of words) {
		if (!isName(word)) return `${word.source} is no plain name of a variable`;
		const cause = assignmentCause({ name: word.value ?? '', value: undefined });
		if (cause !== undefined) return cause;
	}
	return undefined;
}

const looksUnless = (problem: string | undefined) => (problem === undefined ? LOOKS_AT_NOTHING : refused(problem));

/** `export A=1`: what is assigned is judged as an assignment; here are the options and the names. */
const declare: Look = (args, { assignments }) => {
	const options = args.filter(({ value = '' }) => value.startsWith('-'));
	if (options.some(({ value = '' }) => !/^-[gxr]+$/.test(value)))
		return refused('This form of declaring does more than set a value');
	const names = args.filter((word) => !options.includes(word));
	if (names.length + assignments.length === 0) return refused('It shows the environment, which may hold secrets');
	return looksUnless(namesProblem(names));
};

const unset: Look = (args) => looksUnless(namesProblem(args.filter(({ value }) => value !== '-v' && value !== '-f')));

const read: Look = (args) => {
	const names: ShellWord[] = [];
	for (let at = 0; at < args.length; at++) {
		const word = args[at];
		if (word === undefined) break;
		if (/^-[erszt]*[dnNpt]$/.test(word.value ?? '')) at++;
		else if (!/^-[ers]+$/.test(word.value ?? '')) names.push(word);
	}
	return looksUnless(namesProblem(names));
};

const set: Look = (args) => {
	const isPlain = args.every(({ value = '' }, index) =>
		index > 0 && /o$/.test(args[index - 1]?.value ?? '')
			? /^(?:pipefail|errexit|nounset|xtrace|errtrace)$/.test(value)
			: /^[-+][eEuxo]+$/.test(value),
	);
	return args.length > 0 && isPlain
		? LOOKS_AT_NOTHING
		: refused('This form of set does more than make the shell strict');
};

/** `[ … ]`: an unquoted variable could bring an operator along. */
const test: Look = (args) => {
	for (const word of args) {
		if (word.value === undefined && !/^".*"$/s.test(word.source))
			return refused(`${word.source} is known only when it runs`);
		if (word.value === '-v' || word.value === '-R' || holdsCommand(word))
			return refused('This condition may run what a text holds');
	}
	return LOOKS_AT_NOTHING;
};

/** `[[ … ]]`: comparing as numbers evaluates its operands. */
const condition: Look = (args) => {
	for (const [index, word] of args.entries()) {
		const isNumeric = /^-(?:eq|ne|lt|le|gt|ge)$/.test(word.value ?? '');
		const operands = isNumeric ? [args[index - 1], args[index + 1]] : [];
		if (
			operands.some((operand) => !/^-?\d+$/.test(operand?.value ?? '')) ||
			word.value === '-v' ||
			word.value === '-R' ||
			holdsCommand(word)
		)
			return refused('This condition may run what a text holds');
	}
	return LOOKS_AT_NOTHING;
};

const numbers: Look = (args) =>
	args.every(({ value = '' }) => /^\d*$/.test(value) && value !== '')
		? LOOKS_AT_NOTHING
		: refused('It is not a plain number');

const cd: Look = (args) => {
	const [folder, ...others] = args.filter(({ value }) => value !== '-P' && value !== '-L' && value !== '--');
	if (folder === undefined) return refused('It goes to the home folder, outside the workspace folders');
	if (
		others.length > 0 ||
		folder.value === '-' ||
		folder.isPattern ||
		(folder.value === undefined && !folder.source.startsWith('~'))
	)
		return refused('Where it goes is known only when it runs');
	return { kind: 'looks', paths: [folder] };
};

export const shellBuiltins: Readonly<Record<string, Look>> = {
	cd,
	set,
	read,
	unset,
	test,
	'[': test,
	'[[': condition,
	export: declare,
	declare,
	typeset: declare,
	local: declare,
	readonly: declare,
	exit: numbers,
	return: numbers,
	break: numbers,
	continue: numbers,
	shift: numbers,
	wait: numbers,
};
