/** Hooks around a turn: what they say before its prompt and at its end, and the door to compaction. What they add is named as theirs. */
import type { HookWorld } from '../hooks/runHooks.ts';
import { hasHooks, runHooks } from '../hooks/runHooks.ts';
import type { EntryDraft } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { TurnContext } from './runToolCall.ts';
import type { TurnEnd } from './turnFailure.ts';
import type { Prompt, TurnPorts } from './turnTypes.ts';

/** A hook that never lets a turn end would go on for ever. */
const MAX_STOPS_HELD = 8;
const MAX_LAST_REPLY_CHARS = 20_000;
/** The notice that says why a prompt was not sent. */
export const PROMPT_BLOCKED = 'prompt-blocked';

export type PromptHooks =
	| { readonly kind: 'send'; readonly attachments: readonly EntryDraft<'attachment'>[] }
	/** Nothing of the prompt goes to the log or the model. */
	| { readonly kind: 'blocked' };

const SEND: PromptHooks = { kind: 'send', attachments: [] };

/** SessionStart, when the session starts in this window or begins anew, then UserPromptSubmit. */
export async function promptHooks(turn: TurnContext, prompt: Prompt): Promise<PromptHooks> {
	const { session, ports, signal } = turn;
	const { hooks } = ports;
	if (!hooks || hooks.agent || !ports.workspace.isTrusted) return SEND;
	const source = startSource(session, hooks.life);
	const isStarting = source !== undefined && hasHooks(hooks, 'SessionStart', [source]);
	hooks.life.isStarted = true;
	if (!isStarting && !hasHooks(hooks, 'UserPromptSubmit', [''])) return SEND;
	session.setState('runningTool');
	const attachments: EntryDraft<'attachment'>[] = [];
	if (isStarting) {
		const details = { source, model: session.model };
		const said = await runHooks({ point: 'SessionStart', subjects: [source], details }, turn, signal);
		attachments.push(...said.contexts.map((text) => attachment('SessionStart', text)));
	}
	const details = { prompt: prompt.text };
	const said = await runHooks({ point: 'UserPromptSubmit', subjects: [''], details }, turn, signal);
	if (said.isBlocked || said.stop !== undefined) {
		const why = said.stop ?? said.reasons.join('\n');
		session.append({
			type: 'notice',
			level: 'warning',
			code: PROMPT_BLOCKED,
			text: `A hook held your message back${why === '' ? '.' : `: ${why}`} Nothing was sent; the message is back in the input.`,
		});
		return { kind: 'blocked' };
	}
	attachments.push(...said.contexts.map((text) => attachment('UserPromptSubmit', text)));
	return { kind: 'send', attachments };
}

/** Undefined when nothing starts. */
function startSource(session: Session, life: { readonly isStarted: boolean }): string | undefined {
	const branch = session.branch();
	if (life.isStarted) {
		const prompt = branch.findLastIndex(({ type }) => type === 'user');
		return branch.slice(prompt + 1).some(({ type }) => type === 'compaction') ? 'compact' : undefined;
	}
	if (branch.some(({ type }) => type === 'user')) return 'resume';
	return session.newest('continues') ? 'clear' : 'startup';
}

const attachment = (point: string, text: string): EntryDraft<'attachment'> => ({
	type: 'attachment',
	name: `Hook ${point}`,
	content: [{ type: 'text', text: `A ${point} hook of the user adds:\n${text}` }],
});

/** At the end of a turn: undefined when it may end, else how it goes on or ends otherwise. */
export async function stopHooks(
	turn: TurnContext,
	stopsHeld: number,
): Promise<{ readonly kind: 'goOn' } | { readonly kind: 'end'; readonly end: TurnEnd } | undefined> {
	const { session, ports, signal } = turn;
	const { hooks } = ports;
	const point = hooks?.agent ? 'SubagentStop' : 'Stop';
	const subjects = [hooks?.agent?.type ?? ''];
	if (!hasHooks(hooks, point, subjects)) return undefined;
	const details = { stop_hook_active: stopsHeld > 0, last_assistant_message: lastReply(session) };
	session.setState('runningTool');
	const said = await runHooks({ point, subjects, details }, turn, signal);
	if (said.stop !== undefined) return { kind: 'end', end: haltedEnd(said.stop) };
	if (!said.isBlocked) return undefined;
	if (stopsHeld >= MAX_STOPS_HELD) {
		session.append({
			type: 'notice',
			level: 'warning',
			code: 'stop-hook-limit',
			text: `A ${point} hook let the turn go on ${MAX_STOPS_HELD} times in a row, so it ends now. What was done is saved.`,
		});
		return undefined;
	}
	const why = said.reasons.join('\n') || 'The work is not finished yet.';
	session.append({ type: 'reminder', text: `A ${point} hook of the user asks to go on:\n${why}`, hasOtherWords: true });
	return { kind: 'goOn' };
}

/** A hook said that everything must stop. */
export const haltedEnd = (why: string): TurnEnd => ({
	reason: 'stopped',
	code: 'hook-stopped',
	message: `A hook stopped the turn: ${why}`,
});

function lastReply(session: Session): string {
	const last = session.branch().findLast((entry) => entry.type === 'assistant' && entry.block.type === 'text');
	const text = last?.type === 'assistant' && 'text' in last.block ? String(last.block.text) : '';
	return text.slice(0, MAX_LAST_REPLY_CHARS);
}

/** PreCompact, for the ports of a turn; undefined when there are no hooks at all. */
export function compactionHooks(world: HookWorld): TurnPorts['beforeCompaction'] {
	if (!world.ports.hooks) return undefined;
	return async ({ by, focus }, signal) => {
		const trigger = by === 'manual' || by === 'partial' ? 'manual' : 'auto';
		const details = { trigger, custom_instructions: focus ?? '' };
		const said = await runHooks({ point: 'PreCompact', subjects: [trigger], details }, world, signal);
		if (said.isBlocked || said.stop !== undefined) {
			const why = said.stop ?? said.reasons.join(' ');
			return {
				block: `A PreCompact hook kept the conversation from being made shorter${why === '' ? '.' : `: ${why}`}`,
			};
		}
		return said.contexts.length === 0 ? {} : { instructions: said.contexts.join('\n\n') };
	};
}
