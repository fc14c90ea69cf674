/** Answers to what MCP servers ask for stay with the folder they were given for, and nothing is read where the workspace is not trusted. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import type { DeclaredServer } from '../../../src/core/mcp/declaredServers.ts';

const scene = { typed: 'secret', looked: 0 };
const event = () => ({ dispose: () => undefined });
Object.assign(globalThis, {
	inputsTestVscode: {
		window: { showInputBox: async () => scene.typed },
		workspace: {
			getConfiguration: () => ({ get: () => undefined, inspect: () => undefined }),
			onDidChangeWorkspaceFolders: event,
			onDidGrantWorkspaceTrust: event,
			onDidChangeConfiguration: event,
			createFileSystemWatcher: () => assert.fail('something is watched'),
			fs: { stat: () => assert.fail('something is read') },
		},
	},
});
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? {
					url: 'data:text/javascript,export const { window, workspace } = globalThis.inputsTestVscode;',
					shortCircuit: true,
				}
			: next(specifier, context),
});
const { createMcpInputs } = await import('../../../src/host/mcp/mcpInputs.ts');
const { createMcpConfigFiles } = await import('../../../src/host/mcp/mcpConfigFiles.ts');

function createInputs() {
	const secrets = new Map<string, string>();
	const state = new Map<string, unknown>();
	return createMcpInputs(
		{
			get: async (key: string) => secrets.get(key),
			store: async (key: string, value: string) => void secrets.set(key, value),
			delete: async (key: string) => void secrets.delete(key),
		} as never,
		{
			get: (key: string, other: unknown) => state.get(key) ?? other,
			update: async (key: string, value: unknown) => void state.set(key, value),
		} as never,
	);
}

const serverIn = (folder: string | undefined): DeclaredServer => ({
	...{ name: 's', source: 'project', file: '.mcp.json', line: 1, isOff: false },
	...(folder === undefined ? {} : { folder }),
	transport: { kind: 'http', url: ['https://x/', '{input:key}', '{input:zone}'].join('$'), headers: {} },
});
const declared = [
	{ id: 'key', description: 'Your key', isPassword: true },
	{ id: 'zone', description: '', isPassword: false },
];

test('what was answered for one folder is given to no server of another one, nor to the setting’s', async () => {
	const inputs = createInputs();
	assert.equal(await inputs.ask(serverIn('/w'), ['key', 'zone'], declared), true);
	assert.deepEqual(await inputs.known(serverIn('/w'), declared), { key: 'secret', zone: 'secret' });
	for (const folder of ['/w/x', '/other', undefined])
		assert.deepEqual(await inputs.known(serverIn(folder), declared), {}, folder);
	// Nor by declaring that it is no secret.
	const open = declared.map((input) => ({ ...input, isPassword: false }));
	assert.deepEqual(await inputs.known(serverIn('/w'), open), { zone: 'secret' });
	await inputs.forget(serverIn('/other'));
	assert.deepEqual(await inputs.known(serverIn('/w'), declared), { key: 'secret', zone: 'secret' });
});

test('without trust no file that declares servers is read or watched', async () => {
	const files = createMcpConfigFiles({ roots: () => [{ name: 'w', path: '/w' }], isTrusted: () => false });
	assert.deepEqual(await files.read(), { servers: [], inputs: [], problems: [] });
	files.dispose();
});
