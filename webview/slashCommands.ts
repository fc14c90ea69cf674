/** The slash commands typed into the input: their list, their parsing, and the message each one stands for. Pure. */

import type { ShownCommand } from '../src/protocol/shownCommand.ts';
import { permissionModeSchema, type ToHost } from '../src/protocol/toHost.ts';
import type { PanelState } from './panelState.ts';

export interface SlashCommand {
	readonly name: string;
	readonly detail: string;
	/** What to type behind it. */
	readonly hint?: string;
	readonly origin?: ShownCommand['origin'];
}

const slashCommands: readonly SlashCommand[] = [
	{ name: 'branches', detail: 'The branches of this session' },
	{ name: 'clear', detail: 'Fresh session with a brief of this one' },
	{ name: 'compact', detail: 'Summarize the conversation to make room' },
	{ name: 'context', detail: 'What fills the context window' },
	{ name: 'doctor', detail: 'Check all sessions for damage' },
	{ name: 'export', detail: 'Save this session as a file' },
	{ name: 'fork', detail: 'New session from the last prompt' },
	{ name: 'help', detail: 'Keys and commands' },
	{ name: 'memory', detail: 'The memory files that every request carries' },
	{ name: 'mode', detail: 'Plan, ask, accept edits or auto' },
	{ name: 'model', detail: 'Choose the model' },
	{ name: 'new', detail: 'Start a new session' },
	{ name: 'permissions', detail: 'What is allowed, asked about and denied' },
	{ name: 'resume', detail: 'Go on with a past session' },
	{ name: 'rewind', detail: 'Go back to an earlier message' },
];

/** What a typed line means. `text`: it is a prompt. */
export type SlashMeaning =
	| { readonly kind: 'text' }
	| { readonly kind: 'post'; readonly message: ToHost }
	| { readonly kind: 'choose'; readonly list: 'Mode' | 'Model' }
	| { readonly kind: 'say'; readonly text: string; readonly isError: boolean };

/** Only a lone word after the slash is a command, so that `/etc/hosts is wrong` stays a prompt. */
export function parseSlash(line: string): { readonly name: string; readonly argument: string } | null {
	const match = /^\/([a-z][a-z-]*)(?:\s+([\s\S]*))?$/i.exec(line.trimEnd());
	if (match === null || line.includes('\n')) return null;
	return { name: (match[1] ?? '').toLowerCase(), argument: (match[2] ?? '').trim() };
}

/**
 * What a line behind `#` wants to be kept; null for anything else: several lines, a Markdown heading of a lower level, an issue number,
 * and what has a space first.
 */
export function memoryNote(line: string): string | null {
	if (line.trimEnd().includes('\n')) return null;
	const match = /^#(?![#\d!])(.*)$/.exec(line.trimEnd());
	return match === null ? null : (match[1] ?? '').trim();
}

/** The commands that what is typed may mean, best first; empty when the line is no command. */
export function matchingCommands(line: string, custom: readonly ShownCommand[] = []): readonly SlashCommand[] {
	const match = /^\/([\w:.-]*)$/.exec(line);
	if (match === null) return [];
	const typed = (match[1] ?? '').toLowerCase();
	const all = [...slashCommands, ...custom.filter(({ name }) => !isBuiltIn(name))];
	const ranked = all.map((command) => ({ command, rank: rankOf(command.name.toLowerCase(), typed) }));
	// Letters somewhere in a name are a guess, so only where nothing begins like it.
	const worst = ranked.some(({ rank }) => rank < SCATTERED) ? SCATTERED : NO_MATCH;
	return ranked
		.filter(({ rank }) => rank < worst)
		.sort((left, right) => left.rank - right.rank || (left.command.name < right.command.name ? -1 : 1))
		.map(({ command }) => command);
}

/** The custom command that the line calls, once more than its name is typed. */
export function calledCommand(line: string, custom: readonly ShownCommand[] = []): ShownCommand | undefined {
	const name = /^\/([A-Za-z][\w:.-]*)\s/.exec(line)?.[1];
	return name === undefined || isBuiltIn(name) ? undefined : custom.find((one) => one.name === name);
}

const isCustom = (line: string, custom: readonly ShownCommand[] = []): boolean =>
	custom.some(({ name }) => line.trimEnd() === `/${name}` || line.startsWith(`/${name} `));

const SCATTERED = 2;
const NO_MATCH = 3;
const isBuiltIn = (name: string): boolean => slashCommands.some((one) => one.name === name.toLowerCase());

/** At the start, at the start of a part of the name, or its letters in order somewhere. */
function rankOf(name: string, typed: string): number {
	if (name.startsWith(typed)) return 0;
	if (name.split(/[:_.-]+/).some((part) => part.startsWith(typed))) return 1;
	let at = 0;
	for (const letter of name) if (letter === typed[at]) at++;
	return at === typed.length ? SCATTERED : NO_MATCH;
}

export function meaningOf(
	line: string,
	state: Pick<PanelState, 'head' | 'items'> & Partial<Pick<PanelState, 'commands'>>,
): SlashMeaning {
	const note = memoryNote(line);
	if (note === '') return { kind: 'say', isError: true, text: 'Type behind the # what to keep for later sessions.' };
	if (note !== null) return { kind: 'post', message: { kind: 'memory.add', text: note } };
	const command = parseSlash(line);
	if (command === null) return { kind: 'text' };
	switch (command.name) {
		case 'context':
			return { kind: 'post', message: { kind: 'context.show' } };
		case 'compact':
			return { kind: 'post', message: { kind: 'context.compact', focus: command.argument } };
		case 'clear':
			return { kind: 'post', message: { kind: 'context.clear', focus: command.argument } };
		case 'branches':
			return { kind: 'post', message: { kind: 'session.act', action: 'branches' } };
		case 'doctor':
			return { kind: 'post', message: { kind: 'session.act', action: 'doctor' } };
		case 'memory':
			return { kind: 'post', message: { kind: 'session.act', action: 'memory' } };
		case 'permissions':
			return { kind: 'post', message: { kind: 'session.act', action: 'permissions' } };
		case 'new':
			return { kind: 'post', message: { kind: 'session.act', action: 'new' } };
		case 'export':
			return { kind: 'post', message: { kind: 'session.act', action: 'export' } };
		case 'rewind':
			return { kind: 'post', message: { kind: 'rewind.preview', entryId: '' } };
		case 'fork':
			return forkMeaning(state);
		case 'mode':
			return modeMeaning(command.argument);
		case 'model':
			return modelMeaning(command.argument, state);
		case 'resume':
			return { kind: 'say', isError: false, text: 'Past sessions are in the Sessions view of the activity bar.' };
		case 'help':
			return {
				kind: 'say',
				isError: false,
				text: `Enter sends, Shift+Enter breaks the line, Esc stops, Esc Esc rewinds. @ mentions a file, and a line with # in front is kept in a memory file. Commands: ${slashCommands.map((known) => `/${known.name}`).join(' ')}`,
			};
		default:
			// What is not known here is the host's to say.
			if (state.commands === null || isCustom(line, state.commands)) return { kind: 'text' };
			return {
				kind: 'say',
				isError: true,
				text: `/${command.name} is not a command. Your text is still in the input; put a space first to send it as it is.`,
			};
	}
}

function forkMeaning(state: Pick<PanelState, 'items'>): SlashMeaning {
	const prompt = state.items.findLast((item) => item.kind === 'prompt');
	if (prompt === undefined)
		return { kind: 'say', isError: true, text: 'There is nothing to fork yet: send a message first.' };
	return { kind: 'post', message: { kind: 'session.fork', entryId: prompt.entryId } };
}

function modeMeaning(argument: string): SlashMeaning {
	if (argument === '') return { kind: 'choose', list: 'Mode' };
	const wanted = argument.toLowerCase().replace(/[\s-]/g, '');
	const mode = permissionModeSchema.options.find((option) => option.toLowerCase() === wanted);
	if (mode === undefined)
		return {
			kind: 'say',
			isError: true,
			text: `There is no mode "${argument}". Modes: plan, ask, accept edits, auto.`,
		};
	return { kind: 'post', message: { kind: 'mode.set', mode } };
}

function modelMeaning(argument: string, state: Pick<PanelState, 'head'>): SlashMeaning {
	if (argument === '') return { kind: 'choose', list: 'Model' };
	const wanted = argument.toLowerCase();
	const models = state.head?.models ?? [];
	const model =
		models.find((choice) => choice.id.toLowerCase() === wanted) ??
		models.find((choice) => `${choice.id} ${choice.label}`.toLowerCase().includes(wanted));
	if (model === undefined)
		return { kind: 'say', isError: true, text: `No model matches "${argument}". The list is beside the Send button.` };
	return { kind: 'post', message: { kind: 'model.set', model: model.id } };
}
