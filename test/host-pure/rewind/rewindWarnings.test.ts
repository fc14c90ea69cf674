import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import type { EntryOf } from '../../../src/core/session/entry.ts';
import { rewindWarnings } from '../../../src/host/rewind/rewindWarnings.ts';
import { entryBuilder, toolUse } from '../../fakes/entries.ts';

type Limits = EntryOf<'toolStarted'>['limits'] | 'notStarted';
const NOTHING = { items: [] };

function warningsOf(...commands: readonly (readonly [string, Limits])[]): readonly string[] {
	const log = entryBuilder();
	log.user('go');
	commands.forEach(([command, limits], index) => {
		const id = `t${index}`;
		log.reply([toolUse(id, 'Bash', { command })], { stopReason: 'tool_use' });
		if (limits !== 'notStarted')
			log.add({ type: 'toolStarted', toolUseId: asToolUseId(id), ...(limits === undefined ? {} : { limits }) });
		log.result(id, 'ok');
	});
	return rewindWarnings(log.entries, log.branch(), [{ name: 'w', path: '/w' }]);
}

describe('warnings of a rewind', () => {
	test('a command whose changes are recorded is not named', () => {
		assert.deepEqual(warningsOf(['npm test > out.txt', NOTHING], ['rm -rf src /w/b', NOTHING]), []);
	});

	test('one that was denied is not named', () => {
		assert.deepEqual(warningsOf(['rm x', 'notStarted']), []);
	});

	test('one that nobody looked at is', () => {
		assert.deepEqual(warningsOf(['touch a', undefined], ['touch b', undefined]), [
			'What 2 commands changed is not taken back: touch a · touch b',
		]);
	});

	test('says why nothing was seen', () => {
		assert.deepEqual(warningsOf(['touch a', { items: [], unavailable: 'the folder is too large' }]), [
			'What 1 command changed was not recorded (the folder is too large), so it is not taken back: touch a',
		]);
	});

	test('one that a crash cut off may have changed more than is recorded', () => {
		const log = entryBuilder();
		log.user('go');
		log.reply([toolUse('t', 'Bash', { command: 'make' })], { stopReason: 'tool_use' });
		log.add({ type: 'toolStarted', toolUseId: asToolUseId('t'), limits: NOTHING });
		const expected = ['What 1 command changed may not be recorded in full, since it was cut off: make'];
		assert.deepEqual(rewindWarnings(log.entries, log.branch(), []), expected);
		const unknown = { type: 'text', text: 'Interrupted' } as const;
		log.add({
			...{ type: 'toolResult', toolUseId: asToolUseId('t'), isError: true, content: [unknown] },
			...{ durationMs: 0, summary: 'interrupted' },
		});
		assert.deepEqual(rewindWarnings(log.entries, log.branch(), []), expected);
	});

	test('names what was left out, each once', () => {
		const items = [{ path: 'node_modules/', reason: 'ignored by git' }];
		assert.deepEqual(warningsOf(['a', { items }], ['b', { items, more: 3 }]), [
			'Not taken back if commands changed it: node_modules/ (ignored by git) and 3 more',
		]);
	});

	test('names what reached outside', () => {
		const outside = ['git commit -m x', 'cd a && git -c a=b push', 'A=1 curl -d x y', 'echo x > ~/y', 'cp a /etc/a'];
		const inside = ['git status', 'echo "curl"', 'cat /etc/hosts', 'make 2> /dev/null', 'cp a /w/b', 'npm install'];
		const [warning = '', ...more] = warningsOf(
			...[...outside, ...inside].map((command) => [command, NOTHING] as const),
		);
		assert.deepEqual(more, []);
		assert.equal(
			warning,
			`5 commands may have done more than change files of the workspace, which stays: ${outside.join(' · ')}`,
		);
	});
});
