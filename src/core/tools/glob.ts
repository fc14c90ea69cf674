/** Glob: files by name pattern. Ignored files are left out by the Search port. */
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import { escapeGlob } from './missingPath.ts';
import { displayPath, failure, isOutcome, success } from './paths.ts';
import { searchFolder } from './searchFolder.ts';
import type { Tool, ToolContext } from './tool.ts';

/** More than a model can use; the pattern should be narrowed instead. */
const MAX_FILES = 200;

const input = z.object({
	pattern: z.string().min(1).describe('e.g. **/*.ts or src/**/test_*.py'),
	path: z.string().optional().describe('Folder to search; default: the current folder'),
});

export const globTool: Tool<z.infer<typeof input>> = {
	name: 'Glob',
	version: 1,
	description:
		'Lists files by name pattern, newest first (at most 200; files ignored by git are left out). Use it to find files by name; use Grep to find them by content.',
	input,
	effect: 'read',
	label: ({ pattern, path }) => ({ verb: 'List', target: path === undefined ? pattern : `${pattern} in ${path}` }),
	target: ({ path = '.' }) => ({ kind: 'path', path }),
	async run({ pattern: given, path }, context) {
		const root = path === undefined ? rootOf(given, context) : undefined;
		const pattern = root === undefined ? given : given.slice(root.length);
		const where = root === undefined ? await searchFolder(path, context) : { directory: root, only: undefined };
		if (isOutcome(where)) return where;
		if (where.only !== undefined) return failure(`${path} is a file, not a folder. Use Read to see it.`);
		let found = await context.search.glob(pattern, where.directory, MAX_FILES, context.signal);
		// `app/[slug]/page.tsx` is more often a name than a class of letters.
		if (found.items.length === 0 && /[[{]/.test(pattern)) {
			const named = pattern.replace(/[[\]{}]/g, escapeGlob);
			found = await context.search.glob(named, where.directory, MAX_FILES, context.signal);
		}
		if (found.items.length === 0)
			return success(
				`No file matches ${given}${path === undefined ? '' : ` in ${path}`}. Try a wider pattern, such as **/*name*; a folder matches with /** behind it.${/^(?:\/|~|\.\.\/)/.test(given) ? ' A pattern is taken from path: give another folder there.' : ''}`,
				'no files',
			);
		const lines = found.items.map((file) => displayPath(file, context.cwd));
		if (!found.isComplete) lines.push(`(only the newest ${MAX_FILES} are listed; narrow the pattern to see others)`);
		return success(lines.join('\n'), plural(found.items.length, 'file') + (found.isComplete ? '' : ' or more'));
	},
};

/** The workspace folder that an absolute pattern begins with. */
const rootOf = (pattern: string, { files }: ToolContext): string | undefined =>
	files.roots.map(({ path }) => path).find((path) => pattern.startsWith(`${path}/`));
