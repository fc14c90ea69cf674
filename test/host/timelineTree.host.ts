// The time line in a real editor: what the tree gives out for a real session, page by page, and that it reads nothing while nobody looks.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Emitter } from '../../src/base/emitter.ts';
import { utf8Encode } from '../../src/base/text.ts';
import type { TimelineNode } from '../../src/host/agentTypes.ts';
import type { OpenSession, SessionChange } from '../../src/host/session/openSession.ts';
import { OpenSessions } from '../../src/host/session/openSessions.ts';
import { createLineCounter } from '../../src/host/timeline/timelineCounts.ts';
import { createTimelineReader } from '../../src/host/timeline/timelineReader.ts';
import { TimelineTree, type TimelineView } from '../../src/host/timeline/timelineTree.ts';
import { createMemorySessionStore } from '../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../fakes/memoryBlobStore.ts';
import { hostTest } from './support/hostTest.ts';
import { until } from './support/until.ts';

async function createCase() {
	const blobs = createMemoryBlobStore();
	const errors: unknown[] = [];
	const onError = (_event: string, error: unknown) => void errors.push(error);
	const sessions = new OpenSessions({
		stores: { sessions: createMemorySessionStore(), blobs },
		outside: { clock: createFakeClock(), ids: createFakeIds() },
		decider: { open: async () => undefined } as never,
		defaults: () => ({ cwd: '/w', mode: 'ask', model: 'm', roots: ['/w'], extensionVersion: '0' }),
		relativePath: (absolute) => absolute,
		attach: () => ({ dispose: () => undefined }),
		trace: () => undefined,
		onError,
	});
	const shown = await sessions.create();
	const visibility = new vscode.EventEmitter<vscode.TreeViewVisibilityChangeEvent>();
	const view: TimelineView & { visible: boolean } = {
		visible: true,
		message: '',
		onDidChangeVisibility: visibility.event,
	};
	const onDidShow = new Emitter<OpenSession>();
	const onDidChange = new Emitter<{ readonly open: OpenSession; readonly change: SessionChange }>();
	sessions.onDidChange((change) => onDidChange.fire(change));
	let reads = 0;
	const reader = createTimelineReader((name) => ({ verb: name, target: '' }));
	const tree = new TimelineTree({
		...{ view, shown: () => shown, onError, onDidShow: onDidShow.event, onDidChange: onDidChange.event },
		counter: createLineCounter(blobs),
		reader: {
			read(session, signal) {
				reads++;
				return reader.read(session, signal);
			},
		},
	});
	let epoch = 0;
	const { session } = shown;
	const prompt = (text: string) => session.append({ type: 'user', content: [{ type: 'text', text }] });
	const change = async (rel: string, before: string, after: string) => {
		const ref = await blobs.put(utf8Encode(before), 'text/plain');
		const { $blob } = await blobs.put(utf8Encode(after), 'text/plain');
		session.append<'fileOperation'>({
			...{ type: 'fileOperation', epoch: ++epoch, op: 'change', path: { root: '/w', rel }, meta: {} },
			...{ before: ref, after: $blob, author: 'agent', state: 'done' },
		});
	};
	const textOf = (node: TimelineNode) => {
		const item = tree.getTreeItem(node);
		return `${String(item.label)} | ${String(item.description)} | ${item.contextValue ?? ''}`;
	};
	const rows = () => tree.getChildren().map(textOf);
	return { tree, view, visibility, session, prompt, change, textOf, rows, errors, reads: () => reads, sessions };
}

hostTest('points stand newest first, with the files that each changed', async () => {
	const { tree, view, session, prompt, change, textOf, rows, errors, sessions } = await createCase();
	await tree.reload();
	assert.match(view.message ?? '', /Each prompt/);
	prompt('Guard $(trash) the area');
	await change('src/area.js', 'a\n', 'a\nb\n');
	session.append({ type: 'checkpoint', epoch: 1, label: 'Tests pass', by: 'user' });
	prompt('And more');
	await until(() => rows().length === 3);
	await until(() => rows().some((row) => row.includes('+1 −0')));
	const now = rows().map((row) =>
		row.replace(/[^|]*(?=\| point)/, (words) => words.replace(/(?:now|\d+ .*ago|[A-Z][a-z]+ \d+) $/, 'when ')),
	);
	assert.deepEqual(now, [
		'And more | when | point prompt here',
		'Tests pass | when | point checkpoint here',
		'Guard \\$(trash) the area | 1 file · +1 −0 · when | point prompt here changes',
	]);
	const [, , edited] = tree.getChildren();
	assert.ok(edited);
	const [file] = tree.getChildren(edited);
	assert.ok(file);
	assert.equal(textOf(file), 'area.js | src · agent · +1 −0 | pointFile');
	assert.equal(tree.getTreeItem(file).command?.command, 'retrace.showPointChange');
	assert.equal(tree.getParent(file), edited, 'a row is one object');
	assert.equal(view.message, '');
	assert.deepEqual(errors, []);
	tree.dispose();
	await sessions.closeAll();
});

hostTest('200 points are shown, and the next ones when they are asked for', async () => {
	const { tree, prompt, rows, sessions } = await createCase();
	for (let index = 1; index <= 450; index++) prompt(`Prompt ${index}`);
	await tree.reload();
	assert.equal(rows().length, 201);
	assert.match(rows()[0] ?? '', /^Prompt 450/);
	assert.equal(rows()[200], 'Show 200 more… | 250 earlier | ');
	tree.showMore();
	assert.equal(rows()[400], 'Show 50 more… | 50 earlier | ');
	tree.showMore();
	assert.equal(rows().length, 450);
	tree.dispose();
	await sessions.closeAll();
});

hostTest('nothing is read while nobody looks', async () => {
	const { tree, view, visibility, prompt, reads, rows, sessions } = await createCase();
	view.visible = false;
	await tree.reload();
	const before = reads();
	prompt('Hidden');
	await tree.reload();
	assert.equal(reads(), before);
	view.visible = true;
	visibility.fire({ visible: true });
	await until(() => rows().length === 1);
	tree.dispose();
	await sessions.closeAll();
});
