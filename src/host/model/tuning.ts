/** Effort and thinking of each session: what the user chose, what is in force, and the pick list to change it. */
import * as vscode from 'vscode';
import { isCacheWarm } from '../../core/context/cachedStart.ts';
import type { ModelInfo } from '../../core/model/modelPort.ts';
import { type Effort, effortLevels, frozenTuning, type ModelTuning } from '../../core/model/modelTuning.ts';
import type { Clock } from '../../core/ports.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { OpenSession } from '../session/openSession.ts';
import { setting } from '../settings.ts';
import { chooseTuning, chosenTuning, takeInTuning } from './chosenTuning.ts';
import type { ModelChoice } from './modelChoice.ts';

type TuningWorld = { readonly choice: ModelChoice; readonly clock: Clock };

/** What the next request of a session is made with. */
export function tuningOf(session: Session): ModelTuning {
	const effort = setting('effort');
	return (
		chosenTuning(session) ??
		frozenTuning(session) ?? { effort: effort === 'default' ? null : effort, isThinking: setting('thinking') }
	);
}

/** Beside the model in the panel; null when the model has neither. */
export function tuningLabel(session: Session, info: ModelInfo): string | null {
	if (!hasTuning(info)) return null;
	const { effort, isThinking } = tuningOf(session);
	const level = effort !== null && info.efforts?.includes(effort) ? NAMES[effort] : 'default';
	return `Effort: ${level}${isThinking || info.canDisableThinking !== true ? '' : ', no thinking'}`;
}

const hasTuning = ({ efforts = [], canDisableThinking }: ModelInfo): boolean =>
	efforts.length > 0 || canDisableThinking === true;

const NAMES: Readonly<Record<Effort, string>> = {
	low: 'low',
	medium: 'medium',
	high: 'high',
	xhigh: 'extra high',
	max: 'maximum',
};

type Item = vscode.QuickPickItem & { readonly tuning?: ModelTuning };

export async function selectEffort(open: OpenSession, { choice, clock }: TuningWorld): Promise<void> {
	const { session } = open;
	const info = choice.infoFor(choice.modelFor(session.model));
	const now = tuningOf(session);
	if (!hasTuning(info)) {
		void vscode.window.showInformationMessage(
			`${info.displayName} has no effort or thinking to choose, as far as is known.`,
		);
		return;
	}
	const rewrites = session.branch().length > 0 && isCacheWarm(session, clock.now(), setting('cache.messageTtl'));
	const picked = await vscode.window.showQuickPick(itemsOf(info, now), {
		title: `Effort and Thinking of ${info.displayName}`,
		placeHolder: rewrites
			? 'The prompt cache is warm: a change writes the conversation anew with the next request'
			: 'For this session, from the next message on',
	});
	if (!picked?.tuning) return;
	chooseTuning(session, picked.tuning);
	if (!open.isRunning && session.readOnlyReason === undefined) takeInTuning(session, info);
	open.contextChanged();
	open.headChanged();
}

function itemsOf({ efforts = [], canDisableThinking }: ModelInfo, now: ModelTuning): Item[] {
	const mark = (is: boolean) => (is ? { description: 'current' } : {});
	const levels = effortLevels.filter((level) => efforts.includes(level));
	const effortItems: Item[] = [
		{
			label: 'Default effort',
			detail: 'What the model takes by itself.',
			...mark(now.effort === null),
			tuning: { ...now, effort: null },
		},
		...levels.map((effort) => ({
			...{ label: `Effort: ${NAMES[effort]}`, detail: DETAILS[effort], tuning: { ...now, effort } },
			...mark(now.effort === effort),
		})),
	];
	const thinkingItems: Item[] = [
		{ label: 'Thinking', kind: vscode.QuickPickItemKind.Separator },
		{
			label: 'With thinking',
			detail: 'The model decides how much.',
			...mark(now.isThinking),
			tuning: { ...now, isThinking: true },
		},
		{
			label: 'Without thinking',
			detail: 'Faster and cheaper, weaker at hard steps.',
			...mark(!now.isThinking),
			tuning: { ...now, isThinking: false },
		},
	];
	return [...(levels.length > 0 ? effortItems : []), ...(canDisableThinking === true ? thinkingItems : [])];
}

const DETAILS: Readonly<Record<Effort, string>> = {
	low: 'Short answers and few steps, at the least cost.',
	medium: 'Between speed and care.',
	high: 'Careful, with more tokens.',
	xhigh: 'More than high, for long and hard tasks.',
	max: 'All the model has, at the highest cost.',
};
