// Proposed edits as native diffs in a real editor: what is accepted, and what decides nothing.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { createDiffEditor } from '../../src/host/review/diffEditor.ts';
import { proposalKeyOf, proposalUri } from '../../src/host/review/proposalUri.ts';
import { hostTest } from './support/hostTest.ts';
import { until } from './support/until.ts';

const file = { root: '/w', rel: 'src/a.js' };
const proposal = (toolUseId: string) => ({
	toolUseId,
	file,
	absolute: '/w/src/a.js',
	before: 'a\nb\n',
	proposed: 'a\nB\n',
});
const errors: unknown[] = [];
const edits = createDiffEditor({
	loadProposal: async (_s, toolUseId) =>
		toolUseId === 'stored' ? { file, before: undefined, proposed: 'stored', decision: undefined } : undefined,
	onError: (error) => errors.push(error),
	schemes: { before: 'retrace-test-before', proposal: 'retrace-test-proposal' },
});
const tabs = () =>
	vscode.window.tabGroups.all
		.flatMap((group) => group.tabs)
		.filter((tab) => tab.input instanceof vscode.TabInputTextDiff);
const right = () => vscode.workspace.textDocuments.find((d) => d.uri.scheme === 'retrace-test-proposal' && !d.isClosed);
const { signal } = new AbortController();

hostTest('Accept takes the text of the right side, saved or not, and closes the tab without a question', async () => {
	const decision = edits.proposeEdit('s', proposal('t1'), signal);
	await until(() => edits.activeProposal !== undefined && right() !== undefined);
	assert.equal(tabs()[0]?.label, 'src/a.js (Retrace: proposed edit)');
	const doc = right();
	assert.ok(doc);
	assert.equal(doc.getText(), 'a\nB\n');
	assert.equal(doc.languageId, 'javascript');
	// The breadcrumb shows the path: ids belong elsewhere.
	assert.equal(doc.uri.path, '/src/a.js');
	const e = new vscode.WorkspaceEdit();
	e.insert(doc.uri, new vscode.Position(0, 0), 'mine\n');
	assert.ok(await vscode.workspace.applyEdit(e));
	assert.equal(doc.isDirty, true);
	assert.equal(await edits.accept(), true);
	assert.deepEqual(await decision, { verdict: 'accept', text: 'mine\na\nB\n' });
	await until(() => tabs().length === 0);
	assert.equal(edits.activeProposal, undefined);
	assert.equal(await edits.accept({ sessionId: 's', toolUseId: 't1' }), false);
});
hostTest(
	'closing the tab decides nothing; the diff opens again with what was saved; Reject hands over the reason',
	async () => {
		let settled = false;
		const decision = edits.proposeEdit('s', proposal('t2'), signal);
		void decision.then(() => {
			settled = true;
		});
		await until(() => edits.activeProposal !== undefined && right() !== undefined);
		const doc = right();
		assert.ok(doc);
		const e = new vscode.WorkspaceEdit();
		e.insert(doc.uri, new vscode.Position(0, 0), 'saved\n');
		await vscode.workspace.applyEdit(e);
		assert.ok(await doc.save());
		await vscode.window.tabGroups.close(tabs());
		await until(() => tabs().length === 0);
		assert.equal(settled, false);
		await edits.open({ sessionId: 's', toolUseId: 't2' });
		await until(() => right()?.getText() === 'saved\na\nB\n');
		assert.equal(await edits.reject(undefined, 'why'), true);
		assert.deepEqual(await decision, { verdict: 'reject', reason: 'why' });
		await until(() => tabs().length === 0);
	},
);
hostTest('an address in text form means the same proposal, whatever its ids are made of', () => {
	const schemes = { before: 'b', proposal: 'p' };
	for (const key of [
		{ sessionId: '019A-Bc', toolUseId: 'toolu_01AbC' },
		{ sessionId: 's&t=u%20', toolUseId: 'ä/?#[]@+ x' },
	]) {
		const uri = vscode.Uri.parse(proposalUri('p', key, 'src/a b#c.js').toString(), true);
		assert.deepEqual(proposalKeyOf(uri, schemes), key);
		assert.equal(uri.path, '/src/a b#c.js');
	}
	assert.equal(proposalKeyOf(vscode.Uri.file('/src/a.js'), schemes), undefined);
});
hostTest('a stopped turn closes the diff', async () => {
	const stop = new AbortController();
	const decision = edits.proposeEdit('s', proposal('t3'), stop.signal);
	await until(() => right() !== undefined && tabs().length === 1);
	stop.abort();
	await assert.rejects(decision, { name: 'CancelledError' });
	await until(() => tabs().length === 0);
});
hostTest('two proposals wait side by side, each for its own answer', async () => {
	const one = edits.proposeEdit('s', proposal('t4'), signal);
	const two = edits.proposeEdit('s2', proposal('t4'), signal);
	await until(() => tabs().length === 2);
	assert.equal(await edits.accept({ sessionId: 's', toolUseId: 't4' }), true);
	assert.deepEqual(await one, { verdict: 'accept', text: 'a\nB\n' });
	await until(() => tabs().length === 1);
	assert.equal(await edits.accept({ sessionId: 's2', toolUseId: 't4' }), true);
	await two;
	await until(() => tabs().length === 0);
});
hostTest('a proposed notebook is shown by cell; Accept takes what was changed there, and closes the tab', async () => {
	const notebook = (source: string) =>
		JSON.stringify({
			cells: [{ cell_type: 'code', execution_count: null, metadata: {}, outputs: [], source: [source] }],
			...{ metadata: {}, nbformat: 4, nbformat_minor: 2 },
		});
	const notebookTabs = () =>
		vscode.window.tabGroups.all
			.flatMap((group) => group.tabs)
			.filter((tab) => tab.input instanceof vscode.TabInputNotebookDiff);
	const shown = () =>
		vscode.workspace.notebookDocuments.find((one) => one.uri.scheme === 'retrace-test-proposal' && !one.isClosed);
	const propose = (toolUseId: string) =>
		edits.proposeEdit(
			's',
			{
				...{ toolUseId, file: { root: '/w', rel: 'n.ipynb' }, absolute: '/w/n.ipynb' },
				...{ before: notebook('x = 1'), proposed: notebook('x = 2') },
			},
			signal,
		);
	const untouched = propose('n1');
	await until(() => edits.activeProposal !== undefined && notebookTabs().length === 1);
	assert.equal(await edits.accept(), true);
	// Byte for byte: nothing was changed, so nothing was written anew.
	assert.deepEqual(await untouched, { verdict: 'accept', text: notebook('x = 2') });
	await until(() => notebookTabs().length === 0);

	const changed = propose('n2');
	await until(() => edits.activeProposal !== undefined && shown() !== undefined);
	const cell = shown()?.cellAt(0).document;
	assert.ok(cell);
	const edit = new vscode.WorkspaceEdit();
	edit.insert(cell.uri, new vscode.Position(0, 0), 'mine = ');
	assert.ok(await vscode.workspace.applyEdit(edit));
	await until(() => shown()?.isDirty === true);
	assert.equal(await edits.accept(), true);
	const decision = await changed;
	assert.ok(decision.verdict === 'accept');
	assert.deepEqual(JSON.parse(decision.text).cells[0].source, ['mine = x = 2']);
	await until(() => notebookTabs().length === 0);
	assert.deepEqual(errors, []);
});
hostTest('a proposal read back from the log is shown, and nobody waits for it', async () => {
	await edits.open({ sessionId: 's', toolUseId: 'stored' });
	await until(() => right()?.getText() === 'stored');
	assert.equal(edits.activeProposal, undefined);
	assert.equal(await edits.accept(), false);
	await edits.open({ sessionId: 's', toolUseId: 'unknown' });
	assert.deepEqual(errors.map(String), []);
	await vscode.window.tabGroups.close(tabs());
	edits.dispose();
});
