/** Runs a tool that may ask in the middle of its call: what it asked, and what the model reads. */
import type { SessionId } from '../../../src/base/ids.ts';
import type { ToolServices } from '../../../src/core/tools/services.ts';
import type { InCallQuestion, Tool, ToolContext } from '../../../src/core/tools/tool.ts';

export async function askedRun<Input>(
	tool: Pick<Tool<Input>, 'run'>,
	input: Input,
	services: Partial<ToolServices>,
	options: { readonly isAllowed: boolean; readonly takesPdf?: boolean },
) {
	const questions: InCallQuestion[] = [];
	const context: Pick<ToolContext, 'services' | 'signal' | 'ask' | 'takesPdf'> = {
		takesPdf: options.takesPdf ?? true,
		signal: new AbortController().signal,
		services: { sessionId: 's' as SessionId, ...services },
		async ask(question) {
			questions.push(question);
			const outcome = { isError: true, content: [{ type: 'text' as const, text: 'denied' }], summary: 'denied' };
			return options.isAllowed ? { kind: 'allowed' } : { kind: 'refused', outcome };
		},
	};
	const outcome = await tool.run(input, context as ToolContext);
	const text = outcome.content
		.map((block) => (block.type === 'text' ? String(block.text) : `<${block.type}>`))
		.join('\n');
	return { outcome, text, questions };
}
