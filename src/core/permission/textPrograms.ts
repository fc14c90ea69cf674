/**
 * Little programs for `sed` and `awk` that only turn what they read into what they print. Told by what they may hold and not by what they may not:
 * what is not understood to the end is refused. Pure.
 */
import { type Look, lookBy, refused } from './commandLooks.ts';
import type { ShellWord } from './shellParts.ts';

const CONTENT = lookBy({ shows: 'content' });

/** A regular expression up to its delimiter. A delimiter inside of brackets ends it for some programs and not for others. */
const pattern = (delimiter: string): string =>
	String.raw`(?:[^${delimiter}\\\[\n]|\\.|\[\^?\]?(?:\[:\w+:\]|[^\]${delimiter}\\\[\n])*\])*`;

const ADDRESS = String.raw`(?:\d+(?:~\d+)?|\$|/${pattern('/')}/I?)`;
const REPLACE = ['/', '|', '#', ',', '@', '%', '!', '_']
	.map((delimiter) => (delimiter === '|' ? '\\|' : delimiter))
	.map((one) => String.raw`s${one}${pattern(one)}${one}(?:[^${one}\\\n]|\\[^\n])*${one}[gpiI\d]*`)
	.join('|');
/** Printing, leaving out, ending and replacing: neither `w` nor `e`, in no form. */
const SED_COMMAND = String.raw`[ \t]*(?:${ADDRESS}(?:,(?:${ADDRESS}|[+~]\d+))?[ \t]*)?(?:![ \t]*)?(?:[pdq=]|${REPLACE})[ \t]*`;
const SED_SCRIPT = new RegExp(String.raw`^${SED_COMMAND}(?:[;\n]${SED_COMMAND})*;?$`);
const MAX_SCRIPT_CHARS = 500;

const SED_PLAIN = /^(?:-[nErsuz]+|--(?:quiet|silent|regexp-extended|separate|unbuffered|null-data))$/;

export const sed: Look = (args, command) => {
	const scripts: (ShellWord | undefined)[] = [];
	const files: ShellWord[] = [];
	for (let at = 0; at < args.length; at++) {
		const word = args[at];
		const { value = '' } = word ?? {};
		if (word === undefined || SED_PLAIN.test(value)) continue;
		if (/^-[nErsuz]*e$|^--expression$/.test(value)) scripts.push(args[++at]);
		else if (value.startsWith('-') && value !== '-') return refused(MAY_CHANGE);
		else files.push(word);
	}
	if (scripts.length === 0) scripts.push(files.shift());
	const isPlain = scripts.every(
		(word) => word?.value !== undefined && word.value.length <= MAX_SCRIPT_CHARS && SED_SCRIPT.test(word.value),
	);
	return isPlain ? CONTENT(files, command) : refused(MAY_CHANGE);
};

const MAY_CHANGE = 'This form of sed may change files';

export const awk: Look = (args, command) => {
	let at = 0;
	for (; at < args.length; at++) {
		const { value = '' } = args[at] ?? {};
		if (/^-F./.test(value)) continue;
		if (value === '-F' || (value === '-v' && /^\w+=/.test(args[at + 1]?.value ?? ''))) at++;
		else break;
	}
	const program = args[at]?.value;
	if (program === undefined || program.startsWith('-') || !onlyPrints(program))
		return refused('This form of awk may write or run something');
	return CONTENT(args.slice(at + 1), command);
};

/** What these do reaches beyond the input: other programs, other files, the environment. */
const REACHING =
	/^(?:system|getline|close|fflush|func|function|extension|ENVIRON|PROCINFO|ARGV|ARGC|ARGIND|SYMTAB|FUNCTAB)$/;
const AWK_TOKEN = new RegExp(
	String.raw`([ \t]+)|([A-Za-z_]\w*)|(\d[\w.]*|"(?:[^"\\\n]|\\.)*")|(/${pattern('/')}/)|(&&|\|\||[!=<>+*^%-]=|\+\+|--|[-+*%^=!<>?:,;~$(){}[\]\n])`,
	'y',
);
/** Behind these a slash begins a regular expression. Dividing is not understood here, so that no slash can be taken for the wrong one. */
const BEFORE_PATTERN: ReadonlySet<string> = new Set(['', '(', ',', '{', '}', ';', '\n', '!', '~', '&&', '||']);

/** `>` compares outside of braces and within round ones; elsewhere it may write. */
function onlyPrints(program: string): boolean {
	if (program.length > MAX_SCRIPT_CHARS) return false;
	let before = '';
	let braces = 0;
	let rounds = 0;
	AWK_TOKEN.lastIndex = 0;
	while (AWK_TOKEN.lastIndex < program.length) {
		const match = AWK_TOKEN.exec(program);
		if (!match) return false;
		const [token, space, name, , regex] = match;
		if (space !== undefined) continue;
		if (name !== undefined && REACHING.test(name)) return false;
		if (regex !== undefined && !BEFORE_PATTERN.has(before)) return false;
		if (token.startsWith('>') && braces > 0 && rounds === 0) return false;
		if (token === '{') braces++;
		if (token === '}') braces--;
		if (token === '(') rounds++;
		if (token === ')') rounds--;
		if (braces < 0 || rounds < 0) return false;
		before = token;
	}
	return braces === 0 && rounds === 0;
}
