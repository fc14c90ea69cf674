/** Rewinds as a user makes them: after a crash, twice, in another order, while something else runs, and what comes back to the input. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { asToolUseId } from '../../../src/base/ids.ts';
import { makePrompt } from '../../../src/core/agent/makePrompt.ts';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { Prompt } from '../../../src/core/agent/turnTypes.ts';
import type { AssistantBlock } from '../../../src/core/session/content.ts';
import { forkSession } from '../../../src/core/session/fork.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { Approvals } from '../../../src/host/asking/approvals.ts';
import { describeFile } from '../../../src/host/rewind/rewindFile.ts';
import {
	applyRewind,
	previewRewind,
	type RewindChoice,
	redoRewind,
	stopTurn,
	undoRewind,
} from '../../../src/host/rewind/rewindFlow.ts';
import { OpenSession } from '../../../src/host/session/openSession.ts';
import { createBlobTexts } from '../../../src/host/transcript/blobTexts.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { createFixture, type Fixture } from '../../core/agent/turnFixture.ts';
import { sessionOptions, user } from '../../core/session/sessionSupport.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';

const { signal } = new AbortController();
const edit = (oldString: string, newString: string): AssistantBlock =>
	call('Edit', { file_path: 'a', old_string: oldString, new_string: newString }, `e-${newString}`);

/** What the flow needs around a session. */
function sceneOf(session: Session, { workspace, blobs, ports }: Fixture, onListenerError: (error: unknown) => void) {
	const texts = createBlobTexts(blobs, (error) => assert.ifError(error));
	const open = new OpenSession(
		session,
		createPromptQueue(createFakeIds()),
		new Approvals(session.id, {
			proposeEdit: (_, proposal) => ports.approver.proposeEdit(proposal, signal),
		}),
		texts,
		createTranscriptInputs(texts.text, (absolute) => absolute),
		onListenerError,
	);
	return { open, world: { workspace, blobs, codeReason: () => null } };
}

async function createScene(replies: readonly (readonly AssistantBlock[])[] = [], file = 'one\n') {
	const listenerErrors: unknown[] = [];
	const model = createScriptedModel(replies.map((blocks) => ({ blocks })));
	const fixture = await createFixture({
		model,
		mode: 'acceptEdits',
		files: { '/w/a': file },
	});
	const { session, workspace } = fixture;
	const { open, world } = sceneOf(session, fixture, (error) => listenerErrors.push(error));
	const prompts = () => session.branch().filter((entry) => entry.type === 'user');
	return {
		...fixture,
		open,
		listenerErrors,
		prompts,
		say: async (prompt: string | Prompt) => await fixture.run(prompt),
		rewind: async (
			index: number,
			scope: 'both' | 'code' | 'conversation',
			files: Partial<Pick<RewindChoice, 'overwrite' | 'keep' | 'keepHunks'>> = {},
		) =>
			await applyRewind(open, { entryId: prompts()[index]?.id ?? '', scope, overwrite: [], ...files }, world, signal),
		/** What the dialog shows of a file of the newest preview. */
		expand: async (key: string) => {
			const planned = open.shownPlan?.files.find((file) => file.key === key);
			assert.ok(planned);
			return await describeFile(planned, world);
		},
		preview: async (index: number) => await previewRewind(open, prompts()[index]?.id ?? '', world, signal),
		undo: async () => await undoRewind(open, world, signal),
		redo: async () => await redoRewind(open, world, signal),
		world,
		state: () => `${prompts().length} ${JSON.stringify(workspace.text('/w/a'))}`,
	};
}

const twoEdits = [[edit('one', 'two')], [text('Done.')], [edit('two', 'three')], [text('Done.')]];

test('a file that a crash left written is offered at once, before any new prompt', async () => {
	const scene = await createScene();
	const { session, workspace, blobs, rewind, preview } = scene;
	session.append({ type: 'user', content: [{ type: 'text', text: 'Do it' }] });
	const [before, after] = await Promise.all(
		['one\n', 'two\n'].map((words) => blobs.put(new TextEncoder().encode(words), 'text/plain')),
	);
	assert.ok(before && after);
	session.append({
		...{
			type: 'fileOperation',
			epoch: 1,
			op: 'change',
			path: { root: '/w', rel: 'a' },
			before,
			after: after.$blob,
		},
		...{
			meta: {},
			author: 'agent',
			toolUseId: asToolUseId('t'),
			state: 'intended',
		},
	});
	workspace.set('/w/a', 'two\n');
	const { files } = await preview(0);
	assert.deepEqual(
		files.map((file) => `${file.path} ${file.action} ${file.status}`),
		['a restore ok'],
	);
	assert.deepEqual((await rewind(0, 'code')).problems, []);
	assert.equal(workspace.text('/w/a'), 'one\n');
});

test('a prompt that only the origin of a fork holds is refused before any file is touched', async () => {
	const fixture = await createFixture({
		model: createScriptedModel([]),
		files: { '/w/a': 'two\n' },
	});
	const { session: origin, store, blobs, workspace, ports } = fixture;
	const [, old] = origin.append(user('old'), user('older than the summary'));
	assert.ok(old);
	origin.append({
		...{
			type: 'compaction',
			replaces: { after: null, until: old.id },
			summary: 'So far.',
			restored: [],
		},
		...{ pins: [], by: 'manual', tokensBefore: 10, tokensAfter: 1 },
	});
	const fork = await forkSession(origin, origin.leaf, {
		...sessionOptions(store),
		blobs,
		ids: ports.ids,
	});
	const [before, after] = await Promise.all(
		['one\n', 'two\n'].map((words) => blobs.put(new TextEncoder().encode(words), 'text/plain')),
	);
	assert.ok(before && after);
	fork.append({
		...{
			type: 'fileOperation',
			epoch: 1,
			op: 'change',
			path: { root: '/w', rel: 'a' },
			before,
			after: after.$blob,
		},
		...{ meta: {}, author: 'agent', state: 'intended' },
	});
	while (await fork.loadOlder());
	const { open, world } = sceneOf(fork, fixture, assert.ifError);
	const choice = { entryId: old.id, scope: 'both' as const, overwrite: [] };
	const isRefused = (error: unknown) => error instanceof UserError && error.code === 'not-in-this-session';
	await assert.rejects(applyRewind(open, choice, world, signal), isRefused);
	await assert.rejects(previewRewind(open, choice.entryId, world, signal), isRefused);
	assert.equal(workspace.text('/w/a'), 'two\n');
});

test('a file that cannot be read does not keep a crashed session from going on', async () => {
	const scene = await createScene();
	const { session, workspace, blobs, preview } = scene;
	session.append({ type: 'user', content: [{ type: 'text', text: 'Do it' }] });
	const before = await blobs.put(new TextEncoder().encode('one\n'), 'text/plain');
	session.append({
		...{
			type: 'fileOperation',
			epoch: 1,
			op: 'change',
			path: { root: '/w', rel: 'a' },
			before,
			after: 'absent',
		},
		...{ meta: {}, author: 'agent', state: 'intended' },
	});
	const read = workspace.read.bind(workspace);
	workspace.read = async () => {
		throw new UserError('read-failed', '/w/a could not be read.');
	};
	assert.deepEqual(
		(await preview(0)).files.map((file) => `${file.path} ${file.status}`),
		['a blocked'],
	);
	workspace.read = read;
	assert.deepEqual(
		(await preview(0)).files.map((file) => `${file.path} ${file.status}`),
		['a ok'],
	);
});

test('undo takes back one rewind: not the one of files before it', async () => {
	const { say, rewind, undo, state } = await createScene(twoEdits);
	await say('First');
	await say('Second');
	assert.equal(state(), '2 "three\\n"');
	await rewind(1, 'code');
	assert.equal(state(), '2 "two\\n"');
	await rewind(1, 'conversation');
	assert.equal(state(), '1 "two\\n"');
	await undo();
	assert.equal(state(), '2 "two\\n"');
	await undo();
	assert.equal(state(), '2 "three\\n"');
	await assert.rejects(undo(), { code: 'nothing-to-undo' });
});

test('two rewinds of both are undone one after the other, in the other order', async () => {
	const { say, rewind, undo, state, open } = await createScene(twoEdits);
	await say('First');
	await say('Second');
	await rewind(1, 'both');
	await rewind(0, 'both');
	assert.equal(state(), '0 "one\\n"');
	await undo();
	assert.equal(state(), '1 "two\\n"');
	const rewound = open.rows().filter((row) => row.kind === 'rewound');
	assert.deepEqual(
		rewound.map(({ canUndo, canRedo }) => [canUndo, canRedo]),
		[
			[true, false],
			[false, true],
		],
		'the row of the first one still offers its undo, and the other one can be made again',
	);
	await undo();
	assert.equal(state(), '2 "three\\n"');
});

test('a rewind is not undone any more once something was said', async () => {
	const { say, rewind, undo, state } = await createScene([...twoEdits, [text('Fine.')]]);
	await say('First');
	await say('Second');
	await rewind(1, 'both');
	await say('Other');
	await assert.rejects(undo(), { code: 'nothing-to-undo' });
	assert.equal(state(), '2 "two\\n"');
});

test('the whole prompt comes back to the input, however long it was', async () => {
	for (const length of [10, 50_000, 150_000]) {
		const { say, rewind, preview } = await createScene([[text('Fine.')]]);
		const words = `${'word '.repeat(length / 5)}end`;
		await say(makePrompt(words));
		assert.equal((await preview(0)).promptText, words);
		assert.equal((await rewind(0, 'conversation')).promptText, words);
	}
});

test('rewinds that are asked for at once come one after the other', async () => {
	const { say, rewind, undo, state, prompts } = await createScene(twoEdits);
	await say('First');
	await say('Second');
	const outcomes = await Promise.allSettled([rewind(1, 'both'), rewind(0, 'both'), undo()]);
	assert.deepEqual(
		outcomes.map((outcome) => outcome.status),
		['fulfilled', 'fulfilled', 'fulfilled'],
	);
	assert.equal(state(), '1 "two\\n"');
	assert.equal(prompts().length, 1);
});

test('no turn may start while files are restored', async () => {
	const { say, rewind, open, workspace } = await createScene(twoEdits);
	await say('First');
	await say('Second');
	const order: string[] = [];
	const write = workspace.write.bind(workspace);
	workspace.write = async (...parameters) => {
		order.push('restore');
		return await write(...parameters);
	};
	const rewinding = rewind(0, 'both').then(() => order.push('rewound'));
	const free = open.whenFree().then(() => order.push('free'));
	await Promise.all([rewinding, free]);
	assert.deepEqual(order.slice(0, 1), ['restore']);
	assert.ok(order.includes('free') && order.indexOf('free') > order.indexOf('restore'));
	await open.whenFree();
});

test('a rewind is undone or made again only once its last file is written', async () => {
	const { say, rewind, undo, redo, open, workspace } = await createScene(twoEdits);
	await say('First');
	await say('Second');
	const offered = () =>
		open.rows().flatMap((row) => (row.kind === 'rewound' && (row.canUndo || row.canRedo) ? [row.text] : []));
	const meanwhile: string[] = [];
	let resets = 0;
	open.onDidChange((change) => {
		if (change.kind === 'item' && change.item.kind === 'rewound' && change.item.canUndo) meanwhile.push('a row');
		if (change.kind === 'reset') resets++;
	});
	const write = workspace.write.bind(workspace);
	workspace.write = async (...parameters) => {
		meanwhile.push(...offered());
		const written = await write(...parameters);
		meanwhile.push(...offered());
		resets = 0;
		return written;
	};
	for (const [restore, row] of [
		[() => rewind(0, 'code'), 'Files rewound: 1 file restored'],
		[undo, 'Rewind undone'],
		[redo, 'Files rewound: 1 file restored'],
	] as const) {
		await restore();
		assert.deepEqual(meanwhile, []);
		assert.deepEqual(offered(), [row]);
		assert.ok(resets > 0, 'the panel is told');
	}
});

test('a stop also stops the turn that was to be sent next', async () => {
	const { open } = await createScene();
	let ended = 0;
	const startTurn = () => {
		const controller = new AbortController();
		const done = new Promise<void>((resolve) => controller.signal.addEventListener('abort', () => resolve()));
		void done.then(() => {
			ended++;
			open.turn = undefined;
			// As the queue does: what was sent now follows in the same moment.
			if (ended === 1) startTurn();
		});
		open.turn = { abort: () => controller.abort(), done };
	};
	startTurn();
	open.isSteering = true;
	await stopTurn(open);
	assert.equal(open.isRunning, false);
	assert.equal(open.isSteering, false);
	assert.equal(ended, 2);
});

test('a listener that throws does not keep a turn from ending, or a session from being usable', async () => {
	const scene = await createScene([[text('Fine.')]]);
	const { open, session, ports } = scene;
	open.onDidChange(() => {
		throw new Error('a panel that is gone');
	});
	const prompt = { text: 'Hello', attachments: [] };
	const done = runTurn(session, prompt, ports, (event) => open.onTurnEvent(event), signal);
	open.turn = { abort: () => undefined, done };
	await done;
	open.turn = undefined;
	open.queue.add(prompt);
	assert.equal(session.branch().at(-1)?.type, 'turnEnded');
	assert.equal(open.isRunning, false);
	assert.ok(scene.listenerErrors.length > 0);
});

const tenLines = (first: string, last: string) => `${first}\n${'same\n'.repeat(8)}${last}\n`;
const bothEnds: AssistantBlock[][] = [[edit('first', 'FIRST')], [edit('last', 'LAST')], [text('Done.')]];

test('a file that was moved and the place it comes back to are told apart from a new file', async () => {
	const { session, workspace, blobs, preview, rewind } = await createScene([], 'one\n');
	const stored = await blobs.put(new TextEncoder().encode('one\n'), 'text/plain');
	session.append({ type: 'user', content: [{ type: 'text', text: 'Move it' }] });
	const path = (rel: string) => ({ root: '/w', rel });
	const [done, toolUseId] = [{ meta: {}, author: 'shell', state: 'done' } as const, asToolUseId('t')];
	session.append(
		{
			type: 'fileOperation',
			epoch: 1,
			op: 'delete',
			path: path('a'),
			before: stored,
			after: 'absent',
			...done,
			toolUseId,
		},
		{
			...{ type: 'fileOperation', epoch: 2, op: 'rename', path: path('b'), from: path('a'), before: 'absent' },
			...{ after: stored.$blob, ...done, toolUseId },
		},
		{
			...{ type: 'fileOperation', epoch: 3, op: 'create', path: path('c'), before: 'absent' },
			...{ after: stored.$blob, ...done, toolUseId },
		},
	);
	await workspace.delete('/w/a', {});
	workspace.set('/w/b', 'one\n');
	workspace.set('/w/c', 'one\n');
	const { files } = await preview(0);
	const pathOf = (key: string | undefined) => files.find((file) => file.key === key)?.path;
	assert.deepEqual(
		files.map((file) => [file.path, file.action, pathOf(file.movedFrom)]),
		[
			['a', 'create', undefined],
			['b', 'delete', 'a'],
			['c', 'delete', undefined],
		],
	);
	assert.deepEqual((await rewind(0, 'code')).problems, []);
	assert.deepEqual([workspace.text('/w/a'), workspace.text('/w/b')], ['one\n', undefined]);
});

test('a file that the user keeps stays as it is, and the conversation goes', async () => {
	const { say, rewind, preview, state } = await createScene(twoEdits);
	await say('First');
	const { files } = await preview(0);
	const { problems } = await rewind(0, 'both', { keep: files.map(({ key }) => key) });
	assert.equal(state(), '0 "two\\n"');
	assert.deepEqual(problems, []);
});

test('a hunk that the user keeps stays as it is, the others go back, and an undo brings all of them', async () => {
	const { say, rewind, preview, expand, undo, workspace } = await createScene(bothEnds, tenLines('first', 'last'));
	await say('Both');
	const [file] = (await preview(0)).files;
	assert.ok(file?.hasHunks);
	const { hunks, version } = await expand(file.key);
	assert.deepEqual(
		hunks.map(({ startLine, lines }) => [startLine, ...lines.map((line) => `${line.kind}${line.text}`)]),
		[
			[1, '-FIRST', '+first'],
			[10, '-LAST', '+last'],
		],
	);
	await rewind(0, 'code', { keepHunks: [{ key: file.key, version, hunks: [0] }] });
	assert.equal(workspace.text('/w/a'), tenLines('FIRST', 'last'));
	await undo();
	assert.equal(workspace.text('/w/a'), tenLines('FIRST', 'LAST'));
});

test('hunks chosen for another text keep the whole file as it is, and say so', async () => {
	const { say, rewind, preview, expand, workspace } = await createScene(bothEnds, tenLines('first', 'last'));
	await say('Both');
	const [file] = (await preview(0)).files;
	assert.ok(file);
	const { version } = await expand(file.key);
	const changed = `mine\n${tenLines('FIRST', 'LAST')}`;
	workspace.set('/w/a', changed);
	assert.match((await expand(file.key)).note, /changed after this preview/);
	const { problems } = await rewind(0, 'code', { keepHunks: [{ key: file.key, version, hunks: [0] }] });
	assert.deepEqual(problems, ['a: it was changed after the preview']);
	assert.equal(workspace.text('/w/a'), changed);
});

test('an undone rewind is made again, undone again and made again, files and conversation', async () => {
	for (const scope of ['both', 'code', 'conversation'] as const) {
		const { say, rewind, undo, redo, state, open } = await createScene(twoEdits);
		await say('First');
		await say('Second');
		const before = state();
		await rewind(0, scope);
		const after = state();
		assert.notEqual(after, before);
		for (let round = 0; round < 2; round++) {
			await undo();
			assert.equal(state(), before);
			assert.equal(open.rows().at(-1)?.kind === 'rewound' && open.rows().at(-1)?.id, 'rewind-undone');
			await redo();
			assert.equal(state(), after);
			const rows = open.rows().filter((row) => row.kind === 'rewound');
			assert.deepEqual(
				rows.map(({ canUndo, canRedo }) => [canUndo, canRedo]),
				[[true, false]],
			);
		}
		await assert.rejects(redo(), { code: 'nothing-to-redo' });
	}
});

test('two rewinds that were undone are made again in their order, until something else happens', async () => {
	const { say, rewind, undo, redo, state } = await createScene([...twoEdits, [text('Fine.')]]);
	await say('First');
	await say('Second');
	await rewind(1, 'both');
	await rewind(0, 'both');
	await undo();
	await undo();
	await redo();
	assert.equal(state(), '1 "two\\n"');
	await redo();
	assert.equal(state(), '0 "one\\n"');
	await undo();
	await say('Other');
	await assert.rejects(redo(), { code: 'nothing-to-redo' });
});

test('what was not restored is in the row with why, also after the session was read again', async () => {
	const { say, rewind, preview, workspace, open } = await createScene(
		[[edit('one', 'two'), call('Write', { file_path: 'b', content: 'new\n' }, 'w-b')], [text('Done.')]],
		'one\n',
	);
	await say('First');
	workspace.set('/w/a', 'mine\n');
	const { files } = await preview(0);
	assert.deepEqual(
		files.map((file) => `${file.path} ${file.status}`),
		['a conflict', 'b ok'],
	);
	await rewind(0, 'code', { keep: files.filter((file) => file.path === 'b').map((file) => file.key) });
	const row = open.rows().at(-1);
	assert.ok(row?.kind === 'rewound');
	assert.equal(row.text, 'Files rewound: 0 files restored, 1 kept, 1 conflict');
	assert.deepEqual(
		row.details.map(({ path, what, note }) => `${path} ${what}: ${note}`),
		['a conflict: you changed the same lines since', 'b kept: you kept it as it is'],
	);
	assert.deepEqual(
		row.conflicts.map(({ path }) => path),
		['a'],
	);
});

test('a conflict is overwritten only as it was when the user was asked', async () => {
	const { say, rewind, preview, workspace } = await createScene(twoEdits);
	await say('First');
	workspace.set('/w/a', 'mine\n');
	const overwrite = (await preview(0)).files.map(({ key }) => key);
	workspace.set('/w/a', 'mine, later\n');
	const { problems } = await rewind(0, 'code', { overwrite });
	assert.equal(workspace.text('/w/a'), 'mine, later\n');
	assert.ok(problems.includes('a: it was changed after the preview'));
	await preview(0);
	await rewind(0, 'code', { overwrite });
	assert.equal(workspace.text('/w/a'), 'one\n');
});
