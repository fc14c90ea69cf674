/**
 * The port StreamModel over the language models of VS Code (`vscode.lm`), which other extensions bring. They have no thinking, no prompt cache
 * and tell no usage, so tokens are counted here; VS Code itself asks the user whether Retrace may use them.
 */
import * as vscode from 'vscode';
import { CancelledError, messageOf } from '../../base/errors.ts';
import { asToolUseId } from '../../base/ids.ts';
import { unlessAborted } from '../../base/unlessAborted.ts';
import { ModelError, type ModelErrorKind } from '../../core/model/modelError.ts';
import type { ModelEvent, ModelInfo, ModelReply, ModelRequest, StreamModel } from '../../core/model/modelPort.ts';
import { type PlainMessage, type PlainPart, plainMessages, plainText } from '../../core/model/plainMessages.ts';
import type { Clock } from '../../core/ports.ts';
import { isToolUseBlock } from '../../core/session/content.ts';

/** Ids of these models in sessions and settings: with it nobody takes them for one of an endpoint. */
export const LM_PREFIX = 'vscode-lm:';
/** Until one is there; a prompt then says what is missing. */
export const NO_LM_MODEL = `${LM_PREFIX}none`;
const JUSTIFICATION = 'Retrace sends the prompts of your session to this model.';
/** The API says only how much goes in. */
const OUTPUT_TOKENS = 16_000;
const CHARS_PER_TOKEN = 4;
/** There are no signs of life but the parts themselves, and a long prompt may be read for minutes before the first one. */
const USUAL_LIMITS: LmLimits = { partMs: 300_000, countMs: 10_000 };

/** While a window starts VS Code may name no models, though an extension brings some, and tell of no change afterwards. */
const ASK_AGAIN_MS: readonly number[] = [100, 300, 1_000, 2_500];

/** How long something of another extension may take. */
type LmLimits = {
	/** Until the next part of a reply. */
	readonly partMs: number;
	/** To count tokens; then they are estimated. */
	readonly countMs: number;
};

/** The part of VS Code's API that is used here. */
type LanguageModels = Pick<typeof vscode.lm, 'selectChatModels'>;

export function createLmModel(
	clock: Clock,
	models: LanguageModels = vscode.lm,
	{ partMs, countMs }: LmLimits = USUAL_LIMITS,
): StreamModel {
	/** A model that cannot count, or takes too long for it, is estimated. */
	async function tokensOf(
		model: vscode.LanguageModelChat,
		text: string,
		token: vscode.CancellationToken,
		signal: AbortSignal,
	): Promise<number> {
		try {
			const counted = await inTime(Promise.resolve(model.countTokens(text, token)), countMs, signal);
			return Math.max(0, Math.round(counted));
		} catch (error) {
			if (signal.aborted) throw new CancelledError(undefined, { cause: error });
			return Math.ceil(text.length / CHARS_PER_TOKEN);
		}
	}

	/** Those that are there now; asked for again a few times while there is none of them that is wanted. */
	async function select(
		isWanted: (model: vscode.LanguageModelChat) => boolean,
		signal: AbortSignal,
	): Promise<readonly vscode.LanguageModelChat[]> {
		for (let attempt = 0; ; attempt++) {
			const all = await unlessAborted(Promise.resolve(models.selectChatModels()), signal);
			const delayMs = ASK_AGAIN_MS[attempt];
			if (delayMs === undefined || all.some(isWanted)) return all;
			await clock.sleep(delayMs, signal);
		}
	}

	async function find(id: string, signal: AbortSignal): Promise<vscode.LanguageModelChat> {
		const all = await select((one) => idOf(one) === id, signal);
		const found = all.find((one) => idOf(one) === id);
		if (found) return found;
		const there =
			all.length === 0
				? 'None is there now: install or sign in to an extension that brings some.'
				: 'Choose another one.';
		const which = id === NO_LM_MODEL ? 'chosen' : id.replace(LM_PREFIX, '');
		throw new ModelError('notFound', `VS Code has no language model ${which} now. ${there}`);
	}

	async function stream(
		request: ModelRequest,
		onEvent: (event: ModelEvent) => void,
		signal: AbortSignal,
	): Promise<ModelReply> {
		const startedAt = clock.now();
		return await cancellable(signal, async (token) => {
			const model = await find(request.model, signal);
			const messages = plainMessages(request);
			const input = await tokensOf(model, plainText(messages), token, signal);
			const usage = {
				inputTokens: input,
				outputTokens: 0,
				cacheReadTokens: 0,
				cacheWriteTokens: 0,
				cacheWrite1hTokens: 0,
			};
			const messageId = `lm_${startedAt}`;
			// VS Code may ask the user here, who takes any time.
			const sent = model.sendRequest(messages.map(toMessage), optionsOf(request), token);
			const response = await unlessAborted(Promise.resolve(sent), signal);
			if (signal.aborted) throw new CancelledError();
			onEvent({ kind: 'started', messageId, model: request.model, usage });
			const reply = createReply(onEvent, messageId, callIdsIn(request));
			let firstTokenMs: number | undefined;
			const parts = response.stream[Symbol.asyncIterator]();
			for (;;) {
				const next = await inTime(parts.next(), partMs, signal);
				if (signal.aborted) throw new CancelledError();
				if (next.done) break;
				firstTokenMs ??= clock.now() - startedAt;
				reply.add(next.value);
			}
			const { text, hasCalls } = reply.end();
			const totalMs = clock.now() - startedAt;
			return {
				...{ messageId, requestId: null, model: request.model, stopReason: hasCalls ? 'tool_use' : 'end_turn' },
				usage: { ...usage, outputTokens: await tokensOf(model, text, token, signal) },
				...{ stopDetails: null, diagnostics: null, firstTokenMs: firstTokenMs ?? totalMs, totalMs },
			};
		});
	}

	return {
		label: 'VS Code language models',
		stream,
		async listModels(signal) {
			return (await select(() => true, signal)).map(infoOf);
		},
		async countTokens(request, signal) {
			return await cancellable(signal, async (token) => {
				const model = await find(request.model, signal);
				const tools = request.tools.length === 0 ? '' : JSON.stringify(request.tools);
				return await tokensOf(model, `${plainText(plainMessages(request))}${tools}`, token, signal);
			});
		},
	};
}

const idOf = ({ vendor, id }: vscode.LanguageModelChat): string => `${LM_PREFIX}${vendor}/${id}`;

const infoOf = (model: vscode.LanguageModelChat): ModelInfo => ({
	id: idOf(model),
	displayName: model.name || model.id,
	windowTokens: model.maxInputTokens,
	maxOutputTokens: OUTPUT_TOKENS,
	isAdaptiveThinking: false,
	isDeprecated: false,
});

function callIdsIn({ messages }: ModelRequest): Set<string> {
	const blocks = messages.flatMap((message) => (message.role === 'assistant' ? message.content : []));
	return new Set(blocks.filter(isToolUseBlock).map(({ id }) => id));
}

/** Puts the parts together to blocks: text as it comes, each call whole. `taken`: ids of calls; some models give the same ones again, or none. */
function createReply(onEvent: (event: ModelEvent) => void, messageId: string, taken: Set<string>) {
	let index = 0;
	let open = '';
	const said: string[] = [];
	let hasCalls = false;
	const endText = () => {
		if (open === '') return;
		onEvent({ kind: 'blockEnded', index, block: { type: 'text', text: open } });
		said.push(open);
		open = '';
		index++;
	};
	return {
		add(part: unknown) {
			if (part instanceof vscode.LanguageModelTextPart) {
				if (part.value === '') return;
				if (open === '') onEvent({ kind: 'blockStarted', index, type: 'text' });
				open += part.value;
				onEvent({ kind: 'text', index, text: part.value });
			} else if (part instanceof vscode.LanguageModelToolCallPart) {
				endText();
				hasCalls = true;
				const { callId, name } = part;
				// What is no object is answered as a wrong input.
				const input = typeof part.input === 'object' && part.input !== null ? part.input : {};
				const id = asToolUseId(callId === '' || taken.has(callId) ? `call_${messageId}_${index}` : callId);
				taken.add(id);
				onEvent({ kind: 'blockStarted', index, type: 'tool_use', toolName: name, toolUseId: id });
				onEvent({ kind: 'blockEnded', index, block: { type: 'tool_use', id, name, input } });
				said.push(JSON.stringify(input));
				index++;
			}
			// What else there may be, e.g. thinking, cannot be given back to the model.
		},
		end() {
			endText();
			return { text: said.join('\n'), hasCalls };
		},
	};
}

function optionsOf({ tools }: ModelRequest): vscode.LanguageModelChatRequestOptions {
	const described = tools.map(({ name, description, input_schema }) => ({
		name,
		description,
		inputSchema: input_schema,
	}));
	return { justification: JUSTIFICATION, ...(described.length > 0 && { tools: described }) };
}

function toMessage({ role, parts }: PlainMessage): vscode.LanguageModelChatMessage {
	const sides = vscode.LanguageModelChatMessageRole;
	return new vscode.LanguageModelChatMessage(role === 'user' ? sides.User : sides.Assistant, parts.map(toPart));
}

function toPart(part: PlainPart): vscode.LanguageModelChatMessage['content'][number] {
	switch (part.kind) {
		case 'text':
			return new vscode.LanguageModelTextPart(part.text);
		case 'image':
			return vscode.LanguageModelDataPart.image(Buffer.from(part.base64, 'base64'), part.mediaType);
		case 'call':
			return new vscode.LanguageModelToolCallPart(part.id, part.name, part.input);
		case 'result':
			return new vscode.LanguageModelToolResultPart(part.id, part.parts.map(toPart));
	}
}

/** What other extensions do may never end, whatever they are told: a stop is heard at once, and silence has an end. */
async function inTime<T>(promise: Promise<T>, limitMs: number, signal: AbortSignal): Promise<T> {
	const late = new AbortController();
	const timer = setTimeout(
		() => late.abort(new ModelError('stalled', `The language model sent nothing for ${Math.ceil(limitMs / 1000)} s.`)),
		limitMs,
	);
	try {
		return await unlessAborted(promise, AbortSignal.any([signal, late.signal]));
	} finally {
		clearTimeout(timer);
	}
}

/** Everything that is thrown comes out as ModelError or CancelledError. */
async function cancellable<T>(signal: AbortSignal, run: (token: vscode.CancellationToken) => Promise<T>): Promise<T> {
	if (signal.aborted) throw new CancelledError();
	const source = new vscode.CancellationTokenSource();
	const stop = () => source.cancel();
	signal.addEventListener('abort', stop, { once: true });
	try {
		return await run(source.token);
	} catch (error) {
		// Nobody reads on.
		source.cancel();
		if (signal.aborted) throw new CancelledError(undefined, { cause: error });
		throw toModelError(error);
	} finally {
		signal.removeEventListener('abort', stop);
		source.dispose();
	}
}

const KINDS: Readonly<Record<string, ModelErrorKind>> = {
	NoPermissions: 'auth',
	Blocked: 'billing',
	NotFound: 'notFound',
};
const SENTENCES: Readonly<Record<string, string>> = {
	NoPermissions:
		'VS Code does not let Retrace use this language model: allow it when VS Code asks, or under “Manage Language Model Access”.',
	Blocked: 'This language model is blocked for you now, e.g. because its quota is used up.',
	NotFound: 'This language model is not there any more.',
};

function toModelError(error: unknown): ModelError {
	if (error instanceof ModelError) return error;
	const code = error instanceof vscode.LanguageModelError ? error.code : '';
	const said = messageOf(error);
	const sentence = SENTENCES[code] ?? 'The language model failed.';
	return new ModelError(KINDS[code] ?? kindIn(said), said === '' ? sentence : `${sentence} It said: ${said}`, {
		cause: error,
	});
}

/** Extensions tell these in words only. */
function kindIn(said: string): ModelErrorKind {
	if (/rate.?limit|too many requests|\b429\b/i.test(said)) return 'rateLimit';
	if (/too (?:long|large|many tokens)|context (?:window|length)|exceed.{0,30}tokens/i.test(said)) return 'tooLarge';
	return /\b4\d\d\b|invalid|not supported/i.test(said) ? 'badRequest' : 'server';
}
