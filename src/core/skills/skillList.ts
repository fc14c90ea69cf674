/** The skills as they stand in the frozen context: enough to know when one fits. The same skills give the same text. Pure. */
import type { InstructionFile } from './instructionFile.ts';

/** About 2,000 tokens for all of them. */
const MAX_CHARS = 7_000;

/** The first line of the section. */
export const SKILLS_HEADING = '# Skills';

export type SkillLine = Pick<InstructionFile, 'name' | 'description'>;

/** By name. Of the same name the first counts. */
export function skillLines(files: readonly InstructionFile[]): readonly SkillLine[] {
	const firsts = new Map(files.toReversed().map((file) => [file.name, file]));
	return [...firsts.values()]
		.filter(({ isForModel }) => isForModel)
		.map(({ name, description, usage }) => ({ name, description: [description, usage].join(' ').trim() }))
		.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Undefined when there are none. */
export function skillSection(skills: readonly SkillLine[]): string | undefined {
	if (skills.length === 0) return undefined;
	const lines: string[] = [];
	let chars = 0;
	for (const { name, description } of skills) {
		const line = `- ${name}: ${description}`;
		chars += line.length;
		if (chars > MAX_CHARS) break;
		lines.push(line);
	}
	const more = skills.length - lines.length;
	if (more > 0) lines.push(`- and ${more} more: call Skill with a name that is not listed to see all names`);
	return `${SKILLS_HEADING}\n\nInstructions that the user and their team keep for some kinds of work. When one fits the task, load it before you begin: CallTool with the name Skill and the input {"name": "…"}.\n\n${lines.join('\n')}`;
}
