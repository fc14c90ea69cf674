/**
 * Skills and custom commands: instructions that people keep in files. Reads one such file; what is wrong in it makes it poorer, never breaks
 * the others. Pure.
 */
import { cutText } from '../../base/text.ts';
import { parseFrontmatter } from '../memory/frontmatter.ts';
import { ruleFromFile } from '../permission/ruleForms.ts';

export type InstructionFile = {
	readonly kind: 'skill' | 'command';
	/** As it is called: of a skill the name of its folder, of a command that of its file, with those of the folders above and `:` between. */
	readonly name: string;
	/** One line. */
	readonly description: string;
	/** What to write behind the name; empty when nothing is said. */
	readonly argumentHint: string;
	/** Without the frontmatter. */
	readonly body: string;
	/** Absolute; that of a skill holds further files. */
	readonly folder: string;
	readonly scope: 'project' | 'user';
	/** Whether the agent may choose it by itself. */
	readonly isForModel: boolean;
	/** Whether it is a slash command. */
	readonly isForUser: boolean;
	/** Rules that it asks for while it is at work; they hold once the user agreed to them. */
	readonly allowedTools: readonly string[];
	/** Id or family of the model for the turn of the slash command; undefined = that of the session. */
	readonly model: string | undefined;
};

/** What tools and the window ask for skills. Read anew each time; empty where the workspace is not trusted. */
export type SkillSource = { list(): Promise<readonly InstructionFile[]> };

const MAX_DESCRIPTION_CHARS = 400;
const MAX_HINT_CHARS = 80;

/** What a name may be, so that it can be typed and stands for nothing else. */
export const isInstructionName = (name: string): boolean =>
	/^[A-Za-z][\w.-]{0,63}(?::[A-Za-z][\w.-]{0,63}){0,4}$/.test(name);

export function instructionFile(
	place: Pick<InstructionFile, 'kind' | 'name' | 'folder' | 'scope'>,
	text: string,
): InstructionFile {
	const frontmatter = parseFrontmatter(text);
	const body = (frontmatter ? text.slice(frontmatter.bodyOffset) : text).trim();
	const field = (key: string): unknown => frontmatter?.fields.get(key)?.value;
	const described = oneLine(field('description'), MAX_DESCRIPTION_CHARS);
	const isSkill = place.kind === 'skill';
	return {
		...place,
		description: described === '' ? oneLine(firstLine(body), MAX_DESCRIPTION_CHARS) : described,
		argumentHint: oneLine(field('argument-hint'), MAX_HINT_CHARS),
		body,
		isForModel: isSkill ? field('disable-model-invocation') !== true : field('disable-model-invocation') === false,
		isForUser: field('user-invocable') !== false,
		allowedTools: rulesOf(field('allowed-tools')),
		model: modelOf(field('model')),
	};
}

const MAX_RULES = 40;
const MAX_MODEL_CHARS = 100;
/** The session's own. */
const OWN_MODEL: ReadonlySet<string> = new Set(['inherit', 'default', '']);

/** `Read, Bash(git add:*)`, with commas or spaces between them, or a list. */
function rulesOf(value: unknown): readonly string[] {
	const texts = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
	const rules = texts.flatMap((text) => text.match(/[A-Za-z_][\w-]*(?:__\*)?(?:\([^()\n]*\))?/g) ?? []);
	return [...new Set(rules.map(ruleFromFile))].slice(0, MAX_RULES);
}

function modelOf(value: unknown): string | undefined {
	const name = oneLine(value, MAX_MODEL_CHARS);
	return OWN_MODEL.has(name) ? undefined : name;
}

/** What is no text gives none; a list is read as its values. */
function oneLine(value: unknown, maxChars: number): string {
	const text = Array.isArray(value)
		? value.map(String).join(' ')
		: value === undefined || value === null
			? ''
			: String(value);
	const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
	return line.length > maxChars ? `${cutText(line, maxChars - 1)}…` : line;
}

const firstLine = (body: string): string =>
	body
		.split('\n')
		.find((line) => line.trim() !== '')
		?.replace(/^#+\s*/, '') ?? '';
