/** What the variables in the files of skills and commands stand for in a session (`${CLAUDE_SESSION_ID}` and the like). */
import { USUAL_EFFORT } from '../../core/model/modelTuning.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { InstructionPlace } from '../../core/skills/expandInstruction.ts';
import { tuningOf } from '../model/tuning.ts';

type PlaceWorld = {
	readonly workspace: { readonly roots: readonly WorkspaceRoot[] };
	readonly worktrees?: { rootsOf(session: Session): readonly WorkspaceRoot[] | undefined };
};

export function instructionPlace(session: Session, { workspace, worktrees }: PlaceWorld): InstructionPlace {
	return {
		sessionId: session.id,
		roots: (worktrees?.rootsOf(session) ?? workspace.roots).map(({ path }) => path),
		effort: tuningOf(session).effort ?? USUAL_EFFORT,
	};
}
