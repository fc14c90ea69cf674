/** The rows of *Permission Rules*. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RuleOrigin, ruleRows, rulesTitle } from '../../../src/host/permission/permissionRuleRows.ts';

const PATH = '/w/.claude/settings.json';
const rules: readonly RuleOrigin[] = [
	{ rule: 'Bash(make:*)', kind: 'allow', from: 'session', isInForce: true },
	{ rule: 'Bash(echo $(trash))', kind: 'allow', from: 'workspace', isInForce: true },
	{ rule: 'Bash(rm:*)', kind: 'deny', from: 'user', isInForce: true },
	{
		...{ rule: 'Raed', kind: 'ask', from: 'user', isInForce: true },
		problem: { code: 'tool-unknown', level: 'warning', message: 'There is no tool Raed.' },
	},
	{ rule: 'Bash(curl:*)', kind: 'ask', from: 'file', path: PATH, isInForce: true },
	{ rule: 'Bash(npm:*)', kind: 'allow', from: 'file', path: PATH, isInForce: false },
	{ rule: 'Bash(pip:*)', kind: 'allow', from: 'file', path: '/h/settings.json', answer: 'no', isInForce: false },
];

test('stand under where they hold, with what can be done about each', () => {
	const rows = ruleRows(rules, (path) => path.replace('/w/', ''));
	assert.deepEqual(
		rows.map(({ label, description, detail, actions }) => [label, description, detail, actions.join()]),
		[
			['This session', undefined, undefined, ''],
			['$(check) Bash(make:*)', 'allowed', undefined, 'remove'],
			['This workspace', undefined, undefined, ''],
			['$(check) Bash(echo \\$(trash))', 'allowed', undefined, 'remove'],
			['Everywhere: the setting retrace.permissions', undefined, undefined, ''],
			['$(circle-slash) Bash(rm:*)', 'denied', undefined, 'remove'],
			['$(question) Raed', 'asked about', '$(warning) There is no tool Raed.', 'remove'],
			['.claude/settings.json', undefined, undefined, ''],
			['$(question) Bash(curl:*)', 'asked about', undefined, 'open'],
			['$(check) Bash(npm:*)', 'allowed', 'Does not hold before you agree to this file.', 'open'],
			['/h/settings.json', undefined, undefined, ''],
			['$(check) Bash(pip:*)', 'allowed', 'Does not hold: you said no.', 'forget,open'],
		],
	);
	assert.deepEqual(
		rows.filter(({ origin }) => origin).map(({ origin }) => origin),
		rules,
	);
});

test('are counted in the title', () => {
	assert.equal(rulesTitle(1), 'Permission Rules (1 rule)');
	assert.deepEqual(ruleRows([], String), []);
});
