/**
 * The port StreamModel over the language models of VS Code (`vscode.lm`), which other extensions bring. They have no thinking, no prompt cache
 * and tell no usage, so tokens are counted here; VS Code itself asks the user whether Retrace may use them.
 */
import * as vscode from 'vscode';
import { CancelledError, messageOf } from '../../base/errors.ts';
import { asToolUseId } from '../../base/ids.ts';
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

/** The part of VS Code's API that is used here. */
type LanguageModels = Pick<typeof vscode.lm, 'selectChatModels'>;

export function createLmModel(clock: Clock, models: LanguageModels = vscode.lm): StreamModel {
	async function find(id: string): Promise<vscode.LanguageModelChat> {
		const all = await models.selectChatModels();
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
			const model = await find(request.model);
			const messages = plainMessages(request);
			const input = await tokensOf(model, plainText(messages), token);
			const usage = {
				inputTokens: input,
				outputTokens: 0,
				cacheReadTokens: 0,
				cacheWriteTokens: 0,
				cacheWrite1hTokens: 0,
			};
			const messageId = `lm_${startedAt}`;
			const response = await model.sendRequest(messages.map(toMessage), optionsOf(request), token);
			if (signal.aborted) throw new CancelledError();
			onEvent({ kind: 'started', messageId, model: request.model, usage });
			const reply = createReply(onEvent, messageId, callIdsIn(request));
			let firstTokenMs: number | undefined;
			for await (const part of response.stream) {
				if (signal.aborted) throw new CancelledError();
				firstTokenMs ??= clock.now() - startedAt;
				reply.add(part);
			}
			if (signal.aborted) throw new CancelledError();
			const { text, hasCalls } = reply.end();
			const totalMs = clock.now() - startedAt;
			return {
				...{ messageId, requestId: null, model: request.model, stopReason: hasCalls ? 'tool_use' : 'end_turn' },
				usage: { ...usage, outputTokens: await tokensOf(model, text, token) },
				...{ stopDetails: null, diagnostics: null, firstTokenMs: firstTokenMs ?? totalMs, totalMs },
			};
		});
	}

	return {
		label: 'VS Code language models',
		stream,
		async listModels() {
			return (await models.selectChatModels()).map(infoOf);
		},
		async countTokens(request, signal) {
			return await cancellable(signal, async (token) => {
				const model = await find(request.model);
				const tools = request.tools.length === 0 ? '' : JSON.stringify(request.tools);
				return await tokensOf(model, `${plainText(plainMessages(request))}${tools}`, token);
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
				const { callId, name, input } = part;
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

/** A model that cannot count is estimated. */
async function tokensOf(
	model: vscode.LanguageModelChat,
	text: string,
	token: vscode.CancellationToken,
): Promise<number> {
	try {
		return Math.max(0, Math.round(await model.countTokens(text, token)));
	} catch {
		return Math.ceil(text.length / CHARS_PER_TOKEN);
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
