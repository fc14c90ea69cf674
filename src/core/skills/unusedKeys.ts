/**
 * What the frontmatter of agents, skills and commands may say for other programs and Retrace does not do. One list for the language server,
 * which marks it while it is written, and for the transcript, which tells it when such a file is used: so nothing is passed over in silence. Pure.
 */
import type { Frontmatter } from '../memory/frontmatter.ts';

export type InstructionKind = 'agent' | 'skill' | 'command';

type UnusedKey = {
	readonly kinds: readonly InstructionKind[];
	/** A sentence without a dot: what is done instead. */
	readonly instead: string;
	/** Only such a value asks for something that is not done; without it, any. */
	isUnused?(value: unknown): boolean;
};

const ALL: readonly InstructionKind[] = ['agent', 'skill', 'command'];
const TYPED: readonly InstructionKind[] = ['skill', 'command'];

const KEYS: Readonly<Record<string, UnusedKey>> = {
	hooks: { kinds: ALL, instead: 'hooks of such a file do not run; those of .claude/settings.json do' },
	shell: {
		kinds: TYPED,
		instead: 'its commands run in the shell of the tool Bash',
		isUnused: (value) => value !== 'bash',
	},
	background: {
		kinds: ALL,
		instead: 'the turn waits for the report of the agent',
		isUnused: (value) => value === true,
	},
	mcpServers: { kinds: ['agent'], instead: 'it has the MCP servers of the session' },
	memory: { kinds: ['agent'], instead: 'it keeps nothing between its runs' },
	isolation: { kinds: ['agent'], instead: 'it works on the files of the session' },
	initialPrompt: { kinds: ['agent'], instead: 'an agent never leads the session' },
	omitClaudeMd: { kinds: ['agent'], instead: 'it gets the memory files', isUnused: (value) => value === true },
};

/** What is done instead; undefined when the key is used, or says nothing that would be done otherwise. */
export function unusedInstead(kind: string, key: string, value: unknown): string | undefined {
	const unused = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
	if (!unused?.kinds.some((one) => one === kind) || value === null || value === undefined) return undefined;
	return unused.isUnused === undefined || unused.isUnused(value) ? unused.instead : undefined;
}

/** In the order of the file. */
export function unusedKeys(kind: InstructionKind, { fields }: Pick<Frontmatter, 'fields'>): readonly string[] {
	return [...fields.values()].flatMap(({ key, value }) => (unusedInstead(kind, key, value) === undefined ? [] : [key]));
}

/** For the transcript: `The agent x` or `/review` says which keys, and what is done instead. Undefined when all are used. */
export function unusedText(who: string, kind: InstructionKind, keys: readonly string[]): string | undefined {
	if (keys.length === 0) return undefined;
	const each = keys.map((key) => `${key} (${KEYS[key]?.instead ?? 'not used'})`).join(', ');
	return `${who}: Retrace does not use this of the frontmatter of ${kind === 'agent' ? 'an agent' : `a ${kind}`}: ${each}.`;
}
