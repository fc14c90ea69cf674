/** What the settings make of the sandbox: its bounds, who may let commands run in it unasked, and what the doctor says of it. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { beforeEach, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import type { SandboxPolicy } from '../../../src/core/sandbox/sandboxPort.ts';

const layers: { user: Record<string, unknown>; project: Record<string, unknown> } = { user: {}, project: {} };
const workspace = {
	getConfiguration: () => ({
		inspect: (key: string) => ({ globalValue: layers.user[key], workspaceValue: layers.project[key] }),
	}),
};
Object.assign(globalThis, { sandboxTestWorkspace: workspace });
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? { url: 'data:text/javascript,export const workspace = globalThis.sandboxTestWorkspace', shortCircuit: true }
			: next(specifier, context),
});
const { sandboxFor, sandboxProblem, withSandboxLine } = await import('../../../src/host/permission/sandbox.ts');

const asked: SandboxPolicy[] = [];
let problem: Error | undefined;
const outside = {
	homeFolder: '/home/u',
	sandbox: {
		async ready(policy: SandboxPolicy) {
			asked.push(policy);
			if (problem) throw problem;
		},
	},
};
let looks = 0;
const sandbox = sandboxFor({ outside }, () => {
	looks++;
	return [{ name: 'w', path: '/w' }];
});

beforeEach(() => {
	Object.assign(layers, { user: {}, project: {} });
	asked.length = 0;
	problem = undefined;
});

test('off, it holds nothing and is not tried', async () => {
	assert.equal(sandbox.policy(), undefined);
	await sandbox.ready();
	assert.equal(await sandboxProblem({ outside }), undefined);
	assert.deepEqual([asked, looks], [[], 0]);
});

test('on, it lets the folders of the session be written, and what the user adds', async () => {
	layers.user = { 'sandbox.enabled': true, 'sandbox.writableFolders': ['~/.cache', '/data', 'relative', '~other'] };
	const writable = ['/w', '/home/u/.cache', '/data'];
	assert.deepEqual(sandbox.policy(), { writable, hasNetwork: false, asksForSites: true });
	// As a yes or a no it comes from before there were sites.
	for (const network of ['all', true]) {
		layers.user['sandbox.network'] = network;
		assert.deepEqual(sandbox.policy(), { writable, hasNetwork: true });
	}
	for (const network of ['off', false]) {
		layers.user['sandbox.network'] = network;
		assert.deepEqual(sandbox.policy(), { writable, hasNetwork: false });
	}
	layers.user['sandbox.network'] = 'everything';
	assert.deepEqual(sandbox.policy(), { writable, hasNetwork: false, asksForSites: true });
	await sandbox.ready();
	assert.equal(asked.length, 1);
});

test('a project that turns it on opens nothing of what the user wants to be asked about', () => {
	layers.project = { 'sandbox.enabled': true, 'sandbox.runWithoutAsking': true, 'sandbox.network': true };
	layers.user = { 'sandbox.runWithoutAsking': true };
	assert.deepEqual(sandbox.policy(), { writable: ['/w'], hasNetwork: false, asksForSites: true });
	assert.equal(sandbox.mayRunUnasked(), false);
	layers.user['sandbox.enabled'] = true;
	assert.equal(sandbox.mayRunUnasked(), true);
});

test('a session that begins with it is told, in its frozen context', async () => {
	const load = async () => ({ memory: [], environment: ['Shell: sh'] });
	assert.deepEqual((await withSandboxLine(load, sandbox)).environment, ['Shell: sh']);
	layers.user = { 'sandbox.enabled': true };
	const { environment } = await withSandboxLine(load, sandbox);
	assert.equal(environment[0], 'Shell: sh');
	assert.match(environment[1] ?? '', /^Sandbox: .*no network.*"outside_sandbox"/);
});

test('the doctor says what is wrong', async () => {
	layers.project = { 'sandbox.enabled': true };
	problem = new UserError('no-sandbox', 'bubblewrap is not installed.');
	assert.equal(await sandboxProblem({ outside }), 'bubblewrap is not installed.');
});
