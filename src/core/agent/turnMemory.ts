/**
 * Memory files that come into a conversation after its start: those that changed on disk, and those of a folder that is entered. Their text
 * goes as an attachment, in the user's role; a reminder says in our own words what it is. What the model knows is read from the
 * branch and the frozen start, so a rewind that takes a text back lets it come again.
 */
import { utf8Encode } from '../../base/text.ts';
import type { LoadedPrefix } from '../context/prefix.ts';
import { type MemoryFile, memorySection, sectionPath } from '../memory/memoryFile.ts';
import { replacedEntries } from '../session/compaction.ts';
import type { ToolUseBlock } from '../session/content.ts';
import type { Entry, EntryDraft } from '../session/entry.ts';
import type { BlobStore } from '../session/storePort.ts';
import { namedCall } from '../tools/namedCall.ts';
import { displayPath } from '../tools/paths.ts';
import { findTool } from '../tools/registry.ts';
import type { TurnContext } from './runToolCall.ts';
import { storeBlocks } from './storeBlocks.ts';
import { listNews } from './turnLists.ts';

export type MemoryDraft = EntryDraft<'attachment'> | EntryDraft<'reminder'> | EntryDraft<'notice'>;

/** What goes behind the next prompt: memory files and lists that are not as the model knows them. Rejects with what the blob store rejects with. */
export async function memoryNews(
	{ session, ports }: TurnContext,
	prefix: LoadedPrefix,
): Promise<readonly MemoryDraft[]> {
	const branch = session.branch();
	const known = knownMemory(branch, prefix, ports.blobs);
	// Also of what a summary took the place of: memory files outlive it.
	const causes = [...new Set(branch.flatMap((entry) => (entry.type === 'attachment' && entry.memory?.cause) || []))];
	const [project, nested] = await Promise.all([
		ports.loadProjectContext(),
		causes.length > 0 ? ports.loadNestedMemory?.(causes) : undefined,
	]);
	const nestedFiles = nested?.files ?? [];
	const found = [...project.memory, ...nestedFiles];
	const drafts = await draftsFor(found, known, ports.blobs, session.cwd, 'changed');
	const paths = new Set(found.map(({ path }) => path));
	const gone = [...known].flatMap(([path, { isTold }]) =>
		paths.has(path) || isTold ? [] : [{ type: 'reminder' as const, text: goneText(path), hasOtherWords: true }],
	);
	const notices = memoryNotices(session.entries, [...(project.notices ?? []), ...(nested?.notices ?? [])]);
	const lists = await listNews(branch, prefix, project, ports.blobs);
	return [...lists.attachments, ...drafts, ...gone, ...lists.reminders, ...notices];
}

/** Appends the memory files that the calls of this reply brought in by the files they touched. Rejects with what the log rejects with. */
export async function enterMemory(
	calls: readonly ToolUseBlock[],
	{ session, ports }: TurnContext,
	prefix: LoadedPrefix,
): Promise<void> {
	if (!ports.loadNestedMemory) return;
	const branch = session.branch();
	const touched = await touchedFiles(calls, branch, ports.workspace, session.cwd);
	if (touched.length === 0) return;
	const { files, notices } = await ports.loadNestedMemory(touched);
	const known = knownMemory(branch, prefix, ports.blobs);
	const drafts = await draftsFor(files, known, ports.blobs, session.cwd, 'entered');
	const all = [...drafts, ...memoryNotices(session.entries, notices)];
	if (all.length > 0) session.append<'attachment' | 'reminder' | 'notice'>(...all);
}

/** Each sentence once in a session. */
export function memoryNotices(
	entries: readonly Entry[],
	sentences: readonly string[] | undefined,
): readonly EntryDraft<'notice'>[] {
	const told = new Set(
		entries.flatMap((entry) => (entry.type === 'notice' && entry.code === NOTICE ? [entry.text] : [])),
	);
	return (sentences ?? [])
		.filter((text) => !told.has(text))
		.map((text) => ({ type: 'notice', level: 'warning', code: NOTICE, text }));
}

const NOTICE = 'memory-file';

type Known = {
	/** Of the section that was sent last. */
	readonly hash: string;
	/** The file that brought it in. */
	readonly cause?: string;
	/** The model was told that it is gone. */
	readonly isTold?: boolean;
};

/** By path, what of each memory file was sent last on this branch. */
function knownMemory(branch: readonly Entry[], prefix: LoadedPrefix, blobs: BlobStore): ReadonlyMap<string, Known> {
	const known = new Map<string, Known>();
	for (const { text } of prefix.context.flatMap(sectionsOf)) {
		const path = sectionPath(text);
		if (path !== undefined) known.set(path, { hash: hashOf(text, blobs) });
	}
	const replaced = replacedEntries(branch);
	for (const entry of branch) {
		if (replaced.has(entry.id)) continue;
		if (entry.type === 'attachment' && entry.memory) {
			const { path, hash, cause } = entry.memory;
			known.set(path, { hash, ...(cause === undefined ? {} : { cause }) });
		} else if (entry.type === 'reminder') {
			const path = GONE.exec(entry.text)?.[1];
			const before = path === undefined ? undefined : known.get(path);
			if (path !== undefined && before) known.set(path, { ...before, hash: '', isTold: true });
		}
	}
	return known;
}

/** Sessions that were started before each file had a text of its own have all of them in one. */
function sectionsOf(block: { readonly text: string }): readonly { readonly text: string }[] {
	if (!block.text.startsWith('# ')) return [block];
	return block.text
		.split(/\n\n(?=## (?:\/|[A-Za-z]:[\\/]|\\\\))/)
		.slice(1)
		.map((text) => ({ text }));
}

const hashOf = (section: string, blobs: BlobStore): string => blobs.hash(utf8Encode(section));

async function draftsFor(
	files: readonly MemoryFile[],
	known: ReadonlyMap<string, Known>,
	blobs: BlobStore,
	cwd: string,
	why: 'changed' | 'entered',
): Promise<readonly MemoryDraft[]> {
	const drafts: MemoryDraft[] = [];
	const reminders: string[] = [];
	for (const file of files) {
		const section = memorySection(file);
		const before = known.get(file.path);
		const hash = hashOf(section, blobs);
		if (before?.hash === hash) continue;
		const { path, cause } = file;
		const content = await storeBlocks([{ type: 'text', text: `${HEAD}\n\n${section}` }], blobs);
		drafts.push({
			type: 'attachment',
			name: displayPath(path, cwd),
			content,
			memory: { path, hash, ...(cause === undefined ? {} : { cause }) },
		});
		reminders.push(
			before && !before.isTold ? changedText(path) : why === 'entered' || cause ? enteredText(path) : newText(path),
		);
	}
	return [...drafts, ...reminders.map((text) => ({ type: 'reminder' as const, text, hasOtherWords: true }))];
}

const HEAD = 'The text of a memory file, read from the disk (not typed by the user):';
const WHERE = 'Its text stands above, in the message of the user.';
const oneLine = (path: string): string => path.replaceAll(/\p{Cc}/gu, '?');
const changedText = (path: string): string =>
	`The memory file ${oneLine(path)} was changed on disk. ${WHERE} It takes the place of what it said before.`;
const newText = (path: string): string =>
	`There is a new memory file, ${oneLine(path)}. ${WHERE} Follow it as the other project instructions.`;
const enteredText = (path: string): string =>
	`The memory file ${oneLine(path)} holds for files you have just come to. ${WHERE} Follow it for these files; it wins over more general project instructions.`;
const goneText = (path: string): string =>
	`The memory file ${oneLine(path)} is gone or holds no more. Do not follow what it said.`;
const GONE = /^The memory file (.+) is gone or holds no more\. Do not follow what it said\.$/;

const FILE_TOOLS: ReadonlySet<string> = new Set(['Read', 'Edit', 'MultiEdit', 'Write', 'NotebookEdit']);

/** Absolute paths of the files that these calls read or changed, in order, each once. */
async function touchedFiles(
	calls: readonly ToolUseBlock[],
	branch: readonly Entry[],
	workspace: TurnContext['ports']['workspace'],
	cwd: string,
): Promise<readonly string[]> {
	const failed = new Set(
		branch.flatMap((entry) => (entry.type === 'toolResult' && entry.isError ? [entry.toolUseId] : [])),
	);
	const touched = new Set<string>();
	for (const made of calls) {
		const call = namedCall(made);
		if (!FILE_TOOLS.has(call.name) || failed.has(call.id)) continue;
		const tool = findTool(call.name);
		const parsed = tool?.input.safeParse(call.input);
		const target = parsed?.success ? tool?.target?.(parsed.data) : undefined;
		if (target?.kind !== 'path') continue;
		const place = await workspace.resolve(target.path, cwd);
		if (place.kind === 'inside') touched.add(place.absolute);
	}
	return [...touched];
}
