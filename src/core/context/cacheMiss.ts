/**
 * Why the prompt cache did not hold a request: where its cacheable bytes part from those of the request before, said in plain words.
 * Cacheable bytes are tools, system prompt, project context and messages in this order, one JSON line per tool or block, without the
 * cache marks, which move from request to request. Pure; asks nobody.
 */
import { cutText, utf8Length } from '../../base/text.ts';
import type { ApiMessage, ModelRequest } from '../model/modelPort.ts';
import { SKILLS_HEADING } from '../skills/skillList.ts';
import { AGENTS_HEADING } from '../subagents/agentDefinition.ts';
import { INSTRUCTIONS_HEADING } from './prefix.ts';

type MissKind =
	| 'none'
	| 'tools'
	| 'system'
	| 'context'
	| 'messages'
	| 'model'
	| 'parameters'
	/** The bytes are the same, and the cache forgot them. */
	| 'expired';

export type CacheMiss = {
	readonly kind: MissKind;
	/** Offset of the first byte that differs, in the cacheable bytes of both; absent where no byte of these differs. */
	readonly at?: number;
	/** Some text of the request before and of the next one around that byte; for a model or a parameter, its value. */
	readonly before: string;
	readonly after: string;
	/** One sentence. */
	readonly words: string;
};

export type MissOptions = {
	/** Time from the start of the reply to the previous request until the next request; left out, nothing counts as expired. */
	readonly ageMs?: number;
};

/** Why not all of `previous` could be read from the cache by `next`; of several causes the one that stands first in the bytes. */
export function explainMiss(previous: ModelRequest, next: ModelRequest, options: MissOptions = {}): CacheMiss {
	if (previous.model !== next.model)
		return {
			kind: 'model',
			before: previous.model,
			after: next.model,
			words: `The model changed from ${previous.model} to ${next.model}.`,
		};
	const ages = agesOf(previous);
	const isOlder = (ttlMs: number) => options.ageMs !== undefined && options.ageMs > ttlMs;
	if (isOlder(ages.prefixMs)) return expired(ages.prefixMs);
	const parting = partingOf(piecesOf(previous), piecesOf(next));
	if (parting && parting.layer !== 'messages') return { kind: parting.layer, ...parting.miss };
	const parameters = parameterChange(previous, next);
	if (parameters) return parameters;
	if (isOlder(ages.messagesMs)) return expired(ages.messagesMs);
	if (parting) return { kind: 'messages', ...parting.miss };
	return { kind: 'none', before: '', after: '', words: 'Nothing that was sent before has changed.' };
}

/** What share of the bytes of `next` it has in common with `previous`, from the first one on: 0 to 1. */
export function sharedShare(previous: ModelRequest, next: ModelRequest): number {
	const total = piecesOf(next).reduce((sum, piece) => sum + utf8Length(textOf(piece)) + 1, 0);
	if (previous.model !== next.model || total === 0) return 0;
	const parting = partingOf(piecesOf(previous), piecesOf(next));
	return parting ? Math.min(1, parting.miss.at / total) : 1;
}

/** What the endpoint says about a miss (`diagnostics` of a reply), in plain words; undefined when it names no cause. */
export function wordsOfDiagnostics(diagnostics: unknown): string | undefined {
	const reason = fieldOf(diagnostics, 'cache_miss_reason');
	const type = fieldOf(reason, 'type');
	const missed = fieldOf(reason, 'cache_missed_input_tokens');
	const count =
		typeof missed === 'number' && missed > 0
			? `, so about ${missed.toLocaleString('en-US')} tokens were read anew`
			: '';
	switch (type) {
		case 'model_changed':
			return `The model changed${count}.`;
		case 'system_changed':
			return `The system prompt or the project context changed${count}.`;
		case 'tools_changed':
			return `The tools changed${count}.`;
		case 'messages_changed':
			return `An earlier part of the conversation changed${count}.`;
		case 'previous_message_not_found':
			return 'The endpoint no longer knows the request before this one.';
		default:
			// `unavailable`, or the endpoint was still comparing.
			return undefined;
	}
}

type Layer = 'tools' | 'system' | 'context' | 'messages';
type Piece = { readonly layer: Layer; readonly role: string; readonly value: object | string };
const LAYERS: readonly Layer[] = ['tools', 'system', 'context', 'messages'];

function piecesOf(request: ModelRequest): readonly Piece[] {
	return [
		...request.tools.map((value): Piece => ({ layer: 'tools', role: '', value })),
		// The first text is the system prompt; what follows it is the frozen project context.
		...request.system.map((value, index): Piece => ({ layer: index === 0 ? 'system' : 'context', role: '', value })),
		...request.messages.flatMap(messagePieces),
	];
}

function messagePieces({ role, content }: ApiMessage): readonly Piece[] {
	if (typeof content === 'string') return [{ layer: 'messages', role, value: content }];
	return content.map((value): Piece => ({ layer: 'messages', role, value }));
}

function textOf({ role, value }: Piece): string {
	const lead = role === '' ? '' : `${role} `;
	if (typeof value === 'string') return `${lead}${JSON.stringify(value)}`;
	const { cache_control: _, ...bare } = value as { readonly cache_control?: unknown };
	return `${lead}${JSON.stringify(bare)}`;
}

/** Requests of one session share most of their blocks, so hardly any text is made. */
function isSame(one: Piece | undefined, other: Piece | undefined): boolean {
	if (!one || !other) return one === other;
	if (one.layer !== other.layer || one.role !== other.role) return false;
	return one.value === other.value || textOf(one) === textOf(other);
}

type Parting = { readonly layer: Layer; readonly miss: Omit<CacheMiss, 'kind' | 'at'> & { readonly at: number } };

/** Undefined when `next` starts with all of `previous`. */
function partingOf(previous: readonly Piece[], next: readonly Piece[]): Parting | undefined {
	let index = 0;
	while (index < previous.length && isSame(previous[index], next[index])) index++;
	const was = previous[index];
	if (!was) return undefined;
	const is = next[index];
	const layer = LAYERS.find((one) => one === was.layer || one === is?.layer) ?? was.layer;
	const wasText = textOf(was);
	const isText = is ? textOf(is) : '';
	let chars = 0;
	while (chars < wasText.length && wasText[chars] === isText[chars]) chars++;
	// Never between the halves of a surrogate pair.
	const same = cutText(wasText, chars);
	const at = previous.slice(0, index).reduce((sum, piece) => sum + utf8Length(textOf(piece)) + 1, 0) + utf8Length(same);
	const words = wordsFor(layer, previous, next, index);
	return { layer, miss: { at, before: around(wasText, chars), after: around(isText, chars), words } };
}

const CHARS_BEFORE = 60;
const CHARS_AFTER = 160;

function around(text: string, at: number): string {
	const start = Math.max(0, at - CHARS_BEFORE);
	const cut = cutText(text.slice(start), at - start + CHARS_AFTER);
	return `${start > 0 ? '…' : ''}${cut}${start + cut.length < text.length ? '…' : ''}`;
}

function wordsFor(layer: Layer, previous: readonly Piece[], next: readonly Piece[], index: number): string {
	switch (layer) {
		case 'tools':
			return toolWords(toolsIn(previous), toolsIn(next));
		case 'system':
			return 'The system prompt changed.';
		case 'context':
			return contextWords(contextIn(previous), contextIn(next));
		case 'messages':
			return messageWords(previous, next, index);
	}
}

const toolsIn = (pieces: readonly Piece[]): ReadonlyMap<string, string> =>
	new Map(
		pieces
			.filter(({ layer }) => layer === 'tools')
			.map((piece) => [String(fieldOf(piece.value, 'name')), textOf(piece)]),
	);

function toolWords(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): string {
	const parts = [
		...said(
			[...is.keys()].filter((name) => !was.has(name)),
			'added',
		),
		...said(
			[...was.keys()].filter((name) => !is.has(name)),
			'removed',
		),
		...said(
			[...is].flatMap(([name, text]) => (was.has(name) && was.get(name) !== text ? name : [])),
			'changed',
		),
	];
	return parts.length === 0 ? 'The tools came in another order.' : `The tools changed: ${parts.join(', ')}.`;
}

const MAX_NAMED = 3;

function said(names: readonly string[], verb: string): readonly string[] {
	if (names.length === 0) return [];
	const shown = names.slice(0, MAX_NAMED).join(', ');
	const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
	return [`${shown}${more} ${names.length === 1 ? 'was' : 'were'} ${verb}`];
}

const contextIn = (pieces: readonly Piece[]): string =>
	pieces
		.filter(({ layer }) => layer === 'context')
		.map(({ value }) => String(fieldOf(value, 'text')))
		.join('\n\n');

/** Names the lists and the memory files whose part of the text differs. A heading that is no path belongs to the file before it. */
function contextWords(was: string, is: string): string {
	const before = sectionsOf(was);
	const after = sectionsOf(is);
	const names = [...new Set([...before.keys(), ...after.keys()])].filter(
		(name) => before.get(name) !== after.get(name),
	);
	const shown = names.map((name) => {
		const what = name === '' ? 'the environment' : name;
		return before.has(name) ? (after.has(name) ? what : `${what} is gone`) : `${what} is new`;
	});
	if (shown.length === 0) return 'The project context changed.';
	const more = shown.length > MAX_NAMED ? ` and ${shown.length - MAX_NAMED} more` : '';
	return `The project context changed: ${shown.slice(0, MAX_NAMED).join(', ')}${more}.`;
}

function sectionsOf(text: string): ReadonlyMap<string, string> {
	const sections = new Map<string, string>();
	if (text === '') return sections;
	let name = '';
	for (const line of text.split('\n')) {
		const heading = /^## (\S.*)$/.exec(line)?.[1];
		if (heading !== undefined && /\.(?:md|mdc|txt)$/i.test(heading)) name = heading;
		// The words above the first file come and go with the files.
		else if (line.startsWith(INSTRUCTIONS_HEADING) && (name === '' || name === SKILLS)) name = INTRODUCTION;
		else if (line === SKILLS_HEADING && name === '') name = SKILLS;
		else if (line === AGENTS_HEADING) name = 'the list of agents';
		sections.set(name, `${sections.get(name) ?? ''}${line.trimEnd()}\n`);
	}
	sections.delete(INTRODUCTION);
	return new Map([...sections].map(([one, part]) => [one, part.trim()]));
}

const INTRODUCTION = '\0introduction';
const SKILLS = 'the list of skills';

/** How the framed text of a compaction begins. */
const SUMMARY_START = 'This is the summary of the conversation';
/** How far on a piece is looked for that was moved by others put in or left out before it. */
const MAX_MOVED = 100;

function messageWords(previous: readonly Piece[], next: readonly Piece[], index: number): string {
	const was = previous[index];
	const is = next[index];
	if (!was || !is) return WENT_BACK;
	if (String(fieldOf(is.value, 'text')).startsWith(SUMMARY_START)) return 'The conversation was summarized.';
	const wasText = textOf(was);
	const isText = textOf(is);
	const change = isText.length < wasText.length ? 'folded' : 'put back as it was';
	const call = fieldOf(was.value, 'tool_use_id');
	if (call !== undefined && call === fieldOf(is.value, 'tool_use_id')) return `An earlier tool result was ${change}.`;
	const leftOut = previous.slice(index, index + MAX_MOVED).findIndex((piece) => isSame(piece, is));
	if (leftOut > 0) {
		const isThought = previous.slice(index, index + leftOut).every(isThinkingPiece);
		return isThought ? 'Earlier thinking was left out.' : 'An earlier message was left out.';
	}
	if (next.slice(index, index + MAX_MOVED).some((piece) => isSame(piece, was)))
		return 'An earlier message was put back.';
	const isSamePlace =
		was.role === is.role && previous.length > index + 1 && isSame(previous[index + 1], next[index + 1]);
	return isSamePlace ? `An earlier message was ${change}.` : WENT_BACK;
}

const WENT_BACK = 'The conversation goes on from an earlier message.';

function isThinkingPiece({ value }: Piece): boolean {
	const type = fieldOf(value, 'type');
	return type === 'thinking' || type === 'redacted_thinking';
}

function parameterChange(previous: ModelRequest, next: ModelRequest): CacheMiss | undefined {
	for (const [name, before, after] of [
		['thinking', previous.thinking, next.thinking],
		['effort', previous.effort, next.effort],
	] as const) {
		const [was, is] = [JSON.stringify(before ?? null), JSON.stringify(after ?? null)];
		if (was !== is) return { kind: 'parameters', before: was, after: is, words: `The setting for ${name} changed.` };
	}
	return undefined;
}

const MS_5M = 5 * 60_000;
const MS_1H = 60 * 60_000;

/** How long the cache keeps the start of a request and its conversation, by its marks. */
function agesOf(request: ModelRequest): { readonly prefixMs: number; readonly messagesMs: number } {
	const blocks = request.messages.flatMap(({ content }): readonly object[] =>
		typeof content === 'string' ? [] : (content as readonly object[]),
	);
	const messagesMs = ttlOf(blocks) ?? MS_5M;
	return { prefixMs: Math.max(messagesMs, ttlOf([...request.tools, ...request.system]) ?? 0), messagesMs };
}

function ttlOf(pieces: readonly object[]): number | undefined {
	const marked = pieces.findLast((piece) => fieldOf(piece, 'cache_control') !== undefined);
	if (!marked) return undefined;
	return fieldOf(fieldOf(marked, 'cache_control'), 'ttl') === '1h' ? MS_1H : MS_5M;
}

function expired(ttlMs: number): CacheMiss {
	const time = ttlMs === MS_1H ? 'an hour' : 'five minutes';
	return { kind: 'expired', before: '', after: '', words: `More than ${time} passed since the last request.` };
}

function fieldOf(value: unknown, name: string): unknown {
	return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
