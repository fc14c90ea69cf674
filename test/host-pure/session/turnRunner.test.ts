/** What a turn of the window stands on: the rules that it is judged by know the files that hooks run, as they are at each call. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import type { Hook } from '../../../src/core/hooks/hookTypes.ts';
import { Approvals } from '../../../src/host/asking/approvals.ts';
import { OpenSession } from '../../../src/host/session/openSession.ts';
import type { TurnWorld } from '../../../src/host/session/turnRunner.ts';
import { createBlobTexts } from '../../../src/host/transcript/blobTexts.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { createScriptedChoice } from '../../fakes/scriptedChoice.ts';
import { createScriptedModel } from '../../fakes/scriptedModel.ts';

const vscode = `export const workspace = { textDocuments: [], getConfiguration: () => ({ get: () => undefined, inspect: () => ({}) }) };`;
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? { url: `data:text/javascript,${encodeURIComponent(vscode)}`, shortCircuit: true }
			: next(specifier, context),
});
const { portsFor } = await import('../../../src/host/session/turnRunner.ts');

test('a file that a hook runs is asked about from the moment that the hook may run', async () => {
	const model = createScriptedModel([]);
	const { session, ports, blobs } = await createFixture({ model });
	const choice = createScriptedChoice(model, () => ports.modelInfo());
	let hooks: readonly Hook[] = [];
	const never = () => Promise.reject(new Error('no hook runs here'));
	const life = { isStarted: false };
	const world: TurnWorld = {
		...{ ...ports, choice, onBug: (error: unknown) => assert.ifError(error) },
		windowHooks: {
			portOf: () => (hooks.length === 0 ? undefined : { list: () => hooks, run: never, transcriptPath: '', life }),
			refresh: async () => undefined,
			review: async () => undefined,
		},
	};
	const texts = createBlobTexts(blobs, (error) => assert.ifError(error));
	const approvals = new Approvals(session.id, { proposeEdit: async () => ({ verdict: 'reject' }) });
	const inputs = createTranscriptInputs(texts.text, String);
	const open = new OpenSession(session, createPromptQueue(createFakeIds()), approvals, texts, inputs);
	const { rules } = portsFor(open, world);
	assert.deepEqual(rules().hookPaths, []);
	const hook = { point: 'PreToolUse', matcher: '', timeoutMs: 1, source: 'project', projectDir: '/w' } as const;
	hooks = [{ ...hook, command: './scripts/guard.sh' }];
	assert.deepEqual(rules().hookPaths, ['scripts/guard.sh']);
});
