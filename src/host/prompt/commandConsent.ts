/**
 * What the user answered about rules that commands and skills ask for: kept for just this content of a file, so it is asked again when the
 * file changes. A refusal holds for this window. Shows nothing: the question is a card of the session.
 */
import * as z from 'zod';
import type { GrantAnswers } from '../../core/agent/turnTypes.ts';
import type { CommandGrant } from '../../core/session/commandFields.ts';

const KEY = 'retrace.commandRules';
/** More files than anybody uses; the oldest is asked about again. */
const MAX_KEPT = 200;
/** By path: the hash of what was agreed to. */
const keptSchema = z.record(z.string(), z.string()).catch({});

/** As VS Code's `Memento`. */
export type KeptAnswers = {
	get(key: string, defaultValue: unknown): unknown;
	update(key: string, value: unknown): PromiseLike<void>;
};

/** Of the project's files in the state of the workspace, of the user's own everywhere. */
export function createCommandConsent(workspaceState: KeptAnswers, globalState: KeptAnswers): GrantAnswers {
	const refused = new Set<string>();
	const nameOf = ({ path, hash }: CommandGrant) => `${path}\n${hash}`;
	const stateOf = ({ scope }: CommandGrant) => (scope === 'user' ? globalState : workspaceState);
	const keptIn = (state: KeptAnswers) => keptSchema.parse(state.get(KEY, {}));
	return {
		answerFor(grant) {
			const kept = keptIn(stateOf(grant));
			if (Object.hasOwn(kept, grant.path) && kept[grant.path] === grant.hash) return 'yes';
			return refused.has(nameOf(grant)) ? 'no' : undefined;
		},
		refuse: (grant) => void refused.add(nameOf(grant)),
		async keep(grant) {
			const state = stateOf(grant);
			const others = Object.entries(keptIn(state)).filter(([path]) => path !== grant.path);
			await state.update(KEY, Object.fromEntries([...others, [grant.path, grant.hash]].slice(-MAX_KEPT)));
		},
	};
}
