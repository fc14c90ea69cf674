/** Agent: hands a task to a helper agent with a context of its own; only its report comes back. Who runs it is a service of the session. */
import * as z from 'zod';
import { DEFAULT_AGENT } from '../subagents/agentDefinition.ts';
import { failure } from './paths.ts';
import type { Tool } from './tool.ts';

const words = z.string().refine((text) => text.trim() !== '', 'must not be empty');
const input = z.object({
	description: words.describe('3 to 6 words for the user'),
	prompt: words.describe('The task: all it must know, and what to report'),
	agent_type: z.string().optional().describe('Default general'),
	resume: z.string().optional().describe('Id of an earlier agent that is to go on'),
});

export const agentTool: Tool<z.infer<typeof input>> = {
	name: 'Agent',
	version: 1,
	description:
		'Hands a self-contained task to an agent with a context of its own and returns its report. Types: explore (finds out, reads only), plan (works out a change, reads only), general (does it, all tools), fork (general that knows this conversation); more may be listed in the context. Use it for broad searches and for parts that need not fill this conversation; not for what a call or two can do. Agents in one reply work beside each other, so give them different files. They see nothing of this conversation, but for fork.',
	input,
	effect: 'none',
	label: ({ description }) => ({ verb: 'Agent', target: description }),
	// An agent that goes on is called by its kind and a number.
	target: ({ agent_type = DEFAULT_AGENT, resume }) => ({
		kind: 'name',
		name: resume?.replace(/-\d+$/, '') ?? agent_type,
	}),
	async run({ description, prompt, agent_type: kind, resume }, context) {
		const subagents = context.services?.subagents;
		if (!subagents) return failure('There are no agents here. Do it yourself.', 'not available');
		return await subagents.run(
			{
				...{ toolUseId: context.toolUseId, description, prompt },
				...(kind === undefined ? {} : { kind }),
				...(resume === undefined ? {} : { resume }),
				...(context.deniedRules?.length ? { rules: { allow: [], deny: context.deniedRules } } : {}),
				...(context.usedUp === undefined ? {} : { usedUp: context.usedUp }),
				...(context.whileWaiting === undefined ? {} : { whileWaiting: context.whileWaiting }),
			},
			context.signal,
		);
	},
};
