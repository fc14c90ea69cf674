/** An update is told once, a first installation and a step back are not. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { beforeEach, test } from 'node:test';

const vscode = `
export const window = { showInformationMessage: async (text, action) => { globalThis.told.push(text); return globalThis.pressed ? action : undefined; } };
export const commands = { executeCommand: async (...all) => void globalThis.told.push(all.join(' ')) };`;
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? { url: `data:text/javascript,${encodeURIComponent(vscode)}`, shortCircuit: true }
			: next(specifier, context),
});
const { isNewer, tellReleaseNotes } = await import('../../../src/host/window/releaseNotes.ts');

const seen = globalThis as unknown as { told: string[]; pressed: boolean };
beforeEach(() => {
	seen.told = [];
	seen.pressed = false;
});

function install() {
	const kept = new Map<string, unknown>();
	const state = {
		get: (key: string) => kept.get(key),
		update: async (key: string, value: unknown) => void kept.set(key, value),
	};
	return async (version: string) =>
		await tellReleaseNotes({ state, version, changelog: 'CHANGELOG.md' as never } as Parameters<
			typeof tellReleaseNotes
		>[0]);
}

test('the first installation tells nothing, an update once, a step back nothing', async () => {
	const start = install();
	for (const version of ['0.9.0', '0.9.0', '0.10.0', '0.10.0', '0.9.0', '0.10.0']) await start(version);
	assert.deepEqual(seen.told, ['Retrace was updated to 0.10.0.', 'Retrace was updated to 0.10.0.']);
});

test('the notes open when they are asked for', async () => {
	seen.pressed = true;
	const start = install();
	await start('1.0.0');
	await start('1.0.1');
	assert.deepEqual(seen.told, ['Retrace was updated to 1.0.1.', 'markdown.showPreview CHANGELOG.md']);
});

for (const [version, than, expected] of [
	['1.0.0', '0.9.9', true],
	['0.10.0', '0.9.0', true],
	['1.0.0', '1.0.0', false],
	['1.0.0-beta.1', '0.9.0', true],
	['garbage', '1.0.0', false],
	['1.0.0', 'garbage', false],
] as const)
	test(`${version} is ${expected ? '' : 'not '}newer than ${than}`, () =>
		assert.equal(isNewer(version, than), expected));
