/** Diagnostics: what the editor's language services report now. Runs no compiler. */
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import type { Diagnostic } from '../ports.ts';
import { displayPath, failure, success } from './paths.ts';
import type { Tool } from './tool.ts';

const MAX_ITEMS = 100;
const ORDER: Readonly<Record<Diagnostic['severity'], number>> = { error: 0, warning: 1, info: 2, hint: 3 };

const input = z.object({ path: z.string().optional().describe('File; default: all files') });

export const diagnosticsTool: Tool<z.infer<typeof input>> = {
	name: 'Diagnostics',
	version: 1,
	description:
		'Lists the problems (errors, warnings) that the editor reports for a file or for the whole workspace, as `path:line: severity: message`. Use it after edits. Files never opened may be unchecked: run the build or tests to be sure.',
	input,
	effect: 'read',
	label: ({ path }) =>
		path === undefined ? { verb: 'Check', target: 'problems' } : { verb: 'Check', target: path, path },
	target: ({ path = '.' }) => ({ kind: 'path', path }),
	async run({ path }, context) {
		let absolute: string | undefined;
		if (path !== undefined && path !== '') {
			absolute = (await context.files.resolve(path)).absolute;
			const snapshot = await context.files.read(absolute);
			if (snapshot.kind === 'absent') return failure(`${path} does not exist. Use Glob to find the file.`);
			if (snapshot.kind === 'directory')
				return failure(`${path} is a folder. Name a file, or leave path out for the whole workspace.`);
		}
		const all = [...(await context.diagnostics.list(absolute))].sort(
			(one, other) =>
				ORDER[one.severity] - ORDER[other.severity] ||
				compare(one.path, other.path) ||
				one.lineNumber - other.lineNumber,
		);
		if (all.length === 0) return success('The editor reports no problems.', 'no problems');
		const lines = all.slice(0, MAX_ITEMS).map((item) => {
			const source = item.source === '' ? '' : ` (${item.source})`;
			return `${displayPath(item.path, context.cwd)}:${item.lineNumber}: ${item.severity}: ${item.message}${source}`;
		});
		if (all.length > MAX_ITEMS) lines.push(`(${all.length - MAX_ITEMS} more; name a file to see all of its problems)`);
		return success(lines.join('\n'), plural(all.length, 'problem'));
	},
};

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
