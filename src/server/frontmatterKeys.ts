/** The keys that frontmatter may have in each kind of file: what they mean and what they take. */
import type { ContextFileKind } from '../protocol/contextFileKind.ts';

export type KeyType = 'text' | 'texts' | 'boolean' | 'number' | 'tools' | 'model' | 'globs' | 'any' | readonly string[];
export type FrontmatterKey = { readonly type: KeyType; readonly about: string; readonly isRequired?: boolean };
type Keys = Readonly<Record<string, FrontmatterKey>>;

/** Names that stand for the newest model of a family. */
export const MODEL_ALIASES = ['inherit', 'opus', 'sonnet', 'haiku', 'default'];

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'];
const hooks: FrontmatterKey = { type: 'any', about: 'Programs that run at fixed points of the work.' };
const model: FrontmatterKey = {
	type: 'model',
	about: 'The model that is used: an id, or `inherit` for that of the session.',
};
const effort: FrontmatterKey = { type: EFFORTS, about: 'How much the model thinks.' };
const allowedTools: FrontmatterKey = {
	type: 'tools',
	about:
		'Rules such as `Bash(git status:*)` for what may run without a question while it is at work. They hold once you agreed to this content of the file.',
};
const argumentHint: FrontmatterKey = { type: 'any', about: 'What to write behind the name, shown while it is typed.' };
const onlyByPeople: FrontmatterKey = {
	type: 'boolean',
	about: 'Whether only a person may start it. `false` lets the agent choose it too.',
};
const ownModel: FrontmatterKey = {
	...model,
	about: 'The model for the turn of its slash command. After it, the session goes on with its own.',
};
const context: FrontmatterKey = { type: ['fork'], about: '`fork`: it works in a conversation of its own.' };
const agent: FrontmatterKey = { type: 'text', about: 'The agent that does it, with `context: fork`.' };

const KEYS: Readonly<Partial<Record<ContextFileKind, Keys>>> = {
	rule: {
		paths: {
			type: 'globs',
			about: 'The rule holds for files that match one of these globs, from the project folder on. Without it, always.',
		},
		description: { type: 'text', about: 'What the rule is about. For people; it is not sent.' },
	},
	agent: {
		name: {
			type: 'text',
			about: 'What the agent is called, in small letters with hyphens. Without it, the name of the file.',
		},
		description: {
			type: 'text',
			about: 'When to hand work to this agent. It is sent with every request.',
			isRequired: true,
		},
		tools: { type: 'tools', about: 'The tools it has. Without it, all of them.' },
		disallowedTools: { type: 'tools', about: 'Tools it does not have.' },
		model,
		effort,
		color: {
			type: ['red', 'blue', 'green', 'yellow', 'purple', 'orange', 'pink', 'cyan'],
			about: 'The colour it is shown in.',
		},
		permissionMode: {
			type: ['default', 'plan', 'ask', 'acceptEdits', 'auto', 'dontAsk', 'bypassPermissions'],
			about: 'The mode it works in, where the session’s would allow more.',
		},
		maxTurns: { type: 'number', about: 'The most steps it takes.' },
		skills: { type: 'texts', about: 'Skills that are loaded with it.' },
		mcpServers: { type: 'any', about: 'MCP servers it may use.' },
		memory: { type: ['user', 'project', 'local'], about: 'Where it keeps what it learns.' },
		background: { type: 'boolean', about: 'Whether it works in the background.' },
		isolation: { type: ['worktree'], about: '`worktree`: it works on a copy of the repository.' },
		initialPrompt: { type: 'text', about: 'The first prompt it gets when it leads the session.' },
		hooks,
	},
	skill: {
		name: { type: 'text', about: 'What the skill is called: the name of its folder.' },
		description: {
			type: 'text',
			about: 'What it does and when to use it. It is sent with every request.',
			isRequired: true,
		},
		'allowed-tools': allowedTools,
		license: { type: 'text', about: 'The licence of the skill.' },
		compatibility: { type: 'text', about: 'What it needs from the environment.' },
		metadata: { type: 'any', about: 'Anything else that is worth keeping.' },
		version: { type: 'any', about: 'The version of the skill.' },
		'argument-hint': argumentHint,
		'disable-model-invocation': onlyByPeople,
		'user-invocable': { type: 'boolean', about: 'Whether it is offered as a slash command.' },
		when_to_use: { type: 'text', about: 'When to use it.' },
		paths: { type: 'globs', about: 'It is offered when files that match are worked on.' },
		model: ownModel,
		effort,
		context,
		agent,
		hooks,
	},
	command: {
		description: { type: 'text', about: 'What the command does, shown while its name is typed.' },
		'argument-hint': argumentHint,
		'allowed-tools': allowedTools,
		'disable-model-invocation': onlyByPeople,
		name: { type: 'text', about: 'What the command is called. Without it, the name of the file.' },
		model: ownModel,
		effort,
		context,
		agent,
		hooks,
	},
};

/** Undefined for files whose frontmatter means nothing. */
export function frontmatterKeys(kind: ContextFileKind | 'imported'): Keys | undefined {
	return kind === 'imported' ? undefined : KEYS[kind];
}
