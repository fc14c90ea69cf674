/** What is stored, in words: the rows of *Show Storage…* and the text of its preview. Pure. */
import type * as vscode from 'vscode';
import { plural } from '../../base/text.ts';
import type { PurgePlan, SessionUse } from '../../core/checkpoint/storeUse.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import { plainLabel } from '../plainLabel.ts';
import { ageText, sizeText } from '../transfer/transferTexts.ts';

export type StorageRow = vscode.QuickPickItem & { readonly run?: () => Promise<void> };

/** `2.1 MB · pinned or open`, and below it `log 1.2 MB · files 0.8 MB · other contents 0.1 MB · shared 3 MB · used 2 h ago`. */
export function sessionRow(
	{ session, ownBytes, fileBytes, sharedBytes }: SessionUse,
	title: string | undefined,
	isKept: boolean,
): StorageRow {
	const parts = [
		`log ${sizeText(session.logBytes)}`,
		`files ${sizeText(fileBytes)}`,
		...(ownBytes > fileBytes ? [`other contents ${sizeText(ownBytes - fileBytes)}`] : []),
		...(sharedBytes > 0 ? [`shared ${sizeText(sharedBytes)}`] : []),
		...(session.isTrashed ? ['in the trash'] : []),
		`used ${ageText(session.modifiedMs, Date.now())}`,
	];
	const name = title ?? `Session ${session.sessionId.slice(0, 8)}`;
	return {
		label: `$(${isKept ? 'lock' : session.isTrashed ? 'trash' : 'comment'}) ${plainLabel(name)}`,
		description: `${sizeText(session.logBytes + ownBytes)}${isKept ? ' · pinned or open' : ''}`,
		detail: parts.join(' · '),
	};
}

/** `12 MB: 3 MB that no session names, contents of 4 sessions`. */
export function plannedText({ freedBytes, unnamedBytes, sessions }: PurgePlan): string {
	const parts = [
		...(unnamedBytes > 0 ? [`${sizeText(unnamedBytes)} that no session names`] : []),
		...(sessions.length > 0 ? [`contents of files of ${plural(sessions.length, 'session')}`] : []),
	];
	return `${sizeText(freedBytes)}: ${parts.join(', ')}`;
}

const MAX_NAMES = 10;

/** What goes, from whom, what stays, and what it means. */
export function purgeDetail(plan: PurgePlan, titles: ReadonlyMap<string, string>): string {
	const lines = [`${plural(plan.contents.length, 'stored content')} would be removed.`];
	if (plan.unnamedBytes > 0) lines.push(`${sizeText(plan.unnamedBytes)} of it no session names any more.`);
	if (plan.sessions.length > 0) {
		const names = plan.sessions.map(({ sessionId }) => titles.get(sessionId) ?? `Session ${sessionId.slice(0, 8)}`);
		const more = names.length > MAX_NAMES ? [`… and ${names.length - MAX_NAMES} more`] : [];
		lines.push('These sessions lose contents of files, so rewinds to before them cannot restore those files any more:');
		lines.push(...names.slice(0, MAX_NAMES), ...more);
	}
	if (!plan.isEnough)
		lines.push('The store stays over the limit: the rest is pinned, open, newer than a week, or logs.');
	lines.push('Messages, logs and the files of your workspace stay as they are.');
	return lines.join('\n');
}

/** What the session has no copy of, by the reason, the most frequent first. */
export function unrecorded(
	operations: readonly EntryOf<'fileOperation'>[],
): readonly { readonly reason: string; readonly text: string }[] {
	const reasons = new Map<string, { count: number; example: string }>();
	for (const { before, after, reason, path } of operations) {
		if (before !== 'notCaptured' && after !== 'notCaptured') continue;
		const key = reason ?? 'no copy was made';
		const known = reasons.get(key);
		reasons.set(key, { count: (known?.count ?? 0) + 1, example: known?.example ?? path.rel });
	}
	return [...reasons]
		.sort((a, b) => b[1].count - a[1].count)
		.map(([reason, { count, example }]) => ({ reason, text: `${plural(count, 'change')}, for example ${example}` }));
}
