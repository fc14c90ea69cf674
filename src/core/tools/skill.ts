/** Skill: loads the instructions of a skill, whose name and description stand in the context. */
import * as z from 'zod';
import { grantOf } from '../skills/commandGrant.ts';
import { expandInstruction } from '../skills/expandInstruction.ts';
import type { InstructionFile } from '../skills/instructionFile.ts';
import { failure, success } from './paths.ts';
import type { Tool } from './tool.ts';

const input = z.object({
	name: z.string().describe('As listed'),
	arguments: z.string().max(10_000).optional().describe('What the skill is to work on'),
});

export const skillTool: Tool<z.infer<typeof input>> = {
	name: 'Skill',
	version: 1,
	description: 'Loads the instructions of a skill: how a kind of work is done here. Follow them for the task at hand.',
	input,
	effect: 'none',
	label: ({ name }) => ({ verb: 'Skill', target: name }),
	target: ({ name }) => ({ kind: 'name', name: plainName(name) }),
	async run({ name, arguments: argument = '' }, context) {
		const files = (await context.services?.skills?.list()) ?? [];
		const usable = files.filter(({ isForModel }) => isForModel);
		const skill = files.find((one) => one.name === plainName(name));
		if (skill && !skill.isForModel)
			return failure(
				`Only the user may start ${skill.name}. Do not do its work another way: say that they can type /${skill.name}.`,
				'only for the user',
			);
		if (!skill) {
			const names = [...new Set(usable.map((one) => one.name))].sort();
			return failure(
				names.length === 0
					? 'There are no skills here.'
					: `There is no skill of this name. There are: ${names.join(', ')}.`,
				'no such skill',
			);
		}
		const grant = context.hash && grantOf(skill, context.hash);
		if (grant) await context.useRules?.(grant);
		if (skill.agent === undefined) context.denyRules?.(skill.disallowedTools);
		const place = {
			sessionId: context.services?.sessionId,
			roots: context.files.roots.map(({ path }) => path),
			effort: context.effort,
		};
		const subagents = context.services?.subagents;
		if (skill.agent !== undefined && subagents) {
			const { allowedRules = [], deniedRules = [], usedUp, whileWaiting } = context;
			const allow = skill.allowedTools.filter((rule) => allowedRules.includes(rule));
			return await subagents.run(
				{
					...{ toolUseId: context.toolUseId, description: `/${skill.name}`, kind: skill.agent },
					prompt: expandInstruction(skill, argument, place),
					rules: { allow, deny: [...deniedRules, ...skill.disallowedTools] },
					...{ model: skill.model, effort: skill.effort },
					...(usedUp === undefined ? {} : { usedUp }),
					...(whileWaiting === undefined ? {} : { whileWaiting }),
				},
				context.signal,
			);
		}
		return success(`The skill ${skill.name}:\n\n${expandInstruction(skill, argument, place)}`, loadedWords(skill));
	},
};

/** What its file says of the turn holds where a person starts it. */
function loadedWords({ unused, model, effort }: InstructionFile): string {
	const left = [...unused, ...(model === undefined ? [] : ['model']), ...(effort === undefined ? [] : ['effort'])];
	return left.length === 0 ? 'loaded' : `loaded, without its ${left.join(', ')}`;
}

const plainName = (name: string): string => name.trim().replace(/^\//, '');
