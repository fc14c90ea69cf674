// The pool keeps to its cap, serves sessions in turn, holds all when the endpoint asks for it, and loses nobody, whatever comes.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { CancelledError } from '../../../src/base/errors.ts';
import { asUnixMs } from '../../../src/base/ids.ts';
import { createRequestPool, type PoolCaller, type PoolWait } from '../../../src/core/agent/requestPool.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import type { ModelReply, ModelRequest, StreamModel } from '../../../src/core/model/modelPort.ts';
import type { Clock } from '../../../src/core/ports.ts';

const request = {} as ModelRequest;
const reply = {} as ModelReply;
const flush = async () => {
	for (let count = 0; count < 20; count++) await Promise.resolve();
};

/** Sleepers wake when the time is moved past their moment. */
function createManualClock() {
	let now = 1_000_000;
	let sleepers: { at: number; wake: () => void }[] = [];
	const clock: Clock = {
		now: () => asUnixMs(now),
		sleep: (delayMs) => new Promise((wake) => sleepers.push({ at: now + delayMs, wake })),
	};
	return {
		clock,
		get now() {
			return now;
		},
		async advance(ms: number) {
			now += ms;
			const due = sleepers.filter(({ at }) => at <= now);
			sleepers = sleepers.filter(({ at }) => at > now);
			for (const { wake } of due) wake();
			await flush();
		},
	};
}

type Running = { readonly name: string; begin(): Promise<void>; end(error?: unknown): Promise<void> };

function createWorld(limit = 2) {
	const time = createManualClock();
	const running: Running[] = [];
	const started: string[] = [];
	const waits: string[] = [];
	const ended: string[] = [];
	const pool = createRequestPool({ clock: time.clock, limit: () => limit });
	const modelOf = (name: string): StreamModel => ({
		label: 'x',
		stream: (_request, onEvent, signal) =>
			new Promise<ModelReply>((resolve, reject) => {
				started.push(name);
				const leave = (settle: () => void) => {
					const index = running.indexOf(own);
					if (index >= 0) running.splice(index, 1);
					settle();
				};
				const own: Running = {
					name,
					async begin() {
						onEvent({ kind: 'text', index: 0, text: 'H' });
						await flush();
					},
					async end(error) {
						leave(() => (error === undefined ? resolve(reply) : reject(error)));
						await flush();
					},
				};
				running.push(own);
				signal.addEventListener('abort', () => leave(() => reject(new CancelledError())));
			}),
		listModels: async () => [],
		countTokens: async () => 1,
	});
	const onWait = (name: string) => (wait: PoolWait | undefined) => {
		const words = !wait ? 'goes' : wait.kind === 'held' ? `held ${wait.delayMs}` : `queued ${wait.ahead}`;
		waits.push(`${name} ${words}`);
	};
	return {
		time,
		running,
		started,
		waits,
		ended,
		/** Begins one request and returns how to stop it. */
		send(name: string, caller: Partial<PoolCaller> = {}, endpoint = 'e') {
			const stop = new AbortController();
			const own = { session: name, kind: 'turn', onWait: onWait(name), ...caller } as const;
			const sent = pool.share(modelOf(name), endpoint, own).stream(request, () => undefined, stop.signal);
			sent.then(
				() => ended.push(`${name} ok`),
				(error: Error) => ended.push(`${name} ${error.name}`),
			);
			return stop;
		},
		find: (name: string) => running.find((one) => one.name === name),
	};
}

const refusal = (retryAfterMs?: number) => new ModelError('rateLimit', 'Slow.', { status: 429, retryAfterMs });

suite('Request pool', () => {
	test('at most so many run; the next starts when one ends', async () => {
		const world = createWorld();
		for (const name of ['a', 'b', 'c']) world.send(name);
		await flush();
		assert.deepEqual(world.started, ['a', 'b']);
		assert.deepEqual(world.waits, ['c queued 0']);
		await world.find('a')?.end();
		assert.deepEqual(world.started, ['a', 'b', 'c']);
		assert.deepEqual(world.waits, ['c queued 0', 'c goes']);
	});

	test('endpoints are apart', async () => {
		const world = createWorld(1);
		world.send('a');
		world.send('b', {}, 'other');
		await flush();
		assert.deepEqual(world.started, ['a', 'b']);
	});

	test('sessions take turns, and side questions come last', async () => {
		const world = createWorld(1);
		world.send('a1', { session: 'a' });
		world.send('side', { session: 'c', kind: 'side' });
		for (const name of ['a2', 'a3']) world.send(name, { session: 'a' });
		world.send('b1', { session: 'b' });
		await flush();
		while (world.running.length > 0) await world.running[0]?.end();
		assert.deepEqual(world.started, ['a1', 'b1', 'a2', 'a3', 'side']);
	});

	test('a rate limit of one holds the next requests of all, for as long as it says, and then one goes first', async () => {
		const world = createWorld(3);
		for (const name of ['a', 'b']) world.send(name);
		await flush();
		await world.find('a')?.end(refusal(5_000));
		for (const name of ['c', 'd']) world.send(name);
		await flush();
		assert.deepEqual(world.waits, ['c held 5000', 'd held 5000']);
		await world.find('b')?.end(refusal(7_000));
		await world.time.advance(5_000);
		assert.deepEqual(world.started, ['a', 'b']);
		await world.time.advance(2_000);
		assert.deepEqual(world.started, ['a', 'b', 'c']);
		await world.find('c')?.end();
		world.send('e');
		await flush();
		assert.deepEqual(world.started, ['a', 'b', 'c', 'd', 'e']);
	});

	test('without a word about how long the pause doubles, once for those refused together', async () => {
		const world = createWorld(4);
		for (const name of ['a', 'b', 'c']) world.send(name);
		await flush();
		for (const name of ['a', 'b', 'c']) await world.find(name)?.end(refusal());
		world.send('d');
		await flush();
		await world.time.advance(1_000);
		assert.ok(world.find('d'));
		await world.find('d')?.end(refusal());
		world.send('e');
		await flush();
		await world.time.advance(1_999);
		assert.equal(world.find('e'), undefined);
		await world.time.advance(1);
		assert.ok(world.find('e'));
	});

	test('a reply that begins lets the next one go; how long it goes on is nobody’s wait', async () => {
		const world = createWorld(4);
		for (const name of ['long', 'refused']) world.send(name);
		await flush();
		await world.find('long')?.begin();
		await world.find('refused')?.end(refusal(1_000));
		for (const name of ['a', 'b', 'c', 'd']) world.send(name);
		await world.time.advance(1_000);
		// The one that still replies is no reason to wait, and one asks whether it goes again.
		assert.deepEqual(world.started, ['long', 'refused', 'a']);
		await world.find('a')?.begin();
		assert.deepEqual(world.started, ['long', 'refused', 'a', 'b', 'c']);
		await world.find('b')?.end(refusal(1_000));
		// What was sent before the refusal says nothing about what comes after it.
		await world.find('c')?.begin();
		await world.time.advance(1_000);
		assert.deepEqual(world.started, ['long', 'refused', 'a', 'b', 'c', 'd']);
	});

	async function startsAfter(askedMs: number): Promise<number[]> {
		const world = createWorld(2);
		const starts: number[] = [];
		for (let round = 0; round < 5; round++) {
			const sentAt = world.time.now;
			world.send(`r${round}`);
			await flush();
			while (!world.find(`r${round}`)) await world.time.advance(500);
			starts.push(world.time.now - sentAt);
			await world.find(`r${round}`)?.end(refusal(askedMs));
		}
		return starts;
	}

	test('an endpoint that asks for no pause and refuses again gets one all the same, longer each time', async () => {
		assert.deepEqual(await startsAfter(0), [0, 0, 1_000, 2_000, 4_000]);
	});

	test('one that asks for a pause is asked again after it, however often it refuses', async () => {
		assert.deepEqual(await startsAfter(500), [0, 500, 500, 500, 500]);
	});

	test('fifty sessions: nobody is served twice while another waits, and a refusal costs only what was on its way', async () => {
		const [sessions, limit] = [50, 4];
		const world = createWorld(limit);
		const names = Array.from({ length: sessions }, (_, index) => `s${index}`);
		// All places are taken until everybody waits; each wants three requests at once.
		for (let place = 0; place < limit; place++) world.send(`first${place}`);
		for (const name of names) for (let wish = 0; wish < 3; wish++) world.send(name);
		await flush();
		for (const one of [...world.running]) await one.end();
		world.started.splice(0, limit);
		world.ended.splice(0, limit);
		await flush();
		while (world.started.length < sessions) await world.running[0]?.end();
		assert.deepEqual(world.started.toSorted(), names.toSorted());
		for (const one of [...world.running]) await one.end(refusal(5_000));
		const refused = world.started.length;
		await world.time.advance(4_999);
		assert.equal(world.started.length, refused);
		assert.ok(refused <= sessions + limit);
		await world.time.advance(1);
		assert.equal(world.running.length, 1);
		await world.running[0]?.end();
		assert.equal(world.running.length, limit);
		while (world.running.length > 0) await world.running[0]?.end();
		assert.equal(world.ended.length, 3 * sessions);
		for (let round = 0; round < 3; round++) {
			const served = world.started.slice(round * sessions, (round + 1) * sessions);
			assert.equal(new Set(served).size, sessions);
		}
	});

	test('other failures hold nobody', async () => {
		const world = createWorld(1);
		world.send('a');
		world.send('b');
		await flush();
		await world.find('a')?.end(new ModelError('server', 'Broken.'));
		assert.ok(world.find('b'));
	});

	test('a stop ends the wait, and takes no place', async () => {
		const world = createWorld(1);
		world.send('a');
		const stop = world.send('b');
		world.send('c');
		await flush();
		stop.abort();
		await flush();
		assert.deepEqual(world.ended, ['b CancelledError']);
		await world.find('a')?.end();
		assert.deepEqual(world.started, ['a', 'c']);
		const late = new AbortController();
		late.abort();
	});

	test('whatever happens, the cap holds and everybody is served or stopped', async () => {
		const step = fc.oneof(
			fc.record({
				do: fc.constant('send' as const),
				session: fc.integer({ min: 0, max: 4 }),
				isSide: fc.boolean(),
			}),
			fc.record({
				do: fc.constant('end' as const),
				at: fc.nat(5),
				how: fc.constantFrom('ok', 'limit', 'unsaid', 'broken'),
			}),
			fc.record({ do: fc.constant('begin' as const), at: fc.nat(5) }),
			fc.record({ do: fc.constant('stop' as const), at: fc.nat(20) }),
			fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 9_000 }) }),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), async (steps, limit) => {
				const world = createWorld(limit);
				const stops: AbortController[] = [];
				let heldUntil = 0;
				let sent = 0;
				for (const one of steps) {
					const before = world.started.length;
					if (one.do === 'send')
						stops.push(world.send(`${sent++}`, { session: `s${one.session}`, kind: one.isSide ? 'side' : 'turn' }));
					if (one.do === 'stop') stops[one.at]?.abort();
					if (one.do === 'begin') await world.running[one.at]?.begin();
					if (one.do === 'wait') await world.time.advance(one.ms);
					if (one.do === 'end') {
						const errors = {
							ok: undefined,
							limit: refusal(3_000),
							unsaid: refusal(),
							broken: new ModelError('server', ''),
						};
						const ends = world.running[one.at];
						if (ends && one.how === 'limit') heldUntil = Math.max(heldUntil, world.time.now + 3_000);
						await ends?.end(errors[one.how as keyof typeof errors]);
					}
					await flush();
					assert.ok(world.running.length <= limit, 'more than the cap');
					if (world.time.now < heldUntil) assert.equal(world.started.length, before, 'one started in a pause');
				}
				for (let round = 0; round < 200 && world.ended.length < sent; round++) {
					await world.running[0]?.end();
					await world.time.advance(60_000);
				}
				assert.equal(world.ended.length, sent, 'somebody was forgotten');
			}),
			{ numRuns: 200 },
		);
	});
});
