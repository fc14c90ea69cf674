/** PreToolUse and PostToolUse as an interceptor of tool calls. What hooks say to the model is named as theirs, since it is not our words. */
import { hookToolInput, toolSubjects } from '../hooks/hookInput.ts';
import { type HookWorld, hasHooks, runHooks } from '../hooks/runHooks.ts';
import { isTextBlock } from '../session/content.ts';
import type { ToolOutcome } from '../tools/tool.ts';
import { type BeforeVerdict, type Interceptor, type SeenCall, withNotes } from './interceptors.ts';

/** Of a turn, what hooks of calls need. */
type HookTurn = HookWorld & { readonly halt: { reason?: string } };

/** Of a result, for hooks that read it. */
const MAX_RESPONSE_CHARS = 100_000;

/** Undefined when no hook is there for calls of this tool. */
export function hookInterceptor(tool: string, turn: HookTurn): Interceptor | undefined {
	const { hooks } = turn.ports;
	if (hooks === undefined) return undefined;
	const subjects = toolSubjects(tool);
	const hasBefore = hasHooks(hooks, 'PreToolUse', subjects);
	const hasAfter = hasHooks(hooks, 'PostToolUse', subjects);
	if (!hasBefore && !hasAfter) return undefined;
	return {
		name: 'A hook',
		...(hasBefore ? { before: (call: SeenCall, signal: AbortSignal) => before(call, subjects, turn, signal) } : {}),
		...(hasAfter
			? {
					after: (call: SeenCall, outcome: ToolOutcome, signal: AbortSignal) =>
						after(call, outcome, subjects, turn, signal),
				}
			: {}),
	};
}

async function before(
	call: SeenCall,
	subjects: readonly string[],
	turn: HookTurn,
	signal: AbortSignal,
): Promise<BeforeVerdict> {
	const { toolUseId } = call;
	const details = detailsOf(call);
	const said = await runHooks({ point: 'PreToolUse', subjects, details, toolUseId }, turn, signal);
	const why = said.reasons.join('\n');
	if (said.stop !== undefined) {
		turn.halt.reason ??= said.stop;
		return {
			kind: 'refuse',
			text: `Not run. A hook of the user stopped the turn: ${said.stop}`,
			summary: 'stopped by a hook',
		};
	}
	if (said.permission === 'deny')
		return {
			kind: 'refuse',
			text: `Not run. A hook of the user forbids it${why === '' ? '.' : `: ${why}`}\nFollow what it says; do not try the same in another form.`,
			summary: 'blocked by a hook',
		};
	const changed = said.updatedInput === undefined ? [] : [CHANGED_NOTE + JSON.stringify(said.updatedInput)];
	const notes = [...changed, ...said.contexts.map((text) => spoken('PreToolUse', text))];
	return {
		kind: 'goOn',
		...(said.updatedInput === undefined ? {} : { input: said.updatedInput }),
		...(said.permission === undefined
			? {}
			: {
					permission: {
						kind: said.permission,
						cause: why === '' ? 'A hook says to ask' : `A hook says to ask: ${why}`,
					},
				}),
		...(notes.length === 0 ? {} : { note: notes.join('\n\n') }),
	};
}

const CHANGED_NOTE = 'A hook of the user changed the input of this call, so it was run with: ';

async function after(
	call: SeenCall,
	outcome: ToolOutcome,
	subjects: readonly string[],
	turn: HookTurn,
	signal: AbortSignal,
): Promise<ToolOutcome | undefined> {
	// As where the format comes from: only after a call that worked.
	if (outcome.isError) return undefined;
	const { toolUseId } = call;
	const details = { ...detailsOf(call), tool_response: responseOf(outcome) };
	const mayGoOn = call.effect === 'execute';
	const said = await runHooks({ point: 'PostToolUse', subjects, details, toolUseId, mayGoOn }, turn, signal);
	if (said.stop !== undefined) turn.halt.reason ??= said.stop;
	const blocked = said.isBlocked ? [said.reasons.join('\n') || 'It is not satisfied with this call.'] : [];
	return withNotes(
		outcome,
		[...blocked, ...said.contexts].map((text) => spoken('PostToolUse', text)),
	);
}

function detailsOf({ tool, input, cwd, toolUseId }: SeenCall) {
	return { tool_name: tool, tool_input: hookToolInput(input, cwd), tool_use_id: toolUseId };
}

function responseOf({ content, summary, output }: ToolOutcome) {
	const text = output ?? content.flatMap((block) => (isTextBlock(block) ? [block.text] : [])).join('\n');
	return { success: true, summary, content: text.slice(0, MAX_RESPONSE_CHARS) };
}

const spoken = (point: string, text: string): string => `A ${point} hook of the user says:\n${text}`;
