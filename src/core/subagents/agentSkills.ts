/** The skills that the file of an agent names: their words stand in its part of the system prompt from the start. */
import { expandInstruction } from '../skills/expandInstruction.ts';
import type { ToolServices } from '../tools/services.ts';
import type { AgentDefinition } from './agentDefinition.ts';

const MAX_SKILLS = 10;
/** About 15k tokens for all of them. */
const MAX_CHARS = 60_000;

/** Only those that an agent may choose by itself. What is not there, or does not fit any more, is `missing`. */
export async function skillsFor(
	{ skills: wanted = [] }: AgentDefinition,
	services: ToolServices | undefined,
): Promise<{ readonly texts: readonly string[]; readonly missing: readonly string[] }> {
	if (wanted.length === 0) return { texts: [], missing: [] };
	const files = (await services?.skills?.list()) ?? [];
	const texts: string[] = [];
	const missing: string[] = [];
	let chars = 0;
	for (const name of wanted) {
		const file = files.find((one) => one.name === name && one.isForModel);
		const text = file && `The skill ${name}:\n\n${expandInstruction(file, '', { sessionId: services?.sessionId })}`;
		if (text === undefined || texts.length === MAX_SKILLS || chars + text.length > MAX_CHARS) missing.push(name);
		else {
			texts.push(text);
			chars += text.length;
		}
	}
	return { texts, missing };
}
