/** Grep: lines by content, through the Search port (ripgrep). */
import * as z from 'zod';
import { cutText, plural } from '../../base/text.ts';
import type { GrepMatch } from '../fileSearchPort.ts';
import { isSecretPath } from '../permission/protectedPaths.ts';
import { escapeGlob } from './missingPath.ts';
import { baseName, displayPath, isOutcome, success } from './paths.ts';
import { searchFolder } from './searchFolder.ts';
import type { Tool } from './tool.ts';

/** About 5k tokens of typical lines. */
const MAX_MATCHES = 200;
/** Minified files have lines of megabytes. */
const MAX_LINE_CHARS = 500;

const input = z.object({
	pattern: z.string().min(1).describe('Regular expression (Rust syntax)'),
	path: z.string().optional().describe('File or folder; default: the current folder'),
	glob: z.string().optional().describe('Only files like this, e.g. *.ts'),
	case_insensitive: z.boolean().optional(),
	literal: z.boolean().optional().describe('Take pattern as plain text'),
});

export const grepTool: Tool<z.infer<typeof input>> = {
	name: 'Grep',
	version: 1,
	description:
		'Searches file contents with ripgrep. Returns `path:line: text` (at most 200 lines; ignored and binary files are left out). Prefer it to grep or rg in Bash. Set literal for text with ( ) [ ] . or other special characters.',
	input,
	effect: 'read',
	label: ({ pattern, path }) => ({ verb: 'Search', target: path === undefined ? pattern : `${pattern} in ${path}` }),
	target: ({ path = '.' }) => ({ kind: 'path', path }),
	async run({ pattern, path, glob, case_insensitive, literal }, context) {
		const where = await searchFolder(path, context);
		if (isOutcome(where)) return where;
		const onlyGlob = where.only === undefined ? glob : escapeGlob(baseName(where.only));
		const found = await context.search.grep(
			{
				pattern,
				directory: where.directory,
				...(onlyGlob === undefined ? {} : { glob: onlyGlob }),
				...(case_insensitive === undefined ? {} : { isCaseInsensitive: case_insensitive }),
				...(literal === undefined ? {} : { isLiteral: literal }),
				maxMatches: MAX_MATCHES,
			},
			context.signal,
		);
		const here = found.items.filter((match) => where.only === undefined || match.path === where.only);
		// A search of one file was asked about by its path; a search of a folder was not.
		const secrets = context.services?.secretFiles?.();
		const matches = where.only === undefined ? here.filter((match) => !isSecretPath(match.path, secrets)) : here;
		if (matches.length === 0)
			return success(
				[
					`Nothing matches ${pattern}${path === undefined ? '' : ` in ${path}`}. Check the spelling, try case_insensitive, or a wider path or glob.`,
					...(path !== undefined && glob?.includes('/') ? [`(glob is taken from ${path})`] : []),
					...(here.length > 0 ? [SECRETS_LEFT_OUT] : []),
				].join('\n'),
				'no matches',
			);
		const groups = byFile(matches, context.cwd);
		const lines = [...groups.values()].flat();
		if (matches.length < here.length) lines.push(SECRETS_LEFT_OUT);
		if (!found.isComplete)
			lines.push(`(stopped at ${MAX_MATCHES} lines; narrow the pattern, path or glob for the rest)`);
		const count = plural(matches.length, 'line') + (found.isComplete ? '' : ' or more');
		return success(lines.join('\n'), `${count} in ${plural(groups.size, 'file')}`);
	},
};

const SECRETS_LEFT_OUT = '(lines of files that may hold secrets are left out; use Read, which asks the user)';

function byFile(matches: readonly GrepMatch[], cwd: string): Map<string, string[]> {
	const groups = new Map<string, string[]>();
	for (const match of matches) {
		const shown = displayPath(match.path, cwd);
		const text = match.text.length > MAX_LINE_CHARS ? `${cutText(match.text, MAX_LINE_CHARS)}…` : match.text;
		const lines = groups.get(shown) ?? [];
		lines.push(`${shown}:${match.lineNumber}: ${text}`);
		groups.set(shown, lines);
	}
	return groups;
}
