/**
 * Which hooks of a window run, with real files and real processes that leave a file: none without trust, a project's only as they were
 * agreed to, the user's own file once asked, the setting without. And how they read in the transcript.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import type * as vscode from 'vscode';
import { replay } from '../../../src/host/transcript/replay.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { createHookFiles } from '../../../src/node/instructions/hookFiles.ts';
import { createHookRunner } from '../../../src/node/process/hookProcess.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';

/** What the window was asked, and what it answers by the button it offers first. */
const dialogs = { asked: [] as string[], answer: (_buttons: readonly string[]): string | undefined => undefined };
const settings: Record<string, unknown> = {};
Object.assign(globalThis, {
	hooksTestVscode: {
		window: {
			async showInformationMessage(message: string, ...buttons: string[]) {
				dialogs.asked.push(message);
				return dialogs.answer(buttons);
			},
			async showWarningMessage(message: string, options: { detail: string }, ...buttons: string[]) {
				dialogs.asked.push(`${message}\n${options.detail}`);
				return dialogs.answer(buttons);
			},
		},
		workspace: {
			getConfiguration: () => ({ get: () => undefined, inspect: (key: string) => ({ globalValue: settings[key] }) }),
		},
	},
});
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? {
					url: 'data:text/javascript,export const window = globalThis.hooksTestVscode.window; export const workspace = globalThis.hooksTestVscode.workspace;',
					shortCircuit: true,
				}
			: next(specifier, context),
});
const { createHooks } = await import('../../../src/host/hooks/hooks.ts');

function memento(): vscode.Memento {
	const values = new Map<string, unknown>();
	return {
		keys: () => [...values.keys()],
		get: (key: string, fallback?: unknown) => values.get(key) ?? fallback,
		update: async (key: string, value: unknown) => void values.set(key, value),
	} as vscode.Memento;
}

const folder = mkdtempSync(join(tmpdir(), 'hooks-window-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

const stopHook = (command: string) => ({ hooks: { Stop: [{ hooks: [{ type: 'command', command }] }] } });

/** A window over a new project and home. */
function scene() {
	const base = join(folder, String(++count));
	const [home, root] = [join(base, 'home'), join(base, 'project')];
	for (const place of [home, root]) mkdirSync(join(place, '.claude'), { recursive: true });
	const state = { isTrusted: true, isBroken: false };
	const errors: unknown[] = [];
	const shared = { workspaceState: memento(), globalState: memento() };
	const open = () =>
		createHooks({
			...shared,
			blobs: createMemoryBlobStore(),
			outside: {
				homeFolder: home,
				hookFiles: createHookFiles(home),
				runHook: createHookRunner({ hiddenEnvironment: [] }),
			},
			sessionsFolder: '/logs',
			roots() {
				if (state.isBroken) throw new Error('no folders');
				return [{ name: 'project', path: root }];
			},
			isTrusted: () => state.isTrusted,
			relativePath: (path) => (path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path),
			onError: (_event, error) => errors.push(error),
		});
	return {
		root,
		state,
		errors,
		open,
		left: (name: string) => existsSync(join(root, name)),
		write: (place: 'home' | 'project' | 'local', value: unknown) =>
			writeFileSync(
				join(place === 'home' ? home : root, '.claude', place === 'local' ? 'settings.local.json' : 'settings.json'),
				typeof value === 'string' ? value : JSON.stringify(value),
			),
	};
}

/** One turn with the hooks that the window would give it. */
async function turn(hooks: ReturnType<typeof createHooks>, root: string, isTrusted = true) {
	await hooks.refresh();
	// What is agreed to holds from the next turn on.
	for (let wait = 0; wait < 20; wait++) await new Promise((resolve) => setImmediate(resolve));
	await hooks.refresh();
	const steps: readonly ScriptedStep[] = [{ blocks: [text('ok')] }];
	const fixture = await createFixture({ model: createScriptedModel(steps), isTrusted });
	fixture.session.setCwd(root);
	const port = hooks.portOf(fixture.session);
	if (port) Object.assign(fixture.ports, { hooks: port });
	await fixture.run('go');
	return { ...fixture, port };
}

beforeEach(() => {
	dialogs.asked = [];
	dialogs.answer = () => undefined;
	for (const key of Object.keys(settings)) delete settings[key];
});

const agree = (buttons: readonly string[]) => buttons[0];

describe('hooks of a window', { skip: process.platform === 'win32' }, () => {
	test('in an untrusted workspace nothing is read, asked or run', async () => {
		const { write, open, root, state, left } = scene();
		state.isTrusted = false;
		dialogs.answer = agree;
		write('project', stopHook('touch project-ran'));
		write('home', stopHook('touch home-ran'));
		settings.hooks = stopHook('touch setting-ran').hooks;
		const { port } = await turn(open(), root, false);
		assert.equal(port, undefined);
		assert.deepEqual(
			[left('project-ran'), left('home-ran'), left('setting-ran'), dialogs.asked],
			[false, false, false, []],
		);
	});

	test('a project’s run as they were agreed to, and are asked about again when they change', async () => {
		const { write, open, root, left } = scene();
		write('project', stopHook('touch one-ran'));
		const hooks = open();
		await turn(hooks, root);
		assert.equal(left('one-ran'), false, 'nobody answered');
		assert.match(dialogs.asked[0] ?? '', /\.claude\/settings\.json of this project wants to run 1 hook/);

		dialogs.answer = agree;
		await turn(open(), root);
		assert.equal(left('one-ran'), true);
		assert.match(dialogs.asked.at(-1) ?? '', /Stop: touch one-ran/);

		dialogs.asked = [];
		await turn(open(), root);
		assert.deepEqual(dialogs.asked, [], 'the answer is kept');

		dialogs.answer = () => undefined;
		write('project', stopHook('touch two-ran; true'));
		await turn(open(), root);
		assert.equal(left('two-ran'), false);
		assert.equal(dialogs.asked.length, 1);
	});

	test('never means never, for this content', async () => {
		const { write, open, root, left } = scene();
		write('local', stopHook('touch ran'));
		dialogs.answer = (buttons) => buttons.at(-1);
		await turn(open(), root);
		dialogs.asked = [];
		await turn(open(), root);
		assert.deepEqual([left('ran'), dialogs.asked], [false, []]);
	});

	test('the user’s own file is asked about once; the setting never', async () => {
		const { write, open, root, left } = scene();
		write('home', stopHook('touch home-ran'));
		settings.hooks = stopHook('touch setting-ran').hooks;
		dialogs.answer = agree;
		await turn(open(), root);
		assert.deepEqual([left('home-ran'), left('setting-ran'), dialogs.asked.length], [true, true, 2]);
		write('home', stopHook('touch changed-ran'));
		await turn(open(), root);
		assert.deepEqual([left('changed-ran'), dialogs.asked.length], [true, 2]);
	});

	test('a project cannot turn off what the user wants', async () => {
		const { write, open, root, left } = scene();
		settings.hooks = stopHook('touch setting-ran').hooks;
		write('project', { disableAllHooks: true, ...stopHook('touch project-ran') });
		dialogs.answer = agree;
		await turn(open(), root);
		write('home', stopHook('touch home-ran'));
		await turn(open(), root);
		assert.deepEqual([left('setting-ran'), left('home-ran'), left('project-ran')], [true, true, false]);
	});

	test('a question that is left unanswered agrees to nothing, and comes again', async () => {
		const { write, open, root, left } = scene();
		write('project', stopHook('touch ran'));
		// Looked at, and closed.
		dialogs.answer = (buttons) => (buttons.length === 1 ? buttons[0] : undefined);
		await turn(open(), root);
		await turn(open(), root);
		assert.deepEqual([left('ran'), dialogs.asked.length], [false, 4]);
	});

	test('what ran before runs no more without trust, or when it cannot be read', async () => {
		const { open, root, state, errors } = scene();
		settings.hooks = stopHook('touch ran').hooks;
		const hooks = open();
		const { port, session } = await turn(hooks, root);
		assert.equal(port?.list().length, 1);
		state.isTrusted = false;
		assert.deepEqual([port?.list(), hooks.portOf(session)], [[], undefined]);
		state.isTrusted = true;
		assert.ok(hooks.portOf(session));
		state.isBroken = true;
		await hooks.refresh();
		assert.deepEqual([hooks.portOf(session), errors.length], [undefined, 1]);
	});

	test('one whose command is longer than what can be shown is not agreed to', async () => {
		const { write, open, root, left } = scene();
		dialogs.answer = agree;
		write('project', stopHook(`: ${'x'.repeat(6_000)}; touch ran`));
		await turn(open(), root);
		await turn(open(), root);
		assert.equal(left('ran'), false);
		assert.match(dialogs.asked[1] ?? '', /more hooks than can be shown at once/);
	});

	test('files that are wrong run nothing, and more than can be shown is not agreed to', async () => {
		const { write, open, root, left, errors } = scene();
		dialogs.answer = agree;
		write('project', '{"hooks": ');
		write('local', {
			hooks: { Stop: Array.from({ length: 60 }, () => ({ hooks: [{ type: 'command', command: 'touch many-ran' }] })) },
		});
		await turn(open(), root);
		assert.deepEqual([left('many-ran'), errors], [false, []]);
		assert.match(dialogs.asked.at(-1) ?? '', /more hooks than can be shown at once/);
	});

	test('nothing configured: no port, so that no turn knows of hooks', async () => {
		const { open, root } = scene();
		const { port } = await turn(open(), root);
		assert.equal(port, undefined);
	});
});

describe('in the transcript', () => {
	const rowsOf = async (answer: object, block = call('Bash', { command: 'make' }, 'b1')) => {
		const model = createScriptedModel([{ blocks: [block] }, { blocks: [text('ok')] }]);
		const fixture = await createFixture({ model, mode: 'auto' });
		Object.assign(fixture.ports, {
			hooks: {
				list: () => [
					{ point: 'PreToolUse', matcher: '', command: './guard.sh', timeoutMs: 1, source: 'user', projectDir: '/w' },
				],
				run: async () => ({ reason: 'exited', exitCode: 0, stdout: '', stderr: '', durationMs: 12, ...answer }),
				transcriptPath: '',
				life: { isStarted: true },
			},
		});
		await fixture.run('go');
		const { session } = fixture;
		const inputs = createTranscriptInputs(
			() => undefined,
			(path) => path,
		);
		return replay(session.entries, session.branch(), inputs)
			.rows(false)
			.filter((row) => row.kind === 'tool');
	};

	test('a hook that blocked stands before the call that did not run', async () => {
		const [call_, hook] = await rowsOf({ exitCode: 2, stderr: 'not on Fridays' });
		assert.ok(hook?.kind === 'tool' && call_?.kind === 'tool');
		assert.deepEqual(
			[hook.verb, hook.target, hook.state, hook.summary, hook.preview],
			['Hook', 'PreToolUse: ./guard.sh', 'interrupted', 'blocked', 'not on Fridays'],
		);
		assert.equal(call_.summary, 'blocked by a hook');
	});

	test('a call whose input was changed shows what really ran', async () => {
		const stdout = JSON.stringify({ hookSpecificOutput: { updatedInput: { command: 'make -n' } } });
		const [made, hook] = await rowsOf({ stdout });
		assert.ok(hook?.kind === 'tool' && made?.kind === 'tool');
		assert.deepEqual([made.target, hook.summary], ['make -n', 'changed the input']);
		assert.match(hook.preview, /New input: \{"command":"make -n"\}/);
	});

	test('one that failed says how; one that said nothing has no row', async () => {
		const [, hook] = await rowsOf({ exitCode: 1, stderr: 'no such file' });
		assert.ok(hook?.kind === 'tool');
		assert.deepEqual([hook.state, hook.summary, hook.note], ['failed', 'failed', 'ended with 1: no such file']);
		assert.equal((await rowsOf({})).length, 1);
	});
});
