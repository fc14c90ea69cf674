/**
 * What the log says of commands in the background: which were started, how they ended, and what the model was told of it. Pure. A command is
 * named by the call that started it; the id that the model gets comes from there, so it is the same after a reload.
 */
import { isBlobRef, isToolUseBlock } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import { foldEntries } from '../session/pathFold.ts';
import { namedCall } from '../tools/namedCall.ts';

export const BACKGROUND_ENDED = 'background-ended';
const ID_CHARS = 6;

/** Short enough to be repeated without a mistake. */
export function commandIdOf(toolUseId: string): string {
	return toolUseId.replace(/[^A-Za-z0-9]/g, '').slice(-ID_CHARS) || 'command';
}

export type StartedCommand = { readonly toolUseId: string; readonly command: string };

/** Those of these entries that were started and of which no end is known. */
export function openCommands(entries: readonly Entry[]): readonly StartedCommand[] {
	const calls = new Map<string, string>();
	const open: StartedCommand[] = [];
	const ended = new Set(
		entries.flatMap((entry) => (entry.type === 'notice' && entry.background ? [entry.background.toolUseId] : [])),
	);
	for (const entry of entries) {
		if (entry.type === 'assistant' && isToolUseBlock(entry.block)) {
			const command = backgroundCommand(namedCall(entry.block));
			if (command !== undefined) calls.set(entry.block.id, command);
		} else if (entry.type === 'toolResult' && !entry.isError && !ended.has(entry.toolUseId)) {
			const command = calls.get(entry.toolUseId);
			if (command !== undefined) open.push({ toolUseId: entry.toolUseId, command });
		}
	}
	return open;
}

/** The command that a call starts in the background; undefined for every other call. */
function backgroundCommand({ name, input }: { readonly name: string; readonly input: unknown }): string | undefined {
	if (name !== 'Bash' || typeof input !== 'object' || input === null) return undefined;
	if (!('run_in_background' in input) || input.run_in_background !== true) return undefined;
	return 'command' in input && typeof input.command === 'string' ? input.command : undefined;
}

type Ended = NonNullable<EntryOf<'notice'>['background']>;

/** What the model reads about an end, in our own words. It stands in a reminder, or at the start of a result. */
export function endText({ toolUseId, exitCode, how, isBlocked, madeProtected, sites }: Ended): string {
	const name = `Background command ${commandIdOf(toolUseId)}`;
	if (how === 'lost') return `${name} is gone: the window in which it ran was closed.`;
	const end = how === 'stopped' ? 'was stopped' : `has ended with exit code ${exitCode ?? 'unknown'}`;
	// Names of files are no words of ours; the result of the tool has them.
	const made = madeProtected === undefined ? '' : ' It made protected files, which BashOutput names.';
	const refused =
		sites === undefined || sites.refused.length === 0 ? '' : ' It was kept from sites, which BashOutput names.';
	return `${name} ${end}.${isBlocked ? ' The sandbox it ran in may be the cause.' : ''}${refused}${made}`;
}

const endsIn = foldEntries<readonly Ended[]>([], (ends, entry) =>
	entry.type === 'notice' && entry.background ? [...ends, entry.background] : ends,
);

/** Ends that the branch does not know yet. */
export function endReminders(entries: readonly Entry[], branch: readonly Entry[]): readonly string[] {
	const ends = endsIn(entries);
	if (ends.length === 0) return [];
	const calls = new Set<string>();
	const told = new Set<string>();
	for (const entry of branch) {
		if (entry.type === 'assistant' && isToolUseBlock(entry.block)) calls.add(entry.block.id);
		if (entry.type === 'reminder') told.add(entry.text);
		if (entry.type === 'toolResult') told.add(firstLine(entry));
	}
	return ends
		.filter(({ toolUseId }) => calls.has(toolUseId))
		.flatMap((end) => (told.has(endText(end)) ? [] : [endText(end)]));
}

function firstLine({ content }: EntryOf<'toolResult'>): string {
	const [first] = content;
	if (!first) return '';
	if (!isBlobRef(first))
		return 'text' in first && typeof first.text === 'string' ? (first.text.split('\n', 1)[0] ?? '') : '';
	return /^\{"type":"text","text":"(.*?)\\n/s.exec(first.head)?.[1] ?? '';
}
