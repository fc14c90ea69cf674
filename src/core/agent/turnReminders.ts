/**
 * What the model has to be told beside the prompt: what the user took back since, and whether plan mode is on. Pure; our own words and
 * paths only. Whether something was said is read from the branch, so a rewind that takes the words back lets them be said again.
 */
import { cutText } from '../../base/text.ts';
import { isSameFile } from '../checkpoint/timeline.ts';
import { isToolUseBlock, type ToolUseBlock } from '../session/content.ts';
import type { Entry, EntryDraft, EntryOf, PermissionMode } from '../session/entry.ts';
import { foldEntries } from '../session/pathFold.ts';
import { planOutcomeOf } from '../tools/plan.ts';
import { hasOpenTasks, TASK_LIST } from '../tools/taskList.ts';
import { resultText } from './planItem.ts';

/** What to send with the next prompt. `entries` is the whole log, `branch` the path to its leaf. */
export function promptReminders(
	entries: readonly Entry[],
	branch: readonly Entry[],
	mode: PermissionMode,
): readonly EntryDraft<'reminder'>[] {
	const changes = userChangesText(entries, branch);
	const modeText = modeReminder(branch, mode);
	return [
		...(changes === undefined ? [] : [{ type: 'reminder' as const, text: changes, hasOtherWords: true }]),
		...(modeText === undefined ? [] : [{ type: 'reminder' as const, text: modeText }]),
	];
}

/** Undefined when the model knows. Never part of the frozen prefix, since the mode changes while a session runs. */
export function modeReminder(branch: readonly Entry[], mode: PermissionMode): string | undefined {
	if (knowsPlanMode(branch) === (mode === 'plan')) return undefined;
	return mode === 'plan' ? PLAN_ON : PLAN_OFF;
}

/** What the model has to be told before the next request of a turn: the mode, or a task list that it seems to have forgotten. */
export function stepReminder(branch: readonly Entry[], mode: PermissionMode): string | undefined {
	return modeReminder(branch, mode) ?? taskReminder(branch);
}

/** By the newest reminder, or the newest result of Plan, which says the mode as well. */
const knowsPlanMode = foldEntries(false, (knows, entry) => {
	if (entry.type === 'reminder' && isModeText(entry.text)) return entry.text !== PLAN_OFF;
	const outcome = entry.type === 'toolResult' && !entry.isError ? planOutcomeOf(resultText(entry)) : undefined;
	return outcome ? outcome.kind !== 'accepted' : knows;
});

const PLAN_ON =
	'The user switched plan mode on. Files cannot be changed and commands cannot be run until they switch it off. Explore with the reading tools and answer with a plan, through the Plan tool if you have it.';
/** In logs of before there was such a tool. */
const PLAN_ON_BEFORE =
	'The user switched plan mode on. Files cannot be changed and commands cannot be run until they switch it off. Explore with the reading tools and answer with a plan.';
const PLAN_OFF = 'The user switched plan mode off: files can be changed and commands can be run again.';
const isModeText = (text: string): boolean => text === PLAN_ON || text === PLAN_ON_BEFORE || text === PLAN_OFF;

/** Replies without a word about the tasks, since the list or the last reminder of it, before it is brought to mind. */
const QUIET_REPLIES = 12;
const TASKS_STALE =
	'The task list was not touched for a while. If it still fits the work, bring it up to date with TaskList; if it does not, replace or clear it. Do not mention this reminder.';

function taskReminder(branch: readonly Entry[]): string | undefined {
	const list = newestList(branch);
	if (list === undefined || !hasOpenTasks(list.input)) return undefined;
	const replies = new Set<string>();
	for (let index = branch.length - 1; index >= 0 && replies.size < QUIET_REPLIES; index--) {
		const entry = branch[index];
		if (entry?.type === 'reminder' && entry.text === TASKS_STALE) return undefined;
		if (entry?.type !== 'assistant') continue;
		if (entry.block === list) return undefined;
		replies.add(entry.messageId);
	}
	return replies.size < QUIET_REPLIES ? undefined : TASKS_STALE;
}

const newestList = foldEntries<ToolUseBlock | undefined>(undefined, (list, entry) =>
	entry.type === 'assistant' && isToolUseBlock(entry.block) && entry.block.name === TASK_LIST ? entry.block : list,
);

const MAX_SENTENCES = 40;
const MAX_PATH_CHARS = 300;
const ADVICE =
	'This was the user’s decision: do not make these changes again unless asked, and read a file before you edit it.';

/** Verdicts on the model's changes and files taken back since the last prompt of the branch. */
function userChangesText(entries: readonly Entry[], branch: readonly Entry[]): string | undefined {
	const lastPrompt = branch.findLast((entry) => entry.type === 'user');
	if (!lastPrompt) return undefined;
	const later = entries.slice(entries.lastIndexOf(lastPrompt) + 1);
	let ownEpochs: ReturnType<typeof epochsOf> | undefined;
	// Looks through the whole log, and hardly any prompt comes after a review.
	const isOwnEpoch = (epoch: number): boolean => {
		ownEpochs ??= epochsOf(entries, branch);
		return ownEpochs(epoch);
	};
	const onBranch = new Set(branch.map((entry) => entry.id));
	const undone = new Set(later.flatMap((entry) => (entry.type === 'restore' && entry.undoOf ? [entry.undoOf] : [])));
	const failed = new Set(
		later.flatMap((entry) => (entry.type === 'restoreDone' && entry.failed > 0 ? [entry.restore] : [])),
	);
	const sentences = later.flatMap((entry): readonly string[] => {
		// A change that this conversation does not know needs no word.
		if (entry.type === 'review') return entry.hunk.epochs.some(isOwnEpoch) ? reviewSentence(entry, entries) : [];
		// With the conversation rewound as well, a restore hangs on the branch that was left: files and words agree.
		if (entry.type !== 'restore' || entry.undoOf !== undefined || undone.has(entry.id)) return [];
		if (entry.parentId === null || !onBranch.has(entry.parentId)) return [];
		return restoreSentences(entry, failed.has(entry.id));
	});
	const told = [...new Set(sentences)];
	if (told.length === 0) return undefined;
	told.push(...keptSentences(later, isOwnEpoch));
	const more = told.length - MAX_SENTENCES;
	return [...told.slice(0, MAX_SENTENCES), ...(more > 0 ? [`And ${more} more of this kind.`] : []), ADVICE].join('\n');
}

/** Whether an operation was made by a call that stands on the branch. */
function epochsOf(entries: readonly Entry[], branch: readonly Entry[]): (epoch: number) => boolean {
	const calls = new Set<string>();
	for (const entry of branch) if (entry.type === 'assistant' && isToolUseBlock(entry.block)) calls.add(entry.block.id);
	// What agents did counts as done by the calls that started them.
	const agents = new Set<string>();
	for (const entry of entries)
		if (entry.type === 'subagent' && entry.toolUseId !== undefined && calls.has(entry.toolUseId))
			agents.add(entry.subagentId);
	const epochs = new Set<number>();
	for (const entry of entries) {
		if (entry.type !== 'fileOperation' || entry.toolUseId === undefined) continue;
		if (calls.has(entry.toolUseId) || agents.has(entry.agentId)) epochs.add(entry.epoch);
	}
	return (epoch) => epochs.has(epoch);
}

function reviewSentence(entry: EntryOf<'review'>, entries: readonly Entry[]): readonly string[] {
	const path = shownPath(entry.path.rel);
	// Logs of before have an empty text for a file that is gone.
	const isGone = entry.after === 'absent' && (entry.text === 'absent' || entry.text?.size === 0);
	switch (entry.verdict) {
		case 'keep':
			return [];
		case 'undo':
			if (isGone) return [`The user deleted ${path}, which you had created.`];
			if (isDeletion(entry, entries)) return [`The user brought back ${path}, which you had deleted.`];
			return [`The user undid your change to ${path} ${linesText(entry.hunk.range)}.`];
		case 'edited':
			if (isGone) return [`The user deleted ${path}, which you had changed.`];
			return [`The user rewrote your change to ${path} ${linesText(entry.hunk.range)}.`];
	}
}

/** Whether the last operation behind a verdict took the file away. */
function isDeletion({ hunk, path }: EntryOf<'review'>, entries: readonly Entry[]): boolean {
	const last = Math.max(...hunk.epochs);
	return entries.some(
		(entry) =>
			entry.type === 'fileOperation' && entry.epoch === last && entry.op === 'delete' && isSameFile(entry.path, path),
	);
}

/** What was kept needs a word only beside what was not: so the model knows what to build on. */
function keptSentences(later: readonly Entry[], isOwnEpoch: (epoch: number) => boolean): readonly string[] {
	const reviews = later.filter((entry) => entry.type === 'review' && entry.hunk.epochs.some(isOwnEpoch));
	const pathsWith = (isWanted: (verdict: EntryOf<'review'>['verdict']) => boolean) =>
		new Set(
			reviews.flatMap((one) => (one.type === 'review' && isWanted(one.verdict) ? [shownPath(one.path.rel)] : [])),
		);
	const altered = pathsWith((verdict) => verdict !== 'keep');
	return [...pathsWith((verdict) => verdict === 'keep')].map((path) =>
		altered.has(path)
			? `The user kept your other reviewed changes to ${path}.`
			: `The user kept your changes to ${path}.`,
	);
}

/** Lines as the model counts them, where its change stood. */
function linesText({ start, end }: { readonly start: number; readonly end: number }): string {
	if (end <= start) return `at line ${start + 1}`;
	return end === start + 1 ? `line ${end}` : `lines ${start + 1}–${end}`;
}

function restoreSentences(entry: EntryOf<'restore'>, hasFailures: boolean): readonly string[] {
	const sentences = entry.files.flatMap(({ path, outcome }) => {
		const what = RESTORED[outcome];
		const whose = entry.agent !== undefined ? 'an agent' : entry.turn !== undefined ? 'an earlier turn' : undefined;
		if (whose !== undefined) return what === undefined ? [] : [partSentence(shownPath(path.rel), outcome, whose)];
		return what === undefined ? [] : [`The user rewound ${shownPath(path.rel)}: ${what}.`];
	});
	if (sentences.length === 0 || !hasFailures) return sentences;
	return [...sentences, 'Not all of these files could be rewound.'];
}

/** What one turn or one agent did was taken back; what came after it stays. */
function partSentence(path: string, outcome: string, whose: string): string {
	if (outcome === 'delete') return `The user deleted ${path}, which ${whose} had created.`;
	if (outcome === 'create') return `The user brought ${path} back, which ${whose} had deleted.`;
	return `The user took back what ${whose} had changed in ${path}. Later changes to it are kept.`;
}

const RESTORED: Readonly<Record<string, string>> = {
	restore: 'it is as it was before an earlier prompt',
	part: 'parts of it are as they were before an earlier prompt',
	merged: 'it holds what the user merged of now and of before an earlier prompt',
	create: 'it is there again, as it was before an earlier prompt',
	delete: 'it did not exist before an earlier prompt and is gone again',
};

/** On one line: a file name may hold anything. */
function shownPath(rel: string): string {
	return cutText(rel.replace(/\p{Cc}/gu, '?'), MAX_PATH_CHARS);
}
