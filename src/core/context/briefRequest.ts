/** The question for a hand-off brief: a text at the end of the conversation as it stands, like the one for a summary. Pure. */
import type { ModelRequest } from '../model/modelPort.ts';
import { withQuestion } from './summaryRequest.ts';

const OPENING =
	'The work is about to go on in a new session, which knows nothing of this conversation but a brief that you write now.';

/** The request with the question at its end. `focus`: what the new session is for, in the user's words; empty = not said. */
export function withBriefQuestion(request: ModelRequest, focus: string, ttl: '5m' | '1h'): ModelRequest {
	return withQuestion(request, questionText(focus), ttl);
}

/** Whether a text asks for a brief as these requests do. */
export const isBriefQuestion = (text: string): boolean => text.startsWith(OPENING);

function questionText(focus: string): string {
	const parts = [
		`${OPENING} Call no tools, and do not go on with the work.`,
		'It is a hand-off, not a history: write what a colleague needs to take over, and nothing of how it came about that they do not need. Use these headings, and leave out those with nothing to say:',
		`## Goal
What is to be reached, in the user’s own words where these matter.
## Constraints
What must hold, as the user said it.
## Decisions
What was decided, each with its reason.
## Files that matter
Each path with what matters in it. Exact names, signatures and values.
## Ruled out
What was tried or considered and dropped, and why.
## Next
What is open, the first step first; what is done and not checked yet.`,
		'Leave out the task list and the state of git: they are added word for word. Quote paths, identifiers and commands exactly. Invent nothing. Leave out secrets. At most about 600 words, between <brief> and </brief>.',
	];
	if (focus !== '') parts.push(`The new session is for this, so keep what it needs above all: ${focus}`);
	return parts.join('\n\n');
}
