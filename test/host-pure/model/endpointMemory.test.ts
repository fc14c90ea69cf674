/** What endpoints refuse is kept per address and model, told once, and can be forgotten. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createEndpointMemory } from '../../../src/host/model/endpointMemory.ts';

function keptState(value?: unknown) {
	const values = new Map<string, unknown>([['retrace.endpointLimits', value]]);
	return {
		get: (key: string) => values.get(key),
		update: async (key: string, next: unknown) => void values.set(key, JSON.parse(JSON.stringify(next))),
	};
}

it('what was refused is known by the next window, for that endpoint and model alone', () => {
	const state = keptState();
	const told: string[] = [];
	let endpoint = 'https://one.example';
	const open = () =>
		createEndpointMemory(
			state,
			() => endpoint,
			(...what) => told.push(what.join(' ')),
		);
	const memory = open();
	memory.remember('a', 'cache', 'said');
	memory.remember('a', 'cache', 'said');
	memory.remember('a', 'effort', 'said');
	assert.deepEqual(told, ['a cache said', 'a effort said']);
	assert.deepEqual([...open().refused('a')], ['cache', 'effort']);
	assert.equal(open().refused('b').size, 0);
	endpoint = 'https://one.example/other';
	assert.equal(memory.refused('a').size, 0);
	assert.equal(memory.forget(), false);
	endpoint = 'https://one.example';
	assert.equal(memory.forget(), true);
	assert.equal(open().refused('a').size, 0);
});

it('what cannot be read is found out again, and what is kept has an end', () => {
	const memory = createEndpointMemory(
		keptState([['e a', ['nonsense']]]),
		() => 'e',
		() => undefined,
	);
	assert.equal(memory.refused('a').size, 0);
	for (let model = 0; model < 250; model++) memory.remember(`m${model}`, 'cache', undefined);
	assert.equal(memory.refused('m0').size, 0);
	assert.equal(memory.refused('m249').size, 1);
});
