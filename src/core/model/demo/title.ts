/** What the demo model answers when it is asked for a title: the first instruction of the prompt, in a few words. Pure. */
import { firstInstruction } from './instructions.ts';

const MAX_WORDS = 6;

/** Undefined when the texts of the request do not ask for a title. */
export function demoTitle(texts: readonly string[]): string | undefined {
	const [only, ...others] = texts;
	const prompt = others.length === 0 ? ASKED.exec(only ?? '')?.[1] : undefined;
	if (prompt === undefined) return undefined;
	const words = firstInstruction(prompt).split(/\s+/).slice(0, MAX_WORDS).join(' ');
	return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** As `makeTitle` asks. */
const ASKED = /^<first_prompt>\n([\s\S]*)\n<\/first_prompt>$/;
