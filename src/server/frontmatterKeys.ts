/** The keys that frontmatter may have in each kind of file: what they mean and what they take. */
import type { ContextFileKind } from '../protocol/contextFileKind.ts';

export type KeyType = 'text' | 'texts' | 'boolean' | 'number' | 'tools' | 'model' | 'globs' | 'any' | readonly string[];
export type FrontmatterKey = { readonly type: KeyType; readonly about: string; readonly isRequired?: boolean };
type Keys = Readonly<Record<string, FrontmatterKey>>;

/** Names that stand for the newest model of a family. */
export const MODEL_ALIASES = ['inherit', 'opus', 'sonnet', 'haiku', 'default'];

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'];
const hooks: FrontmatterKey = {
	type: 'any',
	about: 'Programs that run at fixed points of the work. Retrace runs those of `.claude/settings.json` only.',
};
const model: FrontmatterKey = {
	type: 'model',
	about: 'The model that is used: an id, or `inherit` for that of the session.',
};
const effort: FrontmatterKey = {
	type: EFFORTS,
	about: 'How much the model thinks while it works, where the model has that. Without it, as in the session.',
};
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
const context: FrontmatterKey = {
	type: ['fork'],
	about: '`fork`: an agent does it in a conversation of its own, and only its report comes back.',
};
const agent: FrontmatterKey = {
	type: 'text',
	about: 'The kind of agent that does it, with `context: fork`. Without it, general.',
};
const background: FrontmatterKey = {
	type: 'boolean',
	about: 'Whether it works in the background. In Retrace the turn waits for the report of an agent.',
};
const args: FrontmatterKey = {
	type: 'texts',
	about:
		'Names for what is typed behind it, by their place: with `[issue, branch]`, `$issue` stands for the first word and `$branch` for the second. `$0` and `$ARGUMENTS[0]` stand for the first one as well, `$ARGUMENTS` for all.',
};
const disallowedTools: FrontmatterKey = {
	type: 'tools',
	about: 'Tools that may not be used until its turn ends.',
};
const whenToUse: FrontmatterKey = {
	type: 'any',
	about: 'When to use it, beside the description. It is sent with every request.',
};
const paths: FrontmatterKey = {
	type: 'globs',
	about: 'The list tells the agent that it is only for files that match these.',
};
const invocable: FrontmatterKey = { type: 'boolean', about: 'Whether it is offered as a slash command.' };
const shell: FrontmatterKey = {
	type: ['bash', 'powershell'],
	about: 'The shell of the commands in its body. In Retrace they run in that of the tool Bash.',
};

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
			type: ['default', 'manual', 'plan', 'ask', 'acceptEdits', 'auto', 'dontAsk', 'bypassPermissions'],
			about: 'The mode it works in, where the session’s would allow more.',
		},
		maxTurns: { type: 'number', about: 'The most steps it takes.' },
		skills: { type: 'texts', about: 'Skills whose whole text it starts with.' },
		mcpServers: { type: 'any', about: 'MCP servers of its own. In Retrace it has those of the session.' },
		memory: {
			type: ['user', 'project', 'local'],
			about: 'Where it keeps what it learns. In Retrace it keeps nothing between its runs.',
		},
		background,
		isolation: {
			type: ['worktree'],
			about: '`worktree`: it works on a copy of the repository. In Retrace it works on the files of the session.',
		},
		initialPrompt: {
			type: 'text',
			about: 'The first prompt it gets when it leads the session. In Retrace an agent never does.',
		},
		omitClaudeMd: { type: 'boolean', about: 'Whether it does without memory files. In Retrace it gets them.' },
		hooks,
	},
	skill: {
		name: { type: 'text', about: 'A name for people. The skill is called as its folder.' },
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
		arguments: args,
		'disable-model-invocation': onlyByPeople,
		'user-invocable': invocable,
		'disallowed-tools': disallowedTools,
		when_to_use: whenToUse,
		paths,
		model: ownModel,
		effort,
		context,
		agent,
		background,
		shell,
		hooks,
	},
	command: {
		description: { type: 'text', about: 'What the command does, shown while its name is typed.' },
		'argument-hint': argumentHint,
		arguments: args,
		'allowed-tools': allowedTools,
		'disallowed-tools': disallowedTools,
		'disable-model-invocation': onlyByPeople,
		'user-invocable': invocable,
		when_to_use: whenToUse,
		paths,
		name: {
			type: 'text',
			about: 'A name for people. The command is called as its file, with the folders above and `:` between.',
		},
		model: ownModel,
		effort,
		context,
		agent,
		background,
		shell,
		hooks,
	},
};

/** Undefined for files whose frontmatter means nothing. */
export function frontmatterKeys(kind: ContextFileKind | 'imported'): Keys | undefined {
	return kind === 'imported' ? undefined : KEYS[kind];
}
