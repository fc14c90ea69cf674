/** What one command may reach: rules before answers, one question at a time and for each site once, and nothing after its end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CancelledError } from '../../../src/base/errors.ts';
import { createSiteGate, type Site, type SiteGateWorld } from '../../../src/core/sandbox/siteGate.ts';

type Verdict = Awaited<ReturnType<SiteGateWorld['judge']>>;

function createScene(rules: Record<string, Verdict> = {}) {
	const open: { readonly site: Site; settle(isAllowed: boolean): void }[] = [];
	const asked: string[] = [];
	const failures: unknown[] = [];
	const time = { now: 0 };
	const gate = createSiteGate({
		now: () => time.now,
		judge: async ({ host }) => rules[host] ?? 'unknown',
		ask: (site, signal) =>
			new Promise((resolve, reject) => {
				asked.push(site.host);
				open.push({ site, settle: resolve });
				signal.addEventListener('abort', () => reject(new CancelledError()));
			}),
		onError: (error) => failures.push(error),
	});
	const reach = (host: string, privateAddress?: string) =>
		gate.mayReach({ host, port: 443, ...(privateAddress === undefined ? {} : { privateAddress }) });
	const settled = async () => {
		for (let turn = 0; turn < 20; turn++) await Promise.resolve();
	};
	return {
		...{ gate, asked, failures, rules, time, reach, settled },
		async answer(isAllowed: boolean) {
			await settled();
			open.shift()?.settle(isAllowed);
			await settled();
		},
	};
}

test('a rule counts without a question, and before an answer when it forbids', async () => {
	const { gate, asked, reach, rules, answer } = createScene({ 'yes.test': 'allowed', 'no.test': 'refused' });
	assert.deepEqual([await reach('yes.test'), await reach('no.test')], [true, false]);
	const asking = reach('ask.test');
	await answer(true);
	assert.equal(await asking, true);
	rules['ask.test'] = 'refused';
	assert.equal(await reach('ask.test'), false);
	assert.deepEqual([asked, gate.use().refused], [['ask.test'], ['no.test', 'ask.test']]);
});

test('an answer holds for the command, for just what was asked', async () => {
	const { asked, reach, rules, answer } = createScene();
	const first = [reach('a.test'), reach('a.test')];
	await answer(true);
	assert.deepEqual(await Promise.all(first), [true, true]);
	assert.equal(await reach('a.test'), true);
	const inside = reach('a.test', '10.0.0.1');
	await answer(false);
	assert.deepEqual([await inside, await reach('a.test', '10.0.0.1'), await reach('a.test')], [false, false, true]);
	assert.deepEqual(asked, ['a.test', 'a.test']);
	rules['a.test'] = 'allowed';
	assert.equal(await reach('a.test', '10.0.0.1'), true);
});

test('cards come one after the other, and what one settles by a rule is asked no more', async () => {
	const { asked, reach, rules, answer, settled } = createScene();
	const waiting = ['a.test', 'b.test', 'c.test'].map((host) => reach(host));
	await settled();
	assert.deepEqual(asked, ['a.test']);
	rules['b.test'] = 'allowed';
	await answer(true);
	assert.deepEqual(asked, ['a.test', 'c.test']);
	await answer(false);
	assert.deepEqual(await Promise.all(waiting), [true, true, false]);
});

test('a command that is told no again and again, or asks for everything at once, gets no further card', async () => {
	const { asked, reach, answer } = createScene();
	const waiting = ['a', 'b', 'c', 'd', 'e'].map((name) => reach(`${name}.test`));
	for (let count = 0; count < 3; count++) await answer(false);
	assert.deepEqual(await Promise.all(waiting), [false, false, false, false, false]);
	assert.equal(await reach('f.test'), false);
	assert.equal(asked.length, 3);
	const flooding = createScene();
	const all = Array.from({ length: 500 }, (_, index) => flooding.reach(`${index}.test`));
	const late = await Promise.all(all.slice(20));
	assert.deepEqual([late.every((one) => !one), flooding.gate.use().refused.length], [true, 100]);
	flooding.gate.end();
	await Promise.all(all);
});

test('with its end nothing more is reached, what is asked is withdrawn, and no failure of anybody', async () => {
	const { gate, asked, failures, reach, settled } = createScene({ 'yes.test': 'allowed' });
	const waiting = [reach('a.test'), reach('b.test')];
	await settled();
	gate.end();
	assert.deepEqual(await Promise.all(waiting), [false, false]);
	assert.deepEqual([await reach('yes.test'), await reach('c.test')], [false, false]);
	assert.deepEqual([asked, failures, gate.use()], [['a.test'], [], { reached: [], refused: [] }]);
});

test('the time of questions is counted once, also while one is open', async () => {
	const { gate, time, reach, answer, settled } = createScene();
	const waiting = [reach('a.test'), reach('b.test')];
	await settled();
	time.now = 100;
	assert.equal(gate.waitedMs(), 100);
	await answer(true);
	time.now = 150;
	await answer(true);
	await Promise.all(waiting);
	time.now = 900;
	assert.equal(gate.waitedMs(), 150);
});

test('a question that fails is no yes, and is told', async () => {
	const failures: unknown[] = [];
	const broken = new Error('the log cannot be written');
	const gate = createSiteGate({
		...{ now: () => 0, judge: async () => 'unknown' as const, onError: (error) => failures.push(error) },
		ask: () => Promise.reject(broken),
	});
	assert.equal(await gate.mayReach({ host: 'a.test', port: 443 }), false);
	assert.deepEqual(failures, [broken]);
});

test('an answer that comes after the end lets nothing through', async () => {
	const answer = Promise.withResolvers<boolean>();
	const gate = createSiteGate({
		...{ now: () => 0, judge: async () => 'unknown' as const, onError: () => undefined },
		ask: () => answer.promise,
	});
	const waiting = gate.mayReach({ host: 'a.test', port: 443 });
	await Promise.resolve();
	gate.end();
	answer.resolve(true);
	assert.deepEqual([await waiting, gate.use()], [false, { reached: [], refused: [] }]);
});
