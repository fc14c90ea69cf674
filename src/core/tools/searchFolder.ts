/** Where a search starts: the folder or file that a call names, else the current folder. */
import { nextForMissing } from './missingPath.ts';
import { failure, parentOf, unreadable } from './paths.ts';
import type { ToolContext, ToolOutcome } from './tool.ts';

/** `only` is set when the path is a file. */
export async function searchFolder(
	path: string | undefined,
	context: ToolContext,
): Promise<{ readonly directory: string; readonly only?: string } | ToolOutcome> {
	if (path === undefined || path === '') return { directory: context.cwd };
	const { absolute } = await context.files.resolve(path);
	const snapshot = await context.files.read(absolute);
	if (snapshot.kind === 'absent')
		return failure(
			/[*?]/.test(path)
				? `${path} does not exist: path is one folder or file. Put a pattern for names into pattern (Glob) or glob (Grep).`
				: `${path} does not exist. ${await nextForMissing(path, context)} Leave path out to search the whole folder.`,
		);
	if (snapshot.kind === 'special') return unreadable(path, snapshot);
	return snapshot.kind === 'directory' ? { directory: absolute } : { directory: parentOf(absolute), only: absolute };
}
