/** Another extension is asked about once, whatever the answer; taken back, it is asked about again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiConsent } from '../../../src/host/api/apiConsent.ts';

function memento() {
	const kept = new Map<string, unknown>();
	return {
		kept,
		get: (key: string) => kept.get(key),
		update: async (key: string, value: unknown) => void kept.set(key, structuredClone(value)),
	} as const;
}

for (const answer of ['allowed', 'denied'] as const)
	test(`${answer}: asked once, also by two at a time and in another spelling, and known after a restart`, async () => {
		const state = memento();
		const asked: string[] = [];
		const ask = async (id: string) => {
			asked.push(id);
			return answer;
		};
		const consent = createApiConsent(state, ask);
		const isAllowed = answer === 'allowed';
		assert.deepEqual(await Promise.all([consent.isAllowed('a.one'), consent.isAllowed('A.One')]), [
			isAllowed,
			isAllowed,
		]);
		assert.equal(await createApiConsent(state, ask).isAllowed('a.one'), isAllowed);
		assert.deepEqual(asked, ['a.one']);
		assert.deepEqual(consent.answers, { 'a.one': answer });
	});

test('a question that is closed is a no for now, and comes again', async () => {
	const answers = [undefined, 'allowed'] as const;
	let asked = 0;
	const state = memento();
	await createApiConsent(state, async () => 'denied').isAllowed('a.two');
	const consent = createApiConsent(state, async () => answers[asked++]);
	assert.deepEqual([await consent.isAllowed('a.none'), consent.answers], [false, { 'a.two': 'denied' }]);
	asked = 0;
	assert.deepEqual([await consent.isAllowed('a.one'), await consent.isAllowed('a.one')], [false, true]);
});

test('what is taken back is told and asked again; others keep their answer', async () => {
	const told: string[] = [];
	let asked = 0;
	const consent = createApiConsent(memento(), async () => {
		asked += 1;
		return 'allowed';
	});
	consent.onDidForget((id) => told.push(id));
	await consent.isAllowed('a.one');
	await consent.isAllowed('b.two');
	await consent.forget('A.one');
	assert.deepEqual([told, Object.keys(consent.answers)], [['a.one'], ['b.two']]);
	await consent.isAllowed('a.one');
	await consent.isAllowed('b.two');
	assert.equal(asked, 3);
});

test('a state that cannot be read counts as none', async () => {
	const state = memento();
	state.kept.set('retrace.apiAccess', { 'a.one': 'yes please' });
	assert.equal(await createApiConsent(state, async () => 'denied').isAllowed('a.one'), false);
});
