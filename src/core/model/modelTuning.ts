/** How hard a model works on a request: its effort and whether it thinks. What a model does not have is left out of what is sent. Pure. */

import type { EntryDraft, EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { ModelInfo } from './modelPort.ts';

export const effortLevels = ['low', 'medium', 'high', 'xhigh', 'max'] as const;
export type Effort = (typeof effortLevels)[number];

/** What the API takes where a request says nothing. */
export const USUAL_EFFORT: Effort = 'high';

/** `effort` null = the model's own default. */
export type ModelTuning = { readonly effort: Effort | null; readonly isThinking: boolean };

export const DEFAULT_TUNING: ModelTuning = { effort: null, isThinking: true };

/** The fields of a request. */
export function tunedFields(
	info: ModelInfo,
	{ effort, isThinking }: ModelTuning,
): Pick<EntryDraft<'prefix'>, 'thinking' | 'effort'> {
	return {
		thinking: thinkingOf(info, isThinking),
		effort: effort !== null && info.efforts?.includes(effort) ? effort : null,
	};
}

/** As a session's frozen start has it; undefined before that. What a model could not be told counts as the default. */
export function frozenTuning(session: Pick<Session, 'newest'>): ModelTuning | undefined {
	const frozen = session.newest('prefix');
	return frozen && tuningIn(frozen);
}

export const tuningIn = ({ effort, thinking }: Pick<EntryOf<'prefix'>, 'effort' | 'thinking'>): ModelTuning => ({
	effort: effortNamed(effort),
	isThinking: !isDisabled(thinking),
});

/** Null for what is none. */
export const effortNamed = (name: unknown): Effort | null => effortLevels.find((level) => level === name) ?? null;

/**
 * Takes the tuning into a session's frozen start, from the next request on; its texts stay as they are. True when that changed something.
 * To be called between turns, since a turn goes on with the start it began with.
 */
export function retune(session: Session, info: ModelInfo, tuning: ModelTuning): boolean {
	const frozen = session.newest('prefix');
	if (!frozen || frozen.model !== info.id) return false;
	const fields = tunedFields(info, tuning);
	if (fields.effort === frozen.effort && JSON.stringify(fields.thinking) === JSON.stringify(frozen.thinking))
		return false;
	session.append({ type: 'prefix', ...frozenFields(frozen), ...fields });
	return true;
}

function frozenFields(frozen: EntryOf<'prefix'>) {
	const { tools, system, context, model, maxTokens, betas, apiVersion, ttl, reminderForm, diagnostics } = frozen;
	const { toolVersions, render } = frozen;
	return {
		tools,
		system,
		context,
		model,
		maxTokens,
		betas,
		apiVersion,
		ttl,
		reminderForm,
		diagnostics,
		toolVersions,
		render,
	};
}

function thinkingOf(info: ModelInfo, isThinking: boolean): unknown {
	if (!isThinking && info.canDisableThinking === true) return { type: 'disabled' };
	return info.isAdaptiveThinking ? { type: 'adaptive', display: 'summarized' } : null;
}

const isDisabled = (thinking: unknown): boolean =>
	typeof thinking === 'object' && thinking !== null && 'type' in thinking && thinking.type === 'disabled';
