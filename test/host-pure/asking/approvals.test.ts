/** The questions of a session: the card is there at once, and what is learned meanwhile comes to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScanLimits } from '../../../src/core/checkpoint/fileScanner.ts';
import type { ApprovalChange } from '../../../src/host/asking/approvalChange.ts';
import { Approvals } from '../../../src/host/asking/approvals.ts';

const { signal } = new AbortController();

function askedWith(limits: Promise<ScanLimits>) {
	const approvals = new Approvals('s', { proposeEdit: () => Promise.reject(new Error('No edit is proposed here')) });
	const changes: ApprovalChange[] = [];
	approvals.onDidChange((change) => changes.push(change));
	const request = { toolUseId: 't', tool: 'Bash', target: 'make', cause: 'No rule', limits, unsaved: ['a.ts'] };
	const answer = approvals.askPermission(request, signal);
	return { approvals, changes, answer, kinds: () => changes.map(({ kind }) => kind) };
}

test('the card does not wait for what could not be taken back, and gets it when it is known', async () => {
	const { promise, resolve } = Promise.withResolvers<ScanLimits>();
	const { approvals, changes, answer, kinds } = askedWith(promise);
	assert.deepEqual(kinds(), ['asked']);
	const [row] = approvals.rows();
	assert.ok(row?.kind === 'permission');
	assert.deepEqual([row.limits, row.unsaved], [undefined, ['a.ts']]);

	resolve({ items: [{ path: 'dist/', reason: 'ignored by git' }], unavailable: undefined });
	await promise;
	assert.deepEqual(kinds(), ['asked', 'updated']);
	const told = changes[1]?.kind === 'updated' ? changes[1].row : undefined;
	assert.deepEqual(told, { ...row, limits: { items: [{ path: 'dist/', reason: 'ignored by git' }], more: 0 } });
	assert.deepEqual(approvals.rows(), [told], 'a panel that is loaded again has it too');

	assert.ok(approvals.answer('t', { verdict: 'allowOnce' }));
	assert.deepEqual(await answer, { verdict: 'allowOnce' });
});

test('a card that was answered is not brought back by it', async () => {
	const { promise, resolve } = Promise.withResolvers<ScanLimits>();
	const { approvals, answer, kinds } = askedWith(promise);
	approvals.answer('t', { verdict: 'deny' });
	await answer;
	resolve({ items: [], unavailable: 'the folder is too large' });
	await promise;
	assert.deepEqual(kinds(), ['asked', 'answered']);
	assert.deepEqual(approvals.rows(), []);
});

test('a stop withdraws the question, with its card; where it came before, nobody is asked', async () => {
	const approvals = new Approvals('s', { proposeEdit: () => Promise.reject(new Error('No edit is proposed here')) });
	const kinds: string[] = [];
	approvals.onDidChange(({ kind }) => kinds.push(kind));
	const stop = new AbortController();
	const request = { toolUseId: 't', tool: 'Bash', target: 'make', cause: 'No rule' };
	const answer = approvals.askPermission(request, stop.signal);
	assert.equal(approvals.waitingCount, 1);
	stop.abort();
	await assert.rejects(answer, { name: 'CancelledError' });
	assert.deepEqual([approvals.rows(), approvals.waitingCount, kinds], [[], 0, ['asked', 'answered']]);
	assert.equal(approvals.answer('t', { verdict: 'allowOnce' }), false, 'an answer that comes late allows nothing');
	await assert.rejects(approvals.askPermission(request, stop.signal));
	assert.deepEqual([approvals.rows(), kinds.length], [[], 2]);
});

test('a site that a command wants to reach is named in the notification and on the card', () => {
	const approvals = new Approvals('s', { proposeEdit: () => Promise.reject(new Error('No edit is proposed here')) });
	const changes: ApprovalChange[] = [];
	approvals.onDidChange((change) => changes.push(change));
	const site = { toolUseId: 't', tool: 'Bash', target: 'new.test:8443', site: 'new.test', cause: 'It waits' };
	void approvals.askPermission(site, signal);
	const [row] = approvals.rows();
	assert.ok(row?.kind === 'permission');
	assert.deepEqual([row.site, row.target], ['new.test', 'new.test:8443']);
	assert.equal(changes[0]?.kind === 'asked' && changes[0].what, 'A command wants to reach new.test');
	void approvals.askPermission(
		{ toolUseId: 'u', tool: 'mcp__notes__add', target: 'notes: add', cause: 'No rule' },
		signal,
	);
	assert.equal(changes[1]?.kind === 'asked' && changes[1].what, 'notes: add');
});
