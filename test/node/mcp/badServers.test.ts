import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { McpServer, McpServerConfig } from '../../../src/core/mcp/mcpPorts.ts';
import { outcomeOf } from '../../../src/core/mcp/mcpTools.ts';
import { usualTiming } from '../../../src/node/mcp/serverLife.ts';
import { until as soon, withMoreTime } from '../../fakes/patience.ts';
import { badServer, config, folder, isFailed, isReady, never, startWorld, untilServer } from './mcpWorld.ts';

const quitter = fileURLToPath(new URL('../../fakes/mcp/quitter.sh', import.meta.url));
let count = 0;
const worlds: ReturnType<typeof startWorld>[] = [];
after(async () => void (await Promise.all(worlds.map((world) => world.dispose()))));

type Started = ReturnType<typeof startWorld> & { readonly notes: string; notesText(): string };
function start(how: string, more: Partial<McpServerConfig> = {}, window = {}, options = {}, env = {}): Started {
	const world = startWorld(window, options);
	worlds.push(world);
	const notes = join(folder, `notes${++count}`);
	world.servers.configure([config('bad', badServer(how, { NOTES: notes, ...env }), more)]);
	return { ...world, notes, notesText: () => (existsSync(notes) ? readFileSync(notes, 'utf8') : '') };
}
const until = (world: Started, isAsked: (server: McpServer) => boolean) => untilServer(world.servers, 'bad', isAsked);
const call = (world: Started, signal = never, onProgress: (text: string) => void = () => undefined) =>
	world.servers.call('bad', 'work', {}, onProgress, signal);
/** Ready after it was started again so often. */
const isReadyAgain = (world: Pick<Started, 'servers'>, times: number) => (server: McpServer) =>
	isReady(server) && world.servers.log('bad').split('[reconnecting]').length - 1 === times;
const hasNote = (world: Started, text: string) => soon(() => world.notesText().includes(text), `a note "${text}"`);

describe('servers that behave badly', { concurrency: 8 }, () => {
	const failures: readonly (readonly [how: string, code: string, reason: RegExp, more?: Partial<McpServerConfig>])[] = [
		['silent', 'mcp-timeout', /did not answer within 0\.3 s/, { startTimeoutMs: 300 }],
		['exits', 'mcp-ended', /exit code 3: Cannot find the database/],
		['wrongVersion', 'mcp-failed', /protocol version is not supported: 1999-01-01/],
		['wrongIntroduction', 'mcp-bad-reply', /not as the protocol says/],
		['noise', 'mcp-flood', /no message of the protocol/],
		['longLine', 'mcp-flood', /larger than 16 MB/],
	];
	for (const [how, code, reason, more] of failures)
		test(`${how}: fails with a reason and a next step`, async () => {
			const world = start(how, more);
			const { state } = await until(world, isFailed);
			assert.ok(state.kind === 'failed');
			assert.equal(state.code, code);
			assert.match(state.reason, reason);
			assert.ok(state.nextStep.endsWith('.'));
			await assert.rejects(call(world), { code: 'mcp-not-ready' });
			assert.ok(world.servers.log('bad').length < 600_000);
			assert.deepEqual(world.errors, []);
		});

	test('a program that is not there', async () => {
		const world = startWorld();
		worlds.push(world);
		world.servers.configure([config('bad', { kind: 'stdio', command: 'no-such-program', args: [], env: {} })]);
		const { state } = await untilServer(world.servers, 'bad', isFailed);
		assert.ok(state.kind === 'failed' && state.code === 'mcp-not-found');
		assert.match(state.reason, /no-such-program was not found/);
	});

	test('100 MB on stderr hold up nothing', async () => {
		const world = start('floodsErrors');
		await until(world, isReady);
		assert.equal((await call(world)).isError, false);
		await hasNote(world, 'flooded');
		assert.equal((await call(world)).isError, false);
		assert.ok(world.servers.log('bad').length < 600_000);
	});

	test('lies about its tools cost those tools only', async () => {
		const world = start('lies');
		const { tools, problems } = await until(world, isReady);
		assert.deepEqual(
			tools.map(({ name }) => name),
			['good', 'badOutput'],
		);
		assert.equal(problems.length, 9);
		assert.ok(problems.some((problem) => /results of the tool badOutput are not checked/.test(problem)));
		assert.ok(
			problems.some((problem) => /No prompts today/.test(problem)),
			problems.join('\n'),
		);
		assert.equal((await world.servers.call('bad', 'badOutput', {}, () => undefined, never)).isError, false);
	});

	test('lists without an end come to one', async () => {
		const endless = await until(start('endless'), isReady);
		assert.ok(endless.tools.length <= 3);
		assert.match(endless.problems.join(), /has no end/);
		const huge = await until(start('huge'), isReady);
		assert.equal(huge.tools.length, 500);
		assert.match(huge.problems.join(), /more than 500 tools/);
	});

	test('one that keeps silent about its other lists is ready with its tools', async () => {
		const world = start('silentLists', {}, {}, { timing: { ...usualTiming, otherListsMs: 50 } });
		const { tools } = await until(world, isReady);
		assert.deepEqual(
			tools.map(({ name }) => name),
			['work'],
		);
		assert.equal((await call(world)).isError, false);
	});

	test('a storm of changes becomes a few questions', async () => {
		// Taken together for long enough that a slow machine gets the storm in few pieces as well.
		const world = start('storm', {}, {}, { timing: { ...usualTiming, listChangesMs: 300 } });
		let changes = 0;
		world.servers.onDidChange(() => changes++);
		await until(world, isReady);
		assert.equal((await call(world)).isError, false);
		await hasNote(world, 'tools/list\ncall work\ntools/list');
		const lists = world.notesText().match(/tools\/list/g)?.length ?? 0;
		assert.ok(lists >= 2 && lists < 20, `${lists} lists`);
		assert.ok(changes < 20, `${changes} changes`);
	});

	test('a list that changes is another list, and its tool another tool', async () => {
		const world = start('changes');
		const [before] = (await until(world, isReady)).tools;
		await call(world);
		const { tools } = await until(world, (server) => server.tools.length === 2);
		assert.notEqual(tools[0]?.definitionHash, before?.definitionHash);
		assert.equal(tools[0]?.callName, before?.callName);
	});

	test('a call that hangs is cancelled when its time is over, or when the user stops', async () => {
		const world = start('hangs', { callTimeoutMs: 150 });
		await until(world, isReady);
		await assert.rejects(call(world), { code: 'mcp-timeout', message: /no sign of life for 0\.15 s/ });
		await hasNote(world, 'cancelled');
		const stop = new AbortController();
		const running = call(world, stop.signal);
		stop.abort();
		await assert.rejects(running, { name: 'CancelledError' });
		await assert.rejects(call(world, AbortSignal.abort()), { name: 'CancelledError' });
	});

	test('progress gives a call more time', async () => {
		let heard: string[] = [];
		// Five steps, each a quarter of the time that the call has.
		const ended = await withMoreTime(
			async (callTimeoutMs) => {
				heard = [];
				const world = start('slow', { callTimeoutMs }, {}, {}, { STEP_MS: String(callTimeoutMs / 4) });
				await until(world, isReady);
				return await call(world, never, (text) => heard.push(text)).then(({ content }) => content, String);
			},
			(content) => typeof content !== 'string',
			[1_600, 6_000, 16_000],
		);
		assert.deepEqual(ended, [{ kind: 'text', text: 'slowly done' }]);
		assert.equal(heard.length, 5);
	});

	test('a question to the user holds up the time of a call, which is whole again after the answer', async () => {
		const answered = { kind: 'answers', answers: { sure: true } } as const;
		const ended = await withMoreTime(
			async (callTimeoutMs) => {
				// Two times of a call, less than what the server then takes.
				const waitMs = callTimeoutMs * 1.85;
				const elicit = () => new Promise((resolve) => setTimeout(() => resolve(answered), waitMs));
				const world = start('asks', { callTimeoutMs }, { elicit }, {}, { STEP_MS: String(callTimeoutMs / 4) });
				await until(world, isReady);
				return await call(world).then(({ content }) => content, String);
			},
			(content) => typeof content !== 'string',
			[2_000, 6_000, 16_000],
		);
		assert.deepEqual(ended, [{ kind: 'text', text: '{"action":"accept","content":{"sure":true}}' }]);
	});

	test('ready servers hear that the folders are others', async () => {
		const world = start('plain');
		await until(world, isReady);
		world.servers.rootsChanged();
		await hasNote(world, 'roots changed');
	});

	test('one that dies in a call says so, and is started again', async () => {
		const world = start('diesOnce');
		await until(world, isReady);
		await assert.rejects(call(world), { code: 'mcp-ended', message: /exit code 7/ });
		assert.ok(world.servers.list()[0]?.tools.length, 'what it offers stays in sight');
		// What is asked meanwhile waits until it is back.
		assert.deepEqual((await call(world)).content, [{ kind: 'text', text: 'alive again' }]);
		await until(world, isReadyAgain(world, 1));
		assert.deepEqual((await call(world)).content, [{ kind: 'text', text: 'alive again' }]);
	});

	test('one that dies again and again is given up', async () => {
		const world = start('dies');
		for (let round = 0; round <= 3; round++) {
			await until(world, isReadyAgain(world, round));
			await assert.rejects(call(world), { code: 'mcp-ended' });
		}
		const { state } = await until(world, isFailed);
		assert.ok(state.kind === 'failed' && /Out of memory/.test(state.reason));
	});

	test('wrong JSON and wrong results are an error of that call only', async () => {
		const world = start('wrongJson');
		await until(world, isReady);
		await assert.rejects(call(world), { code: 'mcp-bad-reply' });
		await assert.rejects(call(world), { code: 'mcp-bad-reply' });
	});

	test('a result of 6 MB comes whole, within the bounds of a text', async () => {
		const world = start('bigResult');
		await until(world, isReady);
		const [part] = (await call(world)).content;
		assert.ok(part?.kind === 'text' && part.text.length > 1_900_000 && part.text.length < 2_100_000);
	});

	test('a result that breaks the word of its tool is told as data', async () => {
		const world = start('structured');
		const { tools } = await until(world, isReady);
		const shown = async (how: string) => {
			const result = await world.servers.call('bad', 'work', { how }, () => undefined, never);
			return JSON.stringify(outcomeOf(result, tools[0]?.outputSchema));
		};
		assert.doesNotMatch(await shown('good'), /not as the tool declares/);
		assert.match(await shown('bad'), /"isError":false.*not as the tool declares it: degrees: must be number/);
		assert.match(await shown('none'), /declares structured output, and this result has none/);
		assert.match(await shown('deep'), /not as the tool declares it: the whole: must be object/);
		assert.doesNotMatch(await shown('good'), /not as the tool declares/);
	});

	test('one that does not answer any more is started again', async () => {
		const timing = { ...usualTiming, keepAliveMs: 100, pingTimeoutMs: 100, reconnectDelaysMs: [60_000] };
		const world = start('noPing', {}, {}, { timing });
		await until(world, isReady);
		const { state } = await until(world, ({ state }) => state.kind === 'reconnecting');
		assert.ok(state.kind === 'reconnecting' && /does not answer any more/.test(state.reason));
	});

	test('sampling is refused with the reason, unknown requests as unknown', async () => {
		const world = start('asksBack');
		await until(world, isReady);
		await hasNote(world, 'unknown');
		assert.match(world.notesText(), /does not let servers ask its model/);
		assert.match(world.notesText(), /-32601/);
	});
});

describe('what servers start and who starts them', {
	skip: process.platform === 'win32' && 'written for POSIX',
}, () => {
	const isRunning = (pid: string): boolean => {
		try {
			return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
		} catch {
			return false;
		}
	};

	const started = async (world: Started): Promise<string[]> => {
		const numbers = () => world.notesText().match(/^\d+$/gm) ?? [];
		await soon(() => numbers().length === 3);
		assert.ok(numbers().every(isRunning));
		return numbers();
	};
	const untilGone = async (pids: readonly string[]): Promise<void> => {
		// The last of them die a moment after they are told to.
		await soon(() => !pids.some(isRunning), `the end of ${pids.join()}`);
	};

	test('all that a server started ends with it', async () => {
		const world = start('children');
		await until(world, isReady);
		const pids = await started(world);
		await world.servers.stop('bad');
		await untilGone(pids);
		assert.equal(world.servers.list()[0]?.state.kind, 'off');
	});

	test('a daemon that left the group of its server ends with it', async () => {
		const file = join(folder, 'daemon');
		const command = `(setsid sh -c 'echo $$ > ${file}; exec sleep 600' >/dev/null 2>&1 &); exec "$@"`;
		const { args, env } = badServer('plain');
		const world = startWorld();
		worlds.push(world);
		const transport = {
			kind: 'stdio',
			command: '/bin/sh',
			args: ['-c', command, 'sh', process.execPath, ...args],
			env,
		} as const;
		world.servers.configure([config('bad', transport)]);
		await untilServer(world.servers, 'bad', isReady);
		const pid = () => (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');
		await soon(() => pid() !== '');
		assert.ok(isRunning(pid()));
		await world.servers.stop('bad');
		await untilGone([pid()]);
	});

	test('fifty connections one after the other leave no process, no listener and no timer', async () => {
		const warnings: string[] = [];
		const onWarning = ({ message }: Error) => void warnings.push(message);
		process.on('warning', onWarning);
		const timing = { ...usualTiming, reconnectDelaysMs: Array(60).fill(1), stableMs: 60_000 };
		const world = startWorld({}, { timing });
		worlds.push(world);
		world.servers.configure([config('bad', { kind: 'stdio', command: '/bin/sh', args: [quitter], env: {} })]);
		await untilServer(world.servers, 'bad', isReady);
		const before = process.getActiveResourcesInfo().length;
		const pids = new Set<string>();
		for (let round = 0; round < 50; round++) {
			await assert.rejects(
				world.servers.call('bad', 'work', {}, () => undefined, never),
				(error: Error) => {
					pids.add(/pid (\d+)/.exec(error.message)?.[1] ?? '');
					return /exit code 9/.test(error.message);
				},
			);
			await untilServer(world.servers, 'bad', (server) => isReadyAgain(world, round + 1)(server));
		}
		assert.equal(pids.size, 50);
		await untilGone([...pids]);
		await soon(() => process.getActiveResourcesInfo().length <= before + 3, 'an end of what was begun');
		await world.dispose();
		process.off('warning', onWarning);
		assert.deepEqual([warnings, world.errors], [[], []]);
	});

	test('what a server leaves behind when it dies ends too', async () => {
		const timing = { ...usualTiming, reconnectDelaysMs: [60_000] };
		const world = start('dirty', {}, {}, { timing });
		await until(world, isReady);
		const pids = await started(world);
		await assert.rejects(call(world), { code: 'mcp-ended', message: /SIGKILL/ });
		await untilGone(pids);
	});

	test('nothing starts that is off, not approved, or in a workspace that is not trusted', async () => {
		let isTrusted = false;
		const world = startWorld({ isTrusted: () => isTrusted });
		worlds.push(world);
		const notes = join(folder, 'untrusted');
		const transport = badServer('plain', { NOTES: notes });
		world.servers.configure([
			config('off', transport, { admission: 'off' }),
			config('waits', transport, { admission: 'waitsForApproval' }),
			config('untrusted', transport),
		]);
		for (const name of ['off', 'waits', 'untrusted']) {
			await world.servers.start(name);
			await assert.rejects(
				world.servers.call(name, 'work', {}, () => undefined, never),
				{ code: 'mcp-untrusted' },
			);
		}
		assert.deepEqual(
			world.servers.list().map(({ state }) => state.kind),
			['off', 'waitsForApproval', 'failed'],
		);
		isTrusted = true;
		await world.servers.start('off');
		await world.servers.start('waits');
		assert.equal(existsSync(notes), false);
		await world.servers.start('untrusted');
		assert.equal(world.servers.list()[2]?.state.kind, 'ready');
	});

	test('a configuration that stays keeps its process; one that changes or goes ends it', async () => {
		const world = start('plain');
		await until(world, isReady);
		const same = config('bad', badServer('plain', { NOTES: world.notes }));
		world.servers.configure([same]);
		assert.equal(world.servers.list()[0]?.state.kind, 'ready');
		world.servers.configure([{ ...same, callTimeoutMs: 5 }]);
		await hasNote(world, 'closed');
		await until(world, isReady);
		world.servers.configure([]);
		assert.deepEqual(world.servers.list(), []);
		await world.dispose();
		assert.equal(world.notesText().match(/closed/g)?.length, 2);
		await assert.rejects(async () => world.servers.call('bad', 'work', {}, () => undefined, never), {
			code: 'mcp-no-server',
		});
	});
});
