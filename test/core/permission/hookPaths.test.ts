/** Whoever agreed to a hook did not agree to what its script becomes: writing that file asks in every mode, and running or reading it does not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../../src/core/permission/decide.ts';
import { hookPaths } from '../../../src/core/permission/hookPaths.ts';
import type { PermissionMode } from '../../../src/core/session/entry.ts';
import { judge } from './shellFixture.ts';

const pathsOf = (command: string, projectDir = '/w') => hookPaths([{ command, projectDir }]);

describe('files that a hook names', () => {
	const table: readonly (readonly [command: string, paths: readonly string[]])[] = [
		['./guard.sh', ['guard.sh']],
		['bash Scripts/Guard.sh --strict', ['scripts/guard.sh']],
		['"$CLAUDE_PROJECT_DIR"/hooks/a.py', ['hooks/a.py']],
		['node "$RETRACE_PROJECT_DIR/hooks/b.mjs" < in.json', ['hooks/b.mjs', 'in.json']],
		['/w/tools/c.sh && echo done', ['tools/c.sh']],
		['a/../b/./d.sh; e.rb', ['b/d.sh', 'e.rb']],
		['npm run lint', []],
		['../outside.sh; /usr/bin/env; ~/own.sh; c:/tools/x.cmd', []],
		['curl https://a.test/x.sh --out=y.txt -f z', ['y.txt']],
		['/w', []],
		['', []],
	];
	for (const [command, paths] of table) test(command, () => assert.deepEqual(pathsOf(command), paths));

	test('whatever a command is, it is read, and no path leads out', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), fc.string(), (command, folder) => {
				for (const path of pathsOf(command, folder)) assert.doesNotMatch(path, /^\/|(?:^|\/)\.\.(?:\/|$)/);
			}),
		);
	});
});

describe('a file that a hook runs', () => {
	const rules = { allow: ['Edit', 'Write', 'Bash'], ask: [], deny: [], hookPaths: ['scripts/guard.sh'] };
	const write = (rel: string, effect: 'read' | 'write', mode: PermissionMode) =>
		decide({
			...{ tool: effect === 'write' ? 'Write' : 'Read', effect, mode, rules, sessionRules: ['Write'] },
			target: {
				...{ kind: 'path', path: rel },
				resolved: { kind: 'inside', file: { root: '/w', rel }, absolute: `/w/${rel}`, isLink: false },
			},
		});

	test('is asked about before it is written, in every mode and whatever the rules say', () => {
		for (const mode of ['ask', 'acceptEdits', 'auto'] as const) {
			const decision = write('scripts/Guard.sh', 'write', mode);
			assert.deepEqual(decision, {
				kind: 'ask',
				cause: 'scripts/Guard.sh is a file that a hook that you agreed to runs or reads',
			});
			assert.equal(write('scripts/other.sh', 'write', mode).kind, 'allow');
			assert.equal(write('scripts/guard.sh', 'read', mode).kind, 'allow');
		}
		assert.equal(write('scripts/guard.sh', 'write', 'plan').kind, 'deny');
	});

	const asked = [
		'echo x > scripts/guard.sh',
		'cd scripts && echo x >> guard.sh',
		'echo x | tee scripts/guard.sh',
		'cp evil.sh ./scripts/guard.sh',
		'mv /w/a.txt /w/scripts/guard.sh',
		'sed -i s/a/b/ scripts/GUARD.sh',
		'dd if=a.txt of=scripts/guard.sh',
		"python3 -c \"open('scripts/guard.sh', 'w').write('x')\"",
		'bash -c "rm scripts/guard.sh"',
		'chmod +x "scripts/gu"ard.sh',
		'node tool.js scripts/guard.sh',
	];
	for (const command of asked)
		test(`asks in every mode: ${command}`, async () => {
			for (const mode of ['acceptEdits', 'auto'] as const) {
				const decision = await judge(command, { ...rules, ask: [] }, mode);
				assert.equal(decision.kind, 'ask', mode);
				assert.match(decision.cause, /hook that you agreed to/);
			}
		});

	const free = [
		'cat scripts/guard.sh',
		'./scripts/guard.sh',
		'bash scripts/guard.sh -v',
		'grep -n x scripts/guard.sh',
		'ls',
		'touch scripts/guard.sh.bak scripts/my-guard.sh old.guard.sh',
	];
	for (const command of free)
		test(`is read and run as before: ${command}`, async () =>
			assert.equal((await judge(command, { hookPaths: rules.hookPaths }, 'auto')).kind, 'allow'));

	test('one that the grammar cannot read is searched as a text', async () => {
		const decision = await judge("echo 'never closed; tee scripts/guard.sh", { hookPaths: rules.hookPaths }, 'auto');
		assert.match(decision.cause, /It names scripts\/guard\.sh, which a hook/);
		assert.equal((await judge("echo 'never closed", { hookPaths: rules.hookPaths }, 'auto')).kind, 'allow');
	});

	test('a command that was not taken apart is searched as a text', () => {
		const of = (command: string) =>
			decide({
				...{ tool: 'Bash', effect: 'execute', mode: 'auto', rules: { ...rules, allow: [] }, sessionRules: [] },
				target: { kind: 'command', command },
			}).kind;
		assert.deepEqual([of('tee scripts/guard.sh'), of('tee other.sh')], ['ask', 'allow']);
	});
});
