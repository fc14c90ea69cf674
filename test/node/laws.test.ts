/**
 * The laws of the log with real files and real processes: one writer, nothing rewritten, the same session after a reopen, and no cost
 * that grows with the square of a log's length.
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asSessionId } from '../../src/base/ids.ts';
import { measureContext } from '../../src/core/context/meter.ts';
import type { ModelInfo } from '../../src/core/model/modelPort.ts';
import { isConversation } from '../../src/core/session/entry.ts';
import { forkSession } from '../../src/core/session/fork.ts';
import { openSession } from '../../src/core/session/session.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { sessionOptions, user } from '../core/session/sessionSupport.ts';
import { workedMs } from '../fakes/patience.ts';

const ID = '01890000-0000-7000-8000-000000000001';
const MODEL: ModelInfo = {
	...{ id: 'm', displayName: 'M', windowTokens: 200_000, maxOutputTokens: 32_000 },
	...{ isAdaptiveThinking: false, isDeprecated: false },
};
const isWindows = process.platform === 'win32';
const script = fileURLToPath(new URL('./secondWindow.ts', import.meta.url));

type Answer = { code?: string; leaf?: string; readOnly?: boolean; entries?: number };
type Window = { ask(line: string): Promise<Answer>; readonly process: ChildProcessWithoutNullStreams };

function scene(t: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-laws-'));
	const windows: Window[] = [];
	t.after(async () => {
		for (const { process: one } of windows) {
			const gone = new Promise((resolve) => one.once('exit', resolve));
			one.kill('SIGKILL');
			if (one.exitCode === null && one.signalCode === null) await gone;
		}
		rmSync(folder, { recursive: true, force: true });
	});
	/** `command` runs before node in the same process, e.g. to set a limit. */
	const openWindow = (name: string, command = ''): Window => {
		const args = [script, folder, ID, name];
		const child =
			command === ''
				? spawn(process.execPath, args)
				: spawn('bash', ['-c', `${command}; exec "$0" "$@"`, process.execPath, ...args]);
		const answers: ((answer: Answer) => void)[] = [];
		createInterface({ input: child.stdout }).on('line', (line) => answers.shift()?.(JSON.parse(line)));
		child.on('exit', () => {
			for (const answer of answers.splice(0)) answer({ code: 'died' });
		});
		const window: Window = {
			process: child,
			ask: (line) =>
				new Promise((resolve) => {
					answers.push(resolve);
					child.stdin.write(`${line}\n`);
				}),
		};
		windows.push(window);
		return window;
	};
	const log = join(folder, 'sessions', `${ID}.jsonl`);
	const read = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
	const reopened = async () => {
		const store = createFileSessionStore({ folder, window: 'reader', trace: () => undefined });
		return await openSession({ ...sessionOptions(store), id: asSessionId(ID) });
	};
	return { folder, log, read, reopened, openWindow };
}

test('a paused owner that wakes after a takeover writes nothing', { skip: isWindows }, async (t) => {
	const { openWindow, read, reopened } = scene(t);
	const first = openWindow('first');
	await first.ask('open');
	assert.equal((await first.ask('append one')).code, undefined);
	first.process.kill('SIGSTOP');
	const second = openWindow('second');
	assert.equal((await second.ask('open')).readOnly, true);
	assert.equal((await second.ask('takeOver')).readOnly, false);
	const taken = await second.ask('append two');
	const before = read();
	const late = first.ask('append late');
	first.process.kill('SIGCONT');
	assert.equal((await late).code, 'lease-lost');
	assert.equal(read(), before);
	assert.equal((await reopened()).leaf, taken.leaf);
});

test('a generation that comes again does not wake an owner of before', async (t) => {
	const { openWindow, read, reopened } = scene(t);
	const [first, second, third] = [openWindow('first'), openWindow('second'), openWindow('third')];
	await first.ask('open');
	await first.ask('append one');
	await first.ask('close');
	// Two takeovers without a word in the log; the second one leaves again.
	await first.ask('takeOver');
	await second.ask('takeOver');
	await second.ask('close');
	await third.ask('open');
	const mine = await third.ask('append mine');
	assert.equal(mine.code, undefined);
	const before = read();
	assert.equal((await first.ask('append late')).code, 'lease-lost');
	assert.equal(read(), before);
	assert.equal((await reopened()).leaf, mine.leaf);
});

test('of many windows that start at once, one writes and the others are told', async (t) => {
	const { openWindow, folder, read } = scene(t);
	const windows = ['a', 'b', 'c', 'd'].map((name) => openWindow(name));
	await Promise.all(windows.map((window) => window.ask('open')));
	const answers = await Promise.all(windows.map((window, index) => window.ask(`append ${index}`)));
	const codes = answers.map((answer) => answer.code ?? 'wrote').sort();
	assert.equal(codes.filter((code) => code === 'wrote').length <= 1, true, codes.join());
	assert.deepEqual(new Set(codes.filter((code) => code !== 'wrote')), new Set(['lease-lost']));
	assert.equal(
		read()
			.split('\n')
			.filter((line) => line.includes('"type":"user"')).length <= 1,
		true,
	);
	assert.equal(readdirSync(join(folder, 'sessions', `${ID}.lease`)).length <= 1, true);
});

test('a full disk leaves the same session before and after a reopen', { skip: isWindows }, async (t) => {
	const { openWindow, reopened, read } = scene(t);
	// The system takes a part of a write and refuses the rest, as a disk does that fills up.
	const window = openWindow('small disk', "trap '' XFSZ; ulimit -f 4");
	await window.ask('open');
	let answer: Answer = {};
	for (let count = 0; count < 100 && answer.code === undefined; count++) {
		const batch = Array.from({ length: 7 }, (_, one) => `${count}.${one}`);
		answer = await window.ask(`appendMany ${batch.join(',')}`);
	}
	assert.equal(answer.code, 'log-write-failed');
	assert.equal(read().length, 4096, 'a part of the batch is in the file');
	const { leaf } = await window.ask('state');
	window.process.kill('SIGKILL');
	const again = await reopened();
	assert.equal(again.leaf, leaf, 'the reopened session ends where the live one did');
	assert.deepEqual(
		again.branch().map((entry) => entry.id),
		again.entries.filter((entry) => isConversation(entry)).map((entry) => entry.id),
	);
});

test('a log of 100,000 entries opens, grows and is read at a cost that follows its length', async (t) => {
	const { folder, log, reopened } = scene(t);
	mkdirSync(join(folder, 'sessions'));
	const lines: string[] = [];
	let parentId: string | null = null;
	const turns = 12_500;
	const add = (more: object, isParent = true) => {
		const id = `01890000-0000-7000-8000-${lines.length.toString(16).padStart(12, '0')}`;
		lines.push(
			JSON.stringify({
				...{ v: 1, id, parentId, sessionId: ID, agentId: 'main', gen: 1, timestamp: 1_700_000_000_000 + lines.length },
				...{ cwd: '/w', mode: 'ask', ...more },
			}),
		);
		if (isParent) parentId = id;
	};
	add({ type: 'header', roots: ['/w'], extensionVersion: '0' }, false);
	for (let turn = 0; turn < turns; turn++) {
		add({ type: 'user', content: [{ type: 'text', text: `Prompt ${turn}` }] });
		add({ type: 'checkpoint', epoch: turn }, false);
		const block = { type: 'tool_use', id: `toolu_${turn}`, name: 'Read', input: { file_path: 'a' } };
		add({ type: 'assistant', messageId: `m${turn}`, index: 0, block });
		add({ type: 'toolStarted', toolUseId: `toolu_${turn}` }, false);
		const content = [{ type: 'text', text: 'a line\n' }];
		add({ type: 'toolResult', toolUseId: `toolu_${turn}`, isError: false, content, durationMs: 1 });
		add({ type: 'assistant', messageId: `n${turn}`, index: 0, block: { type: 'text', text: 'Done.' } });
		add({ type: 'turnEnded', reason: 'endTurn', durationMs: 1 });
		add({ type: 'rewind', to: parentId, from: parentId, why: 'switch' }, false);
	}
	writeFileSync(log, `${lines.join('\n')}\n`);
	const timed = <T>(work: () => T): { readonly value: T; readonly ms: number } => {
		const startMs = workedMs();
		const value = work();
		return { value, ms: workedMs() - startMs };
	};
	const startMs = performance.now();
	const session = await reopened();
	const openMs = performance.now() - startMs;
	assert.equal(session.entries.length, 100_001);
	const branch = timed(() => session.branch());
	assert.equal(branch.value.length, turns * 5);
	const append = timed(() => {
		for (let count = 0; count < 1_000; count++) session.append(user(`more ${count}`));
	});
	const newest = timed(() => {
		for (let count = 0; count < 1_000; count++) session.newest('prefix');
	});
	const measure = () =>
		measureContext({ entries: session.entries, leaf: session.leaf, modelInfo: MODEL, rotTokens: 300_000 });
	const firstMeter = timed(measure);
	const meter = timed(() => {
		for (let count = 0; count < 200; count++) {
			session.append(user(`measured ${count}`));
			measure();
			session.branch();
		}
	});
	const rewound = timed(() => {
		for (let count = 0; count < 5; count++) {
			session.append({ type: 'rewind', to: branch.value[count]?.id ?? null, from: session.leaf, why: 'rewind' });
			session.append({ type: 'rewind', to: branch.value.at(-1)?.id ?? null, from: session.leaf, why: 'undo' });
			session.branch();
			measure();
		}
	});
	const figures = `open ${openMs.toFixed()}, branch ${branch.ms.toFixed(1)}, 1,000 appends ${append.ms.toFixed()}, 1,000 newest ${newest.ms.toFixed(1)}, first meter ${firstMeter.ms.toFixed()}, 200 meters ${meter.ms.toFixed()}, 10 rewinds ${rewound.ms.toFixed()} ms`;
	t.diagnostic(figures);
	// Far above what is needed on a busy machine, far below what anything quadratic takes.
	assert.ok(openMs < 15_000 && branch.ms < 2_000 && append.ms < 5_000 && newest.ms < 1_000, figures);
	assert.ok(firstMeter.ms < 5_000 && meter.ms < 5_000 && rewound.ms < 10_000, figures);
	await session.close();
});

test('opening, writing, losing and closing sessions leaves no file open', {
	skip: process.platform !== 'linux',
}, async (t) => {
	const { folder } = scene(t);
	const openFiles = () => readdirSync('/proc/self/fd').length;
	const options = () => sessionOptions(createFileSessionStore({ folder, window: 'w', trace: () => undefined }));
	const id = asSessionId(ID);
	await (await openSession({ ...options(), id })).close();
	const before = openFiles();
	for (let round = 0; round < 20; round++) {
		const first = await openSession({ ...options(), id });
		first.append(user(`round ${round}`));
		const second = await openSession({ ...options(), id, takeOver: true });
		assert.throws(() => first.append(user('late')), { code: 'lease-lost' });
		await forkSession(second, second.leaf, options()).then((fork) => fork.close());
		await Promise.all([first.close(), first.close(), second.close()]);
	}
	assert.ok(openFiles() <= before, `${openFiles()} files are open, ${before} were`);
});
