/**
 * Tools in the middle of their work, on real processes and a real disk: what floods, hangs, grows or is left behind. Each call has one result,
 * a stop ends all that it started, memory stays small, and nothing outlives the session.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { rgPath } from '@vscode/ripgrep';
import { SessionClosedError } from '../../src/base/errors.ts';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import { BackgroundCommands } from '../../src/core/background/backgroundCommands.ts';
import { isBlobRef } from '../../src/core/session/content.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { createSearch } from '../../src/node/files/ripgrep.ts';
import { createShell } from '../../src/node/process/shellProcess.ts';
import { createFixture, type Fixture } from '../core/agent/turnFixture.ts';
import { until, withMoreTime } from '../fakes/patience.ts';
import { call, createScriptedModel, text } from '../fakes/scriptedModel.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-runs-')));
after(() => rmSync(root, { recursive: true, force: true }));
type Input = Readonly<Record<string, unknown>>;

async function fixtureFor(calls: readonly (readonly [tool: string, input: Input])[]) {
	const blocks = calls.map(([tool, input], index) => call(tool, input, `toolu_${index}`));
	const steps = [...blocks.map((block) => ({ blocks: [block] })), { blocks: [text('done')] }];
	const fixture = await createFixture({ model: createScriptedModel(steps), mode: 'auto' });
	const { session, ports } = fixture;
	const roots = [{ name: 'w', path: root }];
	const shell = createShell({ hiddenEnvironment: [] });
	const { blobs, clock, trace } = ports;
	const background = new BackgroundCommands({ session, shell, scanner: () => undefined, blobs, clock, trace });
	Object.assign(ports, {
		workspace: createDiskWorkspace({ roots: () => roots, isTrusted: () => true }),
		search: createSearch(rgPath),
		shell,
		services: { sessionId: session.id, background },
	});
	session.setCwd(root);
	return { ...fixture, background, shell };
}

const resultsOf = ({ session }: Pick<Fixture, 'session'>) =>
	session.entries.flatMap((entry) => {
		if (entry.type !== 'toolResult') return [];
		const [first] = entry.content;
		const said = first && !isBlobRef(first) && 'text' in first ? String(first.text) : '';
		return [
			{ said, isError: entry.isError, id: entry.toolUseId, size: first && isBlobRef(first) ? first.size : said.length },
		];
	});
const file = (name: string) => join(root, name);
const pidsIn = (name: string) => readFileSync(file(name), 'utf8').trim().split('\n');
function isRunning(pid: string): boolean {
	try {
		return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
}
const peakAround = async (work: () => Promise<void>): Promise<number> => {
	const before = process.memoryUsage().rss;
	let peak = before;
	const timer = setInterval(() => {
		peak = Math.max(peak, process.memoryUsage().rss);
	}, 20);
	await work();
	clearInterval(timer);
	return peak - before;
};
/** Ways to get out of the shell's reach; each writes its number. */
const TREE = [
	'sleep 300 & echo $! >>PIDS',
	"setsid sh -c 'echo $$ >>PIDS; exec sleep 300' &",
	"(setsid sh -c 'echo $$ >>PIDS; exec sleep 300' >/dev/null 2>&1 &)",
];
const treeCommand = (name: string) =>
	`${TREE.join('\n').replaceAll('PIDS', name)}\nwhile [ "$(wc -l <${name})" -lt ${TREE.length} ]; do sleep 0.01; done; echo ready >${name}.ready; sleep 300`;

describe('a tool at work', { skip: process.platform !== 'linux' && 'looks into /proc' }, () => {
	it('that is given 100 MB shows a part, keeps a part, and needs little room', { timeout: 180_000 }, async () => {
		writeFileSync(file('big.txt'), '');
		const line = `${'x'.repeat(999)}\n`;
		for (let piece = 0; piece < 10; piece++) appendFileSync(file('big.txt'), line.repeat(10_000));
		writeFileSync(file('one-line.txt'), Buffer.alloc(30_000_000, 'y'));
		const fixture = await fixtureFor([
			['Bash', { command: 'cat big.txt' }],
			['Bash', { command: 'head -c 20000000 /dev/zero' }],
			['Bash', { command: 'head -c 3000000 /dev/urandom' }],
			['Read', { file_path: 'big.txt' }],
			['Grep', { pattern: 'x', path: 'big.txt' }],
			['Grep', { pattern: 'y', path: 'one-line.txt' }],
		]);
		const { session, ports, abort } = fixture;
		const prompt = { text: 'go', attachments: [] };
		const grownBytes = await peakAround(() => runTurn(session, prompt, ports, () => undefined, abort.signal));
		const results = resultsOf(fixture);
		assert.deepEqual(
			results.map(({ isError }) => isError),
			[false, false, false, true, false, false],
		);
		assert.ok(
			results.every(({ size }) => size < 200_000),
			JSON.stringify(results.map(({ size }) => size)),
		);
		assert.match(results[3]?.said ?? '', /too large to read whole\. Use Grep/);
		assert.ok(grownBytes < 200_000_000, `${grownBytes} bytes`);
		for (const name of ['big.txt', 'one-line.txt']) rmSync(file(name));
	});

	it('that is stopped by its time or by the user ends with all that it started, and the session goes on', async () => {
		const { late, said } = await withMoreTime(
			async (limitMs) => {
				const late = `late${limitMs}`;
				const fixture = await fixtureFor([['Bash', { command: treeCommand(late), timeout_ms: limitMs }]]);
				await fixture.run('go');
				return { late, said: resultsOf(fixture)[0]?.said ?? '' };
			},
			({ late }) => existsSync(file(`${late}.ready`)),
		);
		assert.match(said, /stopped after \d+ ms\. Give a larger timeout_ms/);
		assert.equal(pidsIn(late).length, TREE.length);
		await until(() => !pidsIn(late).some(isRunning));

		const stopped = await fixtureFor([['Bash', { command: treeCommand('stopped') }]]);
		const running = stopped.run('go');
		await until(() => existsSync(file('stopped.ready')));
		assert.ok(pidsIn('stopped').every(isRunning));
		stopped.abort.abort();
		await running;
		await until(() => !pidsIn('stopped').some(isRunning));
		const [result, ...others] = resultsOf(stopped);
		assert.deepEqual([result?.isError, others], [true, []]);
		assert.match(result?.said ?? '', /stopped by the user/i);
		assert.equal(stopped.session.state, 'idle');
	});

	it('that reads is stopped at once', async () => {
		execFileSync('sh', ['-c', 'mkdir -p many; cd many; seq 1 3000 | xargs touch'], { cwd: root });
		for (const one of [
			['Grep', { pattern: '.' }],
			['Glob', { pattern: '**/*' }],
			['Read', { file_path: 'many' }],
		] as const) {
			const fixture = await fixtureFor([one]);
			queueMicrotask(() => fixture.abort.abort());
			await fixture.run('go');
			assert.ok(resultsOf(fixture).length <= 1);
			assert.equal(fixture.session.branch().at(-1)?.type, 'turnEnded');
		}
	});

	it('reads a file that grows meanwhile up to some moment, and edits only what it read', async () => {
		writeFileSync(file('log.txt'), 'start\n');
		const fixture = await fixtureFor([
			[
				'Bash',
				{
					command:
						'(while :; do echo more >>log.txt; done) & echo $! >writer; until [ "$(wc -l <log.txt)" -gt 3 ]; do sleep 0.01; done',
				},
			],
			['Read', { file_path: 'log.txt', limit: 3 }],
			['Edit', { file_path: 'log.txt', old_string: 'start', new_string: 'begin' }],
			['Bash', { command: 'kill $(cat writer); wait' }],
		]);
		await fixture.run('go');
		const [, read, edited] = resultsOf(fixture);
		assert.match(read?.said ?? '', /^1\tstart\n2\tmore\n3\tmore\n\(lines 1 to 3 of/);
		const now = readFileSync(file('log.txt'), 'utf8');
		// Either the moment was found, or nothing was written; no line of the other program is lost.
		assert.ok(
			edited?.isError ? /changed meanwhile|is as it was/.test(edited.said) : now.startsWith('begin\n'),
			edited?.said,
		);
		assert.match(now, /^(?:start|begin)\n(?:more\n)*$/);
		await fixture.shell.endLeft();
	});

	it('in the background ends with its session, and what it left ends with the window', async () => {
		const fixture = await fixtureFor([
			['Bash', { command: treeCommand('server'), run_in_background: true }],
			['Bash', { command: "setsid sh -c 'echo $$ >left; exec sleep 300' >/dev/null 2>&1 & sleep 0.1" }],
			['BashOutput', { id: 'nothing' }],
		]);
		await fixture.run('go');
		await until(() => existsSync(file('server.ready')) && existsSync(file('left')) && pidsIn('left')[0] !== '');
		const pids = [...pidsIn('server'), ...pidsIn('left')];
		assert.ok(pids.every(isRunning));
		assert.equal(fixture.background.running.length, 1);
		await fixture.background.stopAll('close');
		await until(() => !pidsIn('server').some(isRunning));
		await fixture.shell.endLeft();
		await until(() => !pids.some(isRunning));
		const ends = fixture.session.entries.filter(({ type }) => type === 'notice');
		assert.equal(ends.length, 1);
	});

	it('says that it was interrupted when its window closes', async () => {
		const fixture = await fixtureFor([['Bash', { command: treeCommand('closing') }]]);
		const running = fixture.run('go');
		await until(() => existsSync(file('closing.ready')));
		fixture.abort.abort(new SessionClosedError());
		await running;
		await until(() => !pidsIn('closing').some(isRunning));
		assert.equal(resultsOf(fixture).length, 1);
	});
});
