import assert from 'node:assert/strict';
import test from 'node:test';
import { CancelledError } from '../../../src/base/errors.ts';
import { asToolUseId } from '../../../src/base/ids.ts';
import { loadProposal } from '../../../src/core/edit/proposals.ts';
import { decodeText } from '../../../src/core/edit/textFile.ts';
import { createToolFiles } from '../../../src/core/edit/toolFiles.ts';
import type { EditDecision, EditProposal } from '../../../src/core/ports.ts';
import type { PermissionMode } from '../../../src/core/session/entry.ts';
import { createSessionWorld } from '../../fakes/sessionWorld.ts';

const toolUseId = asToolUseId('call');

async function createCase(
	files: Readonly<Record<string, string>>,
	mode: PermissionMode,
	decide: (proposal: EditProposal) => EditDecision | Promise<EditDecision> = () => assert.fail('nobody is asked'),
) {
	const world = await createSessionWorld(files);
	world.session.setMode(mode);
	const states: string[] = [];
	const tool = createToolFiles({
		...world,
		toolUseId,
		signal: new AbortController().signal,
		approver: {
			askPermission: () => assert.fail('not for edits'),
			proposeEdit: async (proposal) => {
				states.push(world.session.state);
				return await decide(proposal);
			},
		},
	});
	/** Edits as a tool does: reads, changes the decoded text, hands it back. */
	const edit = async (path: string, change: (text: string) => string, more: { mustAsk?: boolean } = {}) => {
		const place = await tool.resolve(path);
		assert.ok(place.kind === 'inside');
		const before = await tool.read(place.absolute);
		assert.ok(before.kind === 'file' || before.kind === 'absent');
		const decoded = before.kind === 'file' ? decodeText(before.bytes) : undefined;
		const text = change(decoded?.kind === 'text' ? decoded.file.text : '');
		return await tool.edit({ file: place.file, absolute: place.absolute, before, text, ...more });
	};
	const types = () => world.session.entries.map((entry) => entry.type).filter((type) => /edit|file/.test(type));
	return { ...world, edit, types, states, tool };
}
const typesWritten = ['fileOperation', 'fileOperationDone'];

test('in acceptEdits and auto an edit is written at once, with the line ends, BOM and mode of the file', async () => {
	const check = async (raw: string, change: (text: string) => string, expected: string) => {
		for (const mode of ['acceptEdits', 'auto'] as const) {
			const { edit, workspace, types } = await createCase({ '/w/a': raw }, mode);
			workspace.set('/w/a', raw, { mode: 0o755 });
			const outcome = await edit('a', change);
			assert.equal(outcome.kind, 'applied');
			assert.equal(workspace.text('/w/a')?.startsWith('\uFEFF'), false);
			assert.deepEqual(workspace.files.get('/w/a')?.bytes, new TextEncoder().encode(expected));
			assert.equal(workspace.files.get('/w/a')?.mode, 0o755);
			assert.deepEqual(types(), typesWritten);
		}
	};
	await check('a\nb\n', (text) => text.replace('b', 'B'), 'a\nB\n');
	await check('a\r\nb\r\n', (text) => text.replace('b\n', 'B\nc\n'), 'a\r\nB\r\nc\r\n');
	await check('\uFEFFa\r\nb', (text) => text.replace('a', 'A'), '\uFEFFA\r\nb');
	await check('a\r\nb\nc', (text) => text.replace('c', 'C'), 'a\r\nb\nC');
	await check('a\r\nb\r\n', (text) => text.replace('b', 'x\r\ny'), 'a\r\nx\r\ny\r\n');
});

test('a new file is created; a dirty document is edited and left unsaved', async () => {
	const { edit, workspace } = await createCase({}, 'acceptEdits');
	assert.deepEqual(await edit('new/file', () => 'x\ny\n'), {
		...{ kind: 'applied', addedLines: 2, removedLines: 0, isSaved: true },
	});
	assert.equal(workspace.text('/w/new/file'), 'x\ny\n');
	workspace.set('/w/dirty', 'a', { isDirty: true });
	const outcome = await edit('dirty', () => 'b');
	assert.ok(outcome.kind === 'applied' && !outcome.isSaved);
});

test('in mode ask the user decides; an accepted text is written, a rejected one is not', async () => {
	const asked: EditProposal[] = [];
	const { edit, workspace, types, states, session, blobs } = await createCase(
		{ '/w/a': 'a\r\nb\r\n' },
		'ask',
		(one) => {
			asked.push(one);
			return { verdict: 'accept', text: one.proposed.replaceAll('\n', '\r\n') };
		},
	);
	session.setState('runningTool');
	const outcome = await edit('a', (text) => text.replace('b', 'B'));
	assert.deepEqual(outcome, { kind: 'applied', addedLines: 1, removedLines: 1, isSaved: true });
	assert.equal(workspace.text('/w/a'), 'a\r\nB\r\n');
	assert.deepEqual(types(), ['editProposed', 'editDecided', ...typesWritten]);
	assert.deepEqual(states, ['awaitingUser']);
	assert.equal(session.state, 'runningTool');
	assert.deepEqual([asked[0]?.before, asked[0]?.proposed], ['a\nb\n', 'a\nB\n']);
	assert.deepEqual(await loadProposal(session.entries, blobs, toolUseId), {
		...{ file: { root: '/w', rel: 'a' }, before: 'a\nb\n', proposed: 'a\nB\n', decision: 'accept' },
	});

	const rejecting = await createCase({ '/w/a': 'a' }, 'ask', () => ({ verdict: 'reject', reason: 'no' }));
	assert.deepEqual(await rejecting.edit('a', () => 'b'), { kind: 'rejected', reason: 'no' });
	assert.equal(rejecting.workspace.text('/w/a'), 'a');
	assert.deepEqual(rejecting.types(), ['editProposed', 'editDecided']);
});

test('what the user wrote into the proposal is written and told', async () => {
	const { edit, workspace, session } = await createCase({ '/w/a': 'a\n' }, 'ask', () => ({
		verdict: 'accept',
		text: 'mine\n',
	}));
	const outcome = await edit('a', () => 'b\n');
	assert.deepEqual(outcome, { kind: 'applied', addedLines: 1, removedLines: 1, userText: 'mine\n', isSaved: true });
	assert.equal(workspace.text('/w/a'), 'mine\n');
	const decided = session.entries.find((entry) => entry.type === 'editDecided');
	assert.ok(decided?.type === 'editDecided' && decided.final);

	const mixed = await createCase({ '/w/a': 'a\r\nb\nc\n' }, 'ask', () => ({ verdict: 'accept', text: 'a\nb\nuser\n' }));
	await mixed.edit('a', (text) => text.replace('c', 'C'));
	assert.equal(mixed.workspace.text('/w/a'), 'a\r\nb\nuser\n');

	const unchanged = await createCase({ '/w/a': 'a\n' }, 'ask', ({ before }) => ({
		verdict: 'accept',
		text: before ?? '',
	}));
	const nothing = await unchanged.edit('a', () => 'b\n');
	assert.ok(nothing.kind === 'applied' && nothing.addedLines === 0 && nothing.userText === 'a\n');
	assert.deepEqual(unchanged.workspace.log, []);
});

test('a protected path is asked for in every mode', async () => {
	const { edit, workspace } = await createCase({ '/w/a': 'a' }, 'auto', () => ({ verdict: 'reject' }));
	assert.deepEqual(await edit('a', () => 'b', { mustAsk: true }), { kind: 'rejected' });
	assert.equal(workspace.text('/w/a'), 'a');
});

test('what cannot be edited is refused with a code, and nothing is written', async () => {
	const { edit, tool, workspace, types } = await createCase({ '/w/a': 'a', '/w/bin': '\0' }, 'acceptEdits');
	const refused = async (run: Promise<unknown>, code: string) => await assert.rejects(run, { code });
	workspace.links.set('/w/link', '/w/a');
	workspace.set('/w/link', 'a');
	workspace.set('/w/fixed', 'a', { isReadOnly: true });
	await refused(
		edit('a', (text) => text),
		'no-change',
	);
	await refused(
		edit('link', () => 'b'),
		'is-link',
	);
	await refused(
		edit('bin', () => 'b'),
		'not-text',
	);
	const absent = { before: { kind: 'absent' }, text: 'x' } as const;
	const outside = { file: { root: '/w', rel: '../etc' }, absolute: '/etc', ...absent };
	await refused(tool.edit(outside), 'outside-workspace');
	workspace.links.set('/w/dir', '/w/elsewhere');
	await refused(
		tool.edit({ file: { root: '/w', rel: 'dir/f' }, absolute: '/w/dir/f', ...absent }),
		'changed-meanwhile',
	);
	assert.deepEqual(types(), []);
	await refused(
		edit('fixed', () => 'b'),
		'read-only',
	);
	const blind = { file: { root: '/w', rel: 'a' }, absolute: '/w/a', ...absent };
	await refused(tool.edit(blind), 'changed-meanwhile');
	assert.deepEqual(workspace.log, []);
});

test('a path that became a link while the user was asked is not written', async () => {
	const { edit, workspace } = await createCase({ '/w/a': 'a', '/w/b': 'b' }, 'ask', () => {
		workspace.links.set('/w/a', '/w/b');
		return { verdict: 'accept', text: 'x' };
	});
	await assert.rejects(
		edit('a', () => 'x'),
		{ code: 'is-link' },
	);
	assert.deepEqual(workspace.log, []);
});

test('a file that the user changed while asked is left as the user has it', async () => {
	const { edit, workspace } = await createCase({ '/w/a': 'a' }, 'ask', () => {
		workspace.set('/w/a', 'user');
		return { verdict: 'accept', text: 'x' };
	});
	await assert.rejects(
		edit('a', () => 'x'),
		{ code: 'changed-meanwhile' },
	);
	assert.equal(workspace.text('/w/a'), 'user');
});

test('a stopped turn leaves the proposal undecided and the state as it was', async () => {
	const { edit, session, types } = await createCase({ '/w/a': 'a' }, 'ask', () => Promise.reject(new CancelledError()));
	await assert.rejects(
		edit('a', () => 'x'),
		CancelledError,
	);
	assert.deepEqual(types(), ['editProposed']);
	assert.equal(session.state, 'ready');
});

test('nothing is written in an untrusted workspace', async () => {
	const { workspace, session, blobs } = await createSessionWorld({ '/w/a': 'a' });
	const tool = createToolFiles({
		...{ session, blobs, toolUseId, signal: new AbortController().signal },
		workspace: { ...workspace, isTrusted: false },
		approver: { askPermission: () => assert.fail(), proposeEdit: () => assert.fail() },
	});
	const request = { file: { root: '/w', rel: 'n' }, absolute: '/w/n', before: { kind: 'absent' }, text: 'x' } as const;
	await assert.rejects(tool.edit(request), { code: 'untrusted' });
	assert.deepEqual(workspace.log, []);
});
