/** What the dialog `Rewind` says of a file. Pure. */
import { assertNever } from '../../src/base/assertNever.ts';
import { plural } from '../../src/base/text.ts';
import type { RewindFile } from '../../src/protocol/toPanel.ts';
import type { RewindCounts } from './rewindChoice.ts';

/** The name of a file's tick box: what ticking it does. */
export function tickName(file: RewindFile, source?: RewindFile): string {
	if (source) return `Move ${file.path} back to ${source.path}`;
	if (file.status === 'conflict') return `Overwrite my changes in ${file.path}`;
	// The same file may stand among the others as well.
	if (file.isUnknownAuthor) return `Also take back what an unknown author changed in ${file.path}`;
	return file.action === 'delete' ? `Remove ${file.path}` : `Restore ${file.path}`;
}

/** What happens to a file: for its tooltip, and in a word for its row. */
export function actionOf(
	file: RewindFile,
	source?: RewindFile,
): { readonly words: string; readonly tag: string; readonly isGone: boolean } {
	if (file.status === 'blocked') return { words: 'stays as it is', tag: '', isGone: false };
	if (source) return { words: `goes back to ${source.path}`, tag: 'moved back', isGone: false };
	switch (file.action) {
		case 'delete':
			return { words: 'is removed: it did not exist then', tag: 'removed', isGone: true };
		case 'create':
			return { words: 'is created again', tag: 'created', isGone: false };
		case 'mode':
			return { words: 'gets its permissions back', tag: 'permissions', isGone: false };
		case 'restore':
		case 'none':
			return { words: 'is as it was then', tag: '', isGone: false };
		default:
			return assertNever(file.action);
	}
}

/** What the user has to know before it is ticked; empty when there is nothing. */
export function noteOf(file: RewindFile): string {
	if (file.status === 'merge') return 'Merges with your changes, which are kept.';
	return file.note === '' ? '' : `${file.note[0]?.toUpperCase() ?? ''}${file.note.slice(1)}.`.replace(/\.\.$/, '.');
}

/** `12 files are restored (1 in part), 2 stay as they are, 1 conflict is left to merge.` */
export function countsText({ restored, inPart, kept, conflicts, blocked }: RewindCounts): string {
	const parts = [`${plural(restored, 'file')} ${restored === 1 ? 'is' : 'are'} restored`];
	if (inPart > 0) parts[0] += ` (${inPart.toLocaleString('en-US')} in part)`;
	const staying = kept + blocked;
	if (staying > 0)
		parts.push(
			`${staying.toLocaleString('en-US')} ${staying === 1 ? 'stays' : 'stay'} as ${staying === 1 ? 'it is' : 'they are'}`,
		);
	if (conflicts > 0) parts.push(`${plural(conflicts, 'conflict')} ${conflicts === 1 ? 'is' : 'are'} left to merge`);
	return `${parts.join(', ')}.`;
}
