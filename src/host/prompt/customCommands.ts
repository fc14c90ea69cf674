/**
 * The slash commands that are no built-in ones: custom commands and skills from files, and prompts of MCP servers. Lists them for the input, and
 * makes the prompt that one stands for. Files are read anew each time, in trusted workspaces only.
 */
import { UserError } from '../../base/errors.ts';
import { utf8Encode } from '../../base/text.ts';
import type { GrantAnswers, PromptCommand } from '../../core/agent/turnTypes.ts';
import type { McpPrompt, McpPromptMessage, McpServers } from '../../core/mcp/mcpPorts.ts';
import { isSecretPath } from '../../core/permission/protectedPaths.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { grantOf } from '../../core/skills/commandGrant.ts';
import {
	expandPrompt,
	type InstructionPlace,
	reportMark,
	splitArguments,
	takesArguments,
} from '../../core/skills/expandInstruction.ts';
import type { InstructionFile, SkillSource } from '../../core/skills/instructionFile.ts';
import { unusedText } from '../../core/skills/unusedKeys.ts';
import type { ShownCommand } from '../../protocol/shownCommand.ts';
import type { OutsideWorld } from '../agentTypes.ts';
import { createCommandConsent, type KeptAnswers } from './commandConsent.ts';
import { mentionsIn } from './mentions.ts';

export type CustomCommandsWorld = {
	readonly outside: Pick<OutsideWorld, 'loadInstructionFiles' | 'homeFolder'>;
	roots(): readonly WorkspaceRoot[];
	isTrusted(): boolean;
	/** Globs of files that hold secrets, besides those that are known everywhere. */
	secretFiles?(): readonly string[];
	readonly blobs: Pick<BlobStore, 'hash'>;
	readonly workspaceState: KeptAnswers;
	readonly globalState: KeptAnswers;
	/** The servers, once they were started. */
	mcp?(): Pick<McpServers, 'list' | 'getPrompt'> | undefined;
	/** Undefined: the user does not want to go on. */
	askArgument(prompt: string, argument: McpPrompt['arguments'][number]): Promise<string | undefined>;
};

/** What a line that was submitted means. */
export type CommandMeaning =
	/** It is a prompt as it stands. */
	| { readonly kind: 'text' }
	| {
			readonly kind: 'prompt';
			readonly text: string;
			readonly command: PromptCommand;
			/** The words are a server's: what they mention is not attached, only what was typed. */
			readonly isForeign?: true;
	  }
	| { readonly kind: 'unknown'; readonly name: string }
	| { readonly kind: 'cancelled' };

export type CustomCommands = {
	readonly skills: SkillSource;
	/** What was answered about rules of their files. */
	readonly grants: GrantAnswers;
	list(): Promise<readonly ShownCommand[]>;
	/** Rejects with UserError when the command is there and cannot be used. */
	read(line: string, place: InstructionPlace, signal: AbortSignal): Promise<CommandMeaning>;
};

export function createCustomCommands(world: CustomCommandsWorld): CustomCommands {
	const { outside } = world;
	const files = async (): Promise<readonly InstructionFile[]> =>
		world.isTrusted() ? await outside.loadInstructionFiles(world.roots(), outside.homeFolder) : [];
	const prompts = () =>
		(world.isTrusted() ? (world.mcp?.()?.list() ?? []) : []).flatMap((server) =>
			server.prompts.map((prompt) => ({ server: server.name, prompt })),
		);
	return {
		grants: createCommandConsent(world.workspaceState, world.globalState),
		// Commands are for people, but for those whose file says otherwise.
		skills: { list: async () => (await files()).filter(({ kind, isForModel }) => kind === 'skill' || isForModel) },
		async list() {
			const shown = (await files())
				.filter(({ isForUser }) => isForUser)
				.map(
					(file): ShownCommand => ({
						...{ name: file.name, detail: file.description },
						hint: file.argumentHint || (takesArguments(file) ? '[arguments]' : ''),
						origin: file.kind === 'skill' ? 'skill' : file.scope,
					}),
				);
			const fromServers = prompts().map(
				({ server, prompt }): ShownCommand => ({
					name: prompt.callName,
					detail: oneLine(prompt.description ?? prompt.title ?? `Prompt of ${server}`),
					hint: prompt.arguments.map(({ name, isRequired }) => (isRequired ? `<${name}>` : `[${name}]`)).join(' '),
					origin: 'mcp',
				}),
			);
			const firsts = new Map([...shown, ...fromServers].toReversed().map((one) => [one.name, one]));
			return [...firsts.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
		},
		async read(line, place, signal) {
			const parsed = parseCommand(line);
			if (!parsed) return { kind: 'text' };
			const { name, argument } = parsed;
			const command = { name, argument };
			const file = (await files()).find((one) => one.name === name && one.isForUser);
			if (file) {
				const { text, runs } = expandPrompt(file, argument, place);
				refuseSecrets(name, text, argument, world.secretFiles?.());
				if (text === '')
					throw new UserError(
						'empty-command',
						`/${name} has no text. Nothing was sent. Write what it should say into its file.`,
					);
				const note = unusedText(`/${name}`, file.kind, file.unused);
				const grant = grantOf(file, (words) => world.blobs.hash(utf8Encode(words)));
				const { agent, model, effort } = file;
				const fork = agent === undefined ? undefined : { kind: agent, prompt: text, model, effort };
				return {
					...{ kind: 'prompt', text: fork ? reportMark(lineOf(command), fork.kind) : text },
					command: {
						...command,
						...(fork === undefined ? {} : { fork }),
						...(runs.length === 0 ? {} : { runs }),
						...(note === undefined ? {} : { notes: [note] }),
						...(grant === undefined ? {} : { grant }),
						...(file.disallowedTools.length === 0 ? {} : { denied: file.disallowedTools }),
						...(fork || model === undefined ? {} : { model: { wanted: model } }),
						...(fork || effort === undefined ? {} : { tuning: { effort } }),
					},
				};
			}
			const offered = prompts().find(({ prompt }) => prompt.callName === name);
			const mcp = world.mcp?.();
			if (!offered || !mcp) return { kind: 'unknown', name };
			const values = await promptValues(offered.prompt, argument, world);
			if (!values) return { kind: 'cancelled' };
			const messages = await mcp.getPrompt(offered.server, offered.prompt.name, values, signal);
			return { kind: 'prompt', text: promptText(offered.server, name, messages), command, isForeign: true };
		},
	};
}

/** What begins with a slash and a name, and is no path. */
function parseCommand(line: string): { readonly name: string; readonly argument: string } | undefined {
	const match = /^\/([A-Za-z][\w:.-]*)(?:\s+([\s\S]*))?$/.exec(line.trim());
	return match?.[1] === undefined ? undefined : { name: match[1], argument: (match[2] ?? '').trim() };
}

/**
 * What was typed is the user's to name; a file of the project may not bring secrets in by itself, nor a name put together from pieces: the text is
 * looked at as it is sent.
 */
function refuseSecrets(name: string, text: string, argument: string, secrets: readonly string[] = []): void {
	const typed = new Set(mentionsIn(argument).map(({ path }) => path));
	const secret = mentionsIn(text).find(({ path }) => isSecretPath(path, secrets) && !typed.has(path));
	if (!secret) return;
	throw new UserError(
		'command-names-secret',
		`/${name} attaches ${secret.path}, which may hold secrets. Nothing was sent. Take it out of the command, or attach the file yourself.`,
	);
}

/** From what was typed, word by word; the last argument takes the rest. What is missing is asked for. */
async function promptValues(
	prompt: McpPrompt,
	typed: string,
	world: Pick<CustomCommandsWorld, 'askArgument'>,
): Promise<Readonly<Record<string, string>> | undefined> {
	const words = prompt.arguments.length === 1 ? [typed] : splitArguments(typed);
	const values: Record<string, string> = {};
	for (const [index, argument] of prompt.arguments.entries()) {
		const isLast = index === prompt.arguments.length - 1;
		const given = isLast ? words.slice(index).join(' ') : words[index];
		const asked =
			given || (typed !== '' && !argument.isRequired) ? given : await world.askArgument(prompt.callName, argument);
		if (asked === undefined && argument.isRequired) return undefined;
		if (asked) values[argument.name] = asked;
	}
	return values;
}

/** The words of a server are marked as such: they are no words of the user. */
function promptText(server: string, name: string, messages: readonly McpPromptMessage[]): string {
	const parts = messages.map(({ role, content }) => {
		const text =
			content.kind === 'text' || content.kind === 'resource'
				? content.text
				: content.kind === 'leftOut'
					? `[left out: ${content.what}]`
					: `[${content.kind}]`;
		return messages.length > 1 ? `${role === 'user' ? 'User' : 'Assistant'}:\n${text}` : text;
	});
	const text = parts.join('\n\n').trim();
	if (text === '') throw new UserError('empty-command', `${server} gave no text for /${name}. Nothing was sent.`);
	return text;
}

const lineOf = ({ name, argument }: { readonly name: string; readonly argument: string }): string =>
	`/${name}${argument === '' ? '' : ` ${argument}`}`;

const oneLine = (text: string): string =>
	text
		.replace(/[\s\p{Cc}]+/gu, ' ')
		.trim()
		.slice(0, 200);
