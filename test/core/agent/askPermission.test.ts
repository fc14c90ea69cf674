import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asSessionId } from '../../../src/base/ids.ts';
import type { TurnPorts } from '../../../src/core/agent/turnTypes.ts';
import type { PermissionAnswer } from '../../../src/core/permission/permissionRequest.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { parseShell } from '../permission/shellFixture.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

const bash = (command: string, id: string) => call('Bash', { command }, id);

/** Runs the commands one after the other, judged with the real grammar. */
async function runCommands(
	commands: readonly string[],
	options: Omit<FixtureOptions, 'model'> & { readonly ports?: Partial<TurnPorts> } = {},
) {
	const calls = commands.map((command, index) => bash(command, String(index)));
	const model = createScriptedModel([{ blocks: calls }, { blocks: [text('ok')] }]);
	const fixture = await createFixture({ files: { '/w/a.js': 'let a = 1;\n' }, ...options, model });
	Object.assign(fixture.ports, { shellGrammar: { load: async () => parseShell }, ...options.ports });
	await fixture.run('do it');
	const permissions = fixture.session.entries.filter((entry) => entry.type === 'permission');
	return { ...fixture, permissions };
}

const always = (scope?: PermissionAnswer['scope']) => async (): Promise<PermissionAnswer> => ({
	verdict: 'alwaysAllow',
	...(scope === undefined ? {} : { scope }),
});

test('what only looks runs without a question, and what leaves the workspace does not', async () => {
	const { asked, commands } = await runCommands(['ls && cat a.js', 'cat ../b']);
	assert.deepEqual(
		asked.map(({ target }) => target),
		['cat ../b'],
	);
	assert.deepEqual(commands, ['ls && cat a.js', 'cat ../b']);
});

describe('always allow', () => {
	test('adds the rule of every part that asks, and holds for each of them', async () => {
		const ran = await runCommands(['npm test && make all', 'make all', 'npm test | head'], { permission: always() });
		assert.equal(ran.asked.length, 1);
		assert.deepEqual(ran.asked[0]?.rules, ['Bash(npm test:*)', 'Bash(make all:*)']);
		assert.deepEqual(
			ran.asked[0]?.parts?.map(({ text: part, kind }) => `${kind} ${part}`),
			['ask npm test', 'ask make all'],
		);
		assert.deepEqual(ran.sessionRules, ['Bash(npm test:*)', 'Bash(make all:*)']);
		assert.deepEqual(ran.permissions[0]?.rules, ['Bash(npm test:*)', 'Bash(make all:*)']);
	});

	test('for the workspace is kept there, and not in the session', async () => {
		const kept: string[] = [];
		const keepRules: TurnPorts['keepRules'] = async (rules, scope) => void kept.push(`${scope}: ${rules.join()}`);
		const ran = await runCommands(['make all'], { permission: always('workspace'), ports: { keepRules } });
		assert.deepEqual(kept, ['workspace: Bash(make all:*)']);
		assert.deepEqual(ran.sessionRules, []);
		assert.deepEqual([ran.permissions[0]?.scope, ran.permissions[0]?.rule], ['workspace', 'Bash(make all:*)']);
	});

	test('that cannot be kept holds for the session, and says so in the log', async () => {
		const keepRules = async () => Promise.reject(new Error('settings.json cannot be written'));
		const ran = await runCommands(['make all', 'make all'], { permission: always('user'), ports: { keepRules } });
		assert.equal(ran.asked.length, 1);
		assert.deepEqual([ran.sessionRules, ran.permissions[0]?.scope], [['Bash(make all:*)'], undefined]);
	});

	test('is once only where no rule is offered', async () => {
		const ran = await runCommands(['echo x > .env', 'echo x > .env'], { permission: always('user') });
		assert.deepEqual(
			ran.permissions.map(({ verdict }) => verdict),
			['allowOnce', 'allowOnce'],
		);
	});
});

test('what is asked about is shown with what nobody sees, and says what does not fit', async () => {
	const hidden = await runCommands(['make \u202e"a\u200b"\n\techo ü 👩‍💻']);
	assert.equal(hidden.asked[0]?.target, 'make \\u{202e}"a\\u{200b}"\n\techo ü 👩‍💻');
	const long = await runCommands([`make ${'x'.repeat(30_000)}`]);
	assert.match(long.asked[0]?.target ?? '', /^make x+\n\[… and 10005 characters more, which do not fit here\]$/);
});

test('a grammar that cannot be loaded means asking, with the reason', async () => {
	const shellGrammar = { load: async () => Promise.reject(new Error('no such file')) };
	const { asked } = await runCommands(['ls'], { ports: { shellGrammar } });
	assert.match(asked[0]?.cause ?? '', /grammar of the shell could not be loaded/);
});

test('a grammar that cannot be loaded opens no way around the rules in auto mode', async () => {
	const shellGrammar = { load: async () => Promise.reject(new Error('no such file')) };
	const rules = { deny: ['Bash(rm:*)'] };
	const held = await runCommands(["$'\\x72m' a.js"], { mode: 'auto', rules, ports: { shellGrammar } });
	assert.match(held.asked[0]?.cause ?? '', /your rules cannot be held against it/);
	const free = await runCommands(['make'], { mode: 'auto', ports: { shellGrammar } });
	assert.deepEqual(free.asked, []);
});

test('a denied part denies the whole, and the model reads which', async () => {
	const { commands, session } = await runCommands(['ls; r""m a.js'], { rules: { deny: ['Bash(rm:*)'] } });
	assert.deepEqual(commands, []);
	const result = session.entries.find((entry) => entry.type === 'toolResult');
	assert.match(JSON.stringify(result?.content), /the rule Bash\(rm:\*\) forbids it/);
});

test('an edit that a rule allows is written at once in ask mode; any other is shown first', async () => {
	const write = (file_path: string, id: string) => call('Write', { file_path, content: 'new\n' }, id);
	const model = createScriptedModel([
		{ blocks: [write('docs/a.md', '1'), write('src/a.js', '2'), write('docs/.env', '3')] },
		{ blocks: [text('ok')] },
	]);
	const fixture = await createFixture({ model, rules: { allow: ['Edit(docs/**)'] } });
	await fixture.run('do it');
	const shown = fixture.session.entries.filter((entry) => entry.type === 'editProposed');
	assert.deepEqual(
		shown.map(({ toolUseId }) => toolUseId),
		['2', '3'],
	);
	assert.deepEqual(
		fixture.asked.map(({ toolUseId }) => toolUseId),
		['3'],
	);
});

test('an edit that a rule allows is shown all the same where another session has just written', async () => {
	const model = createScriptedModel([
		{ blocks: [call('Write', { file_path: 'docs/a.md', content: 'new\n' }, '1')] },
		{ blocks: [text('ok')] },
	]);
	const fixture = await createFixture({ model, rules: { allow: ['Edit(docs/**)'] } });
	const write = { sessionId: asSessionId('other'), title: 'Other', at: fixture.ports.clock.now() };
	const traffic: TurnPorts['traffic'] = {
		factsOf: () => ({ writes: [write], seenAt: undefined }),
		noteSeen: () => undefined,
	};
	Object.assign(fixture.ports, { traffic });
	await fixture.run('do it');
	const shown = fixture.session.entries.filter((entry) => entry.type === 'editProposed');
	assert.equal(shown.length, 1);
	assert.match(shown[0]?.warning ?? '', /Changed by session “Other”/);
});
