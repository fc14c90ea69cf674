/** Agents on real files, with real logs and the demo model: what they changed is taken back apart, or with the turn; a reload shows the same. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import type { TurnPorts } from '../../src/core/agent/turnTypes.ts';
import { applyRestore } from '../../src/core/checkpoint/restore.ts';
import { planAgentUndo, planRestore, planTurnUndo } from '../../src/core/checkpoint/restorePlan.ts';
import { demoModelInfo } from '../../src/core/model/catalogue.ts';
import { createDemoModel } from '../../src/core/model/demoModel.ts';
import { openSession } from '../../src/core/session/session.ts';
import { joinDefinitions } from '../../src/core/subagents/agentDefinition.ts';
import { createSubagents } from '../../src/core/subagents/subagents.ts';
import { replay } from '../../src/host/transcript/replay.ts';
import { createTranscriptInputs } from '../../src/host/transcript/transcriptInputs.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { readAgentFiles } from '../../src/node/store/agentFiles.ts';
import { createAgentLogs } from '../../src/node/store/agentLogs.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';

const { signal } = new AbortController();

describe('agents on a real disk', () => {
	let folder = '';
	let root = '';
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'retrace-agents-'));
		root = join(folder, 'project');
		mkdirSync(root);
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	async function open() {
		const storage = join(folder, 'storage');
		const ids = createIdSource();
		const blobs = createFileBlobStore(storage);
		const workspace = createDiskWorkspace({ roots: () => [{ name: 'project', path: root }], isTrusted: () => true });
		const store = createFileSessionStore({ folder: storage, window: 'w', trace: () => undefined });
		const known = (await store.list()).sessions[0]?.id;
		const session = await openSession({
			...{ store, blobs, clock: systemClock, ids, trace: () => undefined },
			...(known === undefined ? {} : { id: known }),
			defaults: { cwd: root, mode: 'acceptEdits', model: 'demo', roots: [root], extensionVersion: '0' },
		});
		const logs = createAgentLogs(storage);
		const model = createDemoModel({ now: systemClock.now, sleep: async () => undefined });
		const subagents = createSubagents({
			...{ session, logs, ports: () => ports, maxParallel: () => 3, findModel: () => undefined },
			definitions: async () => joinDefinitions([]),
		});
		const none = async () => ({ items: [], isComplete: true });
		const ports: TurnPorts = {
			...{ clock: systemClock, ids, blobs, workspace, model, search: { grep: none, glob: none } },
			shell: { run: () => Promise.reject(new Error('no shell here')) },
			diagnostics: { list: async () => [] },
			approver: {
				askPermission: async () => ({ verdict: 'allowOnce' }),
				proposeEdit: async ({ proposed }) => ({ verdict: 'accept', text: proposed }),
			},
			modelInfo: () => demoModelInfo,
			rules: () => ({ allow: [], ask: [], deny: [] }),
			addSessionRule: () => undefined,
			loadProjectContext: async () => ({ memory: [], environment: [] }),
			contextLimits: () => ({ autoCompact: false, windowTokens: null, rotTokens: 300_000 }),
			...{ messageTtl: '5m', trace: () => undefined, services: { sessionId: session.id, subagents } },
		};
		const run = (text: string) => runTurn(session, { text, attachments: [] }, ports, () => undefined, signal);
		return { session, workspace, blobs, logs, run };
	}
	const write = (name: string, text: string) => writeFileSync(join(root, name), text);
	const read = (name: string) => readFileSync(join(root, name), 'utf8');
	const rowsOf = ({ session }: Awaited<ReturnType<typeof open>>) => {
		const inputs = createTranscriptInputs(
			() => undefined,
			(path) => path,
		);
		return replay(session.entries, session.branch(), inputs)
			.rows(false)
			.flatMap((row) => (row.kind === 'tool' && row.agent ? [row.agent] : []));
	};

	const TASKS = 'delegate "replace one with ONE in a.js" and "replace two with TWO in b.js"';

	test('what one changed is taken back apart; the other’s stays, and so does what the user wrote since', async () => {
		write('a.js', 'one\nmine\n');
		write('b.js', 'two\n');
		const world = await open();
		await world.run(TASKS);
		assert.deepEqual([read('a.js'), read('b.js')], ['ONE\nmine\n', 'TWO\n']);
		assert.deepEqual(await world.logs.list(world.session.id), ['general-1', 'general-2']);
		write('a.js', 'ONE\nmine\nwritten since\n');
		const agent = (await world.session.history(['fileOperation'])).find(({ path }) => path.rel === 'a.js')?.agentId;
		const plan = await planAgentUndo({ ...world, agent: agent ?? '' }, signal);
		assert.deepEqual(
			plan.files.map(({ file, action }) => [file.rel, action]),
			[['a.js', 'restore']],
		);
		await applyRestore({ ...world, plan, overwrite: [] }, signal);
		assert.deepEqual([read('a.js'), read('b.js')], ['one\nmine\nwritten since\n', 'TWO\n']);
		assert.equal((await world.session.history(['restore'])).at(-1)?.agent, agent);
		// And the restore itself can be undone.
		const undo = (await world.session.history(['restore'])).at(-1);
		const redo = await planRestore({ ...world, toEpoch: undo?.safety ?? -1 }, signal);
		await applyRestore({ ...world, plan: redo, overwrite: [] }, signal);
		assert.equal(read('a.js'), 'ONE\nmine\nwritten since\n');
		await world.session.close();
	});

	test('a rewind to the prompt, and undoing its turn, take back what all of them changed', async () => {
		write('a.js', 'one\n');
		write('b.js', 'two\n');
		const world = await open();
		await world.run(TASKS);
		const [prompt] = world.session.branch();
		const turn = await planTurnUndo({ ...world, prompt: (prompt as NonNullable<typeof prompt>).id }, signal);
		assert.deepEqual(
			turn.files.map(({ file }) => file.rel),
			['a.js', 'b.js'],
		);
		const plan = await planRestore({ ...world, toEpoch: 0 }, signal);
		await applyRestore({ ...world, plan, overwrite: [] }, signal);
		assert.deepEqual([read('a.js'), read('b.js')], ['one\n', 'two\n']);
		await world.session.close();
	});

	test('a file that one created goes with it', async () => {
		const world = await open();
		await world.run('delegate "create new.txt with \'hello\'"');
		assert.ok(existsSync(join(root, 'new.txt')));
		await applyRestore(
			{ ...world, plan: await planAgentUndo({ ...world, agent: 'general-1' }, signal), overwrite: [] },
			signal,
		);
		assert.ok(!existsSync(join(root, 'new.txt')));
		await world.session.close();
	});

	test('a reload shows the same lanes, and an agent goes on where it ended', async () => {
		write('a.js', 'one\n');
		write('b.js', 'two\n');
		const first = await open();
		await first.run(TASKS);
		const before = rowsOf(first);
		assert.deepEqual(
			before.map(({ state, changedFiles, steps }) => [state, changedFiles, steps > 0]),
			[
				['done', 1, true],
				['done', 1, true],
			],
		);
		await first.session.close();
		const second = await open();
		assert.deepEqual(rowsOf(second), before);
		await second.run('continue the agent general-1: create c.txt with "more"');
		assert.ok(existsSync(join(root, 'c.txt')));
		assert.equal(rowsOf(second).at(-1)?.agentId, 'general-1');
		await second.session.close();
	});

	test('agents are read from the files of the project and the user; a wrong file is named and changes nothing', async () => {
		const home = join(folder, 'home');
		for (const base of [root, home]) mkdirSync(join(base, '.claude', 'agents'), { recursive: true });
		const put = (base: string, name: string, text: string) =>
			writeFileSync(join(base, '.claude', 'agents', name), text);
		put(
			root,
			'reviewer.md',
			'---\nname: reviewer\ndescription: Reads a change\ntools: Read, Bash(git *)\nmaxTurns: 7\n---\nBe strict.',
		);
		put(home, 'reviewer.md', '---\ndescription: of the user\n---\nx');
		put(home, 'writer.md', '---\ndescription: Writes\npermissionMode: plan\nmodel: opus\n---\nWrite.');
		put(root, 'explore.md', '---\ndescription: d\n---\nx');
		put(root, 'silent.md', 'no frontmatter');
		// Nobody is asked about these files, so they bring nothing in from elsewhere, and no secrets.
		writeFileSync(join(folder, 'private.md'), '---\ndescription: private\n---\nx');
		writeFileSync(join(root, '.env'), '---\ndescription: secret\n---\nx');
		symlinkSync(join(folder, 'private.md'), join(root, '.claude/agents/private.md'));
		symlinkSync('../../.env', join(root, '.claude/agents/env.md'));
		const { definitions, problems } = await readAgentFiles([{ name: 'project', path: root }], home);
		const all = joinDefinitions(definitions);
		assert.deepEqual(
			all.map(({ name, source }) => `${name} ${source}`),
			['explore builtIn', 'fork builtIn', 'general builtIn', 'plan builtIn', 'reviewer project', 'writer user'],
		);
		const reviewer = all.find(({ name }) => name === 'reviewer');
		assert.deepEqual([reviewer?.tools, reviewer?.maxSteps], [['Read', 'Bash'], 7]);
		const writer = all.find(({ name }) => name === 'writer');
		assert.deepEqual([writer?.mode, writer?.model], ['plan', 'opus']);
		assert.equal(problems.length, 4);
	});
});
