/** Rules for commands, held against one simple command at a time: strict when granting, wide when asking or denying. Pure. */
import { matchesWords, prefixOf } from './ruleForms.ts';
import { parseRule, proposedCommandRule } from './rules.ts';
import type { ShellCommand, ShellWord } from './shellParts.ts';
import { programName } from './shellUnwrap.ts';

/** Where a word stands that is known only as it runs; part of no rule. */
const UNKNOWN = '\0';

/** Whether the pattern of a rule grants this command. What is assigned for it must do no harm, or be part of the rule. */
export function grantsCommand(pattern: string, command: ShellCommand): boolean {
	if (isSameText(pattern, command.source))
		return command.words.every(({ value }) => value !== undefined) && !command.input;
	if (command.words[0]?.value === undefined || !command.assignments.every(({ name }) => HARMLESS.test(name)))
		return false;
	return matches(pattern, canonical(command.words));
}

/** Whether the pattern of a rule names this command in any of the forms it can have. */
export function namesCommand(pattern: string, command: ShellCommand): boolean {
	const plain = lowerFirst(pattern);
	if (isSameText(pattern, command.source)) return true;
	return formsOf(command.words).some((form) => matches(plain, form));
}

/** Whether an unknown word could make this command one that the pattern names. */
export function couldBe(pattern: string, { words }: ShellCommand): boolean {
	const [first] = words;
	if (first === undefined) return false;
	if (first.value === undefined || first.isPattern) return true;
	if (words.every(({ value }) => value !== undefined)) return false;
	const wanted = collapse(lowerFirst(prefixOf(pattern) ?? pattern)).split(' ');
	return formsOf(words).some((form) => meets(wanted, form.split(' ')));
}

/** Up to the first word that is unknown on one of both sides. */
function meets(wanted: readonly string[], words: readonly string[]): boolean {
	for (const [index, want] of wanted.entries()) {
		const word = words[index];
		if (word === undefined) return false;
		if (word === UNKNOWN || want.includes('*')) return true;
		if (word !== want) return false;
	}
	return true;
}

/** The rules that would let it run without asking the next time; undefined when none may be offered. */
export function proposedRule(command: ShellCommand, isExact: boolean, isLooking: boolean): string | undefined {
	const { words, assignments, input, isFed } = command;
	const name = words[0]?.value;
	if (name === undefined) return undefined;
	const text = command.source.trim();
	const isKnown =
		words.every((word) => word.value !== undefined) && assignments.every(({ value }) => value?.value !== undefined);
	const head = words.slice(0, 3).map(({ value }) => (value !== undefined && /^[\w:.+-]+$/.test(value) ? value : '""'));
	const general = proposedCommandRule(head.join(' '));
	const isGeneral = general?.endsWith(':*)') === true && assignments.length === 0 && !isExact;
	if (isGeneral) return general;
	// What it is given to run is not in its words.
	const takesInput = (input !== undefined || isFed) && name !== 'tee' && !isLooking;
	if (!isKnown || takesInput || text.includes('\n') || parseRule(`Bash(${text})`)?.pattern !== text) return undefined;
	// In a rule a star stands for anything, which is more than was asked about.
	return text.includes('*') ? undefined : `Bash(${text})`;
}

/** As `matchesWords`, with the spaces of both made alike. */
const matches = (pattern: string, text: string): boolean => matchesWords(collapse(pattern), text);

const isSameText = (pattern: string, source: string): boolean => collapse(pattern) === collapse(source);
const collapse = (text: string): string => text.trim().replace(/[ \t]+/g, ' ');
const lowerFirst = (text: string): string => text.trim().replace(/^[^\s:(]+/, (word) => word.toLowerCase());

/** Quoted only where it has to be, so that a word with spaces is not taken for several. */
export function canonical(words: readonly ShellWord[]): string {
	return words
		.map(({ value }) => {
			if (value === undefined) return UNKNOWN;
			return value === '' || /[\s'"\\$`;&|<>(){}]/.test(value) ? `'${value.replaceAll("'", "'\\''")}'` : value;
		})
		.join(' ');
}

/** As written, by its bare name, without options in front of the subcommand, and from each word on for programs that run others. */
function formsOf(words: readonly ShellWord[]): string[] {
	const name = programName(words[0]);
	if (name === undefined) return [];
	const first: ShellWord = { source: name, value: name, isPattern: false };
	const args = words.slice(1);
	const forms = [canonical([first, ...args]), lowerFirst(canonical(words))];
	// Neither quotes nor their kind matter to a rule that denies.
	forms.push([first, ...args].map(({ value }) => value ?? UNKNOWN).join(' '));
	let start = 0;
	while (/^-/.test(args[start]?.value ?? '')) {
		start++;
		for (const from of [start, start + 1]) forms.push(canonical([first, ...args.slice(from)]));
		// A value that stands apart from its option.
		if (!/^-/.test(args[start]?.value ?? '-') && /^-/.test(args[start + 1]?.value ?? '')) start++;
	}
	if (RUNS_OTHERS.has(name))
		args.forEach((_, from) => {
			const inner = args.slice(from);
			const innerName = programName(inner[0]);
			if (innerName !== undefined)
				forms.push(canonical([{ source: innerName, value: innerName, isPattern: false }, ...inner.slice(1)]));
		});
	return forms;
}

/** Start what stands somewhere among their arguments. */
const RUNS_OTHERS: ReadonlySet<string> = new Set(
	(
		'sudo doas su env xargs find exec busybox toybox parallel flock strace ltrace unshare chroot nsenter taskset chrt numactl ' +
		'setarch linux32 linux64 proot fakeroot unbuffer caffeinate arch pkexec gosu su-exec systemd-run start-stop-daemon ' +
		'dbus-run-session xvfb-run valgrind perf gdb rlwrap entr watchexec nodemon npx bunx pnpx dotenv direnv coproc fd ' +
		'timeout time nohup nice ionice stdbuf setsid command builtin script watch ssh'
	).split(' '),
);

/** Set for one command, they change how it reports and not what it runs. */
const HARMLESS =
	/^(?:CI|DEBUG|VERBOSE|TERM|COLUMNS|LINES|TZ|LANG|LANGUAGE|LC_[A-Z]+|NO_COLOR|FORCE_COLOR|CLICOLOR(?:_FORCE)?|NODE_ENV|RAILS_ENV|RACK_ENV|APP_ENV|RUST_LOG|RUST_BACKTRACE|GOOS|GOARCH|CGO_ENABLED|PORT|HOST)$/;
