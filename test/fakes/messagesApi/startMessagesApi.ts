/**
 * A strict local stand-in for the Messages API: answers from a script, refuses what the service would refuse, counts
 * tokens with hidden ratios, simulates the prompt cache, and keeps every request for the test to look at.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asList, blocksOf, canonicalJson, hashOf, isRecord, type Json } from './canonical.ts';
import { checkRequest } from './checkRequest.ts';
import { type ListedModel, standardModels } from './modelList.ts';
import { prefixBreak } from './prefixKept.ts';
import { createPromptCache, type InputUsage } from './promptCache.ts';
import { isWhole, type ReplyBlock, type ScriptedReply, scriptIn } from './reply.ts';
import { errorBody, eventsOf, sendEvents, startMessage, type WholeReply } from './sendReply.ts';
import { createThinkingSignatures } from './thinkingSignatures.ts';
import { createTokenCount } from './tokenCount.ts';

const API_VERSION = '2026-10-21';

/** A request as it came. */
export type RecordedRequest = {
	readonly method: string;
	readonly path: string;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	/** The raw text of the body. */
	readonly body: string;
	/** The body as JSON; undefined when there was none. */
	readonly json: Json | undefined;
	/** What it was answered with, once that was decided. */
	status: number;
	/** The input it was counted as, for `/v1/messages` that were accepted. */
	usage?: InputUsage;
	/** The client closed the connection before the answer was complete. */
	wasAborted: boolean;
	/** When its headers arrived, in ms since the epoch with fractions. */
	readonly arrivedAt: number;
	/** When the first delta of the reply was written. */
	firstDeltaAt?: number;
	/** When the reply was complete. */
	endedAt?: number;
};

/** Gives the reply for a request; `undefined` = the default text. A list is used up in order. */
export type ReplyScript =
	| readonly ScriptedReply[]
	| ((request: Json, index: number) => ScriptedReply | undefined | Promise<ScriptedReply | undefined>);

export type MessagesApiOptions = {
	/** Default: the script inside the newest prompt, else a short text. */
	readonly script?: ReplyScript;
	/** Seed of the hidden token ratios. Default 1. */
	readonly seed?: number;
	/** Keys that are accepted. Default `test-key`. */
	readonly keys?: readonly string[];
	/** `none`: refuses a request that carries any key. */
	readonly keyHeader?: 'authorization' | 'x-api-key' | 'none';
	/** Values of `anthropic-beta` that are accepted. Default none. */
	readonly betas?: readonly string[];
	readonly models?: readonly ListedModel[];
	/** Answer 404 to `count_tokens`, as many compatible servers do. */
	readonly hasNoCounting?: boolean;
	/** Fields of a request that are refused wherever they stand, as gateways do that do not know them. */
	readonly refusedFields?: readonly string[];
	/** How it refuses them, in words of its own. */
	readonly refusal?: (field: string) => {
		readonly status?: number;
		readonly contentType: string;
		readonly body: string;
	};
	readonly now?: () => number;
	/** The test sends wrong requests on purpose; else `close` rejects when there was one. */
	readonly mayBeWrong?: boolean;
	/** 0 = any free port. */
	readonly port?: number;
};

export type MessagesApi = {
	/** `http://127.0.0.1:PORT`, no slash at the end. */
	readonly url: string;
	/** Every broken rule, of all requests. */
	readonly violations: readonly string[];
	readonly requests: readonly RecordedRequest[];
	/** The JSON bodies of the accepted `/v1/messages`, in order. */
	readonly accepted: readonly Json[];
	/** Says that the next request may start with other content: a rewind, another session, another model. */
	markNewPrefix(): void;
	/** Throws unless each accepted request that `where` picks starts with the whole content of the one before. */
	assertPrefixKept(where?: (request: Json) => boolean): void;
	/** Where a request did not start with the content of the accepted one before. */
	prefixBreaks(where?: (request: Json) => boolean): readonly string[];
	/** Lets the prompt cache expire. */
	clearCache(): void;
	close(): Promise<void>;
};

export async function startMessagesApi(options: MessagesApiOptions = {}): Promise<MessagesApi> {
	const countOf = createTokenCount(options.seed ?? 1);
	const cache = createPromptCache(countOf, options.now ?? Date.now);
	const signatures = createThinkingSignatures('secret of the stand-in');
	const violations: string[] = [];
	const requests: RecordedRequest[] = [];
	const accepted: Json[] = [];
	const newPrefixAt = new Set<number>();
	const issuedBlocks = new Set<string>();
	const pausedEnds = new Set<string>();
	const fingerprints = new Map<string, Json>();
	const nextReply = createReplySource(options.script);
	const models = options.models ?? standardModels;
	let serial = 0;

	const server = createServer((request, response) => {
		answer(request, response).catch((error: unknown) => {
			violations.push(
				`the stand-in failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
			);
			response.destroy();
		});
	});

	async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const arrivedAt = wallClock();
		const body = await bodyOf(request);
		const url = new URL(request.url ?? '/', 'http://127.0.0.1');
		if (url.pathname === '/__log') {
			sendJson(response, 200, { violations, requests, prefixBreaks: breaks() });
			return;
		}
		if (url.pathname === '/__newPrefix') {
			newPrefixAt.add(accepted.length);
			return sendJson(response, 200, {});
		}
		const requestId = `req_${++serial}`;
		const json = parseJson(body);
		const record: RecordedRequest = {
			method: request.method ?? '',
			path: request.url ?? '',
			headers: request.headers,
			body,
			json,
			status: 0,
			wasAborted: false,
			arrivedAt,
		};
		requests.push(record);
		response.on('close', () => {
			record.wasAborted ||= !response.writableFinished;
		});
		const refuse = (status: number, type: string, message: string) => {
			record.status = status;
			sendJson(response, status, errorBody(type, message, requestId), { 'request-id': requestId });
		};
		const isBadHeader = headerProblems(request, url).map((problem) => violations.push(problem)).length > 0;
		if (isBadHeader) {
			refuse(400, 'invalid_request_error', violations.at(-1) ?? '');
			return;
		}
		if (!isKeyKnown(request)) {
			refuse(401, 'authentication_error', 'invalid x-api-key');
			return;
		}

		const isMessages = url.pathname === '/v1/messages';
		if (request.method === 'GET' && url.pathname.startsWith('/v1/models')) {
			record.status = 200;
			return answerModels(url, response, refuse, requestId);
		}
		const isCount = url.pathname === '/v1/messages/count_tokens' && options.hasNoCounting !== true;
		if (request.method !== 'POST' || !(isMessages || isCount)) {
			refuse(404, 'not_found_error', 'Not found');
			return;
		}
		if (!json) {
			refuse(400, 'invalid_request_error', 'The body is not a JSON object');
			return;
		}

		const unknownField = options.refusedFields?.find((field) => body.includes(`"${field}":`));
		if (unknownField !== undefined && options.refusal) {
			const { status = 400, contentType, body: words } = options.refusal(unknownField);
			record.status = status;
			response.writeHead(status, { 'content-type': contentType }).end(words);
			return;
		}
		if (unknownField !== undefined)
			return refuse(400, 'invalid_request_error', `${unknownField}: Extra inputs are not permitted`);
		const endpoint = isMessages ? 'messages' : 'count_tokens';
		const problems = [...checkRequest(json, { endpoint, issuedBlocks, pausedEnds }), ...signatures.check(json)];
		if (problems.length > 0) {
			violations.push(...problems);
			return refuse(400, 'invalid_request_error', problems.join('; '));
		}
		const model = models.find((candidate) => candidate.id === json.model);
		if (!model) {
			refuse(404, 'not_found_error', `model: ${String(json.model)}`);
			return;
		}
		const input = totalOf(cache.use(json, false));
		if (isCount) {
			record.status = 200;
			return sendJson(response, 200, { input_tokens: input }, { 'request-id': requestId });
		}
		if (input > model.max_input_tokens)
			return refuse(
				400,
				'invalid_request_error',
				`prompt is too long: ${input} tokens > ${model.max_input_tokens} maximum`,
			);
		await answerMessages(json, response, record, requestId);
	}

	async function answerMessages(
		json: Json,
		response: ServerResponse,
		record: RecordedRequest,
		requestId: string,
	): Promise<void> {
		const script = await nextReply(json, accepted.length);
		if (script.error) {
			const { status, type, message, errorCode, headers } = script.error;
			record.status = status;
			const body = errorBody(
				type ?? TYPE_OF_STATUS[status] ?? 'api_error',
				message ?? 'scripted error',
				requestId,
				errorCode,
			);
			return sendJson(response, status, body, { 'request-id': requestId, ...headers });
		}
		if (script.fault === 'silence') return;
		if (script.fault === 'html') {
			record.status = 200;
			response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
			return;
		}
		if (script.fault === 'redirect') {
			record.status = 307;
			response.writeHead(307, { location: 'http://127.0.0.2:9/elsewhere' }).end();
			return;
		}
		accepted.push(json);
		record.status = 200;
		record.usage = cache.use(json, true);
		const reply = compose(json, script, record.usage);
		if (json.stream === true) {
			await sendEvents(response, eventsOf(reply, script.chunkChars), script, requestId, (type) => {
				if (type === 'content_block_delta') record.firstDeltaAt ??= wallClock();
				if (type === 'message_stop') record.endedAt = wallClock();
			});
			return;
		}
		const whole = { ...startMessage(reply), content: reply.blocks, stop_reason: reply.stopReason };
		sendJson(
			response,
			200,
			{ ...whole, usage: { ...reply.startUsage, ...reply.endUsage } },
			{ 'request-id': requestId },
		);
	}

	function compose(request: Json, script: ScriptedReply, usage: InputUsage): WholeReply {
		const messageId = `msg_${serial}`;
		const inputTexts = new Map<number, string>();
		const given: readonly ReplyBlock[] = [
			...(script.blocks ?? []),
			...(script.text === undefined ? [] : [{ text: script.text }]),
		];
		const blocks = given.map((block, index): Json => {
			if ('text' in block) return { type: 'text', text: block.text, citations: null };
			if ('thinking' in block) return signatures.sign(request, 'thinking', block.thinking);
			if ('redactedThinking' in block) return signatures.sign(request, 'redacted_thinking', block.redactedThinking);
			if ('raw' in block) return block.raw;
			if (block.json !== undefined) inputTexts.set(index, block.json);
			const id = block.id ?? `toolu_${serial}_${index}`;
			return { type: 'tool_use', id, name: block.tool, input: block.input ?? {}, caller: { type: 'direct' } };
		});
		for (const block of blocks) issuedBlocks.add(JSON.stringify(block));
		if (script.stopReason === 'pause_turn') pausedEnds.add(canonicalJson(blocks.at(-1)));
		if (isWhole(script)) signatures.remember(request, blocks);
		const hasCall = blocks.some((block) => block.type === 'tool_use');
		const output = blocks.reduce((sum, block) => sum + countOf.output(block), 0);
		const common = { ...usage, output_tokens_details: null, server_tool_use: null };
		const { cache_creation: _, ...endInput } = usage;
		const diagnostics = diagnose(request);
		fingerprints.set(messageId, request);
		return {
			messageId,
			model: String(request.model),
			blocks,
			inputTexts,
			stopReason: script.stopReason ?? (hasCall ? 'tool_use' : 'end_turn'),
			stopDetails: script.stopDetails ?? null,
			startUsage: { ...common, output_tokens: 1, service_tier: 'standard', speed: 'standard', inference_geo: null },
			endUsage: { ...endInput, output_tokens: output, output_tokens_details: null, server_tool_use: null },
			diagnostics,
		};
	}

	/** Why the prefix of the named message could not be used again. */
	function diagnose(request: Json): unknown {
		if (!isRecord(request.diagnostics) || typeof request.diagnostics.previous_message_id !== 'string') return null;
		const before = fingerprints.get(request.diagnostics.previous_message_id);
		if (!before) return { cache_miss_reason: { type: 'previous_message_not_found' } };
		const broken = prefixBreak(before, request);
		if (!broken) return null;
		const missed = totalOf(cache.use(before, false));
		return { cache_miss_reason: { type: `${broken.what}_changed`, cache_missed_input_tokens: missed } };
	}

	function headerProblems(request: IncomingMessage, url: URL): readonly string[] {
		const problems: string[] = [];
		if (request.headers['anthropic-version'] !== API_VERSION)
			problems.push(
				`anthropic-version: ${API_VERSION} is required, not ${String(request.headers['anthropic-version'])}`,
			);
		if (url.searchParams.has('beta')) problems.push('the query ?beta= is not used');
		const betas = request.headers['anthropic-beta'];
		for (const beta of typeof betas === 'string' ? betas.split(',') : [])
			if (!(options.betas ?? []).includes(beta)) problems.push(`anthropic-beta: Unexpected value(s) \`${beta}\``);
		if (request.method === 'POST' && !request.headers['content-type']?.startsWith('application/json'))
			problems.push('content-type: application/json is required');
		return problems;
	}

	function isKeyKnown(request: IncomingMessage): boolean {
		const keys = options.keys ?? ['test-key'];
		if (options.keyHeader === 'none')
			return request.headers['x-api-key'] === undefined && request.headers.authorization === undefined;
		if (options.keyHeader === 'x-api-key')
			return keys.includes(String(request.headers['x-api-key'])) && request.headers.authorization === undefined;
		const [scheme, key] = (request.headers.authorization ?? '').split(' ');
		return scheme === 'Bearer' && keys.includes(key ?? '') && request.headers['x-api-key'] === undefined;
	}

	function answerModels(
		url: URL,
		response: ServerResponse,
		refuse: (status: number, type: string, message: string) => void,
		requestId: string,
	): void {
		const id = url.pathname.slice('/v1/models/'.length);
		if (id !== '') {
			const model = models.find((candidate) => candidate.id === decodeURIComponent(id));
			if (!model) {
				refuse(404, 'not_found_error', `model: ${id}`);
				return;
			}
			sendJson(response, 200, model, { 'request-id': requestId });
			return;
		}
		const limit = Number(url.searchParams.get('limit') ?? 20);
		const after = models.findIndex((model) => model.id === url.searchParams.get('after_id'));
		const data = models.slice(after + 1, after + 1 + limit);
		const page = {
			data,
			has_more: after + 1 + limit < models.length,
			first_id: data[0]?.id ?? null,
			last_id: data.at(-1)?.id ?? null,
		};
		sendJson(response, 200, page, { 'request-id': requestId });
	}

	function breaks(where: (request: Json) => boolean = () => true): readonly string[] {
		const found: string[] = [];
		let before: Json | undefined;
		for (const [index, request] of accepted.entries()) {
			if (newPrefixAt.has(index)) before = undefined;
			if (!where(request)) continue;
			const broken = before && prefixBreak(before, request);
			if (broken) found.push(`request ${index} does not start with the content of the one before: ${broken.where}`);
			before = request;
		}
		return found;
	}

	await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${addressOf(server.address()).port}`,
		violations,
		requests,
		accepted,
		markNewPrefix: () => newPrefixAt.add(accepted.length),
		prefixBreaks: breaks,
		assertPrefixKept(where) {
			const found = breaks(where);
			if (found.length > 0) throw new Error(found.join('\n'));
		},
		clearCache: cache.clear,
		async close() {
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			server.closeAllConnections();
			await closed;
			if (violations.length > 0 && options.mayBeWrong !== true)
				throw new Error(`Requests broke the rules of the Messages API: ${violations.join('; ')}`);
		},
	};
}

/** Finer than a millisecond, and comparable with what other processes of this machine say. */
const wallClock = (): number => performance.timeOrigin + performance.now();

const TYPE_OF_STATUS: Readonly<Record<number, string>> = {
	400: 'invalid_request_error',
	401: 'authentication_error',
	402: 'billing_error',
	403: 'permission_error',
	404: 'not_found_error',
	409: 'conflict_error',
	413: 'request_too_large',
	429: 'rate_limit_error',
	500: 'api_error',
	504: 'timeout_error',
	529: 'overloaded_error',
};

/** Where replies come from: the test's script, or the script inside the newest prompt. */
function createReplySource(script: ReplyScript | undefined): (request: Json, index: number) => Promise<ScriptedReply> {
	let used = 0;
	const failures = new Map<string, number>();
	return async (request, index) => {
		if (typeof script === 'function') return (await script(request, index)) ?? { text: 'Done.' };
		if (script) return script[used++] ?? { text: 'Done.' };
		return promptedReply(request, failures);
	};
}

/**
 * The reply of a prompt's own script for this step. The script is a list of replies; failing ones before a whole one are
 * given once each, then the whole one. The step is the number of answers since the prompt, so a rewind starts again.
 */
function promptedReply(request: Json, failures: Map<string, number>): ScriptedReply {
	const messages = asList(request.messages).filter(isRecord);
	const start = messages.findLastIndex(
		(message) => message.role === 'user' && blocksOf(message.content).every((block) => block.type !== 'tool_result'),
	);
	const text = blocksOf(messages[start]?.content)
		.map((block) => String(block.text ?? ''))
		.join('\n');
	const script = scriptIn(text);
	if (!script) return { text: `You said: ${text.trim().slice(0, 200)}` };
	const step = messages.slice(start).filter((message) => message.role === 'assistant').length;
	const groups: ScriptedReply[][] = [[]];
	for (const reply of script) {
		groups.at(-1)?.push(reply);
		if (isWhole(reply)) groups.push([]);
	}
	const group = groups[step] ?? [];
	const key = hashOf(JSON.stringify(messages));
	const failed = failures.get(key) ?? 0;
	failures.set(key, failed + 1);
	return group[failed] ?? group.findLast(isWhole) ?? { text: 'Done.' };
}

function totalOf(usage: InputUsage): number {
	return usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(Buffer.from(chunk));
	return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): Json | undefined {
	if (text === '') return undefined;
	const value: unknown = JSON.parse(text);
	return isRecord(value) ? value : undefined;
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
	response.writeHead(status, { 'content-type': 'application/json', ...headers });
	response.end(JSON.stringify(body));
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
	if (address === null || typeof address === 'string') throw new Error('The stand-in has no port.');
	return address;
}
