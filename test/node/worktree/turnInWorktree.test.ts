/** A session in a worktree, with a real git, disk, shell and scanner: what its turn works with, and that the workspace's files stay as they are. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import { applyRestore } from '../../../src/core/checkpoint/restore.ts';
import { planRestore } from '../../../src/core/checkpoint/restorePlan.ts';
import type { Workspace } from '../../../src/core/ports.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { createDiskWorkspace } from '../../../src/node/files/diskWorkspace.ts';
import { createShell } from '../../../src/node/process/shellProcess.ts';
import { findGit } from '../../../src/node/scan/fileScanGit.ts';
import { createFileScanner } from '../../../src/node/scan/fileScanner.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createFakeClock, createFakeIds } from '../../fakes/fakeClock.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { commitAll, workerFile } from '../scan/fileScanWorld.ts';
import { contents, createWorktreeWorld } from './worktreeWorld.ts';

const never = `const never = () => ({ dispose() {} });
export const workspace = new Proxy({ textDocuments: [] }, { get: (of, name) => of[name] ?? never });`;
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? { url: `data:text/javascript,${encodeURIComponent(never)}`, shortCircuit: true }
			: next(specifier, context),
});
const { createSessionWorktrees } = await import('../../../src/host/worktree/sessionWorktrees.ts');
const { signal } = new AbortController();

async function scene(t: TestContext, steps: (repo: string) => readonly ScriptedStep[]) {
	const world = createWorktreeWorld();
	world.write({ 'a.txt': 'a\n', 'run.sh': 'echo run\n' });
	await commitAll(world.repo);
	const { ref, tree } = await world.create();
	const storage = join(world.folder, 'storage');
	const blobs = createFileBlobStore(storage);
	const roots = () => [{ name: 'shop', path: world.repo }];
	const isTrusted = () => true;
	const trees = createSessionWorktrees({
		outside: {
			diskWorkspace: createDiskWorkspace,
			fileScanner: (options) =>
				createFileScanner({ ...options, blobFolder: storage, gitPath: () => findGit(process.env, []), workerFile }),
			gitState: async () => [],
		},
		...{ port: world.worktrees, blobs, storagePath: storage, isTrusted },
		workspace: (): Workspace => workspace,
		memory: () => ({
			portsOf: (folders) => ({
				loadProjectContext: async () => ({ memory: [], environment: [`Folder: ${folders()[0]?.path}`] }),
				loadNestedMemory: async () => ({ files: [], notices: [], asked: [] }),
			}),
		}),
		withSkills: (load) => load,
		hooks: () => ({ refresh: async () => undefined, portOf: () => undefined, review: async () => undefined }),
		trace: () => undefined,
		onError: (_, error) => assert.ifError(error),
	});
	const workspace = trees.routed(createDiskWorkspace({ roots, isTrusted }));
	t.after(() => {
		trees.dispose();
		world.dispose();
	});
	const store = createFileSessionStore({ folder: storage, window: 'test', trace: () => undefined });
	const defaults = { cwd: tree, mode: 'auto', model: 'm', roots: [world.repo], extensionVersion: '0' } as const;
	const options = { store, blobs, clock: createFakeClock(), ids: createFakeIds(), trace: () => undefined };
	const session = await openSession({ ...options, defaults: { ...defaults, worktree: ref } });
	const attached = trees.attach(session);
	const fixture = await createFixture({ model: createScriptedModel(steps(world.repo)) });
	const asked: string[] = [];
	const run = async () => {
		const ports = trees.portsOf(session);
		assert.ok(ports);
		const shell = createShell({ hiddenEnvironment: [] });
		const approver = {
			...fixture.ports.approver,
			askPermission: async (request: { readonly tool: string }) => {
				asked.push(request.tool);
				return { verdict: 'deny' } as const;
			},
		};
		const prompt = { text: 'Go', attachments: [] };
		await runTurn(session, prompt, { ...fixture.ports, blobs, shell, approver, ...ports }, () => undefined, signal);
	};
	const reopen = () => openSession({ ...options, id: session.id, defaults: { ...defaults, cwd: world.repo } });
	return { ...world, ref, tree, trees, workspace, session, store, blobs, run, asked, reopen, attached };
}

test('tools, commands and checkpoints are in the worktree; the workspace’s own files are outside', async (t) => {
	const of = await scene(t, (repo) => [
		{
			blocks: [
				call('Write', { file_path: 'made.txt', content: 'm\n' }, 'w'),
				call('Bash', { command: 'echo shell > shell.txt; pwd' }, 'b'),
			],
		},
		{ blocks: [call('Write', { file_path: join(repo, 'a.txt'), content: 'over\n' }, 'o')] },
		{ blocks: [text('Done.')] },
	]);
	const before = contents(of.repo);
	await of.run();
	assert.deepEqual(of.asked, ['Write'], 'only the user’s own file is asked about');
	assert.deepEqual(contents(of.repo), before);
	assert.equal(readFileSync(join(of.tree, 'made.txt'), 'utf8'), 'm\n');
	const entries = of.session.entries;
	const operations = entries.filter((entry) => entry.type === 'fileOperation');
	assert.deepEqual(
		operations.map(({ path, author }) => `${author} ${path.root === of.tree} ${path.rel}`),
		['agent true made.txt', 'shell true shell.txt'],
	);
	const output = JSON.stringify(entries.filter((entry) => entry.type === 'toolResult'));
	assert.ok(output.includes(of.tree));
	assert.ok(entries.every(({ cwd }) => cwd === of.tree));
	const { session, workspace, blobs } = of;
	const plan = await planRestore({ session, workspace, blobs, toEpoch: 0 }, signal);
	await applyRestore({ session, workspace, blobs, plan, overwrite: [] }, signal);
	assert.equal(existsSync(join(of.tree, 'made.txt')) || existsSync(join(of.tree, 'shell.txt')), false);
	assert.equal(of.trees.relativePath(join(of.tree, 'dir', 'x')), 'dir/x');
	assert.equal(of.trees.relativePath(join(of.repo, 'x')), undefined);
	await session.close();
});

test('the log says so, whole or in part, and so does the list; a worktree that is gone is noticed', async (t) => {
	const of = await scene(t, () => [{ blocks: [text('Done.')] }]);
	await of.run();
	await of.session.close();
	const [row] = (await of.store.list()).sessions;
	assert.equal(row?.worktreeId, of.ref.id);
	const again = await of.reopen();
	assert.deepEqual(again.worktree, of.ref);
	assert.equal(again.cwd, of.tree);
	assert.equal(of.trees.isGone(again), false);
	rmSync(of.tree, { recursive: true });
	assert.equal(of.trees.isGone(again), true);
	await again.close();
});

test('another session takes no path of it for its own, and a closed one leaves nothing open', async (t) => {
	const of = await scene(t, () => []);
	const path = join(of.tree, 'a.txt');
	assert.equal((await of.workspace.resolve(path, of.repo)).kind, 'outside');
	assert.equal((await of.workspace.resolve('a.txt', of.tree)).kind, 'inside');
	const inside = of.trees.portsOf(of.session)?.workspace;
	assert.equal((await inside?.resolve(join(of.repo, 'a.txt'), of.tree))?.kind, 'outside');
	assert.deepEqual(inside?.roots, of.ref.roots);
	assert.deepEqual(
		of.workspace.roots.map(({ path: one }) => one),
		[of.repo],
	);
	of.attached.dispose();
	assert.equal((await of.workspace.resolve('a.txt', of.tree)).kind, 'outside');
	await of.session.close();
});
