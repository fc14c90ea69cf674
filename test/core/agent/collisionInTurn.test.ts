/** Two sessions at one file: the second one asks, once, before it goes over what the first has just written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId } from '../../../src/base/ids.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import { createFileTraffic } from '../../../src/core/permission/fileTraffic.ts';
import type { PermissionMode } from '../../../src/core/session/entry.ts';
import { entryBuilder } from '../../fakes/entries.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

const edit = (from: string, to: string, id: string) =>
	call('Edit', { file_path: 'a.js', old_string: from, new_string: to }, id);

async function scene(
	mode: PermissionMode,
	calls: readonly ReturnType<typeof call>[],
	options: Partial<FixtureOptions> = {},
) {
	const replies = [...calls.map((one) => ({ blocks: [one] })), { blocks: [text('ok')] }];
	const fixture = await createFixture({
		files: { '/w/a.js': 'let a = 1;\n' },
		mode,
		...options,
		model: createScriptedModel(replies),
	});
	const { clock, session } = fixture;
	const traffic = createFileTraffic(clock.now, () => []);
	const write = () => {
		const entry = entryBuilder().add({
			type: 'fileOperation',
			epoch: 1,
			op: 'change',
			path: { root: '/w', rel: 'a.js' },
			before: 'absent',
			after: 'absent',
			meta: {},
			author: 'agent',
			state: 'done',
		});
		traffic.take({ id: asSessionId('theirs'), title: 'The other one' }, { ...entry, timestamp: clock.now() });
	};
	session.onDidAppend((entry) => traffic.take(session, entry));
	return {
		...fixture,
		write,
		run: () =>
			runTurn(
				session,
				{ text: 'do it', attachments: [] },
				{ ...fixture.ports, traffic },
				() => undefined,
				new AbortController().signal,
			),
		edits: () => session.entries.filter((entry) => entry.type === 'fileOperation').length,
	};
}
const CAUSE = /^Changed by session “The other one” .+, and not read here since$/;

for (const mode of ['acceptEdits', 'auto'] as const)
	test(`in mode ${mode} it asks once, and says who changed the file`, async () => {
		const { write, run, asked, edits, workspace } = await scene(mode, [edit('1', '2', 'x'), edit('2', '3', 'y')]);
		write();
		await run();
		assert.equal(asked.length, 1);
		assert.match(asked[0]?.cause ?? '', CAUSE);
		assert.equal(asked[0]?.rule, undefined);
		assert.equal(edits(), 2);
		assert.equal(workspace.text('/w/a.js'), 'let a = 3;\n');
	});

test('denied, the file stays as the other session left it', async () => {
	const { write, run, edits, workspace } = await scene('acceptEdits', [edit('1', '2', 'x')], {
		permission: async () => ({ verdict: 'deny' }),
	});
	write();
	await run();
	assert.equal(edits(), 0);
	assert.equal(workspace.text('/w/a.js'), 'let a = 1;\n');
});

test('what was read since needs no question', async () => {
	const { write, run, asked, edits } = await scene('acceptEdits', [
		call('Read', { file_path: 'a.js' }, 'r'),
		edit('1', '2', 'x'),
	]);
	write();
	await run();
	assert.equal(asked.length, 0);
	assert.equal(edits(), 1);
});

test('a rule that allows edits does not cover it', async () => {
	const { write, run, asked } = await scene('acceptEdits', [edit('1', '2', 'x')], { rules: { allow: ['Edit'] } });
	write();
	await run();
	assert.equal(asked.length, 1);
});

test('in mode ask the proposal says it, and no second question is put', async () => {
	const { write, run, asked, session } = await scene('ask', [edit('1', '2', 'x'), edit('2', '3', 'y')]);
	write();
	await run();
	assert.equal(asked.length, 0);
	const warnings = session.entries.flatMap((entry) => (entry.type === 'editProposed' ? [entry.warning] : []));
	assert.match(warnings[0] ?? '', CAUSE);
	assert.deepEqual(warnings.slice(1), [undefined]);
});
