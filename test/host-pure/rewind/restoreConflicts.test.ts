/** Conflicts that a rewind left: they wait in the log, are settled by hash, and can be brought back by an undo. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import { applyRestore } from '../../../src/core/checkpoint/restore.ts';
import { planRestore, planTurnUndo } from '../../../src/core/checkpoint/restorePlan.ts';
import { Approvals } from '../../../src/host/asking/approvals.ts';
import { choiceOf } from '../../../src/host/rewind/restoreChoice.ts';
import { loadConflict, restoreWhole, useMerged } from '../../../src/host/rewind/restoreConflicts.ts';
import { applyRewind, redoRewind, undoRewind } from '../../../src/host/rewind/rewindFlow.ts';
import { type Conflict, unresolvedConflicts } from '../../../src/host/rewind/unresolvedConflicts.ts';
import { backgroundOf, stopCommands } from '../../../src/host/session/backgroundRuns.ts';
import { OpenSession } from '../../../src/host/session/openSession.ts';
import { createBlobTexts } from '../../../src/host/transcript/blobTexts.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { createShell } from '../../../src/node/process/shellProcess.ts';
import type { TranscriptItem } from '../../../src/protocol/transcriptItem.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';

const { signal } = new AbortController();
const edit = (oldString: string, newString: string) =>
	call('Edit', { file_path: 'a', old_string: oldString, new_string: newString }, `e-${newString}`);

/** The agent made `two` of `one`; the user then made `mine` of it, and rewound. */
async function createConflict(
	options: {
		readonly mine?: string;
		readonly more?: readonly ReturnType<typeof edit>[];
		readonly isRewound?: boolean;
	} = {},
) {
	const { mine = 'top\nmine\nend\n', more = [], isRewound = true } = options;
	const model = createScriptedModel([
		{ blocks: [edit('one', 'two')] },
		{ blocks: [text('Done.')] },
		...more.map((block) => ({ blocks: [block] })),
		{ blocks: [text('Done.')] },
	]);
	const fixture = await createFixture({ model, mode: 'acceptEdits', files: { '/w/a': 'top\none\nend\n' } });
	const { session, workspace, blobs, ports } = fixture;
	const texts = createBlobTexts(blobs, (error) => assert.ifError(error));
	const reload = () =>
		new OpenSession(
			session,
			createPromptQueue(createFakeIds()),
			new Approvals(session.id, { proposeEdit: (_, proposal) => ports.approver.proposeEdit(proposal, signal) }),
			texts,
			createTranscriptInputs(texts.text, (absolute) => absolute),
		);
	const open = reload();
	const world = { workspace, blobs, codeReason: () => null };
	await fixture.run('Change it');
	workspace.set('/w/a', mine);
	const entryId = session.branch().find((entry) => entry.type === 'user')?.id ?? '';
	if (isRewound) await applyRewind(open, { entryId, scope: 'code', overwrite: [] }, world, signal);
	const waiting = () => unresolvedConflicts(session.entries).map(({ file }) => file.rel);
	const first = (): Conflict => {
		const [conflict] = unresolvedConflicts(session.entries);
		assert.ok(conflict);
		return conflict;
	};
	const load = async () => await loadConflict(open, first(), world, signal);
	const use = async (words: string) => {
		const { current } = await load();
		await useMerged(open, { ...first(), current, text: words }, world, signal);
	};
	return { ...fixture, open, reload, world, waiting, first, load, use, rows: () => open.rows() };
}

test('the three texts of a conflict: as the agent left it, as it is, as it is to be', async () => {
	const { load, waiting, workspace } = await createConflict();
	assert.deepEqual(waiting(), ['a']);
	assert.equal(workspace.text('/w/a'), 'top\nmine\nend\n', 'a restore never waits, and takes nothing');
	const { texts } = await load();
	assert.deepEqual(
		[texts?.ancestor, texts?.ours, texts?.theirs],
		['top\ntwo\nend\n', 'top\nmine\nend\n', 'top\none\nend\n'],
	);
	assert.match(texts?.mergedWithMarkers ?? '', /^<{7} /m);
});

test('the result settles the conflict; an undo brings it back, and the file as it was', async () => {
	const { use, waiting, workspace, open, world, rows } = await createConflict();
	await use('top\none and mine\nend\n');
	assert.equal(workspace.text('/w/a'), 'top\none and mine\nend\n');
	assert.deepEqual(waiting(), []);
	const row = rows().at(-1);
	assert.equal(row?.kind === 'rewound' && row.text, 'Conflict settled: a');
	await undoRewind(open, world, signal);
	assert.equal(workspace.text('/w/a'), 'top\nmine\nend\n');
	assert.deepEqual(waiting(), ['a']);
	await redoRewind(open, world, signal);
	assert.equal(workspace.text('/w/a'), 'top\none and mine\nend\n');
	assert.deepEqual(waiting(), []);
});

test('a result that is the file as it is settles the conflict as well', async () => {
	const { use, waiting, workspace } = await createConflict();
	await use('top\nmine\nend\n');
	assert.deepEqual(waiting(), []);
	assert.equal(workspace.text('/w/a'), 'top\nmine\nend\n');
});

test('markers in the result are refused, and nothing is written', async () => {
	const { load, use, waiting, workspace } = await createConflict();
	const { texts } = await load();
	await assert.rejects(use(texts?.mergedWithMarkers ?? ''), { code: 'has-markers' });
	assert.equal(workspace.text('/w/a'), 'top\nmine\nend\n');
	assert.deepEqual(waiting(), ['a']);
});

test('a file that was changed since the merge was opened is not written', async () => {
	const { load, first, open, world, waiting, workspace } = await createConflict();
	const { current } = await load();
	workspace.set('/w/a', 'top\nmine again\nend\n');
	await assert.rejects(useMerged(open, { ...first(), current, text: 'merged\n' }, world, signal), {
		code: 'changed-meanwhile',
	});
	assert.equal(workspace.text('/w/a'), 'top\nmine again\nend\n');
	assert.deepEqual(waiting(), ['a']);
});

test('the line ends of the file stay, whatever the editor made of them', async () => {
	const { use, workspace } = await createConflict({ mine: 'top\r\nmine\r\nend\r\n' });
	await use('top\nmerged\nend\n');
	assert.equal(workspace.text('/w/a'), 'top\r\nmerged\r\nend\r\n');
});

test('a conflict is gone with the rewind that left it, and with what the agent does next', async () => {
	const undone = await createConflict();
	await undoRewind(undone.open, undone.world, signal);
	assert.deepEqual(undone.waiting(), []);
	const goesOn = await createConflict({ more: [edit('mine', 'next')] });
	await goesOn.run('Go on');
	assert.deepEqual(goesOn.waiting(), []);
	const row = goesOn.rows().find((one) => one.kind === 'rewound');
	assert.deepEqual(row?.kind === 'rewound' && row.conflicts, []);
});

test('a command in the background keeps a result out of the file until it is over', async () => {
	const { use, load, first, open, world, waiting, workspace, session, blobs, ports } = await createConflict();
	const { current } = await load();
	const real = createShell({ hiddenEnvironment: [] });
	// The folder of the fixture is in memory only.
	const shell = {
		...real,
		start: (request: Parameters<typeof real.start>[0]) => real.start({ ...request, cwd: tmpdir() }),
	};
	const { clock, trace } = ports;
	const commands = backgroundOf(open, { blobs, clock, trace, outside: { shell } }, () => undefined);
	await commands?.start({ toolUseId: asToolUseId('toolu_bg'), command: 'sleep 300', cwd: '/w' }, signal);
	await assert.rejects(use('top\nmerged\nend\n'), { code: 'commands-running' });
	await assert.rejects(restoreWhole(open, { ...first(), current }, world, signal), { code: 'commands-running' });
	assert.equal(workspace.text('/w/a'), 'top\nmine\nend\n');
	assert.deepEqual(waiting(), ['a']);
	await stopCommands(session, 'rewind');
	await use('top\nmerged\nend\n');
	assert.equal(workspace.text('/w/a'), 'top\nmerged\nend\n');
});

test('what has no lines to merge is restored as a whole, or stays', async () => {
	const { workspace, load, first, open, world, waiting } = await createConflict({ mine: 'bin\u0000ary' });
	const { texts, current, note } = await load();
	assert.equal(texts, undefined);
	assert.match(note, /not a text file/);
	await restoreWhole(open, { ...first(), current }, world, signal);
	assert.equal(workspace.text('/w/a'), 'top\none\nend\n');
	assert.deepEqual(waiting(), []);
});

test('what an undo of a rewind could not bring back waits as well, in the row that offers the redo', async () => {
	const { use, open, world, workspace, waiting, rows } = await createConflict();
	await use('top\none\nend\n');
	workspace.set('/w/a', 'top\nelse\nend\n');
	await undoRewind(open, world, signal);
	assert.equal(workspace.text('/w/a'), 'top\nelse\nend\n');
	assert.deepEqual(waiting(), ['a']);
	const row = rows().at(-1);
	assert.deepEqual(row?.kind === 'rewound' && [row.id, row.canRedo, row.conflicts.map(({ path }) => path)], [
		'rewind-undone',
		true,
		['a'],
	]);
	await use('top\nmine\nend\n');
	assert.equal(workspace.text('/w/a'), 'top\nmine\nend\n');
	assert.deepEqual(waiting(), []);
});

test('a conflict of an undo stays listed where the undo was, also after the conversation went on and a reload', async () => {
	const { use, session, open, world, workspace, rows, waiting, reload } = await createConflict();
	await use('top\none\nend\n');
	workspace.set('/w/a', 'top\nelse\nend\n');
	await undoRewind(open, world, signal);
	let shown: readonly TranscriptItem[] = rows();
	open.onDidChange((change) => {
		if (change.kind === 'reset') shown = rows();
		else if (change.kind === 'item') shown = [...shown.filter(({ id }) => id !== change.item.id), change.item];
	});
	for (const words of ['Go on', 'And on']) {
		session.append({ type: 'user', content: [{ type: 'text', text: words }] });
		for (const now of [shown, rows(), reload().rows()]) {
			const listed = now.flatMap((row) => (row.kind === 'rewound' && row.conflicts.length > 0 ? [row] : []));
			assert.deepEqual(
				listed.map(({ text, canUndo, canRedo, conflicts }) => [
					text,
					canUndo,
					canRedo,
					conflicts.map(({ path }) => path),
				]),
				[['Rewind undone: 0 files restored, 1 conflict', false, false, ['a']]],
			);
		}
	}
	const kinds = rows().map((row) => (row.kind === 'rewound' || row.kind === 'prompt' ? row.text : ''));
	assert.ok(kinds.indexOf('Go on') > kinds.indexOf('Rewind undone: 0 files restored, 1 conflict'));
	await use('top\nmine\nend\n');
	assert.deepEqual(waiting(), []);
});

test('a conflict of a point of the time line that was not ticked can be merged afterwards', async () => {
	const { session, open, world, load, use, waiting, rows, workspace } = await createConflict({ isRewound: false });
	const plan = await planRestore({ session, ...world, toEpoch: 0 }, signal);
	await open.alone(() => applyRestore({ session, ...world, plan, ...choiceOf(plan, new Set()) }, signal));
	assert.deepEqual(waiting(), ['a']);
	const row = rows().at(-1);
	assert.deepEqual(row?.kind === 'rewound' && row.conflicts.map(({ path }) => path), ['a']);
	const { texts } = await load();
	assert.equal(texts?.theirs, 'top\none\nend\n');
	await use('top\none and mine\nend\n');
	assert.deepEqual(waiting(), []);
	assert.equal(workspace.text('/w/a'), 'top\none and mine\nend\n');
});

test('a conflict of one turn that was taken back is merged with that turn’s change alone', async () => {
	const { session, open, world, load, use, waiting, run, workspace } = await createConflict({
		...{ isRewound: false, mine: 'top\ntwo\nend\n' },
		more: [
			call('Edit', { file_path: 'a', old_string: 'two', new_string: 'three' }, 'later-1'),
			call('Edit', { file_path: 'a', old_string: 'end', new_string: 'fin' }, 'later-2'),
		],
	});
	await run('Go on');
	workspace.set('/w/a', 'top\nthree\nfin\n');
	const prompt = session.branch().find((entry) => entry.type === 'user')?.id;
	assert.ok(prompt);
	const plan = await planTurnUndo({ session, ...world, prompt }, signal);
	await open.alone(() => applyRestore({ session, ...world, plan, ...choiceOf(plan, new Set()) }, signal));
	assert.deepEqual(waiting(), ['a']);
	const { texts } = await load();
	assert.deepEqual(
		[texts?.ancestor, texts?.ours, texts?.theirs],
		['top\ntwo\nend\n', 'top\nthree\nfin\n', 'top\none\nend\n'],
	);
	await use('top\none and three\nfin\n');
	assert.deepEqual(waiting(), []);
	assert.equal(workspace.text('/w/a'), 'top\none and three\nfin\n');
});

test('what is not ticked stays, and only a conflict waits for a merge', async () => {
	const { session, world } = await createConflict({ isRewound: false });
	const { files, ...plan } = await planRestore({ session, ...world, toEpoch: 0 }, signal);
	const [conflict] = files;
	assert.ok(conflict);
	const ok = { ...conflict, key: 'ok', status: 'ok' as const };
	const unknown = { ...conflict, key: 'unknown', isUncertainAuthor: true };
	const all = { ...plan, files: [conflict, ok, unknown] };
	assert.deepEqual(choiceOf(all, new Set()), { overwrite: [], keep: ['ok', 'unknown'] });
	assert.deepEqual(choiceOf(all, new Set([conflict.key, 'ok'])), {
		overwrite: [conflict.key, 'ok'],
		keep: ['unknown'],
	});
});
