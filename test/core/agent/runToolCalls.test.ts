/** Which calls of a reply run beside each other: those that only read, and no more of them than the disk bears. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { TurnPorts } from '../../../src/core/agent/turnTypes.ts';
import type { LateTool } from '../../../src/core/tools/lateTools.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

/** Runs calls of a tool each of which waits until the others that may run beside it have begun. */
async function runMany(
	effect: LateTool['effect'],
	names: readonly string[],
	more: Partial<TurnPorts> = {},
	options: Omit<FixtureOptions, 'model'> = {},
) {
	const model = createScriptedModel([
		{ blocks: names.map((name, index) => call(name, {}, `c${index}`)) },
		{ blocks: [text('ok')] },
	]);
	const fixture = await createFixture({ mode: 'auto', files: { '/w/a.js': 'a\n' }, ...options, model });
	const [now, most] = [{ count: 0 }, { count: 0 }];
	const late: LateTool = {
		...{ name: 'mcp__s__one', version: 1, description: 'One.', input: z.object({}), effect },
		label: () => ({ verb: 'Use', target: 'one' }),
		async run() {
			now.count++;
			most.count = Math.max(most.count, now.count);
			for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
			now.count--;
			return { isError: false, content: [{ type: 'text', text: 'ran' }], summary: '' };
		},
	};
	const ports = { ...fixture.ports, lateTools: { list: () => [late] }, ...more };
	const prompt = { text: 'go', attachments: [] };
	await runTurn(fixture.session, prompt, ports, () => undefined, fixture.abort.signal);
	return { ...fixture, most: most.count };
}
const twelve = Array.from({ length: 12 }, () => 'mcp__s__one');

test('those that only read run eight at a time, the others one by one', async () => {
	assert.equal((await runMany('read', twelve)).most, 8);
	assert.equal((await runMany('none', twelve.slice(0, 3))).most, 3);
	for (const effect of ['write', 'execute', 'network'] as const) assert.equal((await runMany(effect, twelve)).most, 1);
});

test('what may change something waits for its place in the session; what reads does not', async () => {
	const order: string[] = [];
	const oneAtATime = async <T>(work: () => Promise<T>): Promise<T> => {
		order.push('in');
		const done = await work();
		order.push('out');
		return done;
	};
	const { session } = await runMany('execute', ['mcp__s__one', 'Read', 'mcp__s__one'], { oneAtATime });
	assert.deepEqual(order, ['in', 'out', 'in', 'out']);
	assert.equal(session.entries.filter(({ type }) => type === 'toolResult').length, 3);
	order.length = 0;
	await runMany('read', ['mcp__s__one', 'Read'], { oneAtATime });
	assert.deepEqual(order, []);
});

test('what runs in the background is recorded before a call that may change something, and before no other', async () => {
	let records = 0;
	const background = {
		running: [],
		record: async () => {
			records++;
		},
	};
	const services = { sessionId: 's', background } as unknown as NonNullable<TurnPorts['services']>;
	await runMany('network', ['Read', 'mcp__s__one'], { services });
	assert.equal(records, 1);
});
