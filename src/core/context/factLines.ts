/**
 * How a model is asked for facts beside a summary, and what its answer is read as. Tolerant: a line of another form is passed over, and an
 * answer without facts is a good answer. Pure.
 */

import { textParts } from '../search/entryText.ts';
import { factKindSchema } from '../session/compactionFields.ts';
import type { Entry } from '../session/entry.ts';
import { type DrawnFact, MAX_FACT_CHARS, MAX_TOPIC_CHARS } from './facts.ts';

const MAX_DRAWN = 15;
const OPEN = '<facts>';
const CLOSE = '</facts>';
/** Shorter ones are found anywhere. */
const MIN_QUOTE_CHARS = 8;

export const FACTS_QUESTION = `After </summary> list what must not get lost whatever is summarized later, between ${OPEN} and ${CLOSE}: at most ${MAX_DRAWN} facts, one line each, as
- kind | topic | fact | quote
The kind is decision, cause or constraint; the topic one or two words; the fact at most ${MAX_FACT_CHARS} characters; the quote three to eight words copied exactly from where it was said. Leave out facts that are listed as kept already; for one of these that no longer holds write “- gone | f3”. Without any, leave the section out.`;

/** The answer without the section, and what stands in it. A section that was cut off counts up to its last whole line. */
export function splitFacts(answer: string): { readonly rest: string; readonly section: string } {
	// Only behind the summary: one may speak of the tags.
	const from = Math.max(0, answer.lastIndexOf('</summary>'));
	const start = answer.indexOf(OPEN, from);
	if (start < 0) return { rest: answer, section: '' };
	const end = answer.indexOf(CLOSE, start);
	const body = answer.slice(start + OPEN.length, end < 0 ? undefined : end);
	const section = end < 0 ? body.slice(0, body.lastIndexOf('\n') + 1) : body;
	return { rest: answer.slice(0, start) + (end < 0 ? '' : answer.slice(end + CLOSE.length)), section };
}

export type WrittenFacts = {
	readonly facts: readonly (DrawnFact & { readonly quote: string })[];
	readonly gone: readonly string[];
};

export function readFacts(section: string): WrittenFacts {
	const facts: (DrawnFact & { quote: string })[] = [];
	const gone: string[] = [];
	for (const line of section.split('\n')) {
		const [head = '', ...fields] = line
			.trim()
			.replace(/^[-*]\s*/, '')
			.split(' | ')
			.map((field) => field.trim());
		if (head === 'gone' && /^f\d+$/.test(fields[0] ?? '')) gone.push(fields[0] ?? '');
		const kind = factKindSchema.safeParse(head.toLowerCase());
		const [topic = '', ...rest] = fields;
		const quote = rest.length > 1 ? (rest.at(-1) ?? '') : '';
		const text = (rest.length > 1 ? rest.slice(0, -1) : rest).join(' | ');
		if (!kind.success || text === '' || topic.length > MAX_TOPIC_CHARS || facts.length === MAX_DRAWN) continue;
		facts.push({ kind: kind.data, topic, text, quote });
	}
	return { facts, gone };
}

/** Where each was said: the newest of `entries` that holds its quote. Without one it has no place, and stays. */
export function placeFacts(written: WrittenFacts['facts'], entries: readonly Entry[]): readonly DrawnFact[] {
	if (written.length === 0) return [];
	const texts = entries.map((entry) =>
		entry.type === 'compaction'
			? ''
			: bare(
					textParts(entry)
						.map(({ text }) => text)
						.join('\n'),
				),
	);
	return written.map(({ quote, ...fact }) => {
		const words = bare(quote);
		const at = words.length < MIN_QUOTE_CHARS ? -1 : texts.findLastIndex((text) => text.includes(words));
		const entry = entries[at];
		return entry ? { ...fact, ref: { entry: entry.id } } : fact;
	});
}

const bare = (text: string): string =>
	text
		.toLowerCase()
		.replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
		.trim();
