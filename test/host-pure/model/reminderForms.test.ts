/** What is known of endpoints outlives a window and holds for the endpoint and model that were asked. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createReminderForms } from '../../../src/host/model/reminderForms.ts';

function keptState(value?: unknown) {
	const values = new Map<string, unknown>([['retrace.reminderForms', value]]);
	return {
		get: (key: string) => values.get(key),
		// Through JSON, as VS Code keeps it.
		update: async (key: string, next: unknown) => void values.set(key, JSON.parse(JSON.stringify(next))),
	};
}

it('the form is known for the endpoint and the model that it was remembered for, by the next window too', () => {
	const state = keptState();
	let endpoint = 'https://one.example';
	const forms = createReminderForms(state, () => endpoint);
	assert.equal(forms.known('a'), undefined);
	forms.remember('a', 'system');
	assert.equal(forms.known('a'), 'system');
	assert.equal(forms.known('b'), undefined);
	assert.equal(createReminderForms(state, () => endpoint).known('a'), 'system');
	endpoint = 'https://two.example';
	assert.equal(forms.known('a'), undefined);
	endpoint = 'https://one.example';
	forms.remember('a', 'user');
	assert.equal(forms.known('a'), 'user');
});

it('what cannot be read is asked again, and what is kept has an end', () => {
	const forms = createReminderForms(keptState('nonsense'), () => 'e');
	assert.equal(forms.known('a'), undefined);
	for (let model = 0; model < 250; model++) forms.remember(`m${model}`, 'user');
	assert.equal(forms.known('m0'), undefined);
	assert.equal(forms.known('m249'), 'user');
});
