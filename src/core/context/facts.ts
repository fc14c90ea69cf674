/**
 * Facts of a session: short statements that outlive the conversation they were made in. A compaction holds all that were known with it;
 * what the user changes later stands behind it in the branch. Pure. How a model writes them is `factLines.ts`.
 */

import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { cutText } from '../../base/text.ts';
import type { Fact, FactKind } from '../session/compactionFields.ts';
import type { Entry, EntryFields } from '../session/entry.ts';

export const MAX_FACT_CHARS = 200;
export const MAX_TOPIC_CHARS = 40;
/** All of them are sent with every request, so they must stay few. */
const MAX_FACTS = 60;
/** Words that change nothing in what a fact says. Any other that differs, a number or a “not”, makes it another fact. */
const FILLERS: ReadonlySet<string> = new Set(['a', 'an', 'the', 'is', 'are', 'be', 'to', 'of', 'in', 'that', 'this']);

/** A fact that a model drew, before it has an id. */
export type DrawnFact = {
	readonly kind: FactKind;
	readonly topic: string;
	readonly text: string;
	readonly ref?: { readonly entry: EntryId };
};

export type FactEdit = EntryFields<'factEdit'>['edits'][number];

/** The facts that hold at the end of `branch`. */
export function factsOf(branch: readonly Entry[]): readonly Fact[] {
	const at = newestCompaction(branch);
	const compaction = branch[at];
	const known = compaction?.type === 'compaction' ? (compaction.facts ?? []) : [];
	const edits = branch.slice(at + 1).flatMap((entry) => (entry.type === 'factEdit' ? entry.edits : []));
	return edits.reduce(applyEdit, known);
}

/** Texts that the user deleted since the newest compaction: a model that reads them again must not bring them back. */
export function deletedTexts(branch: readonly Entry[]): readonly string[] {
	const at = newestCompaction(branch);
	const compaction = branch[at];
	let known: readonly Fact[] = compaction?.type === 'compaction' ? (compaction.facts ?? []) : [];
	const deleted: string[] = [];
	for (const entry of branch.slice(at + 1)) {
		if (entry.type !== 'factEdit') continue;
		for (const edit of entry.edits) {
			const fact = known.find(({ id }) => id === edit.fact);
			if (edit.op === 'delete' && fact) deleted.push(fact.text);
			known = applyEdit(known, edit);
		}
	}
	return deleted;
}

type FactWish = Pick<FactEdit, 'op' | 'kind' | 'topic' | 'text'> & { readonly id?: string };

/** What the user wants changed, as it stands in the log. Throws UserError when there is no such fact, or it says nothing. */
export function makeFactEdit(branch: readonly Entry[], { id, op, kind, topic, text }: FactWish): FactEdit {
	if (op !== 'add' && !factsOf(branch).some((fact) => fact.id === id))
		throw new UserError('no-such-fact', 'This fact is not kept any more. Nothing was changed.');
	const fact = id ?? nextFactId(branch);
	if (op !== 'add' && op !== 'change') return { fact, op };
	const words = plainFact({ topic: topic ?? '', text: text ?? '' });
	if (words.text === '') throw new UserError('empty-fact', 'The fact has no words. Nothing was changed.');
	return { fact, op, kind: kind ?? 'decision', ...words };
}

/** An id that no fact of the branch has or had. */
export function nextFactId(branch: readonly Entry[]): string {
	let highest = 0;
	const take = (id: string) => {
		highest = Math.max(highest, Number(/^f(\d+)$/.exec(id)?.[1] ?? 0));
	};
	for (const entry of branch) {
		if (entry.type === 'compaction') for (const { id } of entry.facts ?? []) take(id);
		if (entry.type === 'factEdit') for (const { fact } of entry.edits) take(fact);
	}
	return `f${highest + 1}`;
}

/**
 * What is known after a compaction: `known` without those that are gone, and what was drawn beside it. A drawn fact that says what is known
 * already changes nothing; one that the user deleted stays out. Pinned facts and those that the user worded are never taken out by a model.
 */
export function mergeFacts(input: {
	readonly known: readonly Fact[];
	readonly drawn: readonly DrawnFact[];
	readonly gone: readonly string[];
	readonly deleted: readonly string[];
	readonly firstId: string;
}): readonly Fact[] {
	const gone = new Set(input.gone);
	const facts = input.known.filter((fact) => !gone.has(fact.id) || isUsers(fact));
	const said = new Set([...facts.map(({ text }) => text), ...input.deleted].map(saying));
	let number = Number(input.firstId.slice(1));
	for (const drawn of input.drawn) {
		const words = saying(drawn.text);
		if (words === '' || said.has(words)) continue;
		said.add(words);
		facts.push({ ...plainFact(drawn), id: `f${number++}`, by: 'model' });
	}
	const tooMany = facts.length - MAX_FACTS;
	if (tooMany <= 0) return facts;
	const oldest = new Set(facts.filter((fact) => !isUsers(fact)).slice(0, tooMany));
	return facts.filter((fact) => !oldest.has(fact));
}

/** As they stand beside a summary. Undefined when there are none. */
export function factsText(facts: readonly Fact[]): string | undefined {
	if (facts.length === 0) return undefined;
	return `Facts kept from earlier. They hold unless something later says otherwise:\n${facts.map(factLine).join('\n')}`;
}

/** What the model has to be told of the user's changes since it was last told; undefined when there is nothing. */
export function factChangesText(branch: readonly Entry[]): string | undefined {
	const told = branch.findLastIndex(({ type }) => type === 'user' || type === 'compaction');
	const before = factsOf(branch.slice(0, told + 1));
	const now = factsOf(branch);
	const lines = [
		...now.flatMap((fact) => {
			const old = before.find(({ id }) => id === fact.id);
			return old && old.text === fact.text && old.kind === fact.kind && old.topic === fact.topic
				? []
				: [factLine(fact)];
		}),
		...before
			.filter(({ id }) => !now.some((fact) => fact.id === id))
			.map((fact) => `- no longer: ${factLine(fact).slice(2)}`),
	];
	return lines.length === 0 ? undefined : `The user changed what is kept as facts:\n${lines.join('\n')}`;
}

/** Of one line, without what could be taken for the form that facts are written in. */
function plainFact<T extends { readonly topic: string; readonly text: string }>(fact: T): T {
	return {
		...fact,
		topic: cutText(onOneLine(fact.topic), MAX_TOPIC_CHARS),
		text: cutText(onOneLine(fact.text), MAX_FACT_CHARS),
	};
}

function applyEdit(facts: readonly Fact[], edit: FactEdit): readonly Fact[] {
	const { fact: id, op, kind, topic, text } = edit;
	switch (op) {
		case 'add':
			if (facts.some((fact) => fact.id === id) || kind === undefined || text === undefined) return facts;
			return [...facts, { id, kind, topic: topic ?? '', text, by: 'user' }];
		case 'delete':
			return facts.filter((fact) => fact.id !== id);
		case 'change':
			return facts.map((fact) =>
				fact.id === id
					? { ...fact, kind: kind ?? fact.kind, topic: topic ?? fact.topic, text: text ?? fact.text, by: 'user' }
					: fact,
			);
		case 'pin':
			return facts.map((fact) => (fact.id === id ? { ...fact, isPinned: true } : fact));
		case 'unpin':
			return facts.map((fact) => {
				if (fact.id !== id) return fact;
				const { isPinned: _, ...rest } = fact;
				return rest;
			});
	}
}

const newestCompaction = (branch: readonly Entry[]): number =>
	branch.findLastIndex(({ type }) => type === 'compaction');
const isUsers = ({ isPinned, by }: Fact): boolean => isPinned === true || by === 'user';
const onOneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();

const factLine = ({ id, kind, topic, text }: Fact): string =>
	`- [${id}] ${kind}${topic === '' ? '' : `, ${topic}`}: ${text}`;

/** What tells two facts apart. */
function saying(text: string): string {
	const words = text.toLowerCase().split(/[^\p{L}\p{N}]+/u);
	return words.filter((word) => word !== '' && !FILLERS.has(word)).join(' ');
}
