// Permission rules that can never match, and rules that another one always overrules. What is said agrees with the code that decides.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { matchesCommand, matchesPath, parseRule } from '../../src/core/permission/rules.ts';
import { ruleProblem } from '../../src/server/ruleProblems.ts';
import { smallProject } from './smallProject.ts';

const { tools } = smallProject({});

function problem(
	rule: string,
	list: 'allow' | 'ask' | 'deny' = 'allow',
	others: Partial<Record<'allow' | 'ask' | 'deny', string[]>> = {},
) {
	const stated = { list, rule };
	const fellows = Object.entries(others).flatMap(([name, rules]) =>
		rules.map((one) => ({
			list: name === 'deny' ? ('deny' as const) : name === 'ask' ? ('ask' as const) : ('allow' as const),
			rule: one,
		})),
	);
	return ruleProblem(stated, [stated, ...fellows], tools)?.code;
}

suite('Permission rules', () => {
	const cases: readonly (readonly [string, string | undefined])[] = [
		['Read', undefined],
		['Bash(npm test:*)', undefined],
		['Bash(npm test)', undefined],
		['Edit(src/**)', undefined],
		['Read(//etc/hosts)', undefined],
		['mcp__server__tool', undefined],
		['mcp__server', undefined],
		['mcp__server__*', undefined],
		['mcp__server__tool(x)', 'rule-never'],
		['WebFetch', undefined],
		['WebFetch(domain:example.com)', undefined],
		['WebFetch(domain:*.example.com)', undefined],
		['WebFetch(domain:[::1])', undefined],
		['WebFetch(https://example.com)', 'rule-never'],
		['WebFetch(domain:)', 'rule-never'],
		['WebFetch(domain:https://example.com)', 'rule-never'],
		['Browser(domain:localhost)', undefined],
		['WebSearch', undefined],
		['WebSearch(words)', 'rule-never'],
		['Agent(explore)', undefined],
		['Agent(my:*)', undefined],
		['Agent(my-*)', undefined],
		['Agent(model:opus)', 'rule-never'],
		['Skill(git:commit)', undefined],
		['Task(explore)', undefined],
		['Skill(commit)', undefined],
		['Bash(npm test *)', undefined],
		['npm test', 'rule-form'],
		['', 'rule-form'],
		['Bsh(npm test)', 'tool-unknown'],
		['Recall(old)', 'rule-never'],
		['Edit(../other/**)', 'rule-never'],
		['Read(~/.ssh/**)', undefined],
		['Bash(npm test*)', undefined],
		['Bash(git * main)', undefined],
		['Bash(git:* push)', 'rule-never'],
		['Bash(command:rm *)', 'rule-never'],
		['Bash(run_in_background:true)', 'rule-never'],
		['Read(**)x', 'rule-form'],
		['mcp__git__get_*', undefined],
		['mcp__*', 'rule-never'],
		['*', 'rule-never'],
		['B*(x)', 'rule-never'],
		['WebFetch(domain:*)', undefined],
		['Bash(npm test && rm:*)', 'rule-never'],
	];
	for (const [rule, expected] of cases)
		test(`${rule || '(nothing)'}: ${expected ?? 'fine'}`, () => assert.equal(problem(rule), expected));

	test('a stronger rule that covers all of it', () => {
		assert.equal(problem('Bash(npm test:*)', 'allow', { deny: ['Bash(npm:*)'] }), 'rule-shadowed');
		assert.equal(problem('Bash(npm test:*)', 'allow', { ask: ['Bash'] }), 'rule-shadowed');
		assert.equal(problem('Write(src/a/**)', 'allow', { deny: ['Edit(src/**)'] }), 'rule-shadowed');
		assert.equal(problem('Edit(*.ts)', 'ask', { deny: ['Edit(*.ts)'] }), 'rule-shadowed');
		assert.equal(problem('Grep', 'allow', { deny: ['Read'] }), 'rule-shadowed');
		assert.equal(problem('Bash(npm test:*)', 'allow', { deny: ['Bash(npm *)'] }), 'rule-shadowed');
		assert.equal(problem('mcp__git__log', 'allow', { deny: ['mcp__git'] }), 'rule-shadowed');
		assert.equal(problem('WebFetch(domain:api.a.com)', 'allow', { ask: ['WebFetch(domain:a.com)'] }), 'rule-shadowed');
		assert.equal(problem('WebFetch(domain:*.a.com)', 'allow', { deny: ['WebFetch(domain:*.a.com)'] }), 'rule-shadowed');
		assert.equal(problem('Agent(explore)', 'allow', { deny: ['Agent(ex:*)'] }), 'rule-shadowed');
	});

	test('one that covers only a part leaves it be', () => {
		assert.equal(problem('Bash(npm:*)', 'allow', { deny: ['Bash(npm publish:*)'] }), undefined);
		assert.equal(problem('Bash(npm test:*)', 'allow', { deny: ['Bash(npm test)'] }), undefined);
		assert.equal(problem('Bash', 'allow', { deny: ['Bash(rm:*)'] }), undefined);
		assert.equal(problem('Edit(src/**)', 'allow', { deny: ['Edit(src/?/**)', 'Edit(*.ts)'] }), undefined);
		assert.equal(problem('Read', 'allow', { deny: ['Grep', 'Edit'] }), undefined);
		assert.equal(problem('mcp__git', 'allow', { deny: ['mcp__git__push', 'mcp__github'] }), undefined);
		assert.equal(problem('WebFetch(domain:a.com)', 'allow', { deny: ['WebFetch(domain:*.a.com)'] }), undefined);
		assert.equal(problem('Agent(ex:*)', 'allow', { deny: ['Agent(explore)'] }), undefined);
		assert.equal(problem('Bash(npm:*)', 'deny', { allow: ['Bash'], ask: ['Bash'] }), undefined);
	});

	test('what is called overruled never has a say', () => {
		const part = fc.constantFrom('src', 'a', 'b', '*', '**', '*.ts');
		const pattern = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
		const file = fc
			.array(fc.constantFrom('src', 'a', 'b', 'c.ts'), { minLength: 1, maxLength: 4 })
			.map((parts) => parts.join('/'));
		fc.assert(
			fc.property(pattern, pattern, file, (weak, strong, rel) => {
				if (problem(`Edit(${weak})`, 'allow', { deny: [`Edit(${strong})`] }) !== 'rule-shadowed') return;
				const at = {
					kind: 'inside',
					file: { root: '/project', rel },
					absolute: `/project/${rel}`,
					isLink: false,
				} as const;
				// A pattern that is only a star is no pattern.
				const covers = (text: string) => {
					const parsed = parseRule(`Edit(${text})`)?.pattern;
					return parsed === undefined || matchesPath(parsed, at, 'wide');
				};
				assert.ok(!covers(weak) || covers(strong), `${weak} matches ${rel}, ${strong} does not`);
			}),
			{ numRuns: 2000 },
		);
		const words = fc
			.array(fc.constantFrom('npm', 'test', 'run', 'x'), { minLength: 1, maxLength: 3 })
			.map((all) => all.join(' '));
		const rule = fc
			.tuple(fc.constantFrom('', '* ', 'npm * '), words, fc.constantFrom('', ':*', ' *', '*', ' * x'))
			.map((parts) => parts.join(''));
		fc.assert(
			fc.property(rule, rule, words, (weak, strong, command) => {
				if (problem(`Bash(${weak})`, 'allow', { deny: [`Bash(${strong})`] }) !== 'rule-shadowed') return;
				assert.ok(!matchesCommand(weak, command, 'strict') || matchesCommand(strong, command, 'wide'));
			}),
		);
	});
});
