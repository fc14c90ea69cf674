/** *Try Again* after a turn that a slash command began: what its file brought holds for the rest of the work as well, by the same answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrantAnswers, PromptCommand } from '../../../src/core/agent/turnTypes.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import { grantOf } from '../../../src/core/skills/commandGrant.ts';
import { instructionFile } from '../../../src/core/skills/instructionFile.ts';
import { createCommandConsent } from '../../../src/host/prompt/commandConsent.ts';
import { typedCommand } from '../../../src/host/prompt/commandLine.ts';
import { retryOf } from '../../../src/host/session/retryPrompt.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';

const make = (id: string) => ({ blocks: [call('Bash', { command: 'make all' }, id)] });

async function scene(answer: 'alwaysAllow' | 'deny') {
	const kept = new Map<string, unknown>();
	const state = {
		get: (key: string, otherwise: unknown) => kept.get(key) ?? otherwise,
		update: async (key: string, value: unknown) => void kept.set(key, value),
	};
	const grants: GrantAnswers = createCommandConsent(state, state);
	const model = createScriptedModel([
		{ error: new ModelError('badRequest', 'No.') },
		make('a'),
		{ error: new ModelError('badRequest', 'No.') },
		make('b'),
		{ blocks: [text('Built.')] },
	]);
	const fixture = await createFixture({
		model,
		permission: async ({ grant }) => ({ verdict: grant === undefined ? 'deny' : answer }),
	});
	Object.assign(fixture.ports, { grants });
	const file = instructionFile(
		{ kind: 'command', name: 'build', folder: '/w/.claude/commands', scope: 'project' },
		'---\nallowed-tools: Bash(make:*)\ndisallowed-tools: WebFetch\n---\nBuild it.',
	);
	const command: PromptCommand = {
		...{ name: 'build', argument: 'all', denied: file.disallowedTools },
		grant: grantOf(file, (words) => `hash of ${words}`),
		model: { wanted: 'opus', before: 'claude-sonnet-5-5' },
	};
	return { ...fixture, command };
}

test('nothing came of it: the same prompt, with all that its command brought', async () => {
	const { run, command, session } = await scene('alwaysAllow');
	await run({ text: 'Build it.', attachments: [], command });
	const retry = retryOf(session.branch());
	assert.ok(retry.kind === 'again');
	assert.deepEqual(retry.prompt.command?.grant, command.grant);
	assert.equal(typedCommand(retry.prompt), '/build all');
});

for (const answer of ['alwaysAllow', 'deny'] as const)
	test(`it broke off in the middle: the rules hold again by the same answer (${answer})`, async () => {
		const { run, command, session, commands, asked } = await scene(answer);
		await run({ text: 'Build it.', attachments: [], command });
		await run({ text: 'Build it.', attachments: [], command });
		const retry = retryOf(session.branch());
		assert.ok(retry.kind === 'goOn');
		await run(retry.prompt);
		const isAllowed = answer === 'alwaysAllow';
		assert.deepEqual(commands, isAllowed ? ['make all', 'make all'] : []);
		assert.deepEqual(
			asked.map(({ grant }) => (grant === undefined ? 'command' : 'rules')),
			isAllowed ? ['rules'] : ['rules', 'command', 'command'],
		);
		const last = session.branch().findLast((entry) => entry.type === 'user');
		assert.ok(last?.type === 'user');
		assert.deepEqual([last.command?.denied, last.command?.model?.wanted], [['WebFetch'], 'opus']);
		assert.equal(typedCommand(last), undefined, 'its row says what was sent');
		// And once more.
		const again = retryOf(session.branch());
		assert.deepEqual(again.kind === 'goOn' && again.prompt.command?.grant, command.grant);
	});

test('a prompt that no command made goes on without one', async () => {
	const model = createScriptedModel([make('a'), { blocks: [text('Done.')] }]);
	const { run, session } = await createFixture({ model });
	await run({ text: 'Build it.', attachments: [] });
	assert.deepEqual(retryOf(session.branch()), { kind: 'goOn', prompt: { text: 'Continue.', attachments: [] } });
	assert.equal(retryOf([]).kind, 'goOn');
});
