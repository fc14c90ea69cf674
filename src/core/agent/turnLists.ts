/**
 * What files offer to the model by name (skills, kinds of agents) and was listed at the start: when a list is no longer as the model knows it,
 * it goes whole with the next prompt, in the user's role, since its words are those of files. What the model was told is read from the frozen
 * start and the branch, so a rewind or a summary that takes a list away lets it come again.
 */
import { utf8Encode } from '../../base/text.ts';
import { INSTRUCTIONS_HEADING, type LoadedPrefix } from '../context/prefix.ts';
import { replacedEntries } from '../session/compaction.ts';
import type { Entry, EntryDraft } from '../session/entry.ts';
import type { BlobStore } from '../session/storePort.ts';
import { SKILLS_HEADING, skillSection } from '../skills/skillList.ts';
import { AGENTS_HEADING } from '../subagents/agentDefinition.ts';
import { storeBlocks } from './storeBlocks.ts';
import type { ProjectContext } from './turnTypes.ts';

type ListNews = {
	readonly attachments: readonly EntryDraft<'attachment'>[];
	/** Our own words alone. */
	readonly reminders: readonly EntryDraft<'reminder'>[];
};

type Kind = {
	/** As in the log: never changes. */
	readonly name: string;
	readonly title: string;
	readonly heading: string;
	sectionNow(project: ProjectContext): string | undefined;
	readonly reminder: string;
};

const KINDS: readonly Kind[] = [
	{
		name: 'skills',
		title: 'List of skills',
		heading: SKILLS_HEADING,
		sectionNow: ({ skills = [] }) => skillSection(skills),
		reminder:
			'The files of skills changed. The list of skills that stands above, in the message of the user, takes the place of every earlier one: what is not in it is gone.',
	},
	{
		name: 'agents',
		title: 'List of agents',
		heading: AGENTS_HEADING,
		sectionNow: ({ lists = [] }) => lists.find((text) => text.startsWith(`${AGENTS_HEADING}\n`)),
		reminder:
			'The files of agents changed. The list of further kinds of agents that stands above, in the message of the user, takes the place of every earlier one: what is not in it is gone. The kinds that the tool Agent names itself stay.',
	},
];

/** What goes behind the next prompt. Rejects with what the blob store rejects with. */
export async function listNews(
	branch: readonly Entry[],
	prefix: LoadedPrefix,
	project: ProjectContext,
	blobs: BlobStore,
): Promise<ListNews> {
	const attachments: EntryDraft<'attachment'>[] = [];
	const reminders: EntryDraft<'reminder'>[] = [];
	const told = toldLists(branch);
	for (const { name, title, heading, sectionNow, reminder } of KINDS) {
		const section = sectionNow(project);
		const hashOf = (text: string): string => blobs.hash(utf8Encode(listedLines(text, heading)));
		const hash = hashOf(section ?? '');
		if (hash === (told.get(name) ?? hashOf(frozenText(prefix, heading)))) continue;
		const text = `${HEAD}\n\n${section ?? `${heading}\n\n(none)`}`;
		attachments.push({
			type: 'attachment',
			name: title,
			content: await storeBlocks([{ type: 'text', text }], blobs),
			list: { name, hash },
		});
		reminders.push({ type: 'reminder', text: reminder });
	}
	return { attachments, reminders };
}

const HEAD = 'A list made from files, read from the disk (not typed by the user):';

/** By name, the hash of each list that came last on this branch; those that a summary took the place of are not known any more. */
function toldLists(branch: readonly Entry[]): ReadonlyMap<string, string> {
	const replaced = replacedEntries(branch);
	return new Map(
		branch.flatMap((entry): readonly [string, string][] =>
			entry.type === 'attachment' && entry.list && !replaced.has(entry.id) ? [[entry.list.name, entry.list.hash]] : [],
		),
	);
}

/** The part of the start that is ours, as far as it may have this list: texts of memory files begin with their path. */
function frozenText({ context }: LoadedPrefix, heading: string): string {
	const ours = context.filter(({ text }) => text.startsWith('# ')).map(({ text }) => text.split(INSTRUCTIONS)[0] ?? '');
	return ours.find((text) => text.startsWith(`${heading}\n`) || text.includes(`\n\n${heading}\n`)) ?? '';
}

/** In sessions of before, the memory files stand behind it in the same text. */
const INSTRUCTIONS = new RegExp(`(?:^|\\n\\n)${INSTRUCTIONS_HEADING}\\n`);

/** What is listed, without our words around it, so that another build's words are no news. Each item is one line. */
function listedLines(text: string, heading: string): string {
	const lines = text.split('\n');
	const start = lines.indexOf(heading);
	if (start < 0) return '';
	const first = lines.findIndex((line, index) => index > start && /^(?:- |# )/.test(line));
	if (first < 0) return '';
	const end = lines.findIndex((line, index) => index >= first && !line.startsWith('- '));
	return lines.slice(first, end < 0 ? undefined : end).join('\n');
}
