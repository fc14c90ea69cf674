/** What the demo model answers when it is asked for a summary or a brief: the prompts, and the files its calls were about. Pure. */
import { isBriefQuestion } from '../../context/briefRequest.ts';
import { isSummaryQuestion } from '../../context/summaryRequest.ts';
import { isToolUseBlock } from '../../session/content.ts';
import type { ModelRequest } from '../modelPort.ts';

const MAX_PROMPT_CHARS = 200;

/** Undefined when the newest text of the request asks for neither. */
export function demoSummary(request: ModelRequest, texts: readonly string[]): string | undefined {
	const question = texts.at(-1) ?? '';
	const isBrief = isBriefQuestion(question);
	if (!isBrief && !isSummaryQuestion(question)) return undefined;
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
		.filter((text) => !isSummaryQuestion(text) && !isBriefQuestion(text) && !/^\s*<system-reminder>/.test(text))
		.map((text) => `- ${text.slice(0, MAX_PROMPT_CHARS).replaceAll('\n', ' ')}`);
	const done = [...calls].map((call) => `- ${call}`);
	const parts = [
		[isBrief ? '## Goal' : '## Request', ...asked].join('\n'),
		['## Done', ...(done.length > 0 ? done : ['- Nothing yet'])].join('\n'),
	];
	const tag = isBrief ? 'brief' : 'summary';
	return `<${tag}>\n${parts.join('\n\n')}\n</${tag}>`;
}

function targetOf(input: unknown): string {
	if (typeof input !== 'object' || input === null) return '';
	const { file_path, command, pattern } = input as Readonly<Record<string, unknown>>;
	return String(file_path ?? command ?? pattern ?? '');
}
