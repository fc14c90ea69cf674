/** How reminders are sent: asked once per endpoint, frozen with the session, and given up without losing a turn. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { TurnPorts } from '../../../src/core/agent/turnTypes.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import type { ModelRequest, ReminderForm, ReminderForms } from '../../../src/core/model/modelPort.ts';
import { createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

const said = (request: ModelRequest | undefined, role: string) =>
	(request?.messages ?? []).filter((message) => message.role === role).map(({ content }) => JSON.stringify(content));

async function world(
	steps: readonly (ScriptedStep | ((request: ModelRequest) => ScriptedStep))[],
	countTokens: TurnPorts['model']['countTokens'],
) {
	const model = createScriptedModel(steps);
	const fixture = await createFixture({ model: { ...model, countTokens } });
	const remembered = new Map<string, ReminderForm>();
	const probes: ModelRequest[] = [];
	const reminderForms: ReminderForms = {
		known: (id) => remembered.get(id),
		remember: (id, form) => remembered.set(id, form),
	};
	const ports: TurnPorts = {
		...fixture.ports,
		reminderForms,
		model: {
			...fixture.ports.model,
			countTokens(request, signal) {
				probes.push(request);
				return countTokens(request, signal);
			},
		},
	};
	const run = (prompt: string) =>
		runTurn(fixture.session, { text: prompt, attachments: [] }, ports, () => undefined, new AbortController().signal);
	const form = () => fixture.session.newest('prefix')?.reminderForm;
	return { ...fixture, model, ports, remembered, probes, run, form };
}

const MODEL = 'claude-sonnet-5-5';
const REFUSED = new ModelError('badRequest', 'messages: unexpected role "system"');

describe('the form of reminders', () => {
	it('is text where nobody remembers what the endpoint takes', async () => {
		const model = createScriptedModel([{ blocks: [text('ok')] }]);
		const { run, session } = await createFixture({ model });
		await run('p');
		assert.equal(session.newest('prefix')?.reminderForm, 'user');
	});
	it('is a system message where the endpoint takes one, asked once', async () => {
		const { run, form, probes, model, session, remembered } = await world(
			[{ blocks: [text('one')] }, { blocks: [text('two')] }, { blocks: [text('three')] }],
			async () => 12,
		);
		session.setMode('plan');
		await run('p');
		assert.equal(form(), 'system');
		assert.equal(remembered.get(MODEL), 'system');
		assert.match(said(model.requests[0], 'system').join(), /plan mode on/);
		assert.doesNotMatch(said(model.requests[0], 'user').join(), /plan mode/);
		await run('q');
		assert.equal(probes.length, 1);
		// The question stands where the reminders will: behind a message of the user's.
		assert.deepEqual(
			probes[0]?.messages.map(({ role }) => role),
			['user', 'system'],
		);
	});
	it('is text where the endpoint refuses it or cannot say, and that is remembered', async () => {
		const { run, form, remembered } = await world([{ blocks: [text('one')] }], async () => undefined);
		await run('p');
		assert.equal(form(), 'user');
		assert.equal(remembered.get(MODEL), 'user');
	});
	it('is text for now where there is no connection or no answer, and is asked again later', async () => {
		for (const count of [
			async () => {
				throw new ModelError('network', 'There is no connection.');
			},
			() => new Promise<number>(() => undefined),
		]) {
			const { run, form, remembered } = await world([{ blocks: [text('one')] }], count);
			await run('p');
			assert.equal(form(), 'user');
			assert.equal(remembered.size, 0);
		}
	});
	it('is given up when a request is refused, and the turn goes on', async () => {
		const { run, form, model, session, remembered } = await world(
			[
				{ blocks: [text('one')] },
				(request) => (said(request, 'system').length > 0 ? { error: REFUSED } : { blocks: [text('two')] }),
				{ blocks: [text('two')] },
				{ blocks: [text('three')] },
			],
			async () => 12,
		);
		await run('p');
		session.setMode('plan');
		await run('q');
		assert.equal(form(), 'user');
		assert.equal(remembered.get(MODEL), 'user');
		const ends = session.entries.flatMap((entry) => (entry.type === 'turnEnded' ? [entry.reason] : []));
		assert.deepEqual(ends, ['endTurn', 'endTurn']);
		assert.match(said(model.requests[2], 'user').join(), /<system-reminder>The user switched plan mode on/);
		// Only the form changed: the same tools, prompt and context.
		assert.equal(model.requests[2]?.system[0]?.text, model.requests[0]?.system[0]?.text);
		await run('r');
		assert.deepEqual(said(model.requests[3], 'system'), []);
	});
	it('is not blamed for a refusal that comes without it as well', async () => {
		const { run, session, remembered } = await world([{ error: REFUSED }, { error: REFUSED }], async () => 12);
		session.setMode('plan');
		await run('p');
		assert.equal(remembered.get(MODEL), 'system');
		const end = session.branch().at(-1);
		assert.equal(end?.type === 'turnEnded' && end.code, 'badRequest');
	});
	it('is text for what is not our own words', async () => {
		const { run, model, session } = await world([{ blocks: [text('one')] }, { blocks: [text('two')] }], async () => 12);
		await run('p');
		session.setMode('plan');
		session.append({ type: 'reminder', text: 'The user undid your change to a.js.', hasOtherWords: true });
		await run('q');
		assert.match(said(model.requests[1], 'user').join(), /<system-reminder>The user undid your change to a\.js/);
		assert.equal(said(model.requests[1], 'system').length, 1);
		assert.doesNotMatch(said(model.requests[1], 'system').join(), /a\.js/);
	});
});
