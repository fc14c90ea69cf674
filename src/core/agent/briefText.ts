/**
 * The parts of a brief that no model writes: task list and git as they are, and a whole brief from the log alone for when no model can be
 * asked. Pure.
 */
import { cutText } from '../../base/text.ts';
import { isTextBlock } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import { plainName, promptText } from '../session/titles.ts';
import { readableSummary } from './compact.ts';

/** A repository that a folder of the workspace is in, as it is now. */
export type GitState = {
	/** The folder's name; said only when there are several. */
	readonly folder: string;
	/** Undefined before its first commit. */
	readonly branch: string | undefined;
	/** Paths from the folder on, in the order of their names; at most a hundred. */
	readonly changes: readonly {
		readonly path: string;
		readonly what: 'added' | 'changed' | 'deleted' | 'new' | 'conflict';
	}[];
	/** Changes besides. */
	readonly more: number;
};

const MAX_PROMPT_CHARS = 4_000;
const MAX_ANSWER_CHARS = 6_000;
const MAX_SUMMARY_CHARS = 8_000;
const MAX_FILES = 50;

/** `body` with what is inserted word for word behind it; sections that have nothing to say are left out. */
export function withFacts(body: string, tasks: EntryOf<'taskList'> | undefined, git: readonly GitState[]): string {
	return [body, taskSection(tasks), ...gitSections(git)].filter((part) => part !== '').join('\n\n');
}

/** From the log alone: the first prompt, what was summarized, the files that were changed, and the last answer. */
export function mechanicalBrief(branch: readonly Entry[], entries: readonly Entry[]): string {
	const prompts = branch.filter((entry) => entry.type === 'user');
	const first = prompts[0];
	const last = prompts.at(-1);
	const summary = branch.findLast((entry) => entry.type === 'compaction');
	const files = changedFiles(entries);
	const answer = lastAnswer(branch);
	const sections: (readonly [string, string])[] = [
		['Goal', first ? cutText(promptText(first.content).trim(), MAX_PROMPT_CHARS) : ''],
		['What came before', summary ? cutText(readableSummary(summary.summary), MAX_SUMMARY_CHARS) : ''],
		['Last request', last && last !== first ? cutText(promptText(last.content).trim(), MAX_PROMPT_CHARS) : ''],
		['Last answer', cutText(answer, MAX_ANSWER_CHARS)],
		['Files that this session changed', listed(files)],
	];
	return sections.flatMap(([heading, text]) => (text === '' ? [] : [`## ${heading}\n${text}`])).join('\n\n');
}

function taskSection(tasks: EntryOf<'taskList'> | undefined): string {
	if (!tasks || tasks.tasks.length === 0) return '';
	return `## Tasks\n${tasks.tasks.map(({ text, state }) => `- [${TASK_MARK[state]}] ${text}`).join('\n')}`;
}

const TASK_MARK = { pending: ' ', inProgress: '~', completed: 'x' } as const;

function gitSections(git: readonly GitState[]): readonly string[] {
	return git.map(({ folder, branch, changes, more }) => {
		const heading = git.length > 1 ? `## Git in ${plainName(folder)}` : '## Git';
		const lines = [`Branch: ${branch === undefined ? 'none yet' : plainName(branch)}`];
		if (changes.length === 0) lines.push('No changes that are not committed.');
		else lines.push('Not committed:', ...changes.map(({ path, what }) => `- ${plainName(path)} (${what})`));
		if (more > 0) lines.push(`- and ${more} more`);
		return `${heading}\n${lines.join('\n')}`;
	});
}

/** Newest first, each once. What a formatter did on save is part of the edit before it. */
function changedFiles(entries: readonly Entry[]): readonly string[] {
	const paths = new Set<string>();
	for (const entry of entries.toReversed())
		if (entry.type === 'fileOperation' && entry.author !== 'save') paths.add(entry.path.rel);
	return [...paths];
}

function listed(paths: readonly string[]): string {
	const lines = paths.slice(0, MAX_FILES).map((path) => `- ${plainName(path)}`);
	if (paths.length > lines.length) lines.push(`- and ${paths.length - lines.length} more`);
	return lines.join('\n');
}

function lastAnswer(branch: readonly Entry[]): string {
	const newest = branch.findLast(
		(entry) => entry.type === 'assistant' && isTextBlock(entry.block) && String(entry.block.text).trim() !== '',
	);
	return newest?.type === 'assistant' && isTextBlock(newest.block) ? String(newest.block.text).trim() : '';
}
