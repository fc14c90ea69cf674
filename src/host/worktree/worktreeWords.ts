/** What is said of worktrees: what is asked before one is merged or discarded, and what stands in the transcript. Pure. */
import { plural } from '../../base/text.ts';
import type { RestoreReport } from '../../core/checkpoint/restore.ts';
import type { PlannedFile, RestorePlan } from '../../core/checkpoint/restorePlan.ts';
import type { KeptWorktree } from '../../core/worktree/worktreePort.ts';
import { plainMessage } from '../plainLabel.ts';

/** Without a button there is nothing to do. */
export type WorktreeDialog = { readonly message: string; readonly detail: string; readonly button: string | undefined };

const MAX_FILES = 12;

export function mergeDialog({ files }: RestorePlan, outside: readonly string[]): WorktreeDialog {
	const isConflict = ({ status }: PlannedFile) => status === 'conflict';
	const isBlocked = ({ status }: PlannedFile) => status === 'blocked';
	const taken = files.filter((file) => !isConflict(file) && !isBlocked(file));
	const conflicts = files.filter(isConflict);
	const blocked = files.filter(isBlocked);
	const details: string[] = [];
	if (taken.length > 0) details.push(listed(taken, (file) => `${WORDS[file.action]} ${file.file.rel}${counts(file)}`));
	if (conflicts.length > 0)
		details.push(
			`${plural(conflicts.length, 'conflict')}, left for you to merge:\n${listed(conflicts, ({ file, note }) => `${file.rel}: ${note}`)}`,
		);
	if (blocked.length > 0) details.push(`Not merged:\n${listed(blocked, ({ file, note }) => `${file.rel}: ${note}`)}`);
	if (outside.length > 0)
		details.push(
			`Outside of the workspace’s folders, so it stays in the worktree:\n${listed(outside, (path) => path)}`,
		);
	if (taken.length + conflicts.length === 0) {
		const message =
			files.length + outside.length === 0
				? 'There is nothing to merge: the workspace has all changes of the worktree.'
				: 'There is nothing that can be merged into the workspace.';
		return { message, detail: plainMessage(details.join('\n\n')), button: undefined };
	}
	details.push('Your own changes are kept. The merge can be undone in the chat.');
	return {
		message:
			taken.length === 0
				? `Only conflicts are left to merge from the worktree. Show them in the chat?`
				: `Merge ${plural(taken.length, 'file')} from the worktree into the workspace?`,
		detail: plainMessage(details.join('\n\n')),
		button: taken.length === 0 ? 'Show Conflicts' : 'Merge Back',
	};
}

const WORDS: Readonly<Record<PlannedFile['action'], string>> = {
	restore: 'M',
	create: 'A',
	delete: 'D',
	mode: 'M',
	none: '',
};

const counts = ({ addedLines, removedLines, status, action }: PlannedFile): string => {
	const parts = [addedLines > 0 ? `+${addedLines}` : '', removedLines > 0 ? `−${removedLines}` : ''];
	if (action === 'mode') parts.push('permissions');
	if (status === 'merge') parts.push('merged with your changes');
	const told = parts.filter((part) => part !== '').join(' ');
	return told === '' ? '' : `  (${told})`;
};

function listed<T>(items: readonly T[], line: (item: T) => string): string {
	const lines = items.slice(0, MAX_FILES).map(line);
	if (items.length > lines.length) lines.push(`and ${items.length - lines.length} more`);
	return lines.join('\n');
}

/** What became of the files, after a merge. */
export function mergedText({ restored, skipped, failed, kept }: RestoreReport): string {
	const parts = [`${plural(restored.length, 'file')} merged from the worktree`];
	if (skipped.length > 0) parts.push(`${plural(skipped.length, 'file')} left to you (see the chat)`);
	if (kept.length > 0) parts.push(`${plural(kept.length, 'file')} changed since the question: merge again`);
	for (const { file, reason } of failed.slice(0, MAX_FILES)) parts.push(`${file.rel}: ${reason}`);
	return `${parts.join('; ')}.`;
}

export function discardDialog(of: {
	readonly title: string;
	/** Files that are other ones than at the start, and those of them that the workspace does not have. */
	readonly changed: number;
	readonly unmerged: number;
	readonly isRunning: boolean;
	readonly commands: number;
}): { readonly message: string; readonly detail: string; readonly button: string } {
	const details: string[] = [];
	if (of.changed === 0) details.push('Nothing was changed in it.');
	else
		details.push(
			of.unmerged === 0
				? `${plural(of.changed, 'file')} changed in it; the workspace has all of it.`
				: `${plural(of.changed, 'file')} changed in it, and ${of.unmerged} of them ${of.unmerged === 1 ? 'is' : 'are'} not in the workspace.`,
		);
	if (of.isRunning) details.push('The running turn is stopped first.');
	if (of.commands > 0)
		details.push(
			`${plural(of.commands, 'command')} that ${of.commands === 1 ? 'runs' : 'run'} in the background ${of.commands === 1 ? 'is' : 'are'} stopped first.`,
		);
	details.push(
		'The worktree is removed. First all of its files and commits are kept in a bundle with the session, from which “Restore Discarded Worktree” brings it back. What git ignores there is not kept.',
	);
	return {
		message: plainMessage(`Discard the worktree of “${of.title}”?`),
		detail: plainMessage(details.join('\n\n')),
		button: 'Discard',
	};
}

export const madeNote = (files: number): string =>
	`This session works in a worktree: a copy of ${plural(files, 'file')} as they were, changed and new ones included. Nothing it does reaches your files until you merge it back. Files that git ignores are not in it.`;

export const keptNote = ({ bundle, sizeBytes }: KeptWorktree): string =>
	`The worktree was discarded. All of its files are kept in ${bundle} (${sizeOf(sizeBytes)}).`;

export const restoredNote = (): string => 'The worktree is back as it was when it was discarded.';

/** To the user, at the start of a session that goes on in the workspace. */
export const LEFT_WORKTREE_TEXT =
	'This session works in the workspace itself. The one it comes from works in a worktree, whose changes are not here until they are merged back there.';

/** To the model, likewise: the conversation so far names the worktree's folder. */
export const LEFT_WORKTREE_REMINDER =
	'This conversation went on so far in a worktree, a copy of the project in another folder. From here on it goes on in the project itself: the working folder is now the first folder of the workspace. Files may differ from what was read or written before. Use relative paths, and read files before you change them.';

function sizeOf(bytes: number): string {
	if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1_000))} KB`;
	return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
