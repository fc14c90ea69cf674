/** What a rewind over these messages cannot take back, in sentences for its preview. Pure. */
import { cutText, plural } from '../../base/text.ts';
import { reachesOutside } from '../../core/checkpoint/outsideEffects.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { CallLimits } from '../../core/session/callLimits.ts';
import { isToolUseBlock } from '../../core/session/content.ts';
import type { Entry, EntryOf } from '../../core/session/entry.ts';

type Command = {
	readonly text: string;
	readonly limits: CallLimits | undefined;
	/** It has no result, or one that a crash left out. */
	readonly isCutOff: boolean;
};

const MAX_COMMAND_CHARS = 80;
const MAX_NAMED = 5;

/**
 * `left` are the messages that would leave the conversation, `entries` the log. Files of which there is no copy are not named here: they are
 * in the list of files with the reason.
 */
export function rewindWarnings(
	entries: readonly Entry[],
	left: readonly Entry[],
	roots: readonly WorkspaceRoot[],
): readonly string[] {
	const commands = commandsOf(entries, left);
	const paths = roots.map(({ path }) => path);
	const warnings: string[] = [];
	const say = (sentence: (count: string) => string, some: readonly Command[]) => {
		if (some.length > 0) warnings.push(`${sentence(plural(some.length, 'command'))}: ${named(some)}`);
	};
	say(
		(count) => `What ${count} changed is not taken back`,
		commands.filter(({ limits }) => limits === undefined),
	);
	say(
		(count) => `What ${count} changed may not be recorded in full, since it was cut off`,
		commands.filter(({ limits, isCutOff }) => isCutOff && limits !== undefined && limits.unavailable === undefined),
	);
	const unseen = new Map<string, Command[]>();
	for (const command of commands) {
		const reason = command.limits?.unavailable;
		if (reason !== undefined) unseen.set(reason, [...(unseen.get(reason) ?? []), command]);
	}
	for (const [reason, some] of unseen)
		say((count) => `What ${count} changed was not recorded (${reason}), so it is not taken back`, some);
	const folders = unrecorded(commands);
	if (folders !== undefined) warnings.push(`Not taken back if commands changed it: ${folders}`);
	say(
		(count) => `${count} may have done more than change files of the workspace, which stays`,
		commands.filter(
			({ text, limits }) => limits !== undefined && limits.unavailable === undefined && reachesOutside(text, paths),
		),
	);
	return warnings;
}

/** Before anything else: what a rewind stops. */
export function runningWarnings(running: readonly { readonly command: string }[]): readonly string[] {
	if (running.length === 0) return [];
	const commands = running.map(({ command }) => ({ text: command, limits: undefined, isCutOff: false }));
	return [`${plural(running.length, 'command')} in the background will be stopped: ${named(commands)}`];
}

/** Commands that ran, in order. */
function commandsOf(entries: readonly Entry[], left: readonly Entry[]): readonly Command[] {
	const started = new Map<string, EntryOf<'toolStarted'>>();
	const ended = new Set<string>();
	for (const entry of entries) {
		if (entry.type === 'toolStarted') started.set(entry.toolUseId, entry);
		// The result that a crash left out takes no time.
		if (entry.type === 'toolResult' && (entry.durationMs > 0 || entry.summary !== 'interrupted'))
			ended.add(entry.toolUseId);
		if (entry.type === 'attachment' && entry.ran) ended.add(entry.ran.toolUseId);
	}
	return left.flatMap((entry): Command[] => {
		if (entry.type === 'user')
			return (entry.command?.runs ?? []).flatMap(({ toolUseId, command }) => {
				const run = started.get(toolUseId);
				return run ? [{ text: command, limits: run.limits, isCutOff: !ended.has(toolUseId) }] : [];
			});
		if (entry.type !== 'assistant' || !isToolUseBlock(entry.block) || entry.block.name !== 'Bash') return [];
		const run = started.get(entry.block.id);
		const { input } = entry.block;
		const hasCommand = typeof input === 'object' && input !== null && 'command' in input;
		if (!run || !hasCommand || typeof input.command !== 'string') return [];
		return [{ text: input.command, limits: run.limits, isCutOff: !ended.has(entry.block.id) }];
	});
}

const named = (commands: readonly Command[]): string => {
	const texts = commands.slice(0, MAX_NAMED).map(({ text }) => cutText(text, MAX_COMMAND_CHARS));
	const more = commands.length - texts.length;
	return `${texts.join(' · ')}${more > 0 ? ` and ${more} more` : ''}`;
};

/** What none of the commands was looked at for, each named once. */
function unrecorded(commands: readonly Command[]): string | undefined {
	const items = new Map<string, string>();
	let unnamed = 0;
	for (const { limits } of commands) {
		for (const { path, reason } of limits?.items ?? []) items.set(path, reason);
		unnamed = Math.max(unnamed, limits?.more ?? 0);
	}
	if (items.size === 0) return undefined;
	const shown = [...items].slice(0, MAX_NAMED).map(([path, reason]) => `${path} (${reason})`);
	const more = items.size - shown.length + unnamed;
	return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
