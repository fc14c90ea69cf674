/** Commands in the background, with a real shell and a picture of files that the test makes: output, end, reminders, and recorded effects. */
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { BackgroundCommands } from '../../../src/core/background/backgroundCommands.ts';
import { commandIdOf, endReminders, endText, openCommands } from '../../../src/core/background/backgroundEntries.ts';
import { createBackgroundOutput } from '../../../src/core/background/backgroundOutput.ts';
import type { BackgroundShell } from '../../../src/core/background/backgroundShell.ts';
import type { FoundChange } from '../../../src/core/checkpoint/fileScanner.ts';
import type { EntryOf } from '../../../src/core/session/entry.ts';
import { createShell } from '../../../src/node/process/shellProcess.ts';
import { systemClock } from '../../../src/node/systemClock.ts';
import { createFakeScanner } from '../../fakes/fakeScanner.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from '../agent/turnFixture.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-background-')));
after(() => rmSync(folder, { recursive: true, force: true }));
const never = new AbortController().signal;

async function scene(steps: readonly ScriptedStep[] = [], found: () => Iterable<readonly FoundChange[]> = () => []) {
	const scanner = createFakeScanner({ found });
	const model = createScriptedModel([...steps, { blocks: [text('done')] }]);
	const fixture = await createFixture({ model, mode: 'auto', scanner });
	const real = createShell({ hiddenEnvironment: [] });
	// The folder of the fixture is in memory only.
	const shell: BackgroundShell = { ...real, start: (request) => real.start({ ...request, cwd: folder }) };
	const commands = new BackgroundCommands({
		...{ session: fixture.session, shell, blobs: fixture.blobs, clock: systemClock, trace: () => undefined },
		scanner: () => scanner,
	});
	const start = async (command: string, id = 'toolu_000001') =>
		await commands.start({ toolUseId: asToolUseId(id), command, cwd: folder }, never);
	const notices = () =>
		fixture.session.entries.filter(
			(entry): entry is EntryOf<'notice'> => entry.type === 'notice' && !!entry.background,
		);
	const ended = async (count = 1) => {
		while (notices().length < count) await new Promise((resolve) => commands.onDidChange(() => resolve(undefined)));
	};
	return { ...fixture, model, scanner, commands, start, notices, ended };
}

describe('a command in the background', () => {
	it('gives what it printed since the last time, and then its end', async () => {
		const { commands, start, ended } = await scene();
		const { id } = await start(`echo one; until [ -e '${folder}/go' ]; do sleep 0.02; done; echo two; exit 3`);
		const first = await commands.read(id, 10_000, never);
		assert.deepEqual({ ...first }, { text: 'one\n', leftOutChars: 0, ended: undefined, isFailed: false });
		writeFileSync(join(folder, 'go'), '');
		await ended();
		const second = await commands.read(id, 10_000, never);
		assert.deepEqual(second, {
			...{ text: 'two\n', leftOutChars: 0, isFailed: true },
			ended: `Background command ${id} has ended with exit code 3.`,
		});
		assert.equal((await commands.read(id, 0, never))?.text, '');
		assert.equal(await commands.read('other', 0, never), undefined);
	});
	it('says in the log how it ended, with all that it printed', async () => {
		const { start, ended, notices, blobs } = await scene();
		await start('echo ghp_0123456789012345678901234567890123456789; exit 0');
		await ended();
		const [notice] = notices();
		assert.match(notice?.text ?? '', /^echo ghp_.* in the background ended with exit code 0\.$/);
		assert.equal(notice?.level, 'info');
		const output = notice?.background?.output;
		assert.ok(output);
		assert.equal(new TextDecoder().decode(await blobs.get(output)), '[masked: GitHub token]\n');
	});
	it('is stopped with all that it started', async () => {
		const { commands, start, notices } = await scene();
		const { id } = await start('sleep 300 & sleep 300');
		assert.deepEqual(
			commands.running.map((one) => one.id),
			[id],
		);
		assert.equal(await commands.stop(id, 'user'), true);
		assert.deepEqual(commands.running, []);
		assert.match(notices()[0]?.text ?? '', /was stopped by you\.$/);
		assert.equal(await commands.stop(id, 'user'), false);
	});
	it('waits no longer than it is told, nor when the user stops', async () => {
		const { commands, start } = await scene();
		const { id } = await start('sleep 300');
		assert.equal((await commands.read(id, 20, never))?.text, '');
		const stop = new AbortController();
		const waiting = commands.read(id, 60_000, stop.signal);
		stop.abort();
		await assert.rejects(waiting, { name: 'AbortError' });
		await commands.stopAll('close');
	});
	it('is one of eight at most', async () => {
		const { commands, start } = await scene();
		for (let index = 0; index < 8; index++) await start('sleep 300', `toolu_00000${index}`);
		await assert.rejects(start('sleep 300', 'toolu_000009'), { code: 'too-many-commands' });
		await commands.stopAll('close');
		assert.equal(commands.running.length, 0);
	});
});

describe('what it changes in files', () => {
	const change = (rel: string, after = 'a'): FoundChange => ({
		...{ op: 'create', file: { root: '/w', rel }, before: 'absent', meta: {}, author: 'shell' },
		after: after.repeat(64) as never,
	});
	it('is recorded when it is read, at the end and on demand, by nobody that is known', async () => {
		const left = [[change('a')], [change('b')], [change('c')]];
		const { commands, start, session, scanner } = await scene([], () => [left.shift() ?? []]);
		const { id } = await start('sleep 300');
		await commands.read(id, 0, never);
		await commands.record();
		await commands.stop(id, 'agent');
		await commands.record();
		const operations = session.entries.filter((entry) => entry.type === 'fileOperation');
		assert.deepEqual(
			operations.map((entry) => [entry.path.rel, entry.author, entry.toolUseId]),
			[
				['a', 'unknown', 'toolu_000001'],
				['b', 'unknown', 'toolu_000001'],
				['c', 'unknown', 'toolu_000001'],
			],
		);
		// The next picture begins before the last one ends, so that nothing falls in between.
		assert.deepEqual(scanner.log, ['begin', 'begin', 'finish', 'begin', 'finish', 'finish']);
	});
	it('is told apart from what the session’s own tools write meanwhile', async () => {
		let found: FoundChange[] = [];
		const { commands, start, session, blobs } = await scene([], () => [found]);
		const { id } = await start('sleep 300');
		const own = await blobs.put(new TextEncoder().encode('own'), 'text/plain');
		const operation = {
			type: 'fileOperation',
			op: 'create',
			before: 'absent',
			meta: {},
			author: 'agent',
			state: 'done',
		} as const;
		session.append({ ...operation, epoch: 1, path: { root: '/w', rel: 'a' }, after: own.$blob });
		session.append({ ...operation, epoch: 2, path: { root: '/w', rel: 'b' }, after: own.$blob });
		found = [{ ...change('a'), after: own.$blob }, change('b', 'b')];
		await commands.record();
		const operations = session.entries.filter((entry) => entry.type === 'fileOperation').slice(2);
		assert.deepEqual(
			operations.map(({ path, op, before }) => [path.rel, op, before]),
			[['b', 'change', { ...own, mediaType: 'application/octet-stream', head: '' }]],
		);
		found = [];
		await commands.stop(id, 'agent');
	});
});

describe('the model', () => {
	const bash = (command: string) => ({ blocks: [call('Bash', { command, run_in_background: true }, 'toolu_bg0001')] });
	const services = (commands: BackgroundCommands, sessionId: string) =>
		({ services: { sessionId, background: commands } }) as never;
	const late = (name: string, input: object, id: string) => ({ blocks: [call('CallTool', { name, input }, id)] });

	it('starts, reads and ends one, and is told of an end once', async () => {
		const world = await scene([
			bash('echo ready; sleep 300'),
			late('BashOutput', { id: 'bg0001', wait_ms: 10_000 }, 'toolu_2'),
			late('KillBash', { id: 'bg0001' }, 'toolu_3'),
		]);
		Object.assign(world.ports, services(world.commands, world.session.id));
		await world.run('go');
		await world.run('again');
		const results = world.session.entries.flatMap((entry) =>
			entry.type === 'toolResult' ? [JSON.stringify(entry.content)] : [],
		);
		assert.match(results[0] ?? '', /Started in the background as bg0001/);
		assert.match(results[1] ?? '', /It still runs\.\\nready/);
		assert.match(results[2] ?? '', /Background command bg0001 was stopped\./);
		assert.ok(!world.session.entries.some((entry) => entry.type === 'reminder'), 'the result has told it');
	});
	it('is reminded of an end that it has not read, in our own words', async () => {
		const world = await scene([bash('exit 4')]);
		Object.assign(world.ports, services(world.commands, world.session.id));
		await world.run('go');
		await world.ended();
		await world.run('and now?');
		await world.run('and then?');
		const reminders = world.session.entries.flatMap((entry) => (entry.type === 'reminder' ? [entry.text] : []));
		assert.deepEqual(reminders, ['Background command bg0001 has ended with exit code 4.']);
	});
	it('and the user are told of one that a crash took', async () => {
		const world = await scene([bash('sleep 300')]);
		Object.assign(world.ports, services(world.commands, world.session.id));
		await world.run('go');
		assert.equal(openCommands(world.session.entries).length, 1);
		const later = new BackgroundCommands({
			...{ session: world.session, shell: createShell({ hiddenEnvironment: [] }), blobs: world.blobs },
			...{ clock: systemClock, trace: () => undefined, scanner: () => undefined },
		});
		later.closeLost();
		later.closeLost();
		assert.deepEqual(
			world.notices().map(({ background }) => background?.how),
			['lost'],
		);
		assert.match(endReminders(world.session.entries, world.session.branch())[0] ?? '', /is gone/);
		await world.commands.stopAll('close');
	});
	it('is told what to do where nothing can run in the background, or nothing is known by that name', async () => {
		const world = await scene([
			bash('sleep 300'),
			late('BashOutput', { id: 'x' }, 'toolu_2'),
			late('KillBash', { id: 'x' }, 'toolu_3'),
		]);
		await world.run('go');
		const results = world.session.entries.filter((entry) => entry.type === 'toolResult');
		assert.deepEqual(
			results.map(({ isError }) => isError),
			[true, true, true],
		);
		assert.match(JSON.stringify(results[0]?.content), /Run it without run_in_background/);
		assert.match(JSON.stringify(results[1]?.content), /no background command x .*start one with Bash/);
	});
});

it('what was not read and what was printed at all stay within their limits', () => {
	const output = createBackgroundOutput();
	for (let line = 0; line < 200_000; line++) output.add(`line ${line} of many\n`);
	const { text: unread, leftOutChars } = output.takeUnread();
	assert.ok(unread.length <= 30_000 && unread.endsWith('line 199999 of many\n') && unread.startsWith('line '));
	const whole = output.whole();
	assert.ok(whole.length < 1_000_100 && whole.startsWith('line 0 of') && whole.endsWith('line 199999 of many\n'));
	assert.match(whole, /characters left out here/);
	assert.equal(
		unread.length + leftOutChars,
		Array.from({ length: 200_000 }, (_, line) => `line ${line} of many\n`.length).reduce((a, b) => a + b, 0),
	);
	assert.deepEqual(output.takeUnread(), { text: '', leftOutChars: 0 });
});

it('an end reads the same wherever it is told', () => {
	const toolUseId = asToolUseId('toolu_01A-b_9xyz');
	assert.equal(commandIdOf(toolUseId), 'Ab9xyz');
	assert.equal(
		endText({ toolUseId, exitCode: null, how: 'exited' }),
		'Background command Ab9xyz has ended with exit code unknown.',
	);
});
