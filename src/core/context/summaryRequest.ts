/**
 * The request for a summary: the conversation as it would be sent next, with one more text at its end, so that while the cache is warm
 * nearly all of it is read from there. And what the answer is made of. Pure.
 */
import { asToolUseId } from '../../base/ids.ts';
import { utf8Length } from '../../base/text.ts';
import type { ApiMessage, ModelRequest, ToolResultBlock } from '../model/modelPort.ts';
import {
	type AssistantBlock,
	type InputBlock,
	isTextBlock,
	isThinkingBlock,
	isToolUseBlock,
	type ToolUseBlock,
} from '../session/content.ts';
import { markMessages } from './breakpoints.ts';
import { FACTS_QUESTION } from './factLines.ts';

/** What the text at the end asks for. */
export type SummaryQuestion = {
	/** What the user wants the summary to keep above all. */
	readonly focus?: string;
	/** The prompt from which on, or up to which, is to be summarized; its first words are enough. */
	readonly from?: string;
	readonly upTo?: string;
	/** What a hook adds. */
	readonly instructions?: string;
};

const MAX_QUOTED_CHARS = 300;

/** `messages` of a request that may end with a reply. The cache marks are set anew: the end of the conversation stays readable. */
export function withSummaryQuestion(request: ModelRequest, question: SummaryQuestion, ttl: '5m' | '1h'): ModelRequest {
	return withQuestion(request, questionText(question), ttl);
}

/** The same for any text. */
export function withQuestion(request: ModelRequest, text: string, ttl: '5m' | '1h'): ModelRequest {
	const asked: InputBlock = { type: 'text', text };
	const messages = request.messages.map(unmarked);
	const last = messages.at(-1);
	const all: readonly ApiMessage[] =
		last?.role === 'user'
			? [...messages.slice(0, -1), { role: 'user', content: [...last.content, asked] }]
			: [...messages, { role: 'user', content: [asked] }];
	return { ...request, messages: markMessages(all, ttl) };
}

/** What is asked for, and the tag that it is to stand in. */
export type AskedFor = 'summary' | 'brief';

/** The request once more, after an answer that called tools: each call is answered with an error. */
export function withCallsRefused(
	request: ModelRequest,
	blocks: readonly AssistantBlock[],
	ttl: '5m' | '1h',
	tag: AskedFor,
): ModelRequest {
	const said = withOwnIds(blocks, request.messages);
	const calls: readonly ToolUseBlock[] = said.filter(isToolUseBlock);
	const refused = calls.map(
		(call): ToolResultBlock => ({
			type: 'tool_result',
			tool_use_id: call.id,
			content: [{ type: 'text', text: `Not run: only the ${tag} is wanted now.` }],
			is_error: true,
		}),
	);
	const again: InputBlock = { type: 'text', text: `Write the ${tag} now, as text between <${tag}> and </${tag}>.` };
	const messages: readonly ApiMessage[] = [
		...request.messages.map(unmarked),
		{ role: 'assistant', content: said },
		{ role: 'user', content: [...refused, again] },
	];
	return { ...request, messages: markMessages(messages, ttl) };
}

/** Some servers number the calls of each reply anew; in one request each call has an id of its own. A blank text is no block that may be sent. */
function withOwnIds(blocks: readonly AssistantBlock[], messages: readonly ApiMessage[]): readonly AssistantBlock[] {
	const taken = new Set(
		messages.flatMap((message) =>
			message.role === 'assistant' ? message.content.filter(isToolUseBlock).map(({ id }) => id) : [],
		),
	);
	return blocks
		.filter((block) => !isTextBlock(block) || block.text.trim() !== '')
		.map((block) => {
			if (!isToolUseBlock(block)) return block;
			let { id } = block;
			for (let count = 2; taken.has(id); count++) id = asToolUseId(`${block.id}_${count}`);
			taken.add(id);
			return { ...block, id };
		});
}

/** What was asked for, in an answer; undefined when there is none, or when it was cut off. */
export function answerIn(text: string, stopReason: string, tag: AskedFor): string | undefined {
	const start = text.indexOf(`<${tag}>`);
	const end = text.lastIndexOf(`</${tag}>`);
	const isWhole = start >= 0 && end > start;
	if (!isWhole && (stopReason !== 'end_turn' || start >= 0)) return undefined;
	const answer = (isWhole ? text.slice(start + tag.length + 2, end) : text).trim();
	return answer === '' ? undefined : answer;
}

/** Whether a text asks for a summary as these requests do. */
export const isSummaryQuestion = (text: string): boolean => text.startsWith(OPENING);

const OPENING = 'The conversation above is about to be replaced by a summary, to make room in the context window.';

function questionText({ focus, from, upTo, instructions }: SummaryQuestion): string {
	const parts = [
		`${OPENING} Write that summary now. Call no tools, and do not go on with the work.`,
		'Afterwards the summary is all that is known of it, so write down whatever is needed to go on without asking or reading again. Use these headings, and leave out those with nothing to say:',
		`1. Request: what the user asked for, in their own words where these matter. A later wish wins over an earlier one.
2. Constraints and decisions: each with its reason; also what was ruled out, and why.
3. Files: each path with what matters in it, and what was changed how. Exact names, signatures and values.
4. Commands and results: those that matter, errors word for word.
5. State: what is done and was seen to work, what is done and not checked, what is open.
6. Next step: what was being done just now, and what comes next.`,
		'Quote paths, identifiers, commands and the user’s decisions exactly. Invent nothing. Leave out secrets. At most about 1,500 words, between <summary> and </summary>.',
	];
	if (from !== undefined)
		parts.push(
			`Summarize only from the user’s message on that begins like this; what precedes it stays:\n${quoted(from)}`,
		);
	if (upTo !== undefined)
		parts.push(
			`Summarize only what precedes the user’s message that begins like this; it and what follows stay:\n${quoted(upTo)}`,
		);
	if (focus !== undefined) parts.push(`The user wants above all this to be kept: ${focus}`);
	if (instructions !== undefined) parts.push(instructions);
	parts.push(FACTS_QUESTION);
	return parts.join('\n\n');
}

const quoted = (text: string): string => `> ${text.slice(0, MAX_QUOTED_CHARS).replaceAll('\n', '\n> ')}`;

/** Texts of results that are longer are cut, oldest first, when a conversation is too large to be summarized as it is. */
const SHORT_RESULT_CHARS = 1_000;
const KEPT_RESULT_CHARS = 400;

/**
 * A smaller form of a request that the endpoint found too large, at most `maxBytes` of messages as JSON where that can be reached: without
 * thinking, with long results cut from the oldest on, and at last without the oldest messages. For a summary only: nothing of it is kept.
 */
export function shortened(request: ModelRequest, maxBytes: number): ModelRequest {
	let messages = request.messages.map(withoutThinking).filter(({ content }) => content.length > 0);
	let left = jsonBytes(messages) - maxBytes;
	messages = messages.map((message) => {
		if (left <= 0 || message.role !== 'user') return message;
		const content = message.content.map((block) => {
			const cut = left > 0 ? cutBlock(block) : block;
			left -= jsonBytes(block) - jsonBytes(cut);
			return cut;
		});
		return { role: 'user' as const, content };
	});
	while (left > 0) {
		// A message with a prompt of the user's begins a conversation; one with results needs the calls before it.
		const next = messages.findIndex(
			(message, index) => index > 0 && message.role === 'user' && !message.content.some(isToolResult),
		);
		if (next < 0) break;
		left -= jsonBytes(messages.slice(0, next));
		messages = messages.slice(next);
	}
	return { ...request, messages };
}

function cutBlock(block: InputBlock | ToolResultBlock): InputBlock | ToolResultBlock {
	if (!isToolResult(block))
		return isTextBlock(block) ? block : { type: 'text', text: '[an attachment that was left out]' };
	const content = block.content.map((part): InputBlock => {
		if (!isTextBlock(part)) return { type: 'text', text: '[an image that was left out]' };
		const text = String(part.text);
		if (text.length <= SHORT_RESULT_CHARS) return part;
		return {
			type: 'text',
			text: `${text.slice(0, KEPT_RESULT_CHARS)}\n[… ${text.length - KEPT_RESULT_CHARS} characters left out]`,
		};
	});
	return { ...block, content };
}

const isToolResult = (block: InputBlock | ToolResultBlock): block is ToolResultBlock => block.type === 'tool_result';

function withoutThinking(message: ApiMessage): ApiMessage {
	if (message.role !== 'assistant') return message;
	return { role: 'assistant', content: message.content.filter((block) => !isThinkingBlock(block)) };
}

function unmarked(message: ApiMessage): ApiMessage {
	if (message.role !== 'user') return message;
	const content = message.content.map((block) => {
		const { cache_control: _, ...bare } = block;
		return bare as typeof block;
	});
	return { role: 'user', content };
}

const jsonBytes = (value: unknown): number => utf8Length(JSON.stringify(value));
