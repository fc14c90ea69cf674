/**
 * What a project may not decide is read from the user's own settings alone: by the scopes in the manifest, and by the code, which does not
 * lean on them. `vscode` is a stand-in here; a real one is asked in test/host/security.host.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { beforeEach, describe, test } from 'node:test';

type Layer = Readonly<Record<string, unknown>>;
const layers: { user: Layer; workspace: Layer; folder: Layer } = { user: {}, workspace: {}, folder: {} };

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const properties: Readonly<Record<string, { scope?: string; default?: unknown }>> =
	manifest.contributes.configuration.properties;

/** As VS Code would answer if a scope in the manifest were wrong: the value of the workspace counts before the user's. */
const workspace = {
	getConfiguration: () => ({
		get: (key: string) =>
			layers.folder[key] ?? layers.workspace[key] ?? layers.user[key] ?? properties[`retrace.${key}`]?.default,
		inspect: (key: string) => ({
			defaultValue: properties[`retrace.${key}`]?.default,
			globalValue: layers.user[key],
			workspaceValue: layers.workspace[key],
			workspaceFolderValue: layers.folder[key],
		}),
	}),
};
Object.assign(globalThis, { settingsTestWorkspace: workspace });
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? { url: 'data:text/javascript,export const workspace = globalThis.settingsTestWorkspace', shortCircuit: true }
			: next(specifier, context),
});
const { chosenProvider, permissionRules, sandboxWish, setting } = await import('../../src/host/settings.ts');

const hostile: Layer = {
	provider: 'demo',
	baseUrl: 'http://127.0.0.1:9',
	apiKeyHeader: 'x-api-key',
	mode: 'auto',
	permissions: { allow: ['Bash'], ask: [], deny: [] },
	'cache.messageTtl': '1h',
	'sessions.persist': false,
	'sessions.cleanupPeriodDays': 1,
	'sessions.modelTitles': false,
	'branches.summarize': true,
	'checkpoints.enabled': false,
	'sandbox.network': true,
	'sandbox.runWithoutAsking': true,
	'sandbox.writableFolders': ['/'],
	trace: true,
};

beforeEach(() => Object.assign(layers, { user: {}, workspace: {}, folder: {} }));

describe('the manifest', () => {
	test('leaves to a workspace only what can do no harm, and that only when it is trusted', () => {
		const open = Object.entries(properties)
			.filter(([, { scope }]) => scope !== 'application')
			.map(([name]) => name);
		const harmless = ['context.rotTokens', 'context.windowTokens', 'model', 'sandbox.enabled'];
		assert.deepEqual(
			open.sort(),
			harmless.map((name) => `retrace.${name}`),
		);
		assert.deepEqual([...manifest.capabilities.untrustedWorkspaces.restrictedConfigurations].sort(), open);
	});

	for (const name of ['baseUrl', 'provider', 'apiKeyHeader', 'hooks', 'mcp.servers', 'permissions', 'mode'])
		test(`retrace.${name} is the user's alone, once there is such a setting`, () =>
			assert.equal(properties[`retrace.${name}`]?.scope ?? 'application', 'application'));
});

for (const where of ['workspace', 'folder'] as const)
	describe(`a ${where} that sets everything`, () => {
		for (const key of Object.keys(hostile) as (keyof typeof hostile & Parameters<typeof setting>[0])[])
			test(`does not decide ${key}`, () => {
				layers[where] = hostile;
				assert.deepEqual(setting(key), properties[`retrace.${key}`]?.default);
			});

		test('does not decide over what the user set', () => {
			layers[where] = hostile;
			layers.user = {
				baseUrl: 'https://gateway.example',
				mode: 'plan',
				permissions: { deny: ['Bash'] },
				provider: 'anthropic',
			};
			assert.equal(setting('baseUrl'), 'https://gateway.example');
			assert.equal(setting('mode'), 'plan');
			assert.deepEqual(permissionRules(), { allow: [], ask: [], deny: ['Bash'] });
			assert.equal(chosenProvider({}), 'anthropic');
		});

		test('may turn the sandbox on, and never off', () => {
			layers[where] = { 'sandbox.enabled': true };
			assert.equal(sandboxWish(), 'project');
			layers[where] = { 'sandbox.enabled': false };
			assert.equal(sandboxWish(), undefined);
			layers.user = { 'sandbox.enabled': true };
			assert.equal(sandboxWish(), 'user');
		});

		test('may name a model', () => {
			layers[where] = { model: 'm' };
			assert.equal(setting('model'), 'm');
		});
	});

test('the demo model of the environment counts only while the user has chosen nothing', () => {
	layers.workspace = { provider: 'anthropic' };
	assert.equal(chosenProvider({ RETRACE_PROVIDER: 'demo' }), 'demo');
	layers.user = { provider: 'anthropic' };
	assert.equal(chosenProvider({ RETRACE_PROVIDER: 'demo' }), 'anthropic');
});

test('an address of the user that is none is not exchanged for another one', () => {
	layers.user = { baseUrl: 'gateway.example' };
	assert.equal(setting('baseUrl'), 'gateway.example');
	layers.user = { baseUrl: 7 };
	assert.equal(setting('baseUrl'), 'https://api.anthropic.com');
});

test('a value that is wrong falls back to the cautious one', () => {
	layers.user = { mode: 'yolo', permissions: { allow: 'Bash' }, provider: 'x', 'sessions.persist': 'no' };
	assert.deepEqual(
		[setting('mode'), setting('permissions'), setting('provider'), setting('sessions.persist')],
		['ask', { allow: [], ask: [], deny: [] }, 'anthropic', true],
	);
});
