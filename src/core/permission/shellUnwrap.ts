/** What a command runs in turn: the program behind `env` or `timeout`, the script of `sh -c`, what `xargs` and `find -exec` start. Pure. */
import type { ParseShell, ShellAssignment, ShellCommand, ShellWord } from './shellParts.ts';

export type CommandPart = {
	readonly command: ShellCommand;
	readonly inner: readonly CommandPart[];
	/** It does nothing of its own, so it may run when all that it runs may. Otherwise a rule has to name it. */
	readonly isTransparent: boolean;
	/** Why it cannot be told what it runs. */
	readonly problem?: string;
};

/** Deeper than anybody writes. */
const MAX_DEPTH = 8;

export function unwrap(command: ShellCommand, parse: ParseShell, depth = 0): CommandPart {
	const name = programName(command.words[0]);
	const wrapper = name !== undefined && Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
	const wrapped = wrapper?.(command.words.slice(1), command);
	if (wrapped === undefined) return { command, inner: [], isTransparent: false };
	if (depth >= MAX_DEPTH) return { command, inner: [], isTransparent: false, problem: 'It is wrapped too deep' };
	const inner: CommandPart[] = [];
	const problems = wrapped.problem === undefined ? [] : [wrapped.problem];
	for (const words of wrapped.runs ?? []) {
		if (words.length === 0) continue;
		const { assignments = [] } = wrapped;
		const source = words.map((word) => word.source).join(' ');
		inner.push(unwrap({ ...command, source, words, assignments, redirects: [] }, parse, depth + 1));
	}
	for (const script of wrapped.scripts ?? []) {
		const parts = parse(script);
		problems.push(...parts.problems);
		inner.push(...parts.commands.map((one) => unwrap(one, parse, depth + 1)));
	}
	const [problem] = problems;
	return {
		command,
		inner,
		isTransparent: wrapped.isTransparent ?? false,
		...(problem === undefined ? {} : { problem }),
	};
}

/** The name without its folder, in lower case; undefined when it is known only as it runs. */
export function programName(word: ShellWord | undefined): string | undefined {
	if (word?.value === undefined || word.isPattern) return undefined;
	return (word.value.split('/').at(-1) ?? '').toLowerCase().replace(/\.exe$/, '');
}

/** A word that nobody knows before it runs. */
const added = (source: string): ShellWord => ({ source, value: undefined, isPattern: false });

type Wrapped = {
	readonly runs?: readonly (readonly ShellWord[])[];
	/** Texts that a shell reads. */
	readonly scripts?: readonly string[];
	readonly isTransparent?: boolean;
	readonly assignments?: readonly ShellAssignment[];
	readonly problem?: string;
};
type Unwrap = (args: readonly ShellWord[], command: ShellCommand) => Wrapped | undefined;

/** `values`: letters of options, and long ones, whose value is a word of its own. `plain`: options that change nothing that matters. */
type Options = { readonly values?: string; readonly plain?: RegExp; readonly skip?: number };

function behind(options: Options, isTransparent = true): Unwrap {
	return (args) => {
		const { at, isPlain, problem } = skipOptions(args, options);
		const rest = args.slice(at + (options.skip ?? 0));
		return { runs: [rest], isTransparent: isTransparent && isPlain, ...(problem === undefined ? {} : { problem }) };
	};
}

type Skipped = { readonly at: number; readonly isPlain: boolean; readonly problem?: string };

/** Up to the first word that is no option. */
function skipOptions(args: readonly ShellWord[], { values = '', plain = /^-/ }: Options): Skipped {
	let isPlain = true;
	for (let at = 0; at < args.length; at++) {
		const text = args[at]?.value;
		if (text === undefined) return { at, isPlain: false, problem: unknownWord(args[at]?.source ?? '') };
		if (text === '--') return { at: at + 1, isPlain };
		if (!/^-./.test(text)) return { at, isPlain };
		if (!plain.test(text)) isPlain = false;
		const isShort = /^-[^-]/.test(text);
		// The last letter of a group may take the next word.
		const takesNext = isShort
			? values.split(' ')[0]?.includes(text.at(-1) ?? '') && firstValueAt(text, values) === text.length - 1
			: values.split(' ').slice(1).includes(text.slice(2));
		if (takesNext) at++;
	}
	return { at: args.length, isPlain };
}

function firstValueAt(group: string, values: string): number {
	const letters = values.split(' ')[0] ?? '';
	const found = [...group.slice(1)].findIndex((letter) => letters.includes(letter));
	return found < 0 ? -1 : found + 1;
}

const unknownWord = (source: string): string => `${source} is known only when it runs`;

const SHELLS = ['sh', 'bash', 'dash', 'zsh', 'ksh', 'ash', 'mksh', 'fish'] as const;

const shell: Unwrap = (args, { input, isFed }) => {
	let at = 0;
	let takesScript = false;
	let isPlain = true;
	for (; at < args.length; at++) {
		const text = args[at]?.value;
		if (text === undefined) return { problem: unknownWord(args[at]?.source ?? '') };
		if (text === '--' || text === '-') {
			at++;
			break;
		}
		if (!/^[-+]./.test(text)) break;
		if (/^-[a-z]*c/.test(text)) takesScript = true;
		if (!/^-[ceuxl]+$|^-[eux]*o$/.test(text)) isPlain = false;
		if (/^[-+][a-zA-Z]*[oO]$|^--(?:rcfile|init-file)$/.test(text)) at++;
	}
	const word = args[at];
	if (takesScript)
		return word?.value === undefined
			? { problem: word ? unknownWord(word.source) : 'A shell is started without a script' }
			: { scripts: [word.value], isTransparent: isPlain };
	if (word !== undefined) return undefined;
	if (input?.text !== undefined) return { scripts: [input.text], isTransparent: false };
	return {
		problem: isFed || input ? 'A shell reads its commands from its input' : 'A shell is started without a script',
	};
};

/** `A=1 B=2 program …` */
function takeAssignments(words: readonly ShellWord[]): { assignments: ShellAssignment[]; rest: readonly ShellWord[] } {
	const assignments: ShellAssignment[] = [];
	for (const [index, word] of words.entries()) {
		const match = /^([A-Za-z_]\w*)=/.exec(word.value ?? word.source);
		if (!match?.[1]) return { assignments, rest: words.slice(index) };
		assignments.push({
			name: match[1],
			value: word.value === undefined ? word : { ...word, value: word.value.slice(match[0].length) },
		});
	}
	return { assignments, rest: [] };
}

const env: Unwrap = (args) => {
	const { at, isPlain, problem } = skipOptions(args, {
		values: 'uC unset chdir',
		// An environment that was emptied has lost what keeps git from repositories that lie in others (node/scan/gitGuard.ts).
		plain: /^-0*$/,
	});
	const options = args.slice(0, at).map(({ value }) => value ?? '');
	const split = options.findIndex((text) => /^-[a-zA-Z]*S|^--split-string/.test(text));
	if (split >= 0) {
		const attached = (options[split] ?? '').replace(/^-[a-zA-Z]*S|^--split-string=?/, '');
		const text = [attached, ...args.slice(split + 1).map((word) => word.value ?? '')].join(' ');
		return { scripts: [text], isTransparent: false };
	}
	const { assignments, rest } = takeAssignments(args.slice(at));
	return {
		runs: [rest],
		assignments,
		isTransparent: isPlain && rest.length > 0,
		...(problem === undefined ? {} : { problem }),
	};
};

const asOther =
	(values: string): Unwrap =>
	(args) => {
		const { at, problem } = skipOptions(args, { values });
		const { assignments, rest } = takeAssignments(args.slice(at));
		return { runs: [rest], assignments, isTransparent: false, ...(problem === undefined ? {} : { problem }) };
	};

const script: Unwrap = (args) => {
	const at = args.findIndex(({ value }) => value === '-c' || value === '--command');
	const word = at < 0 ? undefined : args[at + 1];
	return word === undefined ? undefined : scriptsOf([word]);
};

function scriptsOf(words: readonly ShellWord[]): Wrapped {
	const unknown = words.find(({ value }) => value === undefined);
	if (unknown) return { problem: unknownWord(unknown.source) };
	return { scripts: [words.map(({ value }) => value ?? '').join(' ')], isTransparent: false };
}

const evaluate: Unwrap = (args) => (args.length === 0 ? undefined : { ...scriptsOf(args), isTransparent: true });

const xargs: Unwrap = (args) => {
	const { at, isPlain, problem } = skipOptions(args, {
		values: 'InPLsdEa max-args max-procs max-lines max-chars delimiter arg-file eof process-slot-var',
		plain: /^-(?:[0rtx]*|[InPLsdE].*|i.*)$|^--(?:null|no-run-if-empty|max-\w+(?:=.*)?|delimiter(?:=.*)?)$/,
	});
	const rest = args.slice(at);
	const marker = markerOf(args.slice(0, at));
	const words =
		marker === undefined
			? [...rest, added('what xargs adds')]
			: rest.map((word) => (word.source.includes(marker) ? added(word.source) : word));
	const runs = rest.length === 0 ? [] : [words];
	return { runs, isTransparent: isPlain && rest.length > 0, ...(problem === undefined ? {} : { problem }) };
};

/** The text that `-I` stands in for. */
function markerOf(options: readonly ShellWord[]): string | undefined {
	for (const [index, { value = '' }] of options.entries()) {
		const match = /^-[0rtx]*(?:I(.*)|i(.*))$|^--replace(?:=(.*))?$/s.exec(value);
		if (match) return match[1] === '' ? options[index + 1]?.value : (match[1] ?? (match[2] || match[3] || '{}'));
	}
	return undefined;
}

/** Every program that `-exec` and its like start. */
const find: Unwrap = (args) => {
	const runs: ShellWord[][] = [];
	for (let at = 0; at < args.length; at++) {
		if (!/^-(?:exec|execdir|ok|okdir)$/.test(args[at]?.value ?? '')) continue;
		const words: ShellWord[] = [];
		for (at++; at < args.length; at++) {
			const word = args[at];
			if (word === undefined || word.value === ';' || (word.value === '+' && words.at(-1)?.source === '{}')) break;
			words.push(word.source.includes('{}') ? added(word.source) : word);
		}
		runs.push(words);
	}
	return runs.length === 0 ? undefined : { runs, isTransparent: false };
};

/** What is behind an alias or a trap runs later in this shell. */
const alias: Unwrap = (args) => ({
	scripts: args.flatMap(({ value }) => (value?.includes('=') ? [value.slice(value.indexOf('=') + 1)] : [])),
	isTransparent: false,
});

const trap: Unwrap = (args) => {
	const [first] = args;
	if (first === undefined || first.value === '-' || first.value === '') return undefined;
	return { ...scriptsOf([first]), isTransparent: true };
};

const command: Unwrap = (args) =>
	/^-[pvV]*[vV]/.test(args[0]?.value ?? '') ? undefined : behind({ plain: /^-p$/ })(args, NO_COMMAND);
const NO_COMMAND: ShellCommand = {
	source: '',
	words: [],
	assignments: [],
	redirects: [],
	reach: 'list',
	isFed: false,
};

const watch: Unwrap = (args) => {
	const { at, problem } = skipOptions(args, { values: 'nq interval' });
	return problem === undefined ? scriptsOf(args.slice(at)) : { problem };
};

const WRAPPERS: Readonly<Record<string, Unwrap>> = {
	...Object.fromEntries(SHELLS.map((name) => [name, shell])),
	timeout: behind({ values: 'ks kill-after signal', skip: 1 }),
	time: behind({ plain: /^-p$/ }),
	nohup: behind({}),
	nice: behind({ values: 'n adjustment' }),
	ionice: behind({ values: 'cn class classdata', plain: /^-[cnt]/ }),
	stdbuf: behind({ values: 'ioe input output error' }),
	setsid: behind({}),
	builtin: behind({}),
	coproc: behind({}, false),
	exec: behind({ values: 'a', plain: /^-l+$/ }),
	busybox: behind({}, false),
	toybox: behind({}, false),
	sudo: asOther('ugpCrthTUDR user group prompt close-from role type host other-user chdir'),
	doas: asOther('uC'),
	su: script,
	runuser: script,
	script,
	command,
	env,
	xargs,
	find,
	watch,
	eval: evaluate,
	alias,
	trap,
};
