/**
 * Skills and custom commands: instructions that people keep in files. Reads one such file; what is wrong in it makes it poorer, never breaks
 * the others. Pure.
 */
import { cutText } from '../../base/text.ts';
import { parseFrontmatter } from '../memory/frontmatter.ts';
import { type Effort, effortLevels } from '../model/modelTuning.ts';
import { agentKind, ruleFromFile } from '../permission/ruleForms.ts';
import { argumentNames } from './argumentNames.ts';
import { unusedKeys } from './unusedKeys.ts';

export type InstructionFile = {
	readonly kind: 'skill' | 'command';
	/** As it is called: of a skill the name of its folder, of a command that of its file, with those of the folders above and `:` between. */
	readonly name: string;
	/** One line. */
	readonly description: string;
	/** What else says when to use it, for the agent that chooses; empty when nothing does. */
	readonly usage: string;
	/** What to write behind the name; empty when nothing is said. */
	readonly argumentHint: string;
	/** What the words behind the name are called in the body, by their place; one that cannot be a name is empty. */
	readonly argumentNames: readonly string[];
	/** Without the frontmatter. */
	readonly body: string;
	/** Absolute; that of a skill holds further files. */
	readonly folder: string;
	/** Absolute: the folder of the workspace that it belongs to, of the user's own files the first one. */
	readonly projectFolder?: string;
	readonly scope: 'project' | 'user';
	/** Whether the agent may choose it by itself. */
	readonly isForModel: boolean;
	/** Whether it is a slash command. */
	readonly isForUser: boolean;
	/** Rules that it asks for while it is at work; they hold once the user agreed to them. */
	readonly allowedTools: readonly string[];
	/** Rules for what may not be used while it is at work. */
	readonly disallowedTools: readonly string[];
	/** Id or family of the model for the turn of the slash command; undefined = that of the session. */
	readonly model: string | undefined;
	/** How much the model thinks in that turn; undefined = as in the session. */
	readonly effort: Effort | undefined;
	/** It is done by an agent with a conversation of its own, of this kind; undefined = it is not. */
	readonly agent: string | undefined;
	/** Keys that say something which is not done here. */
	readonly unused: readonly string[];
};

/** What tools and the window ask for skills. Read anew each time; empty where the workspace is not trusted. */
export type SkillSource = { list(): Promise<readonly InstructionFile[]> };

const MAX_DESCRIPTION_CHARS = 400;
const MAX_USAGE_CHARS = 300;
const MAX_HINT_CHARS = 80;

/** What a name may be, so that it can be typed and stands for nothing else. */
export const isInstructionName = (name: string): boolean =>
	/^[A-Za-z][\w.-]{0,63}(?::[A-Za-z][\w.-]{0,63}){0,4}$/.test(name);

export function instructionFile(
	place: Pick<InstructionFile, 'kind' | 'name' | 'folder' | 'scope' | 'projectFolder'>,
	text: string,
): InstructionFile {
	const frontmatter = parseFrontmatter(text);
	const body = (frontmatter ? text.slice(frontmatter.bodyOffset) : text).trim();
	const field = (key: string): unknown => frontmatter?.fields.get(key)?.value;
	const described = oneLine(field('description'), MAX_DESCRIPTION_CHARS);
	const isSkill = place.kind === 'skill';
	const names = argumentNames(field('arguments'));
	const effort = effortLevels.find((level) => level === field('effort'));
	return {
		...place,
		description: described === '' ? oneLine(firstLine(body), MAX_DESCRIPTION_CHARS) : described,
		usage: usageOf(field),
		argumentHint:
			oneLine(field('argument-hint'), MAX_HINT_CHARS) ||
			oneLine(names.map((name) => `[${name}]`).join(' '), MAX_HINT_CHARS),
		argumentNames: names,
		body,
		isForModel: isSkill ? field('disable-model-invocation') !== true : field('disable-model-invocation') === false,
		isForUser: field('user-invocable') !== false,
		allowedTools: rulesOf(field('allowed-tools')).map((rule) => inPlace(rule, place)),
		disallowedTools: rulesOf(field('disallowed-tools')).map((rule) => inPlace(rule, place)),
		model: modelOf(field('model')),
		effort,
		agent:
			field('context') === 'fork' ? agentKind(oneLine(field('agent'), MAX_MODEL_CHARS) || DEFAULT_KIND) : undefined,
		unused: frontmatter ? unusedKeys(place.kind, frontmatter) : [],
	};
}

/** For `context: fork` without a kind of agent. */
const DEFAULT_KIND = 'general';
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

/** A rule may name a program that lies beside the file. A folder whose name would mean something else in a rule is not put in. */
function inPlace(rule: string, { folder, projectFolder }: Pick<InstructionFile, 'folder' | 'projectFolder'>): string {
	const isPlain = (path: string | undefined): path is string => path !== undefined && /^[\w./\\:@+~-]+$/.test(path);
	return rule
		.replace(/\$\{CLAUDE_SKILL_DIR\}/g, (whole) => (isPlain(folder) ? folder : whole))
		.replace(/\$\{CLAUDE_PROJECT_DIR\}/g, (whole) => (isPlain(projectFolder) ? projectFolder : whole));
}

function usageOf(field: (key: string) => unknown): string {
	const globs = field('paths');
	const paths = oneLine(Array.isArray(globs) ? globs.map(String).join(', ') : globs, MAX_USAGE_CHARS);
	const only = paths === '' ? '' : `Only for work on files that match ${paths}.`;
	return [oneLine(field('when_to_use'), MAX_USAGE_CHARS), only].filter((part) => part !== '').join(' ');
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
