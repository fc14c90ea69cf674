/** What other extensions add, in real turns: their tools, interceptors, validators and sections; and that nothing of theirs ends a turn. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import { createApiAdditions } from '../../../src/host/api/apiAdditions.ts';
import type { ApiInterceptor, ApiTool } from '../../../src/host/api/retraceApi.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';

const NAME = 'ext__acme_tickets__close';
const CALL = { blocks: [call('CallTool', { name: NAME, input: { id: '7' } })] };

const tool = (change: Partial<ApiTool> = {}): ApiTool => ({
	name: 'close',
	description: 'Closes a ticket.',
	inputSchema: { type: 'object', properties: { id: { type: 'string' } } },
	effect: 'network',
	run: async (input) => `closed ${String(input.id)}`,
	...change,
});

async function turn(options: {
	tool?: Partial<ApiTool>;
	interceptor?: ApiInterceptor;
	deny?: string[];
	onRun?: (abort: AbortController) => void;
}) {
	const failed: string[] = [];
	const additions = createApiAdditions((event) => failed.push(event));
	if (options.tool) additions.addTool('acme.tickets', tool(options.tool));
	if (options.interceptor) additions.addInterceptor('acme.tickets', options.interceptor);
	const step = options.tool ? CALL : { blocks: [call('Bash', { command: 'make' })] };
	const model = createScriptedModel([step, { blocks: [text('done')] }]);
	const fixture = await createFixture({ model, rules: { deny: options.deny ?? [] } });
	const { lateTools } = additions;
	const ports = {
		...fixture.ports,
		lateTools,
		interceptors: additions.interceptors(),
		systemSections: additions.systemSections(),
	};
	const abort = new AbortController();
	options.onRun?.(abort);
	await runTurn(fixture.session, { text: 'go', attachments: [] }, ports, () => undefined, abort.signal);
	const results = fixture.session.entries.flatMap((entry) => (entry.type === 'toolResult' ? [entry] : []));
	const ended = fixture.session.entries.findLast((entry) => entry.type === 'turnEnded');
	assert.equal(results.length, 1, 'one result for the one call');
	return { ...fixture, failed, result: JSON.stringify(results[0]?.content), isError: results[0]?.isError, ended };
}

describe('a tool of another extension', () => {
	it('is found and called by its whole name, and asked about as itself', async () => {
		const { result, asked } = await turn({ tool: {} });
		assert.match(result, /closed 7/);
		assert.deepEqual(
			asked.map((request) => [request.tool, request.target]),
			[[NAME, 'close of acme.tickets {"id":"7"}']],
		);
	});
	it('obeys a rule against it', async () => {
		const { isError, result } = await turn({ tool: {}, deny: [NAME] });
		assert.ok(isError);
		assert.doesNotMatch(result, /closed/);
	});
	it('that fails, or gives no result, is a result for the model, and the turn goes on', async () => {
		for (const run of [
			() => Promise.reject(new Error('the server is down')),
			() => {
				throw new Error('the server is down');
			},
			async () => 7 as unknown as string,
		]) {
			const { isError, ended } = await turn({ tool: { run } });
			assert.ok(isError);
			assert.equal(ended?.reason, 'endTurn');
		}
	});
	it('that hangs does not hold up a stop', async () => {
		let start: () => void = () => undefined;
		const started = new Promise<void>((resolve) => {
			start = resolve;
		});
		const { isError, ended } = await turn({
			tool: {
				run: async () => {
					start();
					return await new Promise(() => undefined);
				},
			},
			onRun: (abort) => void started.then(() => abort.abort()),
		});
		assert.ok(isError);
		assert.equal(ended?.reason, 'stopped');
	});
	it('may say much: the model gets the start, the whole is kept', async () => {
		const { result, session } = await turn({ tool: { run: async () => 'x'.repeat(100_000) } });
		assert.ok(result.length < 45_000);
		assert.ok(session.entries.some((entry) => entry.type === 'toolResult' && entry.output?.size === 100_000));
	});
	it('needs a name and a schema that can be sent, and is there once', () => {
		const additions = createApiAdditions(() => undefined);
		for (const wrong of [{ name: 'close it' }, { name: '' }, { inputSchema: { type: 'string' } }])
			assert.throws(() => additions.addTool('acme.tickets', tool(wrong)));
		const added = additions.addTool('acme.tickets', tool());
		assert.throws(() => additions.addTool('acme.tickets', tool()), /already/);
		additions.addTool('acme.other', tool());
		assert.equal(additions.lateTools.list().length, 2);
		added.dispose();
		assert.equal(additions.lateTools.list().length, 1);
		const [long] = [additions.addTool('publisher'.repeat(20), tool({ name: 'a'.repeat(40) }))];
		assert.ok(additions.lateTools.list().every(({ name }) => name.length <= 64));
		long?.dispose();
	});
});

describe('an interceptor of another extension', () => {
	it('sees calls of built-in tools and can refuse one', async () => {
		const seen: unknown[] = [];
		const { commands, result } = await turn({
			interceptor: {
				async before(one) {
					seen.push(one.tool, one.input);
					return { refuse: 'not on Fridays' };
				},
			},
		});
		assert.deepEqual(seen, ['Bash', { command: 'make' }]);
		assert.deepEqual(commands, []);
		assert.match(result, /acme\.tickets does not allow it: not on Fridays/);
	});
	it('can have the user asked, change the input, and add to the result', async () => {
		const { commands, asked, result } = await turn({
			interceptor: {
				before: async () => ({ input: { command: 'make test' }, ask: 'sure?', note: 'changed' }),
				after: async (_call, outcome) => `it ${outcome.isError ? 'failed' : 'went well'}`,
			},
		});
		assert.deepEqual(commands, ['make test']);
		assert.equal(asked[0]?.target, 'make test');
		assert.match(result, /changed/);
		assert.match(result, /it went well/);
	});
	it('cannot change what it is shown, nor allow what is forbidden', async () => {
		const { commands } = await turn({
			deny: ['Bash(make:*)'],
			interceptor: {
				validate(one) {
					Object.assign(one.input as object, { command: 'rm -rf /' });
					return undefined;
				},
				before: async () => ({ permission: { kind: 'allow', cause: 'x' } }) as unknown as { note: string },
			},
		});
		assert.deepEqual(commands, []);
	});
	it('that throws guards: nothing is run', async () => {
		for (const interceptor of [
			{
				validate(): string {
					throw new Error('broken');
				},
			},
			{ before: () => Promise.reject(new Error('broken')) },
			{ before: async () => 'yes' as unknown as { note: string } },
		]) {
			const { commands, ended } = await turn({ interceptor });
			assert.deepEqual([commands, ended?.reason], [[], 'endTurn']);
		}
	});
});

describe('what is handed over wrongly', () => {
	const additions = createApiAdditions(() => undefined);
	const anything = (value: unknown) => value as never;
	const wrong: readonly (readonly [string, () => unknown, RegExp])[] = [
		['no tool', () => additions.addTool('a.b', anything(undefined)), /This is no tool: .*Nothing was done/],
		['no effect', () => additions.addTool('a.b', { ...tool(), effect: anything(undefined) }), /effect/],
		// It would run unasked.
		['an effect of ours', () => additions.addTool('a.b', { ...tool(), effect: anything('none') }), /effect/],
		['no schema', () => additions.addTool('a.b', { ...tool(), inputSchema: anything(undefined) }), /inputSchema/],
		['nothing to run', () => additions.addTool('a.b', { ...tool(), run: anything('x') }), /run: must be a function/],
		['no description', () => additions.addTool('a.b', { ...tool(), description: ' ' }), /description/],
		['no interceptor', () => additions.addInterceptor('a.b', anything(undefined)), /This is no interceptor/],
		['one that does nothing', () => additions.addInterceptor('a.b', {}), /must have validate, before or after/],
		['one of words', () => additions.addInterceptor('a.b', { before: anything('no') }), /before: must be a function/],
		['no check', () => additions.addValidator('a.b', anything('no')), /This is no prompt validator/],
		['no section', () => additions.addSection('a.b', anything({ id: 'x' })), /text/],
		['no name', () => additions.addSection('a.b', { id: '', text: 'x' }), /id: must not be empty/],
	];
	for (const [what, add, problem] of wrong)
		it(`is refused with all that is wrong, and nothing of it is kept: ${what}`, () => {
			assert.throws(add, { name: 'UserError', message: problem });
			assert.deepEqual(
				[additions.lateTools.list(), additions.interceptors(), additions.systemSections()],
				[[], [], []],
			);
			assert.equal(additions.problemOf({ sessionId: 's', text: 't' }), undefined);
		});
	it('an async check is no check, and lets nothing through', () => {
		const failed: string[] = [];
		const own = createApiAdditions((event) => failed.push(event));
		own.addValidator(
			'a.b',
			anything(async () => undefined),
		);
		assert.match(own.problemOf({ sessionId: 's', text: 't' }) ?? '', /a\.b failed, so nothing was sent/);
		assert.deepEqual(failed, ['api.validator']);
	});
});

describe('checks of prompts and sections of the system prompt', () => {
	it('the first problem is told with who says it; a check that fails lets nothing through', () => {
		const failed: string[] = [];
		const additions = createApiAdditions((event) => failed.push(event));
		const prompt = { sessionId: 's', text: 'the password is 1234' };
		assert.equal(additions.problemOf(prompt), undefined);
		const first = additions.addValidator('acme.guard', ({ text: words }) =>
			words.includes('password') ? 'no passwords' : undefined,
		);
		assert.equal(additions.problemOf(prompt), 'acme.guard: no passwords');
		first.dispose();
		additions.addValidator('acme.guard', () => {
			throw new Error('broken');
		});
		assert.match(additions.problemOf(prompt) ?? '', /acme\.guard failed, so nothing was sent/);
		assert.deepEqual(failed, ['api.validator']);
	});
	it('sections are in the order of their names, whoever came first, and bounded', async () => {
		const additions = createApiAdditions(() => undefined);
		additions.addSection('b.two', { id: 'x', text: 'second' });
		additions.addSection('a.one', { id: 'x', text: 'first' });
		assert.deepEqual(additions.systemSections(), ['first', 'second']);
		assert.throws(() => additions.addSection('a.one', { id: 'x', text: 'again' }), /already/);
		for (const wrong of ['', ' ', 'x'.repeat(4_001)])
			assert.throws(() => additions.addSection('a.one', { id: 'y', text: wrong }), /characters/);
	});
	it('a section stands in the request behind the system prompt', async () => {
		const additions = createApiAdditions(() => undefined);
		additions.addSection('a.one', { id: 'x', text: 'Write tests first.' });
		const model = createScriptedModel([{ blocks: [text('ok')] }]);
		const { session, ports } = await createFixture({ model });
		const withSections = { ...ports, systemSections: additions.systemSections() };
		await runTurn(
			session,
			{ text: 'go', attachments: [] },
			withSections,
			() => undefined,
			new AbortController().signal,
		);
		assert.equal(model.requests[0]?.system.at(-1)?.text, 'Write tests first.');
	});
});
