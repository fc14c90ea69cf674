/**
 * A part of a conversation as Markdown, to read and to compare: prompts, answers, and one line for each tool call. Pure.
 * Says nothing of times and prices, so that the same messages are the same text.
 */
import { cutText } from '../../base/text.ts';
import { isToolUseBlock } from './content.ts';
import type { Entry } from './entry.ts';
import { promptText } from './titles.ts';

const MAX_INPUT_CHARS = 200;

export function transcriptMarkdown(entries: readonly Entry[]): string {
	const parts: string[] = [];
	let speaker = '';
	const say = (who: string, text: string) => {
		if (text.trim() === '') return;
		if (who !== speaker) parts.push(`## ${who}`);
		speaker = who;
		parts.push(text.trimEnd());
	};
	const failed = new Map<string, string>();
	for (const entry of entries)
		if (entry.type === 'toolResult' && entry.isError) failed.set(entry.toolUseId, entry.summary ?? 'failed');
	for (const entry of entries) {
		switch (entry.type) {
			case 'user':
				// A prompt starts a heading of its own, also after another one.
				speaker = '';
				say('You', promptText(entry.content));
				break;
			case 'attachment':
				// A memory file or a list is not the user's word, and may come in the middle of an answer.
				if (!(entry.memory ?? entry.list)) say('You', `*Attached: ${entry.name}*`);
				break;
			case 'assistant': {
				const { block } = entry;
				if (isToolUseBlock(block)) {
					const problem = failed.get(block.id);
					say(
						'Retrace',
						`- **${block.name}** ${inputText(block.input)}${problem === undefined ? '' : ` (${problem})`}`,
					);
				} else if (block.type === 'text' && 'text' in block) say('Retrace', String(block.text));
				break;
			}
			case 'subagentReturned':
				say('Retrace', `*A subagent returned${entry.isError ? ' with an error' : ''}.*`);
				break;
			case 'compaction':
				speaker = '';
				parts.push(`---\n\n*Compacted:* ${entry.summary}`);
				break;
			case 'interrupted':
				say('Retrace', '*Interrupted.*');
				break;
			case 'turnEnded':
				if (entry.reason === 'error') say('Retrace', `*Failed: ${entry.message ?? entry.code ?? 'unknown'}*`);
				break;
			default:
				break;
		}
	}
	return parts.length === 0 ? '' : `${parts.join('\n\n')}\n`;
}

/** A call's input on one line. */
function inputText(input: unknown): string {
	const text = JSON.stringify(input) ?? '';
	return `\`${text.length > MAX_INPUT_CHARS ? `${cutText(text, MAX_INPUT_CHARS)}…` : text}\``;
}
