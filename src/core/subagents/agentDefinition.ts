/**
 * What kinds of agents there are: those that come with the extension, and those that files describe. A definition can only take away: tools of
 * the session, and what its mode allows. So a file of a project needs no consent of its own. Pure; nothing here reads a disk.
 */
import * as z from 'zod';
import { cutText } from '../../base/text.ts';
import { parseFrontmatter } from '../memory/frontmatter.ts';
import { type Effort, effortNamed } from '../model/modelTuning.ts';
import type { PermissionMode } from '../session/entry.ts';
import { unusedKeys } from '../skills/unusedKeys.ts';
import type { Effect } from '../tools/tool.ts';

export type AgentDefinition = {
	readonly name: string;
	/** When to use it, for whoever chooses one. */
	readonly description: string;
	readonly source: 'builtIn' | 'user' | 'project';
	/** Its part of the system prompt. */
	readonly prompt: string;
	/** It has only tools that read. */
	readonly isReadOnly?: boolean;
	/** The only tools it has, by name; undefined = all of the session's. */
	readonly tools?: readonly string[];
	readonly disallowedTools?: readonly string[];
	/** Id or family of a model; undefined = the session's. */
	readonly model?: string;
	/** How much its model thinks; undefined = as in the session. */
	readonly effort?: Effort;
	/** Skills whose words it starts with. */
	readonly skills?: readonly string[];
	/** Keys of its file that say something which is not done here. */
	readonly unused?: readonly string[];
	/** It works in this mode where the session's allows more. */
	readonly mode?: PermissionMode;
	readonly maxSteps?: number;
	/** It starts from the conversation as it stands, with the very same requests. */
	readonly isFork?: boolean;
};

export type FoundAgents = {
	readonly definitions: readonly AgentDefinition[];
	/** Sentences about files that describe no agent. */
	readonly problems: readonly string[];
};

const REPORT =
	'Your last message is your report, and all that is seen of your work: say in it what you found or did, with paths and lines, what you checked, and what is left open. Ask nobody anything: when something is unclear, choose the sensible reading and say so.';

const GENERAL: AgentDefinition = {
	name: 'general',
	description: 'Carries out a task on its own, with all tools',
	source: 'builtIn',
	prompt: `You are a helper agent of Retrace. Another agent has handed you one task; do it completely, and nothing beside it. ${REPORT}`,
};

/** Sorted by name. */
const builtInAgents: readonly AgentDefinition[] = [
	{
		name: 'explore',
		description: 'Finds something out in the code; reads only',
		source: 'builtIn',
		isReadOnly: true,
		maxSteps: 40,
		prompt: `You are a helper agent of Retrace that finds things out. Read and search; you cannot change files or run commands. Search broadly first, then read only what matters, and call independent tools together. ${REPORT}`,
	},
	{
		name: 'fork',
		description: 'As general, and knows this conversation so far',
		source: 'builtIn',
		isFork: true,
		prompt: `You are a fork of this conversation: a helper agent that knows what stands above. The agent you were forked from goes on by itself and has handed you one part; do that part only. ${REPORT}`,
	},
	GENERAL,
	{
		name: 'plan',
		description: 'Works out how something could be done; reads only',
		source: 'builtIn',
		isReadOnly: true,
		maxSteps: 40,
		prompt: `You are a helper agent of Retrace that plans a change. Read and search; you cannot change files or run commands. Find what the change touches and how the code around it does such things, then give the steps in order, each with its files, and the risks. ${REPORT}`,
	},
];

export const DEFAULT_AGENT = GENERAL.name;

/** They ask the user, or steer the session itself; an agent starts no agents either. */
const NEVER_TOOLS: ReadonlySet<string> = new Set(['Agent', 'AskUser', 'Plan', 'TaskList']);
const READING: ReadonlySet<Effect> = new Set<Effect>(['none', 'read', 'network']);

/** Why this agent may not use the tool, as a result for the model; undefined = it may. */
export function refusedTool(
	definition: AgentDefinition,
	{ name, effect }: { readonly name: string; readonly effect: Effect },
): string | undefined {
	if (name === 'Agent')
		return 'An agent cannot start agents of its own. Do it yourself, or say in your report that it is left to do.';
	if (NEVER_TOOLS.has(name))
		return `An agent cannot use ${name}. Go on without it, and say in your report what is open.`;
	const { tools, disallowedTools = [], isReadOnly } = definition;
	const isOut =
		(isReadOnly && !READING.has(effect)) || (tools && !tools.includes(name)) || disallowedTools.includes(name);
	return isOut ? `The agent ${definition.name} has no ${name}. Go on without it.` : undefined;
}

const MODES: readonly PermissionMode[] = ['plan', 'ask', 'acceptEdits', 'auto'];

/** The one that allows less. */
export function tighterMode(left: PermissionMode, right: PermissionMode | undefined): PermissionMode {
	if (right === undefined) return left;
	return MODES.indexOf(right) < MODES.indexOf(left) ? right : left;
}

/** How other agents name the modes in such files. */
const MODE_NAMES: ReadonlyMap<string, PermissionMode> = new Map([
	['plan', 'plan'],
	['ask', 'ask'],
	['default', 'ask'],
	['manual', 'ask'],
	['acceptEdits', 'acceptEdits'],
	['auto', 'auto'],
	['bypassPermissions', 'auto'],
	['dontAsk', 'auto'],
]);

/** The session's. */
const OWN_MODEL: ReadonlySet<string> = new Set(['inherit', 'default']);
const MAX_DESCRIPTION_CHARS = 1_000;
const MAX_PROMPT_CHARS = 40_000;
const MAX_STEPS = 500;
const nameShape = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/);
const words = z.string().trim().min(1);

/**
 * The definition in an agent file, or why there is none, as a sentence. What it says of other agents' features is passed over. A rule on a
 * tool (`Bash(git *)`) stands for the tool: what may be done with it, the user's own rules say.
 */
export function parseAgentFile(
	text: string,
	fileName: string,
	source: 'user' | 'project',
): AgentDefinition | { readonly problem: string } {
	const front = parseFrontmatter(text);
	const field = (key: string): unknown => front?.fields.get(key)?.value;
	const name = nameShape.safeParse(field('name') ?? fileName.replace(/\.md$/i, ''));
	if (!name.success) return { problem: `${fileName}: its name has other characters than letters, digits, - and _` };
	if (builtInAgents.some((one) => one.name === name.data))
		return { problem: `${fileName}: ${name.data} is an agent of Retrace itself; give it another name` };
	const description = words.safeParse(field('description'));
	if (!description.success) return { problem: `${fileName}: it has no description, so nobody could choose it` };
	const prompt = text.slice(front?.bodyOffset ?? 0).trim();
	const tools = toolNames(field('tools'));
	const mode = MODE_NAMES.get(String(field('permissionMode') ?? ''));
	const maxSteps = z.int().min(1).max(MAX_STEPS).safeParse(field('maxTurns'));
	const model = words.safeParse(field('model'));
	const effort = effortNamed(field('effort'));
	const skills = toolNames(field('skills')) ?? [];
	const unused = front ? unusedKeys('agent', front) : [];
	return {
		name: name.data,
		description: cutText(description.data.replace(/\s+/g, ' '), MAX_DESCRIPTION_CHARS),
		source,
		prompt: `${cutText(prompt, MAX_PROMPT_CHARS)}\n\n${REPORT}`.trim(),
		disallowedTools: toolNames(field('disallowedTools')) ?? [],
		...(tools === undefined ? {} : { tools }),
		...(model.success && !OWN_MODEL.has(model.data) ? { model: model.data } : {}),
		...(effort === null ? {} : { effort }),
		...(skills.length === 0 ? {} : { skills }),
		...(unused.length === 0 ? {} : { unused }),
		...(mode === undefined ? {} : { mode }),
		...(maxSteps.success ? { maxSteps: maxSteps.data } : {}),
	};
}

/** `Read, Grep` or a list; undefined = not said, or all. */
function toolNames(value: unknown): readonly string[] | undefined {
	const given = typeof value === 'string' ? value.split(/,(?![^(]*\))/) : Array.isArray(value) ? value : undefined;
	if (!given) return undefined;
	const names = given.map((one) => String(one).replace(/\(.*$/s, '').trim()).filter((one) => one !== '');
	return names.includes('*') ? undefined : [...new Set(names)];
}

/** All there are: those of files under names that are still free, a project's before the user's. Sorted by name. */
export function joinDefinitions(found: readonly AgentDefinition[]): readonly AgentDefinition[] {
	const byName = new Map<string, AgentDefinition>();
	const rank = { builtIn: 0, project: 1, user: 2 } as const;
	const ranked = [...builtInAgents, ...found].sort((left, right) => rank[left.source] - rank[right.source]);
	for (const one of ranked) if (!byName.has(one.name)) byName.set(one.name, one);
	return [...byName.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** The first line of their list. */
export const AGENTS_HEADING = '# Further kinds of agents';
const MAX_LISTED = 30;
const MAX_LISTED_CHARS = 200;

/** What the frozen context says of agents that files describe; the others stand in the description of the tool. Empty = there are none. */
export function agentListText(definitions: readonly AgentDefinition[]): string {
	const own = definitions.filter(({ source }) => source !== 'builtIn');
	if (own.length === 0) return '';
	const lines = own
		.slice(0, MAX_LISTED)
		.map(({ name, description }) => `- ${name}: ${cutText(description, MAX_LISTED_CHARS)}`);
	const more = own.length - lines.length;
	return [
		AGENTS_HEADING,
		'',
		'For `agent_type` of the tool Agent, described by the user and their team:',
		...lines,
		...(more > 0 ? [`- and ${more} more, which the user can name`] : []),
	].join('\n');
}
