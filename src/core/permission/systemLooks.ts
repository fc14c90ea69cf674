/** Commands that show what runs on this machine, what listens, and what is in an archive. Only in the forms that everybody uses. Pure. */
import { LOOKS_AT_NOTHING, type Look, type TableVerdict } from './commandLooks.ts';

/** In another form they are judged as every program is. */
const OTHER: TableVerdict = { kind: 'unknown' };

/** Every word is of these forms. */
const only =
	(words: RegExp): Look =>
	(args) =>
		args.every(({ value = '' }) => words.test(value)) ? LOOKS_AT_NOTHING : OTHER;

/** The first word lists, what follows are an archive of this machine and names in it. */
const listing =
	(first: RegExp): Look =>
	(args) => {
		const [option, ...paths] = args;
		const isPlain = paths.length > 0 && paths.every(({ value = '-' }) => !/^-|:/.test(value));
		return first.test(option?.value ?? '') && isPlain ? { kind: 'looks', paths } : OTHER;
	};

export const systemLooks: Readonly<Record<string, Look>> = {
	// `e` among letters without a dash, and some columns, show the environment of processes.
	ps: only(
		/^(?:[axufwlj]+|-[AefFlwax]*|-e?o|-p|\d+(?:,\d+)*|--no-headers|--forest|--sort=-?%?\w+|(?:(?:p?pid|user|comm|cmd|args|command|%?p?(?:cpu|mem)|e?time|stat|rss|vsz|tty|l?start)(?:,|$))+)$/,
	),
	pgrep: only(/^(?:-[flanxuc]+|\w[\w.-]*)$/),
	lsof: only(/^(?:-[nPt]+|-[nPt]*i(?:tcp|udp)?(?::\d+)?|(?:tcp|udp)?:\d+|-stcp:listen)$/i),
	ss: only(/^-[tulnpaxsH46]+$/),
	netstat: only(/^-[tulnpaxsr46]+$/),
	free: only(/^-[bkmght]+$/),
	tar: listing(/^-?v?t[vzjJ]*f$/),
	unzip: listing(/^-[lv]$/),
	zipinfo: listing(/^-[1sml]$/),
	node: (args) => {
		const [option, file, ...others] = args;
		return /^(?:--check|-c)$/.test(option?.value ?? '') &&
			file?.value !== undefined &&
			!/^-/.test(file.value) &&
			others.length === 0
			? { kind: 'looks', paths: [file] }
			: OTHER;
	},
};
