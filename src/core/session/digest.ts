/**
 * A session in short, as Markdown: what was asked and what was answered, without the work between. For handing one session's
 * outcome to another. Pure; reads no log.
 */
import { cutText, utf8Length } from '../../base/text.ts';
import { isTextBlock, isToolUseBlock } from './content.ts';
import { type Entry, isType } from './entry.ts';
import { promptText } from './titles.ts';

export type DigestSource = {
	readonly title: string;
	/** Conversation entries from the oldest to the newest. */
	readonly branch: readonly Entry[];
	/** The conversation began before the first of them. */
	readonly hasOlder: boolean;
};

/** What a prompt that mentions a session may cost. */
const MAX_DIGEST_BYTES = 20_000;
/** One long prompt must not push everything else out. */
const MAX_PROMPT_CHARS = 2_000;
const MAX_ANSWER_CHARS = 4_000;

/** At most `maxBytes` in UTF-8. What does not fit is left out from the oldest on, and said so. */
export function sessionDigest(source: DigestSource, maxBytes: number = MAX_DIGEST_BYTES): string {
	const sections = sectionsOf(source.branch);
	const heading = `# ${oneLine(source.title)}`;
	const kept: string[] = [];
	let room = maxBytes - utf8Length(heading) - utf8Length(LEFT_OUT) - 2;
	for (let index = sections.length - 1; index >= 0; index--) {
		const section = sections[index] ?? '';
		room -= utf8Length(section) + 2;
		if (room < 0) break;
		kept.unshift(section);
	}
	const isCut = source.hasOlder || kept.length < sections.length;
	if (sections.length === 0) return `${heading}\n\n${source.hasOlder ? LEFT_OUT : 'Nothing was asked in it yet.'}`;
	return [heading, ...(isCut ? [LEFT_OUT] : []), ...kept].join('\n\n');
}

/** Whether older entries would not fit any more. */
export function isDigestFull(branch: readonly Entry[], maxBytes: number = MAX_DIGEST_BYTES): boolean {
	return sectionsOf(branch).reduce((sum, section) => sum + utf8Length(section) + 2, 0) >= maxBytes;
}

const LEFT_OUT = '(What came before is left out.)';

function sectionsOf(branch: readonly Entry[]): readonly string[] {
	const sections: string[] = [];
	let turn: { prompt: string; answer: string[]; end: string } | undefined;
	const close = () => {
		if (turn) sections.push(sectionOf(turn.prompt, turn.answer.join('\n\n'), turn.end));
		turn = undefined;
	};
	for (const entry of branch) {
		if (isType(entry, 'user')) {
			close();
			turn = { prompt: promptText(entry.content), answer: [], end: '' };
		} else if (isType(entry, 'compaction')) {
			close();
			sections.push(`## Summary of what came before\n\n${cut(entry.summary, MAX_ANSWER_CHARS)}`);
		} else if (!turn) continue;
		else if (isType(entry, 'assistant')) {
			// What is said before a tool runs is no outcome.
			if (isToolUseBlock(entry.block)) turn.answer = [];
			else if (isTextBlock(entry.block) && entry.block.text.trim() !== '') turn.answer.push(entry.block.text.trim());
		} else if (isType(entry, 'turnEnded')) turn.end = END_TEXT[entry.reason] ?? '';
		else if (isType(entry, 'interrupted')) turn.end = 'It was interrupted.';
	}
	close();
	return sections;
}

const END_TEXT: Partial<Readonly<Record<string, string>>> = {
	error: 'It ended with an error.',
	stopped: 'The user stopped it.',
	maxTokens: 'It was cut at the limit of output tokens.',
	refusal: 'The model refused.',
	contextFull: 'The context was full.',
	stepLimit: 'It was stopped at the limit of steps.',
};

function sectionOf(prompt: string, answer: string, end: string): string {
	const outcome = [cut(answer, MAX_ANSWER_CHARS), end].filter((part) => part !== '').join('\n\n');
	return `## Prompt\n\n${cut(prompt.trim(), MAX_PROMPT_CHARS)}\n\n### Answer\n\n${outcome || 'None.'}`;
}

const cut = (text: string, maxChars: number): string =>
	text.length <= maxChars ? text : `${cutText(text, maxChars).trimEnd()}…`;
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
