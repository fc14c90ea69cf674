/** Commands in a sandbox that reach for sites, from the model's call to its result: which rules hold, what the card says, and what is told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CancelledError } from '../../../src/base/errors.ts';
import { asToolUseId } from '../../../src/base/ids.ts';
import { openSites } from '../../../src/core/agent/askSite.ts';
import type { BackgroundRequest } from '../../../src/core/background/backgroundPort.ts';
import type { PermissionAnswer } from '../../../src/core/permission/permissionRequest.ts';
import { readSessionRules } from '../../../src/core/permission/sessionRules.ts';
import type { ShellRequest } from '../../../src/core/ports.ts';
import type { CommandSandbox, SandboxPolicy } from '../../../src/core/sandbox/sandboxPort.ts';
import type { SiteGate } from '../../../src/core/sandbox/siteGate.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { parseShell } from '../permission/shellFixture.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

const POLICY: SandboxPolicy = { writable: ['/w'], hasNetwork: false, asksForSites: true };
type Reach = (gate: SiteGate, command: string, signal: AbortSignal) => Promise<void>;
type More = Omit<FixtureOptions, 'model'> & { readonly inputs?: readonly Record<string, unknown>[] };

/** Calls of Bash whose commands reach for what `reach` says; the cards for the commands themselves are none. */
async function createScene(reach: Reach, { inputs = [{ command: 'fetch it' }], ...more }: More = {}) {
	const calls = inputs.map((input, index) => call('Bash', input, `t${index}`));
	const model = createScriptedModel([{ blocks: calls }, { blocks: [text('ok')] }, { blocks: [text('ok')] }]);
	const fixture = await createFixture({ files: { '/w/a.js': '' }, ...more, model });
	const sandbox: CommandSandbox = { policy: () => POLICY, ready: async () => undefined, mayRunUnasked: () => true };
	const kept: string[] = [];
	const started: BackgroundRequest[] = [];
	const background = {
		running: [],
		async start(request: BackgroundRequest) {
			started.push(request);
			return { ...request, id: 'bg', startedAt: fixture.clock.now() };
		},
		...{ read: async () => undefined, stop: async () => false, record: async () => undefined },
	};
	Object.assign(fixture.ports, {
		shellGrammar: { load: async () => parseShell },
		services: { sessionId: fixture.session.id, sandbox, background },
		keepRules: async (rules: readonly string[], scope: string) => void kept.push(...rules, scope),
		shell: {
			async run({ command, cwd, sandbox: held }: ShellRequest, signal: AbortSignal) {
				assert.ok(held?.sites);
				await reach(held.sites, command, signal);
				const reason = signal.aborted ? 'cancelled' : 'exited';
				return { exitCode: 0, reason, output: '', cwd, durationMs: 1 };
			},
		},
	});
	const results = () => fixture.session.entries.filter((entry) => entry.type === 'toolResult');
	return {
		...{ ...fixture, kept, started },
		summary: () => results().map(({ summary }) => summary),
		said: () => JSON.stringify(results().map(({ content }) => content)),
		permissions: () => fixture.session.entries.filter((entry) => entry.type === 'permission'),
	};
}

/** Reaches for each site, and notes the allowed ones as the proxy does. */
const reaching =
	(...hosts: string[]): Reach =>
	async (gate) => {
		for (const host of hosts) if (await gate.mayReach({ host, port: 443 })) gate.noteReached(host);
	};

describe('a site', () => {
	test('that rules for WebFetch allow or deny is not asked about, in the row and to the model it stands', async () => {
		const rules = { allow: ['WebFetch(domain:good.test)'], deny: ['WebFetch(domain:evil.test)'] };
		const { run, asked, summary, said } = await createScene(reaching('good.test', 'a.evil.test'), { rules });
		await run('go');
		assert.deepEqual([asked, summary()], [[], ['exit 0, reached good.test, refused a.evil.test']]);
		assert.match(said(), /\[the sandbox did not let it reach a\.evil\.test: the user or a rule said no/);
		assert.doesNotMatch(said(), /good\.test/);
	});
	for (const mode of ['ask', 'acceptEdits', 'auto'] as const)
		test(`that no rule speaks of is asked about in mode ${mode}, with the command and what happens otherwise`, async () => {
			const { run, asked, permissions } = await createScene(reaching('new.test', 'new.test'), { mode });
			await run('go');
			assert.deepEqual(asked, [
				{
					...{ toolUseId: 't0', tool: 'Bash', site: 'new.test', target: 'new.test' },
					cause:
						'“fetch it” in the sandbox waits to reach it. Allowed once, it may until it ends; denied, it goes on without',
					rule: 'WebFetch(domain:new.test)',
				},
			]);
			const [entry] = permissions();
			assert.deepEqual([entry?.verdict, entry?.site, entry?.rule], ['allowOnce', 'new.test', undefined]);
		});
	test('that a rule says to ask about is, whatever allows it', async () => {
		const rules = { allow: ['WebFetch'], ask: ['WebFetch(domain:new.test)'] };
		const { run, asked } = await createScene(reaching('new.test', 'other.test'), { rules });
		await run('go');
		assert.deepEqual(
			asked.map(({ site }) => site),
			['new.test'],
		);
	});
	test('on this machine or its network needs a rule of just these words, and the card says what it is', async () => {
		const rules = { allow: ['WebFetch', 'WebFetch(domain:wiki.test)', 'WebFetch(domain:localhost)'] };
		const { run, asked } = await createScene(
			async (gate) => {
				assert.equal(await gate.mayReach({ host: 'wiki.test', port: 80 }), true);
				await gate.mayReach({ host: 'wiki.test', port: 80, privateAddress: '10.0.0.7' });
				await gate.mayReach({ host: '169.254.169.254', port: 8080, privateAddress: '169.254.169.254' });
				assert.equal(await gate.mayReach({ host: 'localhost', port: 5432, privateAddress: 'localhost' }), true);
			},
			{ rules },
		);
		await run('go');
		assert.deepEqual(
			asked.map(({ target, rule }) => [target, rule]),
			[
				['wiki.test', 'WebFetch(private:wiki.test)'],
				['169.254.169.254:8080', 'WebFetch(domain:169.254.169.254)'],
			],
		);
		assert.match(asked[0]?.cause ?? '', /address of this machine or of its network \(10\.0\.0\.7\), not of the web/);
	});
	test('is never reached where the workspace is not trusted', async () => {
		const { session, ports, workspace, asked, abort } = await createScene(reaching(), { isTrusted: false });
		const turn = {
			session,
			ports,
			sessionRules: readSessionRules(session, ports.trace, abort.signal),
			signal: abort.signal,
		};
		const gate = openSites({ id: asToolUseId('t') }, 'Bash', { command: 'x', approver: ports.approver }, turn);
		assert.equal(workspace.isTrusted, false);
		assert.equal(await gate.mayReach({ host: 'new.test', port: 443 }), false);
		assert.deepEqual(asked, []);
	});
});

describe('an answer', () => {
	const answering = (answer: PermissionAnswer) => ({ permission: async () => answer });
	test('for always holds for WebFetch and for the next command, in this session', async () => {
		const inputs = [{ command: 'fetch it' }, { command: 'fetch more' }];
		const scene = await createScene(reaching('new.test'), { inputs, ...answering({ verdict: 'alwaysAllow' }) });
		await scene.run('go');
		assert.deepEqual([scene.asked.length, scene.sessionRules], [1, ['WebFetch(domain:new.test)']]);
		assert.deepEqual(scene.summary(), ['exit 0, reached new.test', 'exit 0, reached new.test']);
		assert.equal(scene.permissions()[0]?.rule, 'WebFetch(domain:new.test)');
	});
	for (const scope of ['workspace', 'user'] as const)
		test(`for always is kept where it was given: ${scope}`, async () => {
			const answer = answering({ verdict: 'alwaysAllow', scope });
			const { run, kept, sessionRules, permissions } = await createScene(reaching('new.test'), answer);
			await run('go');
			assert.deepEqual([kept, sessionRules], [['WebFetch(domain:new.test)', scope], []]);
			assert.equal(permissions()[0]?.scope, scope);
		});
	test('for once holds for this command alone', async () => {
		const inputs = [{ command: 'fetch it' }, { command: 'fetch more' }];
		const { run, asked } = await createScene(reaching('new.test', 'new.test'), { inputs });
		await run('go');
		assert.deepEqual(
			asked.map(({ toolUseId }) => toolUseId),
			['t0', 't1'],
		);
	});
	test('of no is a refusal, with the user’s words in the log', async () => {
		const { run, summary, permissions, kept } = await createScene(
			reaching('new.test'),
			answering({ verdict: 'deny', reason: ' not there ' }),
		);
		await run('go');
		const [entry] = permissions();
		assert.deepEqual([entry?.verdict, entry?.reason, kept], ['deny', 'not there', []]);
		assert.deepEqual(summary(), ['exit 0, refused new.test']);
	});
	test('that comes after the stop lets nothing through', async () => {
		let answer: ((given: PermissionAnswer) => void) | undefined;
		const reached: boolean[] = [];
		const scene = await createScene(
			async (gate) => {
				const asking = gate.mayReach({ host: 'new.test', port: 443 });
				await new Promise((resolve) => setImmediate(resolve));
				scene.abort.abort();
				reached.push(await asking, await gate.mayReach({ host: 'new.test', port: 443 }));
				answer?.({ verdict: 'alwaysAllow' });
			},
			{
				permission: (_request, signal) =>
					new Promise((resolve, reject) => {
						answer = resolve;
						signal.addEventListener('abort', () => reject(new CancelledError()));
					}),
			},
		);
		await scene.run('go');
		assert.deepEqual([reached, scene.permissions(), scene.sessionRules], [[false, false], [], []]);
		assert.equal(scene.session.entries.filter((entry) => entry.type === 'toolResult').length, 1);
	});
});

describe('a command in the background', () => {
	const inputs = [{ command: 'serve it', run_in_background: true }];
	test('asks when its turn is long over, and moves the session to no other state', async () => {
		const { run, started, asked, session } = await createScene(reaching(), { inputs });
		await run('go');
		const before = session.state;
		const gate = started[0]?.sandbox?.sites;
		assert.equal(await gate?.mayReach({ host: 'new.test', port: 443 }), true);
		assert.deepEqual([asked.length, session.state], [1, before]);
		gate?.end();
	});
	test('that waits for the same site as another one has no second card', async () => {
		const answers: ((given: PermissionAnswer) => void)[] = [];
		const { run, started, asked } = await createScene(reaching(), {
			inputs: [...inputs, { command: 'build it', run_in_background: true }],
			permission: (_request, signal) =>
				new Promise((resolve, reject) => {
					answers.push(resolve);
					signal.addEventListener('abort', () => reject(new CancelledError()));
				}),
		});
		await run('go');
		const [one, other] = started.map(({ sandbox }) => sandbox?.sites);
		const later = () => new Promise((resolve) => setImmediate(resolve));
		const both = [one, other].map((gate) => gate?.mayReach({ host: 'new.test', port: 443 }));
		await later();
		assert.equal(asked.length, 1);
		answers.shift()?.({ verdict: 'allowOnce' });
		assert.deepEqual(await Promise.all(both), [true, true]);
		// When the one that asked ends, the other one asks.
		const next = [one, other].map((gate) => gate?.mayReach({ host: 'next.test', port: 443 }));
		await later();
		one?.end();
		await later();
		assert.deepEqual(
			asked.map(({ toolUseId }) => toolUseId),
			['t0', 't0', 't1'],
		);
		answers.at(-1)?.({ verdict: 'deny' });
		assert.deepEqual(await Promise.all(next), [false, false]);
	});
});

test('outside of the sandbox nothing of it is asked', async () => {
	const scene = await createScene(reaching(), { inputs: [{ command: 'fetch it', outside_sandbox: 'because' }] });
	const held: ShellRequest['sandbox'][] = [];
	Object.assign(scene.ports.shell, {
		run: async ({ cwd, sandbox }: ShellRequest) => {
			held.push(sandbox);
			return { exitCode: 0, reason: 'exited', output: '', cwd, durationMs: 1 };
		},
	});
	await scene.run('go');
	assert.deepEqual([held, scene.asked.map(({ site }) => site)], [[undefined], [undefined]]);
	assert.equal(asToolUseId('t0'), scene.asked[0]?.toolUseId);
});
