/** A point of the time line, and a file of it, in words. Pure. */
import { cutText, plural } from '../../base/text.ts';
import type { FileChange, Point } from '../../core/checkpoint/checkpoints.ts';
import type { Author } from '../../core/session/fileFields.ts';
import { ago } from '../branch/branchRow.ts';

/** Lines added and removed; undefined where it is not known or not text. */
export type LineCounts = { readonly added: number; readonly removed: number } | undefined;

/** Stands behind the name: `2 files · +3 −1 · 5 min ago`. */
export function describePoint(
	point: Point,
	facts: { readonly counts: LineCounts; readonly isElsewhere: boolean; readonly nowMs: number },
): string {
	return [
		point.files.length > 0 ? plural(point.files.length, 'file') : '',
		countsText(facts.counts),
		facts.isElsewhere ? 'other branch' : '',
		ago(point.at, facts.nowMs),
	]
		.filter((part) => part !== '')
		.join(' · ');
}

/** `src · agent · +3 −1`. */
export function describeFile(change: FileChange, counts: LineCounts): string {
	const { rel } = change.file;
	return [folderOf(rel), changeWord(change), authorsText(change.authors), countsText(counts)]
		.filter((part) => part !== '')
		.join(' · ');
}

export const nameOf = (rel: string): string => rel.slice(rel.lastIndexOf('/') + 1);
const folderOf = (rel: string): string => rel.slice(0, Math.max(0, rel.lastIndexOf('/')));

export function countsText(counts: LineCounts): string {
	return counts && counts.added + counts.removed > 0 ? `+${counts.added} −${counts.removed}` : '';
}

/** What happened to it, where that is not a plain change. */
function changeWord({ before, after, from }: FileChange): string {
	if (from) return `from ${from.rel}`;
	if (before === 'absent') return 'new';
	if (after === 'absent') return 'deleted';
	return '';
}

const AUTHORS: Readonly<Record<Author, string>> = {
	agent: 'agent',
	subagent: 'subagent',
	shell: 'shell',
	editor: 'you',
	save: 'you',
	disk: 'another program',
	otherSession: 'another session',
	unknown: 'unknown',
};
const ICONS: Readonly<Record<Author, string>> = {
	agent: 'sparkle',
	subagent: 'sparkle',
	shell: 'terminal',
	editor: 'account',
	save: 'account',
	disk: 'vm',
	otherSession: 'comment-discussion',
	unknown: 'question',
};

export const authorText = (author: Author): string => AUTHORS[author];
export const authorsText = (authors: readonly Author[]): string => [...new Set(authors.map(authorText))].join(', ');
/** Of several the one that is least sure. */
export function authorIcon(authors: readonly Author[]): string {
	const [first = 'unknown'] = authors;
	return ICONS[authors.includes('unknown') ? 'unknown' : first];
}

const POINT_ICONS: Readonly<Record<Point['kind'], string>> = {
	prompt: 'comment',
	checkpoint: 'bookmark',
	restore: 'discard',
	command: 'terminal',
};
export const pointIcon = (kind: Point['kind']): string => POINT_ICONS[kind];

const KINDS: Readonly<Record<Point['kind'], string>> = {
	prompt: 'Prompt',
	checkpoint: 'Checkpoint',
	restore: 'Restore',
	command: 'Command',
};
export const pointKind = (kind: Point['kind']): string => KINDS[kind];

const MAX_NAME_CHARS = 40;

const BEFORE = /^before /;

/** `area (at Guard the area).js`: the editor still finds the language by its end. */
export function nameAt(rel: string, label: string): string {
	const name = nameOf(rel);
	const dot = name.lastIndexOf('.');
	const stem = dot > 0 ? name.slice(0, dot) : name;
	const plain = label.replace(/[\\/:*?"<>|#%\s]+/g, ' ').trim();
	const short = plain.length > MAX_NAME_CHARS ? `${cutText(plain, MAX_NAME_CHARS - 1).trimEnd()}…` : plain;
	const at = BEFORE.test(short) ? '' : 'at ';
	return `${stem} (${at}${short})${dot > 0 ? name.slice(dot) : ''}`;
}
