/** What was chosen of effort and thinking and is not in the log yet: nothing is frozen for the session's model, or a turn runs. In memory. */

import type { ModelInfo } from '../../core/model/modelPort.ts';
import { type ModelTuning, retune } from '../../core/model/modelTuning.ts';
import type { Session } from '../../core/session/sessionTypes.ts';

const chosen = new WeakMap<Session, ModelTuning>();

export const chosenTuning = (session: Session): ModelTuning | undefined => chosen.get(session);
export const chooseTuning = (session: Session, tuning: ModelTuning): void => void chosen.set(session, tuning);
/** Nothing when another one was chosen since. */
export function forgetTuning(session: Session, tuning: ModelTuning): void {
	if (chosen.get(session) === tuning) chosen.delete(session);
}

/** Before a turn: what was chosen while the last one ran. Where the start is made anew for another model, that takes it in. */
export function takeInTuning(session: Session, info: ModelInfo): void {
	const tuning = chosen.get(session);
	if (!tuning || session.newest('prefix')?.model !== info.id) return;
	chosen.delete(session);
	retune(session, info, tuning);
}
