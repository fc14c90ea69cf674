import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CancelledError, UserError } from '../../../src/base/errors.ts';
import { isBlobRef } from '../../../src/core/session/content.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

async function runCalls(calls: readonly ReturnType<typeof call>[], options: Omit<FixtureOptions, 'model'> = {}) {
	const model = createScriptedModel([{ blocks: calls }, { blocks: [text('ok')] }]);
	const fixture = await createFixture({ files: { '/w/a.js': 'let a = 1;\n' }, ...options, model });
	await fixture.run('do it');
	const results = fixture.session.entries.filter((entry) => entry.type === 'toolResult');
	return { ...fixture, model, results };
}
const bash = (command: string, id?: string) => call('Bash', { command }, id);

describe('permission', () => {
	test('allow once asks each time', async () => {
		const { asked, commands, sessionRules, log } = await runCalls([bash('npm test', '1'), bash('npm test', '2')]);
		assert.equal(asked.length, 2);
		assert.deepEqual(asked[0], {
			toolUseId: '1',
			tool: 'Bash',
			target: 'npm test',
			cause: 'No rule allows this command yet',
			rule: 'Bash(npm test:*)',
		});
		assert.deepEqual(commands, ['npm test', 'npm test']);
		assert.deepEqual(sessionRules, []);
		assert.equal(log().filter((line) => line === 'permission allowOnce').length, 2);
	});

	test('always allow holds for the session, from the log', async () => {
		const { asked, sessionRules, log } = await runCalls([bash('npm test', '1'), bash('npm test -- -w', '2')], {
			permission: async () => ({ verdict: 'alwaysAllow' }),
		});
		assert.equal(asked.length, 1);
		assert.deepEqual(sessionRules, ['Bash(npm test:*)']);
		assert.ok(log().includes('permission alwaysAllow Bash(npm test:*)'));
	});

	test('always allow without an offered rule is allowed once only', async () => {
		const { asked, sessionRules, log } = await runCalls([bash('a && b', '1'), bash('a && b', '2')], {
			permission: async () => ({ verdict: 'alwaysAllow' }),
		});
		assert.equal(asked.length, 2);
		assert.deepEqual(sessionRules, []);
		assert.ok(log().includes('permission allowOnce'));
	});

	test('denied: nothing runs, and the model reads why', async () => {
		const { commands, log, model } = await runCalls([bash('make')], {
			permission: async () => ({ verdict: 'deny', reason: 'use npm' }),
		});
		assert.deepEqual(commands, []);
		assert.ok(!log().includes('toolStarted'));
		assert.match(
			JSON.stringify(model.requests[1]?.messages.at(-1)),
			/denied permission; nothing was run\. The user says: use npm/,
		);
	});

	test('a deny rule needs no question', async () => {
		const { asked, commands, log } = await runCalls([bash('ls && rm x')], {
			mode: 'auto',
			rules: { deny: ['Bash(rm:*)'] },
		});
		assert.deepEqual([asked, commands], [[], []]);
		assert.ok(log().some((line) => line.startsWith('toolResult! Not run. The rule Bash(rm:*) forbids it.')));
	});

	test('outside and protected paths ask, also in auto mode', async () => {
		const { asked, workspace } = await runCalls(
			[
				call('Read', { file_path: '/etc/passwd' }, '1'),
				call('Write', { file_path: '.vscode/tasks.json', content: '{}' }, '2'),
				call('Write', { file_path: '../x', content: 'x' }, '3'),
			],
			{ mode: 'auto', permission: async ({ target }) => ({ verdict: target === '../x' ? 'allowOnce' : 'deny' }) },
		);
		assert.deepEqual(
			asked.map(({ target, rule }) => [target, rule]),
			[
				['/etc/passwd', undefined],
				['.vscode/tasks.json', undefined],
				['../x', undefined],
			],
		);
		assert.deepEqual(workspace.log, []);
	});

	test('the wait is not counted as run time', async () => {
		const fixture = await createFixture({
			model: createScriptedModel([{ blocks: [bash('make')] }, { blocks: [text('ok')] }]),
			permission: async () => {
				fixture.clock.advance(60_000);
				return { verdict: 'allowOnce' };
			},
			shell: () => {
				fixture.clock.advance(250);
				return {};
			},
		});
		await fixture.run('go');
		const result = fixture.session.entries.find((entry) => entry.type === 'toolResult');
		assert.equal(result?.type === 'toolResult' && result.durationMs, 250);
	});
});

describe('running', () => {
	test('an edit is proposed in mode ask, recorded and written', async () => {
		const { workspace, log } = await runCalls([
			call('Edit', { file_path: 'a.js', old_string: 'a = 1', new_string: 'a = 2' }),
		]);
		assert.equal(workspace.text('/w/a.js'), 'let a = 2;\n');
		const types = ['toolStarted', 'editProposed', 'editDecided', 'fileOperation', 'fileOperationDone'];
		assert.deepEqual(
			log().filter((line) => types.includes(line)),
			types,
		);
	});

	test('accept edits asks nothing', async () => {
		const { workspace, log } = await runCalls([call('Write', { file_path: 'b.js', content: 'b' })], {
			mode: 'acceptEdits',
		});
		assert.equal(workspace.text('/w/b.js'), 'b');
		assert.ok(!log().includes('editProposed'));
	});

	test('a UserError is a result; anything else too, with a trace', async () => {
		const failing = await createFixture({
			model: createScriptedModel([
				{ blocks: [call('Grep', { pattern: '(' }, '1'), call('Glob', { pattern: '*' }, '2')] },
				{ blocks: [text('ok')] },
			]),
		});
		failing.ports.search.grep = () => Promise.reject(new UserError('bad-pattern', 'The pattern is not valid.'));
		failing.ports.search.glob = () => Promise.reject(new TypeError('oops'));
		await failing.run('go');
		assert.ok(failing.log().includes('toolResult! The pattern is not valid.'));
		assert.ok(failing.log().includes('toolResult! Glob failed in a way it should not: oops. Try another way.'));
		assert.ok(failing.traces.some((event) => event.event === 'toolFailed' && event.code === 'TypeError'));
		assert.equal(failing.log().at(-1), 'turnEnded endTurn');
	});

	test('large results become blobs, long outputs are kept whole', async () => {
		const output = 'x'.repeat(100_000);
		const { results, blobs, model } = await runCalls([bash('make')], { shell: () => ({ output }) });
		const [result] = results;
		assert.ok(result?.output);
		assert.equal(new TextDecoder().decode(await blobs.get(result.output)), output);
		const big = await runCalls([call('Read', { file_path: 'big' })], {
			files: { '/w/big': `${'y'.repeat(1_000)}\n`.repeat(60) },
		});
		const [stored] = big.results[0]?.content ?? [];
		assert.ok(stored && isBlobRef(stored));
		assert.match(JSON.stringify(big.model.requests[1]?.messages.at(-1)), /1\\ty{1000}/);
		assert.ok(model.requests.length === 2);
	});

	test('read-only calls run beside each other, others wait', async () => {
		const order: string[] = [];
		const fixture = await createFixture({
			mode: 'auto',
			model: createScriptedModel([
				{
					blocks: [
						call('Grep', { pattern: 'a' }, '1'),
						call('Grep', { pattern: 'b' }, '2'),
						bash('make', '3'),
						call('Grep', { pattern: 'c' }, '4'),
					],
				},
				{ blocks: [text('ok')] },
			]),
			shell: () => {
				order.push('make');
				return {};
			},
		});
		fixture.ports.search.grep = async ({ pattern }) => {
			order.push(`${pattern} starts`);
			for (let turn = 0; turn < (pattern === 'a' ? 20 : 5); turn++) await Promise.resolve();
			order.push(`${pattern} ends`);
			return { items: [], isComplete: true };
		};
		await fixture.run('go');
		assert.deepEqual(order, ['a starts', 'b starts', 'b ends', 'a ends', 'make', 'c starts', 'c ends']);
		const ids = fixture.session.branch().flatMap((entry) => (entry.type === 'toolResult' ? [entry.toolUseId] : []));
		assert.deepEqual(ids, ['1', '2', '3', '4']);
	});

	test('a stop that comes with the permission comes before the call', async () => {
		const fixture = await createFixture({
			model: createScriptedModel([
				{ blocks: [call('WebFetch', { url: 'https://x.example/' }, '1'), bash('make', '2')] },
			]),
			permission: async () => {
				fixture.abort.abort();
				return { verdict: 'allowOnce' };
			},
		});
		let fetches = 0;
		const web = { fetch: async () => Promise.reject(new Error(`fetched ${++fetches}`)) };
		Object.assign(fixture.ports, { services: { sessionId: fixture.session.id, web } });
		await fixture.run('go');
		assert.deepEqual([fetches, fixture.commands], [0, []]);
		assert.ok(!fixture.log().includes('toolStarted'));
		assert.equal(fixture.log().filter((line) => line === 'toolResult! Stopped by the user before it ran.').length, 2);
	});

	test('what the user withdrew is no failure of the tool', async () => {
		const fixture = await createFixture({
			model: createScriptedModel([{ blocks: [call('Grep', { pattern: 'a' })] }, { blocks: [text('ok')] }]),
		});
		fixture.ports.search.grep = () => Promise.reject(new CancelledError());
		await fixture.run('go');
		assert.ok(fixture.log().includes('toolResult! Stopped by the user before it ran.'), fixture.log().join('\n'));
		assert.equal(fixture.log().at(-1), 'turnEnded endTurn');
	});

	test('the session waits for the user as long as any of its calls does', async () => {
		const states: string[] = [];
		let asked = 0;
		let release = () => undefined as unknown;
		const second = new Promise<void>((resolve) => {
			release = resolve;
		});
		const reads = ['/etc/a', '/etc/b'].map((file_path, index) => call('Read', { file_path }, `${index}`));
		const fixture = await createFixture({
			model: createScriptedModel([{ blocks: reads }, { blocks: [text('ok')] }]),
			async permission() {
				if (++asked === 2) {
					await second;
					states.push(fixture.session.state);
				} else queueMicrotask(() => setImmediate(release));
				return { verdict: 'deny' };
			},
		});
		await fixture.run('go');
		assert.deepEqual(states, ['awaitingUser']);
	});

	test('a call whose result could not be kept is said to have been started', async () => {
		const fixture = await createFixture({
			model: createScriptedModel([{ blocks: [bash('make')] }]),
			mode: 'auto',
			shell() {
				const put = () => Promise.reject(new UserError('blob-write-failed', 'The disk is full.'));
				Object.assign(fixture.blobs, { put });
				return { output: 'x'.repeat(100_000) };
			},
		});
		await fixture.run('go');
		assert.deepEqual(fixture.commands, ['make']);
		assert.match(
			fixture.log().find((line) => line.startsWith('toolResult')) ?? '',
			/was started and its result was lost/,
		);
	});

	test('progress reaches the panel', async () => {
		const { events } = await runCalls([bash('make')], { mode: 'auto', shell: () => ({ output: 'hi' }) });
		assert.ok(events.some((event) => event.kind === 'toolProgress' && event.text === 'hi'));
	});
});
