/**
 * What stands beside a summary word for word: facts, the plan and the task list, the prompt that is being worked on with the results nobody
 * answered yet, and the files used last, as they are now. Reads files; changes nothing.
 */
import { UserError } from '../../base/errors.ts';
import { cutText, utf8Length } from '../../base/text.ts';
import { factsText } from '../context/facts.ts';
import { decodeText } from '../edit/textFile.ts';
import type { Workspace } from '../ports.ts';
import type { ContextRef, Fact } from '../session/compactionFields.ts';
import { type InputBlock, isTextBlock, isToolUseBlock, type StoredInputBlock } from '../session/content.ts';
import type { Entry, EntryFields, EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { namedCall } from '../tools/namedCall.ts';
import { maskSecrets } from './maskSecrets.ts';
import { pinnedItems } from './pinnedItems.ts';
import { planItem } from './planItem.ts';

/** Content that is not stored yet may be long. */
export type RestoredItem = Omit<EntryFields<'compaction'>['restored'][number], 'content'> & {
	readonly content: InputBlock | StoredInputBlock;
};

type RestoredInput = {
	readonly session: Session;
	readonly workspace: Workspace;
	/** The whole of it, and what of it is replaced: positions `[start, end)`. */
	readonly branch: readonly Entry[];
	readonly start: number;
	readonly end: number;
	readonly facts: readonly Fact[];
	/** Parts of the range that were chosen to stay. */
	readonly kept: EntryFields<'compaction'>['restored'];
	readonly withFiles: boolean;
	readonly windowTokens: number;
};

/** Enough to go on with the work at hand; more would fill what was just emptied. */
const MAX_FILES = 5;
const MAX_FILE_TOKENS = 5_000;
/** Of the window, for all files together. */
const FILES_SHARE = 0.1;
const MAX_RESULT_CHARS = 4_000;
const BYTES_PER_TOKEN = 3.5;
const FILE_TOOLS: ReadonlySet<string> = new Set(['Read', 'Edit', 'MultiEdit', 'Write', 'NotebookEdit']);

export async function restoredItems(
	input: RestoredInput,
): Promise<{ readonly restored: readonly RestoredItem[]; readonly pins: ContextRef[] }> {
	const replaced = input.branch.slice(input.start, input.end);
	const tasks = input.session.newest('taskList');
	const facts = factsText(input.facts);
	const texts: { readonly what: string; readonly text: string }[] = [];
	if (facts !== undefined) texts.push({ what: 'facts', text: facts });
	if (tasks && tasks.tasks.length > 0) texts.push({ what: 'tasks', text: tasksText(tasks) });
	texts.push(...unfinished(replaced));
	if (input.withFiles) texts.push(...(await recentFiles(input.workspace, replaced, input.windowTokens)));
	const items = texts.map(({ what, text }): RestoredItem => ({ what, content: { type: 'text', text } }));
	const { restored: pinned, pins } = pinnedItems(input.branch, input.start, input.end);
	const plan = planItem(input.branch, input.start, input.end);
	return { restored: [...input.kept, ...pinned, ...plan, ...items], pins };
}

function tasksText({ tasks }: EntryOf<'taskList'>): string {
	const lines = tasks.map(({ text, state }) => `- [${state}] ${text}`);
	return `The task list as it is now:\n${lines.join('\n')}`;
}

/** In the middle of a turn: the prompt that it works on, and what its last calls gave. */
function unfinished(replaced: readonly Entry[]): readonly { readonly what: string; readonly text: string }[] {
	const start = replaced.findLastIndex(({ type }) => type === 'user');
	const turn = replaced.slice(start);
	const [prompt] = turn;
	if (prompt?.type !== 'user' || turn.some(({ type }) => type === 'turnEnded' || type === 'interrupted')) return [];
	if (!turn.some(({ type }) => type === 'assistant')) return [];
	const said = turn.findLastIndex(({ type }) => type === 'assistant');
	const results = turn.slice(said + 1).filter((entry) => entry.type === 'toolResult');
	const calls = new Map(
		turn.flatMap((entry) =>
			entry.type === 'assistant' && isToolUseBlock(entry.block) ? [[entry.block.id, entry.block] as const] : [],
		),
	);
	const items = [{ what: 'prompt', text: `The user’s newest message, which is being worked on:\n${textOf(prompt)}` }];
	if (results.length === 0) return items;
	const parts = results.map((result) => {
		const call = calls.get(result.toolUseId);
		const asked = call ? `${call.name} ${cutText(JSON.stringify(call.input) ?? '', 300)}` : 'A call';
		return `${asked}${result.isError ? ' failed' : ''}:\n${cutText(textOf(result), MAX_RESULT_CHARS)}`;
	});
	return [...items, { what: 'results', text: `What the last calls gave:\n\n${parts.join('\n\n')}` }];
}

function textOf(entry: EntryOf<'user' | 'toolResult'>): string {
	return entry.content
		.map((block) => ('$blob' in block ? `${block.head} […]` : isTextBlock(block) ? String(block.text) : '(an image)'))
		.join('\n');
}

async function recentFiles(
	workspace: Workspace,
	replaced: readonly Entry[],
	windowTokens: number,
): Promise<readonly { readonly what: string; readonly text: string }[]> {
	const items: { readonly what: string; readonly text: string }[] = [];
	let leftBytes = windowTokens * FILES_SHARE * BYTES_PER_TOKEN;
	for (const { path, cwd } of recentPaths(replaced)) {
		if (items.length === MAX_FILES) break;
		const text = await fileText(workspace, path, cwd);
		if (text === undefined) continue;
		const bytes = utf8Length(text);
		const isSmall = bytes <= MAX_FILE_TOKENS * BYTES_PER_TOKEN && bytes <= leftBytes;
		if (isSmall) leftBytes -= bytes;
		items.push({
			what: `file ${path}`,
			text: isSmall
				? `${path}, which was used lately, as it is now:\n${text}`
				: `${path} was used lately. It is too long to stand here: read what you need of it.`,
		});
	}
	return items;
}

/** Newest first, each once. */
function recentPaths(replaced: readonly Entry[]): readonly { readonly path: string; readonly cwd: string }[] {
	const paths = new Map<string, string>();
	for (const entry of replaced.toReversed()) {
		if (entry.type !== 'assistant' || !isToolUseBlock(entry.block)) continue;
		const { name, input } = namedCall(entry.block);
		if (!FILE_TOOLS.has(name)) continue;
		const path = typeof input === 'object' && input !== null && 'file_path' in input ? input.file_path : undefined;
		if (typeof path === 'string' && !paths.has(path)) paths.set(path, entry.cwd);
	}
	return [...paths].map(([path, cwd]) => ({ path, cwd }));
}

/** Undefined for what is not a text inside the workspace now. */
async function fileText(workspace: Workspace, path: string, cwd: string): Promise<string | undefined> {
	try {
		const place = await workspace.resolve(path, cwd);
		if (place.kind === 'outside' || place.isLink) return undefined;
		const snapshot = await workspace.read(place.absolute);
		if (snapshot.kind !== 'file') return undefined;
		const decoded = decodeText(snapshot.bytes);
		return decoded.kind === 'text' ? maskSecrets(decoded.file.text) : undefined;
	} catch (error) {
		// The summary stands without it.
		if (error instanceof UserError) return undefined;
		throw error;
	}
}
