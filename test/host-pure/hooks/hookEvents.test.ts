/** Hooks that stand apart from turns: when they run, what they are told, and that none of them holds up or breaks anything. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Emitter } from '../../../src/base/emitter.ts';
import type { HookRequest, HookRun, Hooks } from '../../../src/core/hooks/hookTypes.ts';
import { parseHooks } from '../../../src/core/hooks/parseHooks.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { attachHooks, endHooks, tellHooksOfAsks } from '../../../src/host/hooks/hookEvents.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createScriptedModel, text } from '../../fakes/scriptedModel.ts';

const ENDED: HookRun = { reason: 'exited', exitCode: 0, stdout: '', stderr: '', durationMs: 1 };
const oneHour = { hooks: [{ type: 'command', command: 'tell', timeout: 3_600 }] };
const settings = { SessionEnd: [oneHour], PostCompact: [oneHour], Notification: [oneHour] };

async function scene(run: (request: HookRequest) => Promise<HookRun> = async () => ENDED) {
	const fixture = await createFixture({ model: createScriptedModel([{ blocks: [text('ok')] }]), mode: 'ask' });
	const told: { readonly point: string; readonly timeoutMs: number; readonly input: Record<string, unknown> }[] = [];
	const errors: unknown[] = [];
	const port: Hooks = {
		list: () => parseHooks(settings, { source: 'user', projectDir: '/w' }).hooks,
		async run(request) {
			const input: Record<string, unknown> = JSON.parse(request.input);
			told.push({ point: String(input.hook_event_name), timeoutMs: request.timeoutMs, input });
			return await run(request);
		},
		transcriptPath: '/log.jsonl',
		life: { isStarted: false },
	};
	const world = {
		hooks: { refresh: async () => undefined, portOf: () => port, review: async () => undefined },
		clock: fixture.clock,
		trace: () => undefined,
		onError: (_event: string, error: unknown) => void errors.push(error),
	};
	return { ...fixture, told, errors, port, world };
}

const compaction = (session: Session, by: 'manual' | 'auto'): EntryDraft<'compaction'> => ({
	...{ type: 'compaction', replaces: { after: null, until: session.leaf ?? assert.fail() }, summary: 'In short.' },
	...{ restored: [], pins: [], by, tokensBefore: 9, tokensAfter: 1 },
});

describe('at the end of a session', () => {
	test('it is told only where its beginning was, and has a moment for it', async () => {
		const { session, port, world, told, run } = await scene();
		await run('go');
		await endHooks(session, world);
		assert.equal(told.length, 0);
		port.life.isStarted = true;
		await endHooks(session, world);
		assert.deepEqual(
			told.map(({ point, input }) => [point, input.reason]),
			[['SessionEnd', 'other']],
		);
		// Whatever it says of itself: a window that closes waits for it.
		assert.ok((told[0]?.timeoutMs ?? 0) <= 2_000, `${told[0]?.timeoutMs} ms`);
	});

	test('one that fails is told to us, and one of a session that can only be read does not run', async () => {
		const { session, port, world, told, errors } = await scene(() => Promise.reject(new Error('no shell')));
		port.life.isStarted = true;
		await endHooks(session, world);
		assert.deepEqual([told.length, String(errors[0])], [1, 'Error: no shell']);
		Object.defineProperty(session, 'readOnlyReason', { value: 'Open elsewhere.' });
		await endHooks(session, world);
		assert.equal(told.length, 1);
	});
});

test('a summary is told with who wanted it; nothing else is, and nothing after the session was let go', async () => {
	const { session, world, told, run } = await scene();
	const attached = attachHooks(session, world);
	await run('go');
	assert.equal(told.length, 0);
	session.append(compaction(session, 'manual'));
	session.append(compaction(session, 'auto'));
	assert.deepEqual(
		told.map(({ point, input }) => [point, input.trigger, input.compact_summary]),
		[
			['PostCompact', 'manual', 'In short.'],
			['PostCompact', 'auto', 'In short.'],
		],
	);
	attached.dispose();
	session.append(compaction(session, 'manual'));
	assert.equal(told.length, 2);
});

test('one that comes back when the session is closed breaks nothing', async () => {
	const late = Promise.withResolvers<HookRun>();
	const { session, world, told, errors, run } = await scene(() => late.promise);
	attachHooks(session, world);
	await run('go');
	session.append(compaction(session, 'auto'));
	assert.equal(told.length, 1);
	await session.close();
	late.resolve({ ...ENDED, exitCode: 1, stderr: 'too late' });
	await new Promise((resolve) => setImmediate(resolve));
	assert.deepEqual(errors, []);
});

test('a question to the user is told with what it is about', async () => {
	const { session, world, told } = await scene();
	const changed = new Emitter<never>(() => undefined);
	const telling = tellHooksOfAsks({ onDidChange: changed.event } as never, world);
	changed.fire({ open: { session }, change: { kind: 'title' } } as never);
	changed.fire({ open: { session }, change: { kind: 'asks', what: 'Bash: make' } } as never);
	assert.deepEqual(
		told.map(({ point, input }) => [point, input.message, input.notification_type]),
		[['Notification', 'Retrace asks: Bash: make', 'permission_prompt']],
	);
	telling.dispose();
	changed.fire({ open: { session }, change: { kind: 'asks', what: 'Bash: make' } } as never);
	assert.equal(told.length, 1);
});
