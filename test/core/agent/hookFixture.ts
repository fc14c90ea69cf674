/** Turns with hooks that say what a test tells them to. */
import type { HookPoint, HookRequest, HookRun, Hooks } from '../../../src/core/hooks/hookTypes.ts';
import { parseHooks } from '../../../src/core/hooks/parseHooks.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type Fixture, type FixtureOptions } from './turnFixture.ts';

type Answer = Partial<HookRun> | Record<string, unknown>;
type Say = (input: Record<string, unknown>, request: HookRequest, signal: AbortSignal) => Answer | Promise<Answer>;

/** What a hook prints as JSON, or how its process ends. */
function runOf(answer: Answer): HookRun {
	const plain: HookRun = { reason: 'exited', exitCode: 0, stdout: '', stderr: '', durationMs: 1 };
	const isRun = 'exitCode' in answer || 'stdout' in answer;
	return isRun
		? { ...plain, ...answer }
		: { ...plain, stdout: Object.keys(answer).length === 0 ? '' : JSON.stringify(answer) };
}

export async function start(
	steps: readonly ScriptedStep[],
	hooks: Partial<Record<HookPoint, Say>>,
	options: Omit<FixtureOptions, 'model'> & { matcher?: string } = {},
): Promise<Fixture & { inputs: Record<string, unknown>[]; requests: () => string[] }> {
	const model = createScriptedModel(steps);
	const fixture = await createFixture({ files: { '/w/a.js': 'let a = 1;\n' }, mode: 'auto', ...options, model });
	const inputs: Record<string, unknown>[] = [];
	const matcher = options.matcher ?? '*';
	const value = Object.fromEntries(
		Object.keys(hooks).map((point) => [point, [{ matcher, hooks: [{ type: 'command', command: `run ${point}` }] }]]),
	);
	const port: Hooks = {
		list: () => parseHooks(value, { source: 'user', projectDir: '/w' }).hooks,
		async run(request, signal) {
			const input: Record<string, unknown> = JSON.parse(request.input);
			inputs.push(input);
			const say = hooks[input.hook_event_name as HookPoint];
			return runOf((await say?.(input, request, signal)) ?? {});
		},
		transcriptPath: '/log.jsonl',
		life: { isStarted: false },
	};
	Object.assign(fixture.ports, { hooks: port });
	return { ...fixture, inputs, requests: () => model.requests.map(({ messages }) => JSON.stringify(messages)) };
}

export const bash = (command: string, id = 'b1') => call('Bash', { command }, id);
export const oneCall = (block = bash('make')): readonly ScriptedStep[] => [
	{ blocks: [block] },
	{ blocks: [text('ok')] },
];
export const hookEntries = ({ session }: Fixture) =>
	session.entries.flatMap((entry) => (entry.type === 'hook' ? [entry] : []));
export const results = ({ session }: Fixture) =>
	session.entries.flatMap((entry) => (entry.type === 'toolResult' ? [entry] : []));
