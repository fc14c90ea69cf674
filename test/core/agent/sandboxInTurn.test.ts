/** Commands in a sandbox, from the model's call to its result: what is asked, what the shell is told, and what the model and the row say. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import type { ShellRequest } from '../../../src/core/ports.ts';
import type { CommandSandbox } from '../../../src/core/sandbox/sandboxPort.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { parseShell } from '../permission/shellFixture.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

const POLICY = { writable: ['/w'], hasNetwork: false };
type More = Omit<FixtureOptions, 'model'> & {
	readonly mayRunUnasked?: boolean;
	readonly isOff?: boolean;
	readonly problem?: Error;
};

/** One call of Bash; `held` says of each command that ran how it was held. */
async function runCall(
	input: Record<string, unknown>,
	{ mayRunUnasked = false, isOff = false, problem, ...more }: More = {},
) {
	const model = createScriptedModel([{ blocks: [call('Bash', input, 't')] }, { blocks: [text('ok')] }]);
	const fixture = await createFixture({ files: { '/w/a.js': '' }, ...more, model });
	const sandbox: CommandSandbox = {
		policy: () => (isOff ? undefined : POLICY),
		async ready() {
			if (problem) throw problem;
		},
		mayRunUnasked: () => mayRunUnasked,
	};
	const held: ShellRequest['sandbox'][] = [];
	const { shell } = fixture.ports;
	Object.assign(fixture.ports, {
		shellGrammar: { load: async () => parseShell },
		services: { sessionId: fixture.session.id, sandbox },
		shell: {
			run: async (request: ShellRequest, signal: AbortSignal) => {
				held.push(request.sandbox);
				return await shell.run(request, signal);
			},
		},
	});
	await fixture.run('do it');
	const result = fixture.session.entries.find((entry) => entry.type === 'toolResult');
	const said = result?.content.map((block) => ('text' in block ? block.text : '')).join('\n') ?? '';
	return { ...fixture, held, said, summary: result?.summary };
}

test('a command is held, and asked about as ever', async () => {
	const { asked, held, summary } = await runCall({ command: 'make all' });
	assert.deepEqual([asked.length, asked[0]?.rule], [1, 'Bash(make all:*)']);
	assert.deepEqual([held, summary], [[POLICY], 'exit 0']);
});

test('with the setting off, it is not, whatever the call says', async () => {
	const { asked, held } = await runCall({ command: 'ls', outside_sandbox: 'why not' }, { isOff: true });
	assert.deepEqual([asked.length, held], [0, [undefined]]);
});

test('where it cannot be made, nothing is run', async () => {
	const problem = new UserError('no-sandbox', 'bubblewrap is not installed. Nothing was run.');
	for (const run_in_background of [false, true]) {
		const { held, said } = await runCall({ command: 'ls', run_in_background }, { problem });
		assert.deepEqual([held, said], [[], problem.message]);
	}
});

describe('a call that wants out', () => {
	const input = { command: 'npm ci', outside_sandbox: 'the registry must be reached.\n' };
	for (const mode of ['ask', 'acceptEdits', 'auto'] as const)
		test(`is asked about, with the reason and no rule, in mode ${mode} and against every rule`, async () => {
			const { asked, held } = await runCall(input, { mode, rules: { allow: ['Bash'] }, mayRunUnasked: true });
			assert.deepEqual(
				asked.map(({ cause, rule, rules }) => [cause, rule, rules]),
				[['It wants to run outside the sandbox: the registry must be reached', undefined, undefined]],
			);
			assert.deepEqual(held, [undefined]);
		});
	test('is not run when the user says no', async () => {
		const { held, said } = await runCall(input, { permission: async () => ({ verdict: 'deny' }) });
		assert.deepEqual(held, []);
		assert.match(said, /denied permission/);
	});
	test('is denied where a rule forbids the command', async () => {
		const { asked, held } = await runCall(input, { rules: { deny: ['Bash(npm:*)'] } });
		assert.deepEqual([asked, held], [[], []]);
	});
	test('says what else is asked about', async () => {
		const { asked } = await runCall({ command: 'cat .env', outside_sandbox: 'needed' });
		assert.match(asked[0]?.cause ?? '', /^It wants to run outside the sandbox: needed\. It names .env/);
	});
	test('without a reason is no valid call', async () => {
		const { held, said } = await runCall({ command: 'ls', outside_sandbox: ' ' });
		assert.deepEqual(held, []);
		assert.match(said, /not valid/);
	});
});

describe('where the user lets held commands run', () => {
	const mayRunUnasked = true;
	test('what only lacks a rule is not asked about', async () => {
		for (const command of ['make all', 'node -e 1 && ./x.sh | tee out', 'curl https://example.com'])
			assert.deepEqual((await runCall({ command }, { mayRunUnasked })).asked, [], command);
	});
	test('what rules or protected files ask about still is, and denied stays denied', async () => {
		const rules = { ask: ['Bash(make:*)'], deny: ['Bash(rm:*)'] };
		for (const command of ['make all', 'cat .env', 'echo x >.git/config', 'echo x >/etc/hosts', '$(pick) all'])
			assert.equal((await runCall({ command }, { mayRunUnasked, rules })).asked.length, 1, command);
		assert.deepEqual((await runCall({ command: 'rm a.js' }, { mayRunUnasked, rules })).held, []);
	});
	test('nothing more runs in plan mode', async () => {
		assert.deepEqual((await runCall({ command: 'make all' }, { mayRunUnasked, mode: 'plan' })).held, []);
	});
	test('where the grammar is gone, the text is enough', async () => {
		const { asked } = await runCall({ command: 'make all' }, { mayRunUnasked });
		assert.deepEqual(asked, []);
	});
});

describe('a command that failed', () => {
	const failing = (output: string, exitCode = 1) =>
		runCall({ command: 'ls' }, { shell: () => ({ output, exitCode, reason: 'exited' }) });
	for (const output of [
		'touch: cannot touch /x: Read-only file system',
		'npm error code EROFS',
		'curl: (6) Could not resolve host: example.com',
		'getaddrinfo EAI_AGAIN packages.example.com',
		"bwrap: Can't chdir to /gone: No such file or directory",
	])
		test(`perhaps for the sandbox: ${output}`, async () => {
			const { said, summary } = await failing(output);
			assert.match(said, /\[the command ran in a sandbox, which may be the cause: .*"outside_sandbox"/);
			assert.equal(summary, 'exit 1, sandbox');
		});
	test('for another reason says nothing of it', async () => {
		const { said, summary } = await failing('2 tests failed');
		assert.deepEqual([said, summary], ['2 tests failed\n[exit code 1]', 'exit 1']);
	});
	test('or did not, says nothing of it', async () => {
		assert.equal((await failing('Permission denied', 0)).summary, 'exit 0');
	});
	test('outside says nothing of it', async () => {
		const outcome = { output: 'Permission denied', exitCode: 1, reason: 'exited' as const };
		const { said } = await runCall({ command: 'ls', outside_sandbox: 'x' }, { shell: () => outcome });
		assert.doesNotMatch(said, /sandbox/);
	});
});

test('what it made though it is protected is told to both', async () => {
	const outcome = { madeProtected: ['/w/.vscode', '/w/.git/commondir'] };
	const { said, summary } = await runCall({ command: 'ls' }, { shell: () => outcome });
	assert.match(said, /\[it made \/w\/.vscode, \/w\/.git\/commondir, which can change what runs here/);
	assert.equal(summary, 'exit 0, made w/.vscode, made .git/commondir');
});
