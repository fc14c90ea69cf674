/** What a command changes, from the question whether it may run to the entries of what it did. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { asSha256 } from '../../../src/base/ids.ts';
import type { FoundChange } from '../../../src/core/checkpoint/fileScanner.ts';
import { withRecordedEffects } from '../../../src/core/checkpoint/recordChanges.ts';
import { operationsAfter, readTimeline } from '../../../src/core/checkpoint/timeline.ts';
import { createIdSource } from '../../../src/node/systemClock.ts';
import type { FakeClock } from '../../fakes/fakeClock.ts';
import { createFakeScanner, type FakeScanner } from '../../fakes/fakeScanner.ts';
import { workedMs } from '../../fakes/patience.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from '../agent/turnFixture.ts';

const bash = (command: string, id?: string) => call('Bash', { command }, id);
const sha = (number: number) => asSha256(number.toString(16).padStart(64, '0'));

function changed(rel: string, more: Partial<FoundChange> = {}): FoundChange {
	return {
		op: 'change',
		file: { root: '/w', rel },
		before: { $blob: sha(1), size: 12, mediaType: 'application/octet-stream', head: 'a long head' },
		after: sha(2),
		meta: { mode: 0o644 },
		author: 'shell',
		...more,
	};
}

async function runCommand(scanner: FakeScanner, options: Omit<FixtureOptions, 'model' | 'scanner'> = {}) {
	const model = createScriptedModel([{ blocks: [bash('make', 't1')] }, { blocks: [text('ok')] }]);
	const fixture = await createFixture({
		...options,
		model,
		scanner,
		shell: (command, signal) => {
			scanner.log.push('run');
			return options.shell?.(command, signal) ?? {};
		},
		permission: async (request, signal) => {
			scanner.log.push('ask');
			return (await options.permission?.(request, signal)) ?? { verdict: 'allowOnce' };
		},
	});
	return {
		...fixture,
		operations: () => fixture.session.entries.filter((entry) => entry.type === 'fileOperation'),
		types: () =>
			fixture.session.entries
				.map((entry) => entry.type)
				.filter((type) => ['toolStarted', 'fileOperation', 'toolResult', 'permission', 'notice'].includes(type)),
	};
}

describe('the effects of a command', () => {
	test('are looked for around it and recorded between its start and its result', async () => {
		const scanner = createFakeScanner({ found: () => [[changed('a'), changed('b')], [changed('c')]] });
		const { run, operations, types, session } = await runCommand(scanner);
		await run('go');
		assert.deepEqual(scanner.log, ['prepare', 'begin', 'ask', 'run', 'finish']);
		assert.deepEqual(types(), [
			...['permission', 'toolStarted', 'fileOperation', 'fileOperation', 'fileOperation', 'toolResult'],
		]);
		assert.deepEqual(
			operations().map(({ epoch, path, state, author, toolUseId }) => [epoch, path.rel, state, author, toolUseId]),
			[
				[1, 'a', 'done', 'shell', 't1'],
				[2, 'b', 'done', 'shell', 't1'],
				[3, 'c', 'done', 'shell', 't1'],
			],
		);
		assert.equal(operationsAfter(readTimeline(session.entries).get('/w\na') ?? [], 0).length, 1);
		assert.equal(session.newestEpoch, 3);
	});

	test('keep what a rename, a mode and a missing copy need', async () => {
		const found = [
			changed('old', { op: 'delete', after: 'absent' }),
			changed('new', { op: 'rename', before: 'absent', from: { root: '/w', rel: 'old' } }),
			changed('bin', { op: 'chmod', after: sha(1), metaAfter: { mode: 0o755 }, author: 'unknown' }),
			changed('big', { before: 'notCaptured', after: 'notCaptured', reason: 'larger than 50 MB' }),
		];
		const { run, operations } = await runCommand(createFakeScanner({ found: () => [found] }));
		await run('go');
		const [, renamed, mode, big] = operations();
		assert.deepEqual(renamed?.from, { root: '/w', rel: 'old' });
		assert.deepEqual([mode?.meta.mode, mode?.metaAfter?.mode, mode?.author], [0o644, 0o755, 'unknown']);
		assert.deepEqual([big?.before, big?.after, big?.reason], ['notCaptured', 'notCaptured', 'larger than 50 MB']);
	});

	test('are not looked for when it is denied', async () => {
		const scanner = createFakeScanner({ found: () => [[changed('a')]] });
		const { run, operations } = await runCommand(scanner, { permission: async () => ({ verdict: 'deny' }) });
		await run('go');
		assert.deepEqual(scanner.log, ['prepare', 'begin', 'ask', 'cancel']);
		assert.deepEqual(operations(), []);
	});

	test('wait for the first picture, and so does the command; a stop then starts nothing', async () => {
		const scanner = createFakeScanner({ isHeld: true, found: () => [[changed('a')]] });
		const { run, commands, types, abort, asked } = await runCommand(scanner, {
			permission: async () => {
				setImmediate(() => abort.abort());
				return { verdict: 'allowOnce' };
			},
		});
		await run('go');
		assert.equal(asked.length, 1, 'the question did not wait');
		assert.deepEqual(commands, []);
		assert.deepEqual(scanner.log, ['prepare', 'begin', 'ask', 'cancel']);
		assert.deepEqual(types(), ['permission', 'toolResult']);
	});

	test('the command starts only once all is captured', async () => {
		const scanner = createFakeScanner({ isHeld: true });
		const { run } = await runCommand(scanner, {
			permission: async () => {
				setImmediate(() => {
					scanner.log.push('captured');
					scanner.ready();
				});
				return { verdict: 'allowOnce' };
			},
		});
		await run('go');
		assert.deepEqual(scanner.log, ['prepare', 'begin', 'ask', 'captured', 'run', 'finish']);
	});

	for (const [how, shell] of [
		['fails', () => ({ exitCode: 1 })],
		['runs out of time', () => ({ exitCode: null, reason: 'timedOut' as const })],
		['cannot be started', () => Promise.reject(new UserError('no-such-folder', 'No such folder.'))],
	] as const)
		test(`are recorded also when it ${how}`, async () => {
			const scanner = createFakeScanner({ found: () => [[changed('a')]] });
			const { run, types, session } = await runCommand(scanner, { mode: 'auto', shell });
			await run('go');
			assert.deepEqual(types(), ['toolStarted', 'fileOperation', 'toolResult']);
			const result = session.entries.find((entry) => entry.type === 'toolResult');
			assert.equal(result?.isError, true);
		});

	test('are recorded when the user stops it', async () => {
		const scanner = createFakeScanner({ found: () => [[changed('a')]] });
		const { run, types, log, abort } = await runCommand(scanner, {
			mode: 'auto',
			shell: () => {
				abort.abort();
				return Promise.reject(abort.signal.reason);
			},
		});
		await run('go');
		assert.deepEqual(types(), ['toolStarted', 'fileOperation', 'toolResult']);
		assert.equal(log().at(-1), 'turnEnded stopped');
	});

	test('that could not be found are said, and the result stays', async () => {
		async function* failing() {
			yield [changed('a')];
			throw new UserError('disk-full', 'The disk is full.');
		}
		const { run, types, log, session } = await runCommand(createFakeScanner({ found: failing }), { mode: 'auto' });
		await run('go');
		assert.deepEqual(types(), ['toolStarted', 'fileOperation', 'notice', 'toolResult']);
		const notice = session.entries.find((entry) => entry.type === 'notice');
		assert.match(notice?.text ?? '', /could be recorded, so a rewind may not take it back: The disk is full\./);
		assert.equal(log().at(-1), 'turnEnded endTurn');
	});

	test('the waits are not run time', async () => {
		const scanner = createFakeScanner({
			isHeld: true,
			found: () => {
				fixture.clock.advance(5_000);
				return [];
			},
		});
		const fixture = await runCommand(scanner, {
			shell: () => {
				fixture.clock.advance(250);
				return {};
			},
			permission: async () => {
				setImmediate(() => {
					fixture.clock.advance(3_000);
					scanner.ready();
				});
				return { verdict: 'allowOnce' };
			},
		});
		await fixture.run('go');
		const result = fixture.session.entries.find((entry) => entry.type === 'toolResult');
		assert.equal(result?.durationMs, 250);
	});

	test('tools that write through the recorded files are not scanned', async () => {
		const scanner = createFakeScanner();
		const model = createScriptedModel([
			{ blocks: [call('Write', { file_path: 'b', content: 'b' }), call('Grep', { pattern: 'b' })] },
			{ blocks: [text('ok')] },
		]);
		const { run } = await createFixture({ model, scanner, mode: 'acceptEdits' });
		await run('go');
		assert.deepEqual(scanner.log, ['prepare']);
	});

	test('an untrusted folder is not even looked at', async () => {
		const scanner = createFakeScanner();
		const { run } = await runCommand(scanner, { isTrusted: false });
		await run('go');
		assert.deepEqual(scanner.log, []);
	});
});

describe('effects right behind others', () => {
	const behindAnother = async (
		work: (world: Parameters<typeof withRecordedEffects>[0] & { clock: FakeClock }) => Promise<void>,
	) => {
		const scanner = createFakeScanner({ goesOn: true });
		const { session, clock } = await runCommand(scanner);
		const world = { session, scanner, clock, trace: () => undefined, mayGoOn: true };
		const { signal } = new AbortController();
		await withRecordedEffects(world, async ({ start }) => void (await start(signal)));
		scanner.log.length = 0;
		await work(world);
		return scanner.log;
	};
	const { signal } = new AbortController();

	test('go on from the last look', async () => {
		const log = await behindAnother((world) =>
			withRecordedEffects(world, async ({ start }) => void (await start(signal))),
		);
		assert.deepEqual(log, ['goOn', 'finish']);
	});

	test('are looked for anew when the user is asked first, since others write meanwhile', async () => {
		const log = await behindAnother((world) =>
			withRecordedEffects(world, async ({ limits, start }) => {
				await limits();
				world.scanner?.prepare();
				await limits();
				await start(signal);
			}),
		);
		assert.deepEqual(log, ['goOn', 'cancel', 'begin', 'prepare', 'finish']);
	});

	test('are looked for anew when they do not start at once', async () => {
		const log = await behindAnother((world) =>
			withRecordedEffects(world, async ({ start }) => {
				world.clock.advance(101);
				await start(signal);
			}),
		);
		assert.deepEqual(log, ['goOn', 'cancel', 'begin', 'finish']);
	});

	test('are looked for anew when something of ours may be in between', async () => {
		const log = await behindAnother((world) =>
			withRecordedEffects({ ...world, mayGoOn: false }, async ({ start }) => void (await start(signal))),
		);
		assert.deepEqual(log, ['begin', 'finish']);
	});

	test('that do not start leave the look as it was', async () => {
		const log = await behindAnother((world) => withRecordedEffects(world, async () => undefined));
		assert.deepEqual(log, ['goOn', 'cancel']);
	});
});

describe('what cannot be brought back', () => {
	const items = Array.from({ length: 20 }, (_, index) => ({ path: `d${index}/`, reason: 'ignored by git' }));

	test('is part of the question, as soon as it is known, and of the log', async () => {
		const scanner = createFakeScanner({ limits: { items, unavailable: undefined }, isHeld: true });
		const { run, session } = await runCommand(scanner, {
			permission: async ({ limits }) => {
				scanner.log.push('shown');
				scanner.ready();
				scanner.log.push(`${(await limits)?.items.length} limits`);
				return { verdict: 'allowOnce' };
			},
		});
		await run('go');
		assert.deepEqual(scanner.log.slice(2, 6), ['ask', 'shown', '20 limits', 'run']);
		const started = session.entries.find((entry) => entry.type === 'toolStarted');
		assert.deepEqual([started?.limits?.items.length, started?.limits?.more], [12, 8]);
	});

	test('nothing at all is said too', async () => {
		const scanner = createFakeScanner({ limits: { items: [], unavailable: 'the folder is too large' } });
		const { run, session } = await runCommand(scanner, { mode: 'auto' });
		await run('go');
		const started = session.entries.find((entry) => entry.type === 'toolStarted');
		assert.deepEqual(started?.limits, { items: [], unavailable: 'the folder is too large' });
	});
});

describe('unsaved changes', () => {
	test('make a command ask, also where it is allowed', async () => {
		const { run, asked, commands } = await runCommand(createFakeScanner(), { mode: 'auto', unsaved: ['a.ts'] });
		await run('go');
		assert.deepEqual(
			asked.map(({ unsaved, rule }) => [unsaved, rule]),
			[[['a.ts'], undefined]],
		);
		assert.deepEqual(commands, ['make']);
	});

	test('do not lift what is forbidden', async () => {
		const rules = { deny: ['Bash(make:*)'] };
		const { run, asked } = await runCommand(createFakeScanner(), { mode: 'auto', unsaved: ['a.ts'], rules });
		await run('go');
		assert.deepEqual(asked, []);
	});
});

describe('20,000 files changed by one command', () => {
	const FILES = 20_000;
	const parts = function* () {
		for (let start = 0; start < FILES; start += 400)
			yield Array.from({ length: 400 }, (_, index) =>
				changed(`src/generated/file${start + index}.ts`, { before: 'absent', op: 'create', after: sha(start + index) }),
			);
	};

	test('are all recorded, in order, without stopping everything else', async () => {
		const { session, clock } = await runCommand(createFakeScanner(), { ids: createIdSource() });
		session.append({ type: 'user', content: [{ type: 'text', text: 'go' }] });
		const startBytes = session.sizeBytes;
		const gaps: number[] = [];
		let last = workedMs();
		let isOver = false;
		const tick = () => {
			const now = workedMs();
			gaps.push(now - last);
			last = now;
			if (!isOver) setImmediate(tick);
		};
		setImmediate(tick);
		const world = { session, scanner: createFakeScanner({ found: parts }), clock, trace: () => undefined };
		await withRecordedEffects(world, async (effects) => {
			await effects.start(new AbortController().signal);
		});
		isOver = true;
		const operations = session.entries.filter((entry) => entry.type === 'fileOperation');
		assert.equal(operations.length, FILES);
		assert.ok(operations.every(({ epoch }, index) => epoch === index + 1));
		const bytesPerFile = (session.sizeBytes - startBytes) / FILES;
		assert.ok(bytesPerFile < 500, `${bytesPerFile} bytes a file`);
		gaps.sort((a, b) => b - a);
		// A few may be longer, when memory is cleared.
		const longMs = gaps[Math.floor(gaps.length * 0.02)] ?? Number.POSITIVE_INFINITY;
		assert.ok(longMs < 10, `the editor waited ${longMs} ms at a time`);
	});
});
