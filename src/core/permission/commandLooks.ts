/** What a table of commands that only look says of one command, and how a row of the table is made. Pure. */
import type { ShellCommand, ShellWord } from './shellParts.ts';

export type TableVerdict =
	| { readonly kind: 'unknown' }
	/** In the table, but not in this form; why, as a sentence without a dot. */
	| { readonly kind: 'refused'; readonly cause: string }
	/** Only looks at these; each has to be inside. */
	| { readonly kind: 'looks'; readonly paths: readonly ShellWord[]; readonly finds?: Finds };

/**
 * It shows what files hold that it finds by itself: below its paths, or `anywhere`, since its words may not be read as it reads them.
 * `skipsHidden`: it leaves out names with a dot in front.
 */
export type Finds = { readonly where: 'below' | 'anywhere'; readonly skipsHidden: boolean };

export type Look = (args: readonly ShellWord[], command: ShellCommand) => TableVerdict;

export const refused = (cause: string): TableVerdict => ({ kind: 'refused', cause });
export const LOOKS_AT_NOTHING: TableVerdict = { kind: 'looks', paths: [] };

export type Shape = {
	/** `content`: a pattern for names could stand for anything. `names`: only names, sizes or counts are shown. `none`: words are no paths. */
	readonly shows: 'content' | 'names' | 'none';
	/** Letters of options that are refused, alone or in a group. */
	readonly no?: string;
	/** Long ones, also shortened. */
	readonly noLong?: string;
	/** Why those options are refused, as a sentence without a dot. */
	readonly why?: string;
	/** More paths than this are refused: the last one would be written to. */
	readonly mostPaths?: number;
	/** The first word that is no option is a pattern for text, unless `-e` gives one. */
	readonly hasPattern?: boolean;
	/** Unknown words may come, since no word of it does anything. */
	readonly takesAnything?: boolean;
};

/** Options that stand for themselves: what is behind them is no value of theirs. */
const ALONE =
	/^(?:-[nilcwFSsovNHIUPE]+|-[ABCm]\d+|--[\w-]+=.*|--(?:recursive|line-number|ignore-case|files-with-matches|count|word-regexp|fixed-strings|json|files|vimgrep|no-heading|heading|only-matching))$/;

/** A search of folders. */
export const finding =
	(look: Look, finds: Partial<Finds> = {}): Look =>
	(args, command) => {
		const verdict = look(args, command);
		if (verdict.kind !== 'looks') return verdict;
		const isPlain = args.every(({ value = '' }) => !value.startsWith('-') || ALONE.test(value));
		const where = isPlain && verdict.paths.length > 0 ? 'below' : 'anywhere';
		return { ...verdict, finds: { where, skipsHidden: false, ...finds } };
	};

/** What the shape says of these words. */
export function lookBy(shape: Shape): Look {
	return (args) => {
		const paths: ShellWord[] = [];
		let hasEnded = false;
		let givesPattern = shape.hasPattern !== true;
		for (const word of args) {
			const { value } = word;
			if (value === undefined) {
				if (shape.takesAnything) continue;
				// A home folder is a path like another, and said to be outside.
				if (!word.source.startsWith('~')) return refused(`${word.source} is known only when it runs`);
			} else if (value === '--' && !hasEnded) {
				hasEnded = true;
				continue;
			} else if (!hasEnded && /^-./.test(value)) {
				const problem = optionProblem(value, shape);
				if (problem !== undefined) return refused(problem);
				if (/^-[^-]*e|^--regexp/.test(value)) givesPattern = true;
				const attached = /^--[^=]+=(.*[/~].*)$/s.exec(value)?.[1];
				if (attached !== undefined) paths.push({ ...word, value: attached });
				continue;
			}
			if (shape.shows === 'none') continue;
			if (!givesPattern && !/^\d+$/.test(value ?? '')) {
				givesPattern = true;
				continue;
			}
			if (word.isPattern && shape.shows === 'content')
				return refused(`${word.source} stands for files that are known only when it runs`);
			paths.push(word);
		}
		const most = shape.mostPaths ?? Number.POSITIVE_INFINITY;
		return paths.length > most ? refused('It writes to the last of its files') : { kind: 'looks', paths };
	};
}

function optionProblem(option: string, { no = '', noLong = '', why }: Shape): string | undefined {
	if (option.startsWith('--')) {
		const name = option.slice(2).split('=')[0] ?? '';
		// Programs take the start of a long option for the whole.
		const isRefused = noLong.split(' ').some((one) => one !== '' && one.startsWith(name));
		return isRefused ? (why ?? `With --${name} it may write or run something`) : undefined;
	}
	if (option.includes('/')) return `${option} cannot be told apart from a path`;
	const letter = [...option.slice(1)].find((one) => no.includes(one));
	return letter === undefined ? undefined : (why ?? `With -${letter} it may write or run something`);
}
