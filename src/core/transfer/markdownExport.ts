/**
 * A session as a readable Markdown document: the active branch in order, with a head that says what it is.
 * Reads the log page by page, twice: once for what lies on the branch, once to write it.
 */
import type { EntryId } from '../../base/ids.ts';
import { createLeafRule } from '../session/branch.ts';
import { isConversation, isType } from '../session/entry.ts';
import { logPages } from './logPages.ts';
import type { ExportedSession, ExportWorld } from './makeBundle.ts';
import { createMarkdownEntries } from './markdownEntries.ts';
import { plainLine } from './markdownText.ts';
import { createRedaction, type RedactionOptions } from './redaction.ts';

/** Pieces of the document, in order. */
export async function* markdownExport(
	session: ExportedSession,
	world: ExportWorld,
	options: RedactionOptions,
	signal: AbortSignal,
): AsyncGenerator<string> {
	const redaction = createRedaction(options);
	const reader = world.sessions.reader(session.id);
	const facts = await branchFacts(logPages(reader, signal));
	yield redaction.text(headText(session.title, facts));
	const entries = createMarkdownEntries(world.blobs);
	for await (const page of logPages(reader, signal)) {
		for (const { entry } of page) {
			const isShown = isType(entry, 'rewind')
				? entry.to === null || facts.branch.has(entry.to)
				: isConversation(entry)
					? facts.branch.has(entry.id)
					: entry.parentId !== null && facts.branch.has(entry.parentId);
			if (!isShown) continue;
			const text = await entries.render(entry);
			if (text !== '') yield redaction.text(`\n${text}\n`);
		}
	}
}

type BranchFacts = {
	readonly branch: ReadonlySet<EntryId>;
	readonly startedMs: number | undefined;
	readonly endedMs: number | undefined;
	readonly models: ReadonlySet<string>;
	readonly costUsd: number;
	readonly prompts: number;
};

async function branchFacts(pages: ReturnType<typeof logPages>): Promise<BranchFacts> {
	const rule = createLeafRule();
	const parents = new Map<EntryId, EntryId | null>();
	const promptIds = new Set<EntryId>();
	const models = new Set<string>();
	let costUsd = 0;
	let startedMs: number | undefined;
	let endedMs: number | undefined;
	for await (const page of pages) {
		for (const { entry } of page) {
			rule.take(entry);
			startedMs ??= entry.timestamp;
			endedMs = entry.timestamp;
			if (isConversation(entry)) parents.set(entry.id, entry.parentId);
			if (isType(entry, 'user')) promptIds.add(entry.id);
			if (isType(entry, 'assistantEnded')) {
				costUsd += entry.costUsd ?? 0;
				models.add(entry.model);
			}
		}
	}
	const branch = new Set<EntryId>();
	for (let id = rule.leaf; id !== null && !branch.has(id) && parents.has(id); id = parents.get(id) ?? null)
		branch.add(id);
	const prompts = [...promptIds].filter((id) => branch.has(id)).length;
	return { branch, startedMs, endedMs, models, costUsd, prompts };
}

function headText(title: string, facts: BranchFacts): string {
	const rows = [
		facts.startedMs === undefined ? undefined : `- Started: ${dateText(facts.startedMs)}`,
		facts.endedMs === undefined ? undefined : `- Last change: ${dateText(facts.endedMs)}`,
		facts.models.size === 0 ? undefined : `- Model: ${[...facts.models].map(plainLine).join(', ')}`,
		`- Prompts: ${facts.prompts}`,
		facts.costUsd === 0 ? undefined : `- Cost: $${facts.costUsd.toFixed(2)}`,
	];
	return `# ${plainLine(title)}\n\n${rows.filter((row) => row !== undefined).join('\n')}\n`;
}

const dateText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
