/**
 * What the file of a slash command wants done before its first request: rules for the turn, shell commands whose output belongs to the prompt,
 * and an agent that does all of it. The commands go the way of every call of Bash (hooks, rules, question, recorded effects); the model only sees what they gave.
 */
import { asToolUseId } from '../../base/ids.ts';
import { cutText } from '../../base/text.ts';
import { loadBlobText } from '../context/loadBlobs.ts';
import { type BlobRef, inputBlockSchema, isBlobRef, isTextBlock, type ToolUseBlock } from '../session/content.ts';
import type { EntryDraft, EntryOf } from '../session/entry.ts';
import { plainName } from '../session/titles.ts';
import { withOutputsAt } from '../skills/expandInstruction.ts';
import type { SubagentRunner } from '../subagents/subagentPort.ts';
import { agentTool } from '../tools/agent.ts';
import { bashTool } from '../tools/bash.ts';
import { runToolCall, type TurnContext } from './runToolCall.ts';
import { storeBlocks } from './storeBlocks.ts';
import type { PromptCommand, TurnPorts } from './turnTypes.ts';
import { useGrant } from './useGrant.ts';

type Command = NonNullable<EntryOf<'user'>['command']>;
type Run = NonNullable<Command['runs']>[number];
type Fork = NonNullable<Command['fork']>;

/** A prompt that runs more than this is a script, and belongs into one. */
const MAX_RUNS = 20;
/** About 15k tokens for all outputs of a prompt together. */
const MAX_CHARS = 60_000;
const MAX_NAME_CHARS = 100;

/** As the log has it: what is run has a name, under which its question and its effects stand. */
export function loggedCommand(command: PromptCommand, { ids }: Pick<TurnPorts, 'ids'>): Command {
	const { name, argument, continues, runs, grant, denied, fork, model, tuning } = command;
	return {
		...{ name, argument },
		...(continues === undefined ? {} : { continues }),
		...(model === undefined ? {} : { model: { ...model } }),
		...(tuning === undefined ? {} : { tuning: { ...tuning } }),
		...(grant === undefined ? {} : { grant: { ...grant, rules: [...grant.rules] } }),
		...(denied === undefined ? {} : { denied: [...denied] }),
		...(fork === undefined ? {} : { fork: { ...fork, toolUseId: asToolUseId(`run_${ids.next()}`) } }),
		...(runs === undefined || runs.length === 0
			? {}
			: { runs: runs.map((run) => ({ ...run, toolUseId: asToolUseId(`run_${ids.next()}`) })) }),
	};
}

/** Behind the prompt and its checkpoint, so that a rewind takes back what is done here. Rejects only as calls of tools do. */
export async function runBeforehand(command: Command, turn: TurnContext): Promise<void> {
	const { session, ports, signal } = turn;
	const { runs = [], grant } = command;
	if (grant) await useGrant(grant, turn, (ask) => waiting(turn, ask));
	let leftChars = MAX_CHARS;
	const outputs = new Map<string, string>();
	for (const [index, run] of runs.entries()) {
		const draft =
			index >= MAX_RUNS
				? notRun(run, `one message runs at most ${MAX_RUNS} commands`)
				: signal.aborted || turn.halt.reason !== undefined
					? notRun(run, 'the turn was stopped before it')
					: await runOne(run, leftChars, turn);
		const [{ text = '' } = {}] = draft.content.filter(isTextBlock);
		leftChars = Math.max(0, leftChars - text.length);
		outputs.set(run.toolUseId, text);
		session.append({ ...draft, content: await storeBlocks([{ type: 'text', text }], ports.blobs) });
	}
	if (command.fork && !signal.aborted && turn.halt.reason === undefined)
		await runFork(command, command.fork, outputs, turn);
}

/** The command as the work of an agent, like a call of Agent that no reply made: its rules, its model and its effort are the agent's. */
async function runFork(
	command: Command,
	fork: Fork,
	outputs: ReadonlyMap<string, string>,
	turn: TurnContext,
): Promise<void> {
	const { session, ports, turnRules, turnDenied = [] } = turn;
	const subagents = ports.services?.subagents;
	const { kind, model, effort } = fork;
	const { text } = withOutputsAt(fork.prompt, command.runs ?? [], ({ toolUseId }) => outputs.get(toolUseId));
	const line = `/${command.name}${command.argument === '' ? '' : ` ${command.argument}`}`;
	const runner: SubagentRunner | undefined = subagents && {
		run: (request, signal) =>
			subagents.run({ ...request, rules: { allow: turnRules, deny: turnDenied }, model, effort }, signal),
	};
	const services = ports.services && { ...ports.services, ...(runner === undefined ? {} : { subagents: runner }) };
	const forkTurn = { ...turn, ports: { ...ports, ...(services === undefined ? {} : { services }) } };
	const input = { description: cutText(plainName(line), MAX_NAME_CHARS), prompt: text, agent_type: kind };
	session.setState('runningTool');
	const result = await runToolCall({ type: 'tool_use', id: fork.toolUseId, name: agentTool.name, input }, forkTurn);
	const report = textsOf(
		await Promise.all(result.content.map((block) => (isBlobRef(block) ? loaded(block, turn) : block))),
	);
	session.append({
		...{ type: 'attachment', name: `Report of the agent ${kind}`, ran: ranOf(fork, result) },
		content: await storeBlocks([{ type: 'text', text: report }], ports.blobs),
	});
}

type Draft = EntryDraft<'attachment'> & { readonly content: { type: 'text'; text: string }[] };

async function runOne(run: Run, leftChars: number, turn: TurnContext): Promise<Draft> {
	const { session, ports, signal } = turn;
	const { toolUseId, command } = run;
	const call: ToolUseBlock = { type: 'tool_use', id: toolUseId, name: bashTool.name, input: { command } };
	session.setState('runningTool');
	const { oneAtATime } = ports;
	const result = await (oneAtATime ? oneAtATime(() => runToolCall(call, turn), signal) : runToolCall(call, turn));
	const whole = textsOf(
		await Promise.all(result.content.map((block) => (isBlobRef(block) ? loaded(block, turn) : block))),
	);
	const hasStarted = session.entries.some((entry) => entry.type === 'toolStarted' && entry.toolUseId === toolUseId);
	if (!hasStarted) return { ...notRun(run, whole.split('\n', 1)[0] ?? ''), ran: ranOf(run, result) };
	const shown = cutText(whole, leftChars);
	const cut = `\n[… ${whole.length - shown.length} characters left out: the outputs of this message are too long]`;
	return {
		...{ type: 'attachment', name: nameOf(command), ran: ranOf(run, result) },
		content: [{ type: 'text', text: shown === whole ? whole : `${shown}${cut}` }],
	};
}

const ranOf = (
	{ toolUseId }: Pick<Run, 'toolUseId'>,
	{ isError, durationMs, summary, output }: EntryDraft<'toolResult'>,
) => ({
	...{ toolUseId, isError, durationMs },
	...(summary === undefined ? {} : { summary }),
	...(output === undefined ? {} : { output }),
});

function notRun({ toolUseId, command }: Run, why: string): Draft {
	return {
		...{ type: 'attachment', name: nameOf(command) },
		content: [{ type: 'text', text: `[\`${command}\` was not run: ${why}]` }],
		ran: { toolUseId, isError: true, durationMs: 0, summary: 'not run' },
	};
}

const nameOf = (command: string): string => cutText(plainName(command), MAX_NAME_CHARS);

const loaded = async (ref: BlobRef, { ports }: TurnContext): Promise<unknown> =>
	inputBlockSchema.parse(JSON.parse(await loadBlobText(ref, ports.blobs)));

const textsOf = (blocks: readonly unknown[]): string => blocks.map(textOf).join('\n');

const textOf = (block: unknown): string =>
	typeof block === 'object' && block !== null && 'text' in block && typeof block.text === 'string' ? block.text : '';

async function waiting<T>({ session }: TurnContext, ask: () => Promise<T>): Promise<T> {
	session.setState('awaitingUser');
	try {
		return await ask();
	} finally {
		session.setState('streaming');
	}
}
