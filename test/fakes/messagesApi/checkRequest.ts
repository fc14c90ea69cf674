/**
 * The rules of the Messages API that a request must keep, each broken one as a sentence. Pure.
 * Stricter than the real service where that is kind to the caller: an unknown key here is a bug of ours.
 */
import { asList, blocksOf, canonicalJson, isRecord, type Json } from './canonical.ts';

const TOP_LEVEL_KEYS = new Set([
	'model',
	'max_tokens',
	'messages',
	'cache_control',
	'container',
	'diagnostics',
	'inference_geo',
	'metadata',
	'output_config',
	'service_tier',
	'speed',
	'stop_sequences',
	'stream',
	'system',
	'thinking',
	'tool_choice',
	'tools',
]);
const COUNT_KEYS = new Set([
	'model',
	'messages',
	'cache_control',
	'output_config',
	'speed',
	'system',
	'thinking',
	'tool_choice',
	'tools',
]);
const TOOL_KEYS = new Set([
	'name',
	'description',
	'input_schema',
	'type',
	'cache_control',
	'strict',
	'defer_loading',
	'eager_input_streaming',
	'allowed_callers',
	'input_examples',
]);
const SERVER_TOOL_KEYS = new Set([
	...['type', 'name', 'max_uses', 'allowed_domains', 'blocked_domains', 'user_location', 'cache_control'],
]);
const isServerTool = (tool: Json): boolean => /^web_search_\d{8}$/.test(String(tool.type));
type BlockRules = Readonly<Record<string, ReadonlySet<string>>>;
const TEXT = new Set(['type', 'text', 'cache_control', 'citations']);
const IMAGE = new Set(['type', 'source', 'cache_control', 'transformations']);
const DOCUMENT = new Set(['type', 'source', 'cache_control', 'title', 'context', 'citations']);
const USER_BLOCKS: BlockRules = {
	text: TEXT,
	image: IMAGE,
	document: DOCUMENT,
	tool_result: new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control', 'toolset_name']),
};
const ASSISTANT_BLOCKS: BlockRules = {
	text: TEXT,
	thinking: new Set(['type', 'thinking', 'signature']),
	redacted_thinking: new Set(['type', 'data']),
	tool_use: new Set(['type', 'id', 'name', 'input', 'caller', 'cache_control', 'toolset_name']),
	server_tool_use: new Set(['type', 'id', 'name', 'input', 'caller', 'cache_control']),
	web_search_tool_result: new Set(['type', 'tool_use_id', 'content', 'caller', 'cache_control']),
};
const RESULT_BLOCKS: BlockRules = { text: TEXT, image: IMAGE, document: DOCUMENT };
const SYSTEM_BLOCKS: BlockRules = { text: TEXT };
const IMAGE_TYPES = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);
const MOST_MARKS = 4;

export type RequestRules = {
	readonly endpoint: 'messages' | 'count_tokens';
	/** JSON of blocks of other kinds that were issued and may come back as they were. */
	readonly issuedBlocks: ReadonlySet<string>;
	/** Last blocks of replies that were paused: such a reply is sent back as the last message, with nothing behind it. */
	readonly pausedEnds?: ReadonlySet<string>;
};

export function checkRequest(request: Json, rules: RequestRules): readonly string[] {
	const problems: string[] = [];
	const say = (problem: string) => problems.push(problem);
	const allowed = rules.endpoint === 'messages' ? TOP_LEVEL_KEYS : COUNT_KEYS;
	checkKeys(request, allowed, '', say);
	if (typeof request.model !== 'string' || request.model === '') say('model: a name is required');
	if (rules.endpoint === 'messages' && !(Number.isInteger(request.max_tokens) && Number(request.max_tokens) >= 1))
		say('max_tokens: a positive whole number is required');
	checkConfig(request, say);
	checkTools(request.tools, say);
	if (request.system !== undefined) checkBlocks(request.system, SYSTEM_BLOCKS, 'system', rules, say);
	checkMessages(request.messages, rules, say);
	checkMarks(request, say);
	return problems;
}

type Say = (problem: string) => void;

function checkKeys(value: Json, allowed: ReadonlySet<string>, where: string, say: Say): void {
	for (const [key, inner] of Object.entries(value)) {
		if (!allowed.has(key)) say(`${where}${key}: Extra inputs are not permitted`);
		if (inner === undefined) say(`${where}${key}: undefined`);
	}
}

function checkConfig(request: Json, say: Say): void {
	const { thinking, output_config: output, diagnostics } = request;
	if (thinking !== undefined) {
		const type = isRecord(thinking) ? thinking.type : undefined;
		if (!isRecord(thinking) || !['adaptive', 'enabled', 'disabled', 'between_tools'].includes(String(type)))
			say('thinking: unknown type');
		else {
			checkKeys(thinking, new Set(['type', 'budget_tokens', 'display']), 'thinking.', say);
			const budget = Number(thinking.budget_tokens);
			if (type === 'enabled' && !(budget >= 1024 && budget < Number(request.max_tokens)))
				say('thinking.budget_tokens: at least 1024 and less than max_tokens');
		}
	}
	if (output !== undefined) {
		if (!isRecord(output)) say('output_config: an object is required');
		else {
			checkKeys(output, new Set(['effort', 'format']), 'output_config.', say);
			if (output.effort !== undefined && !['low', 'medium', 'high', 'xhigh', 'max'].includes(String(output.effort)))
				say('output_config.effort: unknown');
		}
	}
	if (diagnostics !== undefined) {
		if (!isRecord(diagnostics)) say('diagnostics: an object is required');
		else checkKeys(diagnostics, new Set(['previous_message_id']), 'diagnostics.', say);
	}
}

function checkTools(tools: unknown, say: Say): void {
	if (tools === undefined) return;
	if (!Array.isArray(tools)) {
		say('tools: a list is required');
		return;
	}
	const names = new Set<string>();
	for (const [index, tool] of tools.entries()) {
		const where = `tools.${index}.`;
		if (!isRecord(tool)) {
			say(`${where}: an object is required`);
			continue;
		}
		if (isServerTool(tool)) {
			checkKeys(tool, SERVER_TOOL_KEYS, where, say);
			if (tool.name !== 'web_search') say(`${where}name: Input should be 'web_search'`);
			if (tool.allowed_domains !== undefined && tool.blocked_domains !== undefined)
				say(`${where}allowed_domains: cannot be used together with blocked_domains`);
			continue;
		}
		checkKeys(tool, TOOL_KEYS, where, say);
		const name = String(tool.name);
		if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) say(`${where}name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'`);
		if (names.has(name)) say(`${where}name: Tool names must be unique`);
		names.add(name);
		if (!isRecord(tool.input_schema) || tool.input_schema.type !== 'object')
			say(`${where}input_schema.type: must be object`);
	}
}

function checkBlocks(content: unknown, kinds: BlockRules, where: string, rules: RequestRules, say: Say): void {
	if (typeof content !== 'string' && !Array.isArray(content)) {
		say(`${where}: text or a list is required`);
		return;
	}
	for (const [index, block] of blocksOf(content).entries()) {
		const at = `${where}.${index}.`;
		const keys = kinds[String(block.type)];
		if (!keys) {
			const { cache_control: _, ...bare } = block;
			if (!rules.issuedBlocks.has(JSON.stringify(bare))) say(`${at}type: '${String(block.type)}' is not expected here`);
			continue;
		}
		checkKeys(block, keys, at, say);
		if (block.type === 'text' && (typeof block.text !== 'string' || block.text.trim() === ''))
			say(`${at}text: text content blocks must be non-empty`);
		if (block.type === 'image') checkImage(block, at, say);
		if (block.type === 'tool_use' && !isRecord(block.input)) say(`${at}input: Input should be a valid dictionary`);
		if (block.type === 'tool_result' && block.content !== undefined)
			checkBlocks(block.content, RESULT_BLOCKS, `${at}content`, rules, say);
	}
}

function checkImage(block: Json, at: string, say: Say): void {
	const source = isRecord(block.source) ? block.source : {};
	if (source.type !== 'base64' || !IMAGE_TYPES.has(String(source.media_type)) || typeof source.data !== 'string')
		say(`${at}source: a base64 image of a known type is required`);
}

function checkMessages(messages: unknown, rules: RequestRules, say: Say): void {
	const list = asList(messages).filter(isRecord);
	if (list.length === 0) {
		say('messages: at least one message is required');
		return;
	}
	const seenCalls = new Set<string>();
	let lastTalk: string | undefined;
	for (const [index, message] of list.entries()) {
		const where = `messages.${index}.`;
		checkKeys(message, new Set(['role', 'content']), where, say);
		const role = String(message.role);
		const previous = list[index - 1];
		if (index === 0 && role !== 'user') say('messages: first message must use the "user" role');
		if (role === 'system' && previous?.role !== 'user') say(`${where}role: "system" only follows a "user" message`);
		if (role === 'assistant' && lastTalk === 'assistant') say(`${where}role: two "assistant" messages in a row`);
		if (role !== 'user' && role !== 'assistant' && role !== 'system') say(`${where}role: unknown`);
		if (role !== 'system') lastTalk = role;
		const kinds = role === 'assistant' ? ASSISTANT_BLOCKS : role === 'system' ? SYSTEM_BLOCKS : USER_BLOCKS;
		checkBlocks(message.content, kinds, `${where}content`, rules, say);
		if (blocksOf(message.content).length === 0) say(`${where}content: must not be empty`);
		checkPairing(message, list[index + 1], previous, seenCalls, where, say);
	}
	const last = list.at(-1);
	const end = canonicalJson(last ? blocksOf(last.content).at(-1) : undefined);
	if (last?.role === 'assistant' && !rules.pausedEnds?.has(end))
		say('messages: the last message must not be from the assistant (prefill)');
}

/** Every call is answered by exactly one result, first thing in the very next message, and nothing else is answered. */
function checkPairing(
	message: Json,
	next: Json | undefined,
	previous: Json | undefined,
	seenCalls: Set<string>,
	where: string,
	say: Say,
): void {
	const callsOf = (of: Json | undefined) =>
		of?.role === 'assistant'
			? blocksOf(of.content).flatMap((block) => (block.type === 'tool_use' ? [String(block.id)] : []))
			: [];
	const resultsOf = (of: Json | undefined) =>
		blocksOf(of?.content).flatMap((block) => (block.type === 'tool_result' ? [String(block.tool_use_id)] : []));
	const calls = callsOf(message);
	for (const id of calls) {
		if (seenCalls.has(id)) say(`${where}content: \`tool_use\` ids must be unique: ${id}`);
		seenCalls.add(id);
		const answers = next?.role === 'user' ? resultsOf(next).filter((result) => result === id).length : 0;
		if (answers === 0)
			say(`${where}content: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${id}`);
		if (answers > 1) say(`${where}content: each \`tool_use\` must have a single result: ${id}`);
	}
	const asked = new Set(callsOf(previous));
	for (const id of resultsOf(message))
		if (!asked.has(id)) say(`${where}content: unexpected \`tool_result\` without a call before it: ${id}`);
	const kinds = blocksOf(message.content).map((block) => block.type === 'tool_result');
	if (kinds.lastIndexOf(true) > kinds.indexOf(false) && kinds.includes(false))
		say(`${where}content: \`tool_result\` blocks must come before other content`);
}

function checkMarks(request: Json, say: Say): void {
	const ttls: string[] = [];
	const visit = (value: unknown, where: string) => {
		if (!isRecord(value) || value.cache_control === undefined) return;
		const mark = value.cache_control;
		if (!isRecord(mark) || mark.type !== 'ephemeral') {
			say(`${where}cache_control: type must be ephemeral`);
			return;
		}
		checkKeys(mark, new Set(['type', 'ttl']), `${where}cache_control.`, say);
		if (mark.ttl !== undefined && mark.ttl !== '5m' && mark.ttl !== '1h') say(`${where}cache_control.ttl: unknown`);
		ttls.push(mark.ttl === '1h' ? '1h' : '5m');
	};
	for (const [index, tool] of asList(request.tools).entries()) visit(tool, `tools.${index}.`);
	for (const [index, block] of asList(request.system).entries()) visit(block, `system.${index}.`);
	for (const [index, message] of asList(request.messages).filter(isRecord).entries())
		for (const [position, block] of blocksOf(message.content).entries()) {
			const where = `messages.${index}.content.${position}.`;
			if (block.type === 'tool_result') for (const inner of blocksOf(block.content)) visit(inner, `${where}content.`);
			visit(block, where);
		}
	visit(request, '');
	if (ttls.length > MOST_MARKS) say(`A maximum of 4 blocks with cache_control may be provided. Found ${ttls.length}.`);
	const firstShort = ttls.indexOf('5m');
	if (firstShort >= 0 && ttls.lastIndexOf('1h') > firstShort)
		say("cache_control: a ttl='1h' block must not come after a ttl='5m' block");
}
