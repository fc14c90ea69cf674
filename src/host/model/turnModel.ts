/**
 * The model and the effort of one turn, which the file of a slash command names: the session is switched to them for that turn and back after
 * it, with an entry each, so that a resumed session sends the same bytes. A crash in between is made good before the next turn.
 */
import { measureNow } from '../../core/agent/appendCompaction.ts';
import type { Prompt, PromptCommand, TurnPorts } from '../../core/agent/turnTypes.ts';
import type { ModelInfo } from '../../core/model/modelPort.ts';
import { effortNamed, type ModelTuning, retune, tuningIn } from '../../core/model/modelTuning.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import { chooseTuning, chosenTuning, forgetTuning } from './chosenTuning.ts';
import type { ModelChoice } from './modelChoice.ts';
import { modelSwitchDialog } from './modelSwitchDialog.ts';

/** `opus` stands for the newest model of that family, as the endpoint lists them. */
export function findModel(name: string, models: readonly ModelInfo[]): ModelInfo | undefined {
	const wanted = name.toLowerCase();
	return (
		models.find(({ id }) => id === name) ?? models.find(({ id }) => id.toLowerCase().split(/[-.]/).includes(wanted))
	);
}

type TurnModels = Pick<ModelChoice, 'models' | 'infoFor'>;
type SizePorts = Pick<TurnPorts, 'contextLimits' | 'modelInfo' | 'tuning'>;

export type EnteredTurn = {
	/** Knows what to go back to. */
	readonly prompt: Prompt;
	/** To be called after the turn, also when a hook held it back. What was chosen meanwhile stays. */
	leave(): void;
};

/** Switches where it can, and says where it cannot. */
export function enterTurnModel(
	session: Session,
	prompt: Prompt,
	choice: TurnModels,
	ports: SizePorts,
	notify: (text: string) => void,
): EnteredTurn {
	if (!prompt.command || (prompt.command.model === undefined && prompt.command.tuning === undefined))
		return { prompt, leave: () => undefined };
	const own = ports.tuning?.();
	const before = session.model;
	const { model: _model, tuning: _tuning, ...rest } = prompt.command;
	const model = enterModel(session, prompt.command, choice, ports, notify);
	const after = session.model;
	const info = choice.infoFor(after);
	const wanted = effortFor(prompt.command, info, notify);
	const turn: ModelTuning | undefined =
		own && wanted !== undefined && wanted !== own.effort ? { ...own, effort: wanted } : undefined;
	if (turn) retuneOrChoose(session, info, turn);
	const effort = prompt.command.tuning?.effort;
	const tuning = {
		...(effort === undefined ? {} : { effort }),
		// Another model may not have what was chosen for this one.
		...(own && (turn || after !== before) ? { before: own } : {}),
	};
	const command: PromptCommand = {
		...rest,
		...(model === undefined ? {} : { model }),
		...(Object.keys(tuning).length === 0 ? {} : { tuning }),
	};
	return {
		prompt: { ...prompt, command },
		leave() {
			if (session.readOnlyReason !== undefined) return;
			if (session.model === after && after !== before) session.setModel(before);
			if (turn) forgetTuning(session, turn);
			if (own && tuning.before && !chosenTuning(session)) retuneOrChoose(session, choice.infoFor(session.model), own);
		},
	};
}

/** As the log has it: `before` when the session was switched. */
function enterModel(
	session: Session,
	{ name, model }: PromptCommand,
	{ models, infoFor }: TurnModels,
	ports: SizePorts,
	notify: (text: string) => void,
): PromptCommand['model'] {
	const wanted = model?.wanted;
	if (wanted === undefined) return undefined;
	const found = findModel(wanted, models);
	if (!found) {
		notify(`/${name} asks for the model ${wanted}, which is not known here. The session’s own model is used.`);
		return { wanted };
	}
	const before = session.model;
	if (found.id === before) return { wanted };
	const [from, to] = [infoFor(before), infoFor(found.id)];
	const isTooLarge = modelSwitchDialog({
		...{ from: from.displayName, to: to.displayName },
		now: measureNow(session, { ...ports, modelInfo: () => from }),
		after: measureNow(session, { ...ports, modelInfo: () => to }),
		hasReply: session.branch().some(({ type }) => type === 'assistant'),
		autoCompact: true,
	});
	if (isTooLarge) {
		notify(
			`/${name} asks for ${to.displayName}, whose window is too small for this conversation. The session’s own model is used.`,
		);
		return { wanted };
	}
	session.setModel(found.id);
	return { wanted, before };
}

/** Undefined when none is asked for, or the model does not have it. */
function effortFor({ name, tuning }: PromptCommand, info: ModelInfo, notify: (text: string) => void) {
	const wanted = tuning?.effort;
	if (wanted === undefined) return undefined;
	const effort = effortNamed(wanted);
	if (effort !== null && info.efforts?.includes(effort)) return effort;
	notify(
		`/${name} asks for the effort ${wanted}, which ${info.displayName} does not have. The session’s own effort is used.`,
	);
	return undefined;
}

/** In the log where the session's start is frozen for this model; else it is taken in when that is made. */
function retuneOrChoose(session: Session, info: ModelInfo, tuning: ModelTuning): void {
	if (session.newest('prefix')?.model === info.id) retune(session, info, tuning);
	else chooseTuning(session, tuning);
}

/** Before the next turn, in case this window, or the one before, did not come to the end of the last one. What was chosen since stays. */
export function leaveBrokenTurn(session: Session, infoFor: ModelChoice['infoFor']): void {
	if (session.readOnlyReason !== undefined) return;
	const { entries } = session;
	const at = entries.findLastIndex((entry) => entry.type === 'user');
	const prompt = entries[at];
	if (prompt?.type !== 'user' || !prompt.command) return;
	const { model, tuning } = prompt.command;
	const later = entries.slice(at + 1);
	if (model?.before !== undefined && !later.some((entry) => entry.type === 'model')) session.setModel(model.before);
	if (!tuning?.before || chosenTuning(session)) return;
	const during = entries.findLast((entry, index) => index < at && entry.type === 'prefix');
	const isChosen = later.some(
		(entry) => entry.type === 'prefix' && during?.type === 'prefix' && !isSameTuning(tuningIn(entry), tuningIn(during)),
	);
	if (isChosen) return;
	const own = { effort: effortNamed(tuning.before.effort), isThinking: tuning.before.isThinking };
	retuneOrChoose(session, infoFor(session.model), own);
}

const isSameTuning = (left: ModelTuning, right: ModelTuning): boolean =>
	left.effort === right.effort && left.isThinking === right.isThinking;
