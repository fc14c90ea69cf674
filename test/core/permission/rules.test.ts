import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
	findRule,
	isCompound,
	matchesCommand,
	matchesPath,
	parseRule,
	proposedCommandRule,
} from '../../../src/core/permission/rules.ts';
import type { ResolvedPath } from '../../../src/core/ports.ts';

const inside = (rel: string): ResolvedPath => ({
	kind: 'inside',
	file: { root: '/w', rel },
	absolute: `/w/${rel}`,
	isLink: false,
});

test('rules are parsed', () => {
	const check = (text: string, expected: ReturnType<typeof parseRule>) => assert.deepEqual(parseRule(text), expected);
	check('Bash', { tool: 'Bash', pattern: undefined });
	check('Bash()', { tool: 'Bash', pattern: undefined });
	check('Bash(npm test:*)', { tool: 'Bash', pattern: 'npm test:*' });
	check('Bash(echo (a))', { tool: 'Bash', pattern: 'echo (a)' });
	check(' Edit(src/**) ', { tool: 'Edit', pattern: 'src/**' });
	check('Edit(src', undefined);
	check('rm -rf', undefined);
});

describe('commands', () => {
	const cases: readonly (readonly [pattern: string, command: string, grants: boolean, denies: boolean])[] = [
		['npm test:*', 'npm test', true, true],
		['npm test:*', 'npm test -- --watch', true, true],
		['npm test:*', 'npm testing', false, false],
		['npm test:*', 'npm test; rm -rf .', false, true],
		['npm test:*', 'npm test && rm -rf .', false, true],
		['npm test:*', 'npm test | tee x', false, true],
		['npm test:*', 'npm test > x', false, true],
		['npm test:*', 'npm test $(rm x)', false, true],
		['npm test:*', 'npm test `rm x`', false, true],
		['npm test:*', 'npm test\nrm x', false, true],
		['npm test:*', 'npm test & rm x', false, true],
		['npm test:*', 'npm test <(rm x)', false, true],
		['npm test:*', 'PATH=. npm test', false, true],
		['rm:*', 'ls && rm -rf .', false, true],
		['rm:*', 'ls && sudo rm -rf .', false, true],
		['rm:*', '(rm -rf .)', false, true],
		['rm:*', 'echo $(rm -rf .)', false, true],
		['rm:*', 'A=1 env r"m" x', false, true],
		['rm:*', 'rmdir x', false, false],
		['echo a; echo b', 'echo a; echo b', true, true],
		['git push', 'git push', true, true],
		['git push', 'git push --force', false, false],
		['git push', 'ls; git  push', false, true],
		['npm run *', 'npm run', true, true],
		['npm run *', 'npm runs', false, false],
		['ls*', 'lsof -a', true, true],
		['git * main', 'git push origin main', true, true],
		['git * main', 'git push origin main2', false, false],
		['git * main', 'git push origin main && ls', false, true],
		['git * main', 'git main', false, false],
		['* --version', 'node --version', true, true],
		['* --help:*', 'npm --help run', true, true],
		['* --help *', 'npm --helpful', false, false],
		['git:* push', 'git push', false, false],
		['*a*a*a*a*a*a*a*a*b', 'a'.repeat(2_000), false, false],
	];
	for (const [pattern, command, grants, denies] of cases)
		test(`${pattern} | ${JSON.stringify(command)}`, () => {
			assert.equal(matchesCommand(pattern, command, 'strict'), grants, 'strict');
			assert.equal(matchesCommand(pattern, command, 'wide'), denies, 'wide');
		});

	const proposals: readonly (readonly [command: string, rule: string | undefined])[] = [
		['npm test', 'Bash(npm test:*)'],
		['npm run build -- --prod', 'Bash(npm run build:*)'],
		['npm exec foo', 'Bash(npm exec foo)'],
		['git status -s', 'Bash(git status:*)'],
		['git -C x push', 'Bash(git -C x push)'],
		['ls -la', 'Bash(ls:*)'],
		['pytest tests/a.py', 'Bash(pytest:*)'],
		['node build.js', 'Bash(node build.js)'],
		['rm -rf dist', 'Bash(rm -rf dist)'],
		['./run.sh', 'Bash(./run.sh)'],
		['FOO=1 make', 'Bash(FOO=1 make)'],
		['npm test && ls', undefined],
		['echo hi > x', undefined],
	];
	for (const [command, rule] of proposals)
		test(`proposes for ${command}`, () => {
			assert.equal(proposedCommandRule(command), rule);
			if (rule === undefined) return assert.ok(isCompound(command));
			assert.equal(findRule([rule], 'Bash', { kind: 'command', command }, 'strict'), rule);
		});
});

describe('paths', () => {
	const cases: readonly (readonly [pattern: string, rel: string, expected: boolean])[] = [
		['src/**', 'src/a/b.ts', true],
		['src/**', 'lib/src/b.ts', false],
		['/src', 'src/a/b.ts', true],
		['src/', 'x/src/b.ts', true],
		['*.ts', 'a/b/c.ts', true],
		['*.ts', 'a/b/c.tsx', false],
		['a/*.ts', 'a/b/c.ts', false],
		['**/test/*.js', 'a/test/x.js', true],
		['**/test/*.js', 'test/x.js', true],
		['a?c', 'abc', true],
		['[ab].md', 'b.md', true],
		['[!ab].md', 'b.md', false],
		['a.c', 'abc', false],
		['//w/src/**', 'src/a.ts', true],
		['//other/**', 'src/a.ts', false],
		['./src/**', 'src/a.ts', true],
	];
	for (const [pattern, rel, expected] of cases)
		test(`${pattern} | ${rel}`, () => assert.equal(matchesPath(pattern, inside(rel), 'strict'), expected));

	test('denying does not mind the case of letters', () => {
		assert.equal(matchesPath('Secret/**', inside('secret/a'), 'strict'), false);
		assert.equal(matchesPath('Secret/**', inside('secret/a'), 'wide'), true);
	});
	test('a folder that is denied is denied at any depth, one that is granted is not', () => {
		for (const [pattern, isDeep] of [
			['secrets/**', true],
			['/secrets/**', false],
			['./secrets/**', false],
			['secrets/a/**', false],
		] as const) {
			assert.equal(matchesPath(pattern, inside('pkg/secrets/a/x'), 'wide'), isDeep, pattern);
			assert.equal(matchesPath(pattern, inside('pkg/secrets/a/x'), 'strict'), false, pattern);
			assert.equal(matchesPath(pattern, inside('secrets/a/x'), 'wide'), true, pattern);
		}
	});
	test('drives are written as folders', () => {
		const at = { kind: 'outside', absolute: 'C:\\Users\\a\\.ssh\\id' } as const;
		for (const pattern of ['//c/Users/a/**', '//C:/Users/a/**']) assert.ok(matchesPath(pattern, at, 'wide'), pattern);
		assert.equal(matchesPath('//d/Users/**', at, 'wide'), false);
	});
	test('a rule for Edit covers every editing tool; one that denies Read covers Grep', () => {
		const target = { kind: 'path', path: 'src/a', resolved: inside('src/a') } as const;
		for (const tool of ['Write', 'MultiEdit', 'NotebookEdit'])
			for (const breadth of ['strict', 'wide'] as const)
				assert.equal(findRule(['Edit(src/**)'], tool, target, breadth), 'Edit(src/**)');
		assert.equal(findRule(['Read(src/**)'], 'Grep', target, 'wide'), 'Read(src/**)');
		assert.equal(findRule(['Write(src/**)'], 'Edit', target, 'strict'), undefined);
	});
});

test('a rule grants only what it names', () => {
	const outside = { kind: 'outside', absolute: '/etc/a.ts' } as const;
	assert.equal(matchesPath('*.ts', outside, 'strict'), false, 'a name grants nothing outside');
	assert.equal(matchesPath('*.ts', outside, 'wide'), true);
	const named = (rule: string) => findRule([rule], 'Agent', { kind: 'name', name: 'explore' }, 'strict');
	assert.deepEqual([named('Agent(explore)'), named('Agent(exp:*)')], ['Agent(explore)', 'Agent(exp:*)']);
	assert.deepEqual([named('Agent(exp)'), named('Agent(ore)')], [undefined, undefined]);
	const read = (breadth: 'strict' | 'wide') => findRule(['Read'], 'Grep', { kind: 'none' }, breadth);
	assert.deepEqual([read('strict'), read('wide')], [undefined, 'Read']);
});

test('a star in the name of a tool grants behind a server only, and denies anywhere', () => {
	const covers = (rule: string, tool: string, breadth: 'strict' | 'wide') =>
		findRule([rule], tool, { kind: 'none' }, breadth) !== undefined;
	const cases: readonly (readonly [rule: string, tool: string, grants: boolean, denies: boolean])[] = [
		['mcp__git__get_*', 'mcp__git__get_log', true, true],
		['mcp__git__get_*', 'mcp__git__push', false, false],
		['mcp__git__*', 'mcp__git__push', true, true],
		['mcp__git__*', 'mcp__github__push', false, false],
		['mcp__git', 'mcp__git__push', true, true],
		['mcp__*', 'mcp__git__push', false, true],
		['mcp__g*__push', 'mcp__git__push', false, true],
		['*', 'Bash', false, true],
		['B*', 'Bash', false, true],
		['B*', 'Read', false, false],
	];
	for (const [rule, tool, grants, denies] of cases)
		assert.deepEqual([covers(rule, tool, 'strict'), covers(rule, tool, 'wide')], [grants, denies], `${rule} ${tool}`);
});
