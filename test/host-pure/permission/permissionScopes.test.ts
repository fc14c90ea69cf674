/** Where rules come from: files of a project tighten at once and grant only after an answer, which is asked for again when they change. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { registerHooks } from 'node:module';
import { beforeEach, describe, test } from 'node:test';

const scene = {
	settings: {} as Record<string, unknown>,
	answers: [] as (string | undefined)[],
	shown: [] as string[],
};
const show = async (text: string, more?: unknown) => {
	const detail = typeof more === 'object' && more !== null && 'detail' in more ? String(more.detail) : '';
	scene.shown.push(`${text}${detail}`);
	return scene.answers.shift();
};
const stub = {
	ConfigurationTarget: { Global: 1 },
	window: { showInformationMessage: show, showWarningMessage: show },
	workspace: {
		getConfiguration: () => ({
			get: (key: string) => scene.settings[key],
			inspect: (key: string) => ({ globalValue: scene.settings[key] }),
			update: async (key: string, value: unknown) => {
				scene.settings[key] = value;
			},
		}),
	},
};
Object.assign(globalThis, { scopesTestVscode: stub });
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? {
					url: `data:text/javascript,const v = globalThis.scopesTestVscode; export const { ConfigurationTarget, window, workspace } = v;`,
					shortCircuit: true,
				}
			: next(specifier, context),
});
const { createPermissionScopes } = await import('../../../src/host/permission/permissionScopes.ts');

class Memory {
	readonly #values = new Map<string, unknown>();
	keys = () => [...this.#values.keys()];
	get(key: string, otherwise?: unknown) {
		return this.#values.has(key) ? this.#values.get(key) : otherwise;
	}
	async update(key: string, value: unknown) {
		this.#values.set(key, value);
	}
}

type File = { path: string; source: string; text: string | undefined };
const project = (permissions: unknown): File => ({
	path: '/w/.claude/settings.json',
	source: 'project',
	text: JSON.stringify({ permissions }),
});

function createScene(files: () => readonly File[], isTrusted = true, homeFolder?: string) {
	const errors: unknown[] = [];
	const [workspaceState, globalState] = [new Memory(), new Memory()];
	const state = { isTrusted, reads: 0 };
	const scopes = createPermissionScopes({
		workspaceState,
		globalState,
		blobs: { hash: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex') } as never,
		outside: {
			async hookFiles() {
				state.reads++;
				return files();
			},
			...(homeFolder === undefined ? {} : { homeFolder }),
		},
		roots: () => [{ name: 'w', path: '/w' }],
		isTrusted: () => state.isTrusted,
		relativePath: (path) => path.replace('/w/', ''),
		onError: (_, error) => errors.push(error),
	});
	const warnings: string[] = [];
	/** Reads again, and waits until nothing is asked any more. */
	const refresh = async () => {
		await scopes.refresh((text) => warnings.push(text));
		await new Promise((resolve) => setImmediate(resolve));
	};
	return { scopes, refresh, warnings, errors, state, workspaceState, globalState };
}

beforeEach(() => Object.assign(scene, { settings: {}, answers: [], shown: [] }));

describe('a file of the project', () => {
	test('tightens at once, and grants only after an answer for just this content', async () => {
		let file = project({ allow: ['Bash(make:*)'], deny: ['Bash(curl:*)'] });
		const { scopes, refresh, errors } = createScene(() => [file]);
		await refresh();
		assert.deepEqual([scopes.rules().allow, scopes.rules().deny], [[], ['Bash(curl:*)']]);
		assert.equal(scene.shown.length, 1);

		scene.answers = ['Review…', 'Allow These'];
		file = project({ allow: ['Bash(make:*)', 'Bash(ls:*)'], deny: [] });
		await refresh();
		assert.match(scene.shown.at(-1) ?? '', /Bash\(make:\*\)\nBash\(ls:\*\)/);
		assert.deepEqual(scopes.rules().allow, ['Bash(make:*)', 'Bash(ls:*)']);

		file = project({ allow: ['Bash(make:*)', 'Bash(ls:*)', 'Bash'] });
		await refresh();
		assert.deepEqual(scopes.rules().allow, []);
		assert.equal(scene.shown.length, 4);
		await refresh();
		assert.equal(scene.shown.length, 4, 'once per content');
		assert.deepEqual(errors, []);
	});

	test('is not asked about again after a no', async () => {
		scene.answers = ['Review…', 'Never Allow Them'];
		const { scopes, refresh } = createScene(() => [project({ allow: ['Bash'] })]);
		await refresh();
		await refresh();
		assert.deepEqual([scopes.rules().allow, scene.shown.length], [[], 2]);
	});

	test('shows what nobody sees by its number, and is not agreed to when it is longer than what can be shown', async () => {
		scene.answers = ['Review…', undefined];
		const hidden = createScene(() => [project({ allow: [`Bash(ls)${'\n'.repeat(60)}\u202e`, 'Bash'] })]);
		await hidden.refresh();
		assert.match(scene.shown.at(-1) ?? '', /Bash\(ls\)(?: ⏎ ){60}\\u\{202e\}\nBash\n\nWhat/);
		assert.deepEqual(hidden.scopes.rules().allow, [], 'closed without an answer');
		scene.answers = ['Review…', 'Allow These'];
		const long = createScene(() => [project({ allow: [`Bash(ls ${'x'.repeat(6_000)})`, 'Bash'] })]);
		await long.refresh();
		assert.match(scene.shown.at(-1) ?? '', /more rules than can be shown at once/);
		assert.deepEqual(long.scopes.rules().allow, []);
		scene.answers = ['Review…', 'Allow These'];
		const many = createScene(() => [project({ allow: Array.from({ length: 41 }, (_, index) => `Bash(m${index})`) })]);
		await many.refresh();
		assert.match(scene.shown.at(-1) ?? '', /more rules than can be shown at once/);
	});

	test('that cannot be read is told, once', async () => {
		const { refresh, warnings } = createScene(() => [
			{ path: '/w/.claude/settings.json', source: 'project', text: '{' },
		]);
		await refresh();
		await refresh();
		assert.equal(warnings.length, 1);
	});

	test('of a workspace that is not trusted does not count', async () => {
		const { scopes, refresh, state } = createScene(() => [project({ deny: ['Bash'] })], false);
		await scopes.keep(['Bash(make)'], 'workspace');
		await refresh();
		assert.deepEqual([scopes.rules().deny, scopes.rules().allow, scene.shown, state.reads], [[], [], [], 0]);
	});

	test('keeps its answer with its workspace, and the user’s with the user', async () => {
		const files = [project({ allow: ['Bash(a)'] }), { ...project({ allow: ['Bash(b)'] }), source: 'user', path: '/h' }];
		scene.answers = ['Review…', 'Review…', 'Allow These', 'Allow These'];
		const { scopes, refresh, workspaceState, globalState } = createScene(() => files);
		await refresh();
		assert.deepEqual(scopes.rules().allow, ['Bash(a)', 'Bash(b)']);
		const pathsIn = (memory: Memory) => Object.keys(memory.get('retrace.permissions.answers', {}) as object);
		assert.deepEqual([pathsIn(workspaceState), pathsIn(globalState)], [['/w/.claude/settings.json'], ['/h']]);
	});
});

test('nothing of the user’s own file for another agent holds before an answer', async () => {
	const own = {
		...project({ allow: ['Bash(ls:*)'], deny: ['Bash(rm:*)'] }),
		source: 'user',
		path: '/home/u/.claude/settings.json',
	};
	const { scopes, refresh } = createScene(() => [own]);
	await refresh();
	assert.deepEqual([scopes.rules().allow, scopes.rules().deny], [[], []]);
});

test('rules are kept for the workspace and for the user, beside those that are there', async () => {
	scene.settings.permissions = { allow: ['Bash(a)'], ask: ['Bash(b)'], deny: [] };
	scene.settings.secretFiles = ['*.secret'];
	const { scopes } = createScene(() => []);
	await scopes.keep(['Bash(c)'], 'workspace');
	await scopes.keep(['Bash(c)', 'Bash(d)'], 'workspace');
	await scopes.keep(['Bash(e)'], 'user');
	assert.deepEqual(scene.settings.permissions, { allow: ['Bash(a)', 'Bash(e)'], ask: ['Bash(b)'], deny: [] });
	assert.deepEqual(scopes.rules(), {
		allow: ['Bash(a)', 'Bash(e)', 'Bash(c)', 'Bash(d)'],
		ask: ['Bash(b)'],
		deny: [],
		secrets: ['*.secret'],
	});
});

describe('what is kept', () => {
	const told = (rules: Awaited<ReturnType<ReturnType<typeof createScene>['scopes']['list']>>) =>
		rules.map(({ rule, kind, from, isInForce }) => `${from} ${kind} ${rule}${isInForce ? '' : ' (idle)'}`);

	test('is listed by where it comes from, and taken back there', async () => {
		scene.settings = { permissions: { allow: ['Bash(ls:*)', 'Read'], ask: [], deny: ['Bash(rm:*)'] } };
		const { scopes } = createScene(() => []);
		await scopes.keep(['Bash(make:*)', 'Bash(npm test:*)'], 'workspace');
		const listed = await scopes.list();
		assert.deepEqual(told(listed), [
			'workspace allow Bash(make:*)',
			'workspace allow Bash(npm test:*)',
			'user deny Bash(rm:*)',
			'user allow Bash(ls:*)',
			'user allow Read',
		]);
		for (const rule of listed.filter((one) => /make|rm|Read/.test(one.rule))) await scopes.remove(rule);
		assert.deepEqual(told(await scopes.list()), ['workspace allow Bash(npm test:*)', 'user allow Bash(ls:*)']);
		assert.deepEqual([...scopes.rules().allow].sort(), ['Bash(ls:*)', 'Bash(npm test:*)']);
		assert.deepEqual(scopes.rules().deny, []);
	});

	test('of a file says whether it holds, stays when it is to be removed, and is asked about anew', async () => {
		const { scopes, refresh } = createScene(() => [project({ allow: ['Bash(make:*)'], deny: ['Bash(curl:*)'] })]);
		assert.deepEqual(told(await scopes.list()), ['file deny Bash(curl:*)', 'file allow Bash(make:*) (idle)']);
		assert.deepEqual(scene.shown, []);
		scene.answers = ['Review…', 'Allow These'];
		await refresh();
		const listed = await scopes.list();
		assert.deepEqual(
			listed.map(({ isInForce, answer, path }) => [isInForce, answer, path]),
			[
				[true, 'yes', '/w/.claude/settings.json'],
				[true, 'yes', '/w/.claude/settings.json'],
			],
		);
		for (const rule of listed) await scopes.remove(rule);
		assert.equal((await scopes.list()).length, 2);
		await scopes.forget('/w/.claude/settings.json');
		assert.deepEqual(scopes.rules().allow, []);
		const before = scene.shown.length;
		await refresh();
		assert.equal(scene.shown.length, before + 1);
	});

	test('for a workspace that is not trusted is not listed', async () => {
		const { scopes } = createScene(() => [project({ allow: ['Bash'] })], false);
		await scopes.keep(['Bash(make:*)'], 'workspace');
		assert.deepEqual(await scopes.list(), []);
	});
});

describe('rules as other programs write them', () => {
	test('mean the home folder, the folder of the user’s own file and tools by our names', async () => {
		scene.settings = { permissions: { allow: ['Task(Explore)'], ask: [], deny: ['Read(~/.ssh/**)', 'Edit(/x)'] } };
		scene.answers = ['Review…', 'Allow These'];
		const own = { path: '/home/ada/.claude/settings.json', source: 'user' };
		const text = JSON.stringify({ permissions: { allow: ['Bash(ls *)'], deny: ['Edit(/x)', 'Read(~/y)'] } });
		const { scopes, refresh } = createScene(() => [{ ...own, text }], true, '/home/ada');
		await refresh();
		await refresh();
		assert.deepEqual(scopes.rules().deny, [
			...['Read(//home/ada/.ssh/**)', 'Edit(/x)'],
			...['Edit(//home/ada/.claude/x)', 'Read(//home/ada/y)'],
		]);
		assert.deepEqual(scopes.rules().allow, ['Agent(explore)', 'Bash(ls:*)']);
		const listed = await scopes.list();
		assert.ok(
			listed.some(({ rule }) => rule === 'Read(~/.ssh/**)'),
			'the list has them as they are written',
		);
	});

	test('that hold for nothing are listed with the reason, and told once when something relies on them', async () => {
		scene.settings = { permissions: { allow: ['Raed'], ask: [], deny: ['Bash(git:* push)'] } };
		const { scopes, refresh, warnings } = createScene(() => [
			project({ deny: ['Read(**)x', 'Edit(a)'], allow: ['LSP'] }),
		]);
		await refresh();
		await refresh();
		assert.equal(warnings.length, 2, warnings.join('\n'));
		assert.match(
			warnings[0] ?? '',
			/^The rule Bash\(git:\* push\) under deny in the setting retrace\.permissions holds for/,
		);
		assert.match(
			warnings[1] ?? '',
			/^The rule Read\(\*\*\)x under deny in \.claude\/settings\.json holds .*This is no rule/,
		);
		const problems = (await scopes.list()).map(({ rule, problem }) => `${rule} ${problem?.level ?? 'fine'}`);
		assert.deepEqual(problems, [
			...['Bash(git:* push) warning', 'Raed warning'],
			...['Read(**)x error', 'Edit(a) fine', 'LSP note'],
		]);
	});
});
