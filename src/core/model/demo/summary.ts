/** What the demo model answers when it is asked for a summary: the prompts, and the files its calls were about. Pure. */
import { isSummaryQuestion } from '../../context/summaryRequest.ts';
import type { ModelRequest } from '../../ports.ts';
import { isToolUseBlock } from '../../session/content.ts';

const MAX_PROMPT_CHARS = 200;

/** Undefined when the newest text of the request does not ask for a summary. */
export function demoSummary(request: ModelRequest, texts: readonly string[]): string | undefined {
	if (!isSummaryQuestion(texts.at(-1) ?? '')) return undefined;
	const prompts: string[] = [];
	const calls = new Set<string>();
	for (const { role, content } of request.messages) {
		if (role === 'system') continue;
		for (const block of content) {
			if (role === 'user' && block.type === 'text') prompts.push(String(block.text));
			else if (role === 'assistant' && isToolUseBlock(block))
				calls.add(`${block.name} ${targetOf(block.input)}`.trim());
		}
	}
	const asked = prompts
		.filter((text) => !isSummaryQuestion(text) && !/^\s*<system-reminder>/.test(text))
		.map((text) => `- ${text.slice(0, MAX_PROMPT_CHARS).replaceAll('\n', ' ')}`);
	const done = [...calls].map((call) => `- ${call}`);
	const parts = [
		['## Request', ...asked].join('\n'),
		['## Done', ...(done.length > 0 ? done : ['- Nothing yet'])].join('\n'),
	];
	return `<summary>\n${parts.join('\n\n')}\n</summary>`;
}

function targetOf(input: unknown): string {
	if (typeof input !== 'object' || input === null) return '';
	const { file_path, command, pattern } = input as Readonly<Record<string, unknown>>;
	return String(file_path ?? command ?? pattern ?? '');
}
