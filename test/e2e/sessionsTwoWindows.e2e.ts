// One session in two real windows on one folder: the second follows what the first does, takes over, and an owner that slept through that
// wakes up without doing harm. Who may write is read from the lease on the disk, what was written from the log.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import { missingBrowser } from './support/environment.ts';
import { endedLog, type FaultedApi, pairedResults, startFaultedApi } from './support/faultedApi.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { readSessionLogs, type SessionLog } from './support/sessionLogs.ts';
import { openFromTree } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const boxOf = (panel: FrameLocator) => panel.getByRole('textbox', { name: 'Message Retrace' });
const saidIn = (panel: FrameLocator, text: string) =>
	panel.getByRole('log', { name: 'Conversation' }).getByText(text, { exact: true }).last().waitFor();
const readOnlyIn = (panel: FrameLocator) => panel.getByRole('group', { name: 'Read-only' });

/** The process that holds the session of this log, as its lease says. */
function ownerOf({ path }: SessionLog): number {
	const folder = path.replace(/\.jsonl$/, '.lease');
	const newest = readdirSync(folder)
		.map(Number)
		.sort((left, right) => right - left)[0];
	const lease: unknown = JSON.parse(readFileSync(join(folder, String(newest)), 'utf8'));
	assert.ok(typeof lease === 'object' && lease !== null && 'pid' in lease && typeof lease.pid === 'number');
	return lease.pid;
}

suite('Two windows on one folder', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let faulted: FaultedApi;
	let second: Page;
	const first = () => workbench.panel();
	const other = () => workbench.panel(second);
	const stopped = new Set<number>();
	before(async () => {
		faulted = await startFaultedApi();
		workbench = await openWorkbench({
			name: 'two-windows',
			env: { RETRACE_PROVIDER: undefined, ANTHROPIC_API_KEY: 'test-key' },
			settings: { 'retrace.provider': 'anthropic', 'retrace.baseUrl': faulted.api.url },
		});
	});
	after(async () => {
		for (const pid of stopped) {
			try {
				process.kill(pid, 'SIGCONT');
			} catch {
				// It is gone. Whatever is left must be closed all the same, or the run hangs.
			}
		}
		await workbench?.close();
		await faulted?.api.close();
	});

	const log = () => {
		const found = readSessionLogs(workbench.userDataDir).find(({ text }) => text.includes('First question'));
		assert.ok(found);
		return found;
	};
	const ask = async (panel: FrameLocator, prompt: string, answer: string) => {
		faulted.lineUp({ text: answer });
		await send(panel, prompt);
		await saidIn(panel, answer);
		await turnEnds(panel);
		await endedLog(workbench.userDataDir, prompt);
	};

	const takeOver = async (panel: FrameLocator) => {
		await panel.getByRole('button', { name: 'Take Over' }).click();
		await readOnlyIn(panel).waitFor({ state: 'hidden' });
	};
	/** In the first window, with a prompt that waits behind it. */
	const startSlowTurn = async (prompt: string) => {
		await boxOf(first()).fill('');
		faulted.lineUp({
			text: `${prompt}: a long answer that comes slowly, word by word, and is cut.`,
			chunkChars: 2,
			// It must still come when the other window takes over, and end soon: the owner hears of that when it writes again.
			delayMs: 200,
		});
		await send(first(), prompt);
		await first().getByText(`${prompt}: a`, { exact: false }).last().waitFor();
		await boxOf(first()).fill('And this is queued');
		await first().getByRole('button', { name: 'Send', exact: true }).click();
		await first().getByRole('list', { name: /Queue/ }).getByText('And this is queued').waitFor();
	};
	const queuedIsBack = () =>
		until('the queued prompt is back', async () => (await boxOf(first()).inputValue()).includes('And this is queued'));
	/** Stops a process without its knowledge, as a laptop that is closed. */
	const sleep = (pid: number) => {
		process.kill(pid, 'SIGSTOP');
		stopped.add(pid);
	};
	const wake = (pid: number) => {
		process.kill(pid, 'SIGCONT');
		stopped.delete(pid);
	};

	test('the second window can only read, and shows what the first one does while it does it', async () => {
		await ask(first(), 'First question', 'First answer.');
		second = await workbench.openWindow();
		await openFromTree(workbench, 'First question', second);
		await saidIn(other(), 'First answer.');
		await readOnlyIn(other())
			.getByText(/open in another window/)
			.waitFor();
		assert.ok(await boxOf(other()).isDisabled());

		const before = log().text;
		await ask(first(), 'Second question', 'Second answer.');
		await saidIn(other(), 'Second question');
		await saidIn(other(), 'Second answer.');
		assert.ok(log().text.startsWith(before));
		assert.ok(
			log().entries.every(({ gen }) => gen === log().entries[0]?.gen),
			'following wrote something',
		);
		await workbench.screenshot('two-windows-following', second);
	});

	test('after Take Over the first window can only read, keeps what was typed there, and follows the second', async () => {
		await boxOf(first()).fill('Half a thought');
		const notice = other().getByRole('group', { name: 'Notice' }).last();
		await notice.getByRole('button', { name: 'Fork', exact: true }).waitFor();
		await takeOver(other());
		await ask(other(), 'Mine now', 'Taken over.');

		await readOnlyIn(first()).waitFor();
		await saidIn(first(), 'Mine now');
		await saidIn(first(), 'Taken over.');
		assert.equal(await boxOf(first()).inputValue(), 'Half a thought');
		await workbench.screenshot('two-windows-taken-over');

		await takeOver(first());
		assert.equal(await boxOf(first()).inputValue(), 'Half a thought');
		await readOnlyIn(other()).waitFor();
	});

	test('a turn that runs while its session is taken over stops, says so, and what it had done is kept', async () => {
		await startSlowTurn('Hold it');
		await saidIn(other(), 'Hold it');
		await takeOver(other());
		await ask(other(), 'Mine again', 'Still sound.');
		await other()
			.getByText(/taken over while this turn ran/)
			.waitFor();
		await first()
			.getByText(/Another window took this session over, so the turn was stopped here/)
			.waitFor({ timeout: 30_000 });
		await readOnlyIn(first()).waitFor();
		await queuedIsBack();
		await saidIn(first(), 'Still sound.');
		assert.ok(!log().text.includes('And this is queued'));
		await workbench.screenshot('two-windows-cut-turn');
		pairedResults(log());
		await takeOver(first());
		await readOnlyIn(other()).waitFor();
	});

	test('an owner that slept through a takeover writes no more, and nothing is lost', async () => {
		await boxOf(first()).fill('');
		await startSlowTurn('Sleep now');
		const sleeper = ownerOf(log());
		sleep(sleeper);
		await saidIn(other(), 'Sleep now');
		await takeOver(other());
		await ask(other(), 'While it sleeps', 'Wide awake.');
		assert.notEqual(ownerOf(log()), sleeper);
		const before = log().text;

		wake(sleeper);
		await readOnlyIn(first()).waitFor();
		await saidIn(first(), 'Wide awake.');
		await queuedIsBack();
		assert.equal(log().text, before, 'the one that slept wrote something');
		await workbench.screenshot('two-windows-woken');

		await ask(other(), 'Still there?', 'All of it.');
		for (const text of ['First answer.', 'Second answer.', 'Taken over.', 'Sleep now', 'Wide awake.'])
			await saidIn(other(), text);
		assert.ok(log().text.startsWith(before));
		pairedResults(log());
		assert.deepEqual(faulted.api.violations, []);
	});

	test('a prompt that was sent before the window knew of the takeover comes back to the input', async () => {
		await takeOver(first());
		await readOnlyIn(other()).waitFor();
		await boxOf(first()).fill('');
		await ask(first(), 'Back here', 'Here it is.');
		const sleeper = ownerOf(log());
		sleep(sleeper);
		await takeOver(other());
		const sent = faulted.api.accepted.length;
		await boxOf(first()).fill('A late thought');
		await first().getByRole('button', { name: 'Send', exact: true }).click();
		wake(sleeper);
		await readOnlyIn(first()).waitFor();
		await until('the prompt is back', async () => (await boxOf(first()).inputValue()) === 'A late thought');
		assert.equal(faulted.api.accepted.length, sent, 'a prompt that cannot be kept was sent');
		assert.ok(!log().text.includes('A late thought'));
	});

	test('when the window that holds it is gone, the other one goes on', async () => {
		const owner = ownerOf(log());
		process.kill(owner, 'SIGKILL');
		await first().getByRole('button', { name: 'Go On Here' }).click();
		await readOnlyIn(first()).waitFor({ state: 'hidden' });
		assert.equal(await boxOf(first()).inputValue(), 'A late thought');
		await boxOf(first()).fill('');
		await ask(first(), 'Alone again', 'So it is.');
		await saidIn(first(), 'All of it.');
		assert.deepEqual(faulted.api.violations, []);
	});
});
