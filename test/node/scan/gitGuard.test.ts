import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gitGuard } from '../../../src/node/scan/gitGuard.ts';

const guarded = (command: string) => gitGuard(command, {}).GIT_CONFIG_COUNT === '1';

test('every way to write git is guarded, and what fetches by itself is left alone', () => {
	for (const command of [
		'git status',
		'cd a && g""it log',
		"'git' log",
		'gi\\\nt log',
		'/usr/bin/git log',
		"$'\\x67it' log",
		'GIT log',
	])
		assert.ok(guarded(command), command);
	for (const command of ['go mod download', 'cargo build', 'make', 'ls']) assert.ok(!guarded(command), command);
});

test('settings that are there stay', () => {
	const there = { GIT_CONFIG_COUNT: '2' };
	assert.deepEqual(gitGuard('git log', there), {
		...{ GIT_CONFIG_KEY_2: 'safe.bareRepository', GIT_CONFIG_VALUE_2: 'explicit', GIT_CONFIG_COUNT: '3' },
	});
	assert.equal(gitGuard('git log', { GIT_CONFIG_COUNT: 'x' }).GIT_CONFIG_COUNT, '1');
});
