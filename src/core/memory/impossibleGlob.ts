/** Globs that no file can match. Pure. */

/** Why this glob can match no file, whatever files there are. A sentence. */
export function impossibleGlob(glob: string): string | undefined {
	if (glob.trim() === '') return 'An empty pattern matches nothing.';
	if (glob.split('/').includes('..'))
		return `\`${glob}\` can never match: patterns start at the project folder and cannot leave it.`;
	if (/^~(?:\/|$)/.test(glob))
		return `\`${glob}\` can never match: patterns start at the project folder, and ~ is not replaced.`;
	if (/^[A-Za-z]:/.test(glob)) return `\`${glob}\` can never match: patterns start at the project folder.`;
	if (/\\(?![*?[\]{}()!])/.test(glob)) return `\`${glob}\` can never match: write folders with /.`;
	return undefined;
}
