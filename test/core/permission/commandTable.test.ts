import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { judge, type Rules } from './shellFixture.ts';

/** The rules that the head of the table names. */
const rules: Rules = {
	allow: ['Bash(npm test:*)', 'Bash(npm run *)', 'Bash(make lint)'],
	ask: ['Bash(git push:*)'],
	deny: ['Bash(rm:*)', 'Read(secret/**)', 'Edit(locked/**)'],
};

const lines = readFileSync(new URL('commandTable.txt', import.meta.url), 'utf8').split('\n');
const rows = lines.flatMap((line) => {
	if (line === '' || line.startsWith('# ')) return [];
	const [kind = '', text = '', why = '', ...offered] = line.split('\t');
	const command: string = text.startsWith('"') ? JSON.parse(text) : text;
	return [{ kind, command, cause: why === 'looks' ? 'It only looks, and only inside the workspace' : why, offered }];
});

describe('the table of commands', () => {
	for (const { kind, command, cause, offered } of rows)
		test(`${kind}: ${JSON.stringify(command)}`, async () => {
			const decision = await judge(command, rules);
			assert.deepEqual([decision.kind, decision.cause], [kind, cause]);
			const one = decision.kind === 'ask' && decision.rule !== undefined ? [decision.rule] : [];
			assert.deepEqual(decision.kind === 'ask' ? (decision.rules ?? one) : [], offered);
		});

	test('has enough of them, and each once', () => {
		const commands = rows.map(({ command }) => command);
		assert.ok(commands.length >= 300, `${commands.length}`);
		assert.deepEqual(commands, [...new Set(commands)]);
	});
});

test('more than is looked at is asked about, and what is denied is denied there as well', async () => {
	const many = 'ls; '.repeat(100);
	const asked = await judge(`${many}ls -l`, rules);
	assert.deepEqual([asked.kind, asked.cause], ['ask', 'It has too many parts']);
	assert.equal((await judge(`${'ls; '.repeat(99)}ls -l`, rules)).kind, 'allow');
	assert.equal((await judge(`${many}rm a.txt`, rules, 'auto')).kind, 'deny');
	const far = await judge('cd a; cd b; cd c; cd d; ls', rules);
	assert.deepEqual([far.kind, far.cause], ['ask', 'It changes the folder too often']);
});

describe('by mode', () => {
	const table: readonly (readonly [command: string, ...kinds: string[]])[] = [
		['git status && ls', 'allow', 'allow', 'allow', 'allow'],
		['ls > /dev/null', 'allow', 'allow', 'allow', 'allow'],
		['echo a > a.txt', 'deny', 'ask', 'ask', 'allow'],
		['npm run build', 'deny', 'allow', 'allow', 'allow'],
		['make', 'deny', 'ask', 'ask', 'allow'],
		['rm a.txt', 'deny', 'deny', 'deny', 'deny'],
		['git push', 'deny', 'ask', 'ask', 'ask'],
		['$x a.txt', 'deny', 'ask', 'ask', 'ask'],
		['eval "$x"', 'deny', 'ask', 'ask', 'ask'],
		['cp a.txt /etc/b', 'deny', 'ask', 'ask', 'ask'],
		['echo a > ../b', 'deny', 'ask', 'ask', 'ask'],
		['cat .env', 'deny', 'ask', 'ask', 'ask'],
		['cat .git/config', 'deny', 'ask', 'ask', 'ask'],
		['cat /etc/passwd', 'deny', 'ask', 'ask', 'allow'],
	];
	for (const [command, ...kinds] of table)
		test(command, async () => {
			const modes = ['plan', 'ask', 'acceptEdits', 'auto'] as const;
			const found = await Promise.all(modes.map(async (mode) => (await judge(command, rules, mode)).kind));
			assert.deepEqual(found, kinds);
		});

	test('without rules of their own, what is known only when it runs may run in auto mode', async () =>
		assert.equal((await judge('$x a.txt', {}, 'auto')).kind, 'allow'));
});

describe('from a folder inside the workspace', () => {
	const table: readonly (readonly [command: string, kind: string])[] = [
		['cd ..', 'allow'],
		['cd .. && ls', 'allow'],
		['cd .. && cat a.txt', 'allow'],
		['cd ../..', 'ask'],
		['cd .. && cd ..', 'ask'],
		['cd .. && cat ../b', 'ask'],
		['while true; do cd ..; cat a; done', 'ask'],
		['cd ..; cat ../b', 'ask'],
		['(cd ..; ls ..)', 'ask'],
		['f() { cd ..; }; f && f && ls', 'ask'],
	];
	for (const [command, kind] of table)
		test(command, async () => assert.equal((await judge(command, {}, 'ask', '/w/src')).kind, kind));
});

describe('with rules of their own', () => {
	const check = (command: string, own: Rules, mode: 'plan' | 'ask' | 'auto', kind: string, cause: RegExp) =>
		test(`${mode}: ${command}`, async () => {
			const decision = await judge(command, own, mode);
			assert.equal(decision.kind, kind, decision.cause);
			assert.match(decision.cause, cause);
		});
	// What cannot be taken apart is searched as a text for what is asked about, also where all else is allowed.
	check(
		'eval "$x; git push"',
		{ allow: ['Bash'], ask: ['Bash(git push:*)'] },
		'ask',
		'ask',
		/says to ask|could fall under/,
	);
	check('bash -s < a.txt', { ask: ['Bash(git push:*)'] }, 'auto', 'ask', /cannot be held against it/);
	check('bash -s < a.txt', { ask: ['Read'] }, 'auto', 'allow', /Auto mode/);
	// A secret by the user's own list, by where it is and not by how it is written.
	check('cd src && cat x.ts', { secrets: ['src/x.ts'] }, 'ask', 'ask', /may hold secrets/);
	check('make src/x.ts', { secrets: ['src/x.ts'] }, 'auto', 'ask', /may hold secrets/);
	check('cat a.txt', { secrets: ['src/x.ts'] }, 'ask', 'allow', /only looks/);
	// It may be written in either folder, and the rule is about one.
	check('cd src; echo a > out.txt', { allow: ['Edit(/out.txt)'] }, 'ask', 'ask', /it writes out\.txt/i);
	check('echo a > out.txt', { allow: ['Edit(/out.txt)'] }, 'ask', 'allow', /./);
	check("sh -c 'echo a > ../b'", {}, 'auto', 'ask', /outside the workspace folders/);
	check("sh -c 'make src/x.ts'", { secrets: ['src/x.ts'] }, 'auto', 'ask', /may hold secrets/);

	// In plan mode nothing runs that does more than look, also where rules would allow it.
	check('echo a > a.txt', { allow: ['Bash(echo:*)', 'Edit(/a.txt)'] }, 'plan', 'deny', /Plan mode/);
	check("sh -c 'make'", { allow: ['Bash(make:*)'] }, 'plan', 'deny', /Plan mode/);
	check("sh -c 'ls'", {}, 'plan', 'allow', /looks/);

	test('a name that reads as a pattern is offered as no rule', async () => {
		const decision = await judge("echo a > 'x*.ts'");
		assert.deepEqual(decision, { kind: 'ask', cause: "It writes 'x*.ts'" });
	});
});
