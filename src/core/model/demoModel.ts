/**
 * The offline demo model: follows plain instructions by fixed rules, with the real tools on the user's real files, so that all of
 * Retrace can be tried without a key. Deterministic and without memory: where it stands is read from the request.
 */
import { CancelledError } from '../../base/errors.ts';
import { asToolUseId } from '../../base/ids.ts';
import { utf8Length } from '../../base/text.ts';
import type { Clock } from '../ports.ts';
import type { Usage } from '../session/content.ts';
import { demoModelInfo } from './catalogue.ts';
import { standingIn } from './demo/conversation.ts';
import { parseInstructions } from './demo/instructions.ts';
import { type DemoAct, demoScript } from './demo/script.ts';
import { demoSummary } from './demo/summary.ts';
import { demoTitle } from './demo/title.ts';
import type { ModelEvent, ModelReply, ModelRequest, StreamModel } from './modelPort.ts';

/** A usual ratio for English and code. */
const BYTES_PER_TOKEN = 3.6;
/** Pieces small and frequent enough to be seen as streaming, large enough not to bore. */
const TEXT_PIECE_CHARS = 18;
const PIECE_DELAY_MS = 10;
const SLOW_DELAY_MS = 150;
/** However long the text, it is there after about three seconds. */
const MAX_PIECES = 300;

export function createDemoModel(clock: Clock): StreamModel {
	return {
		label: 'demo',
		async stream(request, onEvent, signal) {
			const startedAt = clock.now();
			// The time keeps ids apart between branches, which reach the same place with the same number of messages.
			const suffix = `${startedAt.toString(36)}_${request.messages.length}`;
			const act = nextAct(request);
			const messageId = `msg_demo_${suffix}`;
			const usage = usageOf(request);
			onEvent({ kind: 'started', messageId, model: request.model, usage });
			await clock.sleep(PIECE_DELAY_MS, signal);
			const firstTokenMs = clock.now() - startedAt;
			let index = 0;
			if (act.say !== '') await streamText(act, index++, onEvent, clock, signal);
			if (act.call) await streamCall(act.call, `toolu_demo_${suffix}`, index, onEvent, clock, signal);
			for (const [beside, call] of (act.more ?? []).entries())
				await streamCall(call, `toolu_demo_${suffix}_${beside + 2}`, ++index, onEvent, clock, signal);
			if (signal.aborted) throw new CancelledError();
			const written = act.say + (act.call ? JSON.stringify(act.call) : '');
			const reply: ModelReply = {
				messageId,
				requestId: null,
				model: request.model,
				stopReason: act.call ? 'tool_use' : 'end_turn',
				stopDetails: null,
				usage: { ...usage, outputTokens: tokens(utf8Length(written)) },
				diagnostics: null,
				firstTokenMs,
				totalMs: clock.now() - startedAt,
			};
			return reply;
		},
		async listModels() {
			return [demoModelInfo];
		},
		async countTokens(request) {
			const { cacheReadTokens, cacheWriteTokens, inputTokens } = usageOf(request);
			return cacheReadTokens + cacheWriteTokens + inputTokens;
		},
	};
}

/** Replays what was answered so far, and takes the act that comes next. */
function nextAct(request: ModelRequest): DemoAct {
	const { texts, answers } = standingIn(request);
	const title = demoTitle(texts);
	if (title !== undefined) return { say: title };
	const summary = demoSummary(request, texts);
	if (summary !== undefined) return { say: summary };
	const script = demoScript(parseInstructions(chooseText(texts)));
	let step = script.next();
	for (const answer of answers) {
		if (step.done) break;
		step = script.next(answer);
	}
	return step.value;
}

/** The newest text that is an instruction: attachments follow the prompt, and unanswered prompts precede it. */
function chooseText(texts: readonly string[]): string {
	const isUnderstood = (text: string) => parseInstructions(text)[0]?.kind !== 'unknown';
	return texts.findLast(isUnderstood) ?? texts.findLast((text) => !text.startsWith('The user attached ')) ?? '';
}

async function streamText(
	act: DemoAct,
	index: number,
	onEvent: (event: ModelEvent) => void,
	clock: Clock,
	signal: AbortSignal,
): Promise<void> {
	onEvent({ kind: 'blockStarted', index, type: 'text' });
	const pieces = act.isSlow ? act.say.split(/(?<=\n)/) : piecesOf(act.say, TEXT_PIECE_CHARS);
	for (const text of pieces) {
		await clock.sleep(act.isSlow ? SLOW_DELAY_MS : PIECE_DELAY_MS, signal);
		onEvent({ kind: 'text', index, text });
	}
	onEvent({ kind: 'blockEnded', index, block: { type: 'text', text: act.say } });
}

async function streamCall(
	call: NonNullable<DemoAct['call']>,
	id: string,
	index: number,
	onEvent: (event: ModelEvent) => void,
	clock: Clock,
	signal: AbortSignal,
): Promise<void> {
	const toolUseId = asToolUseId(id);
	onEvent({ kind: 'blockStarted', index, type: 'tool_use', toolName: call.name, toolUseId });
	for (const partialJson of piecesOf(JSON.stringify(call.input), 2 * TEXT_PIECE_CHARS)) {
		await clock.sleep(PIECE_DELAY_MS, signal);
		onEvent({ kind: 'toolInput', index, partialJson });
	}
	const block = { type: 'tool_use' as const, id: toolUseId, name: call.name, input: call.input };
	onEvent({ kind: 'blockEnded', index, block });
}

/** Never cuts a surrogate pair. */
function piecesOf(text: string, minChars: number): string[] {
	const size = Math.max(minChars, Math.ceil(text.length / MAX_PIECES));
	return text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'gu')) ?? [];
}

/** As an endpoint with a cache would count: all but the newest message was sent before. */
function usageOf(request: ModelRequest): Usage {
	const start = utf8Length(JSON.stringify([request.tools, request.system]));
	const sizes = request.messages.map((message) => utf8Length(JSON.stringify(message)));
	const newest = sizes.at(-1) ?? 0;
	const earlier = sizes.reduce((sum, size) => sum + size, 0) - newest;
	const isFirst = request.messages.length <= 1;
	return {
		inputTokens: 3,
		outputTokens: 1,
		cacheReadTokens: isFirst ? 0 : tokens(start + earlier),
		cacheWriteTokens: isFirst ? tokens(start + newest) : tokens(newest),
		cacheWrite1hTokens: isFirst ? tokens(start) : 0,
	};
}

const tokens = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);
