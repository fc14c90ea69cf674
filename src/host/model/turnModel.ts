/**
 * The model of one turn, which the file of a slash command names: the session is switched to it for that turn and back after it, with an entry
 * each, so that a resumed session sends the same bytes. A crash in between is made good before the next turn.
 */
import { measureNow } from '../../core/agent/appendCompaction.ts';
import type { Prompt, TurnPorts } from '../../core/agent/turnTypes.ts';
import type { ModelInfo } from '../../core/model/modelPort.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { ModelChoice } from './modelChoice.ts';
import { modelSwitchDialog } from './modelSwitchDialog.ts';

/** `opus` stands for the newest model of that family, as the endpoint lists them. */
export function findModel(name: string, models: readonly ModelInfo[]): ModelInfo | undefined {
	const wanted = name.toLowerCase();
	return (
		models.find(({ id }) => id === name) ?? models.find(({ id }) => id.toLowerCase().split(/[-.]/).includes(wanted))
	);
}

/** Switches where it can, and says where it cannot. Returns the prompt that knows what to go back to. */
export function enterTurnModel(
	session: Session,
	prompt: Prompt,
	{ models, infoFor }: Pick<ModelChoice, 'models' | 'infoFor'>,
	ports: Pick<TurnPorts, 'contextLimits' | 'modelInfo'>,
	notify: (text: string) => void,
): Prompt {
	const wanted = prompt.command?.model?.wanted;
	if (!prompt.command || wanted === undefined) return prompt;
	const command = { ...prompt.command, model: { wanted } };
	const found = findModel(wanted, models);
	const by = `/${command.name}`;
	if (!found) {
		notify(`${by} asks for the model ${wanted}, which is not known here. The session’s own model is used.`);
		return { ...prompt, command };
	}
	const before = session.model;
	if (found.id === before) return { ...prompt, command };
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
			`${by} asks for ${to.displayName}, whose window is too small for this conversation. The session’s own model is used.`,
		);
		return { ...prompt, command };
	}
	session.setModel(found.id);
	return { ...prompt, command: { ...command, model: { wanted, before } } };
}

/** After the turn, and before the next one in case this window, or the one before, did not come to it. A model that was chosen since stays. */
export function leaveTurnModel(session: Session, before?: string): void {
	if (session.readOnlyReason !== undefined) return;
	const { entries } = session;
	const at = entries.findLastIndex((entry) => entry.type === 'user');
	const prompt = entries[at];
	const own = before ?? (prompt?.type === 'user' ? prompt.command?.model?.before : undefined);
	const isChosen = entries.slice(at + 1).some((entry) => entry.type === 'model');
	if (own !== undefined && !isChosen) session.setModel(own);
}
