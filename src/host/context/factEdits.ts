/** The facts of a session in the context dialog: what is shown of them, and what the user changes, as entries of the log. */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { utf8Length } from '../../base/text.ts';
import { factChangesText, factsOf, makeFactEdit } from '../../core/context/facts.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { FactAct, PanelFacts } from '../../protocol/facts.ts';

const BYTES_PER_TOKEN = 3.5;

/** `hasRow` says of an entry whether the transcript can show it. */
export function panelFacts(session: Session, hasRow: (entry: EntryId) => boolean): PanelFacts {
	const branch = session.branch();
	const facts = factsOf(branch).map(({ id, kind, topic, text, isPinned, by, ref }) => ({
		...{ id, kind, topic, text },
		isPinned: isPinned ?? false,
		isOwn: by === 'user',
		canOpen: ref !== undefined && hasRow(ref.entry),
	}));
	return { facts, pendingTokens: Math.ceil(utf8Length(factChangesText(branch) ?? '') / BYTES_PER_TOKEN) };
}

/** Appends the change. Rejects with UserError when it says nothing new, or the fact is gone. */
export async function changeFact(session: Session, act: Exclude<FactAct, { op: 'open' }>): Promise<void> {
	const edit = makeFactEdit(session.branch(), 'factKind' in act ? { ...act, kind: act.factKind } : act);
	session.append({ type: 'factEdit', edits: [edit] });
	await session.sync();
}

/** Where it was said. */
export function placeOfFact(session: Session, id: string): EntryId {
	const entry = factsOf(session.branch()).find((fact) => fact.id === id)?.ref?.entry;
	if (entry) return entry;
	throw new UserError('no-such-fact', 'Where this was said is not known any more.');
}
