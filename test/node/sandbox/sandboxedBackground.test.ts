/** Commands in the background in a real sandbox: what the model, the user and the log are told of what it could not hold, and of what it held. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { BackgroundCommands } from '../../../src/core/background/backgroundCommands.ts';
import { endReminders, endText } from '../../../src/core/background/backgroundEntries.ts';
import type { SiteGate } from '../../../src/core/sandbox/siteGate.ts';
import type { EntryOf } from '../../../src/core/session/entry.ts';
import { systemClock } from '../../../src/node/systemClock.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createSandboxScene, whyNoSandbox } from './sandboxFixture.ts';
import { gateWith } from './siteProxyFixture.ts';

const skip = await whyNoSandbox();
const never = new AbortController().signal;

describe('a command in the background in the sandbox', { skip }, () => {
	const scene = createSandboxScene();
	after(() => scene.dispose());
	const world = async () => {
		const read = call('CallTool', { name: 'BashOutput', input: { id: 'bg0001', wait_ms: 10_000 } }, 'toolu_2');
		const command = { command: 'never run', run_in_background: true };
		const model = createScriptedModel([
			{ blocks: [call('Bash', command, 'toolu_bg0001')] },
			{ blocks: [text('started')] },
			{ blocks: [read] },
			{ blocks: [text('read')] },
		]);
		const fixture = await createFixture({ model, mode: 'auto' });
		const commands = new BackgroundCommands({
			...{ session: fixture.session, shell: scene.shell, blobs: fixture.blobs, clock: systemClock },
			...{ trace: () => undefined, scanner: () => undefined },
		});
		const start = async (given: string, sites?: SiteGate) => {
			const sandbox = scene.policyOf(sites === undefined ? {} : { sites });
			const toolUseId = asToolUseId('toolu_bg0001');
			return await commands.start({ toolUseId, command: given, cwd: scene.root, sandbox }, never);
		};
		const notice = () =>
			fixture.session.entries.find((one): one is EntryOf<'notice'> => one.type === 'notice' && !!one.background);
		const ended = async () => {
			while (!notice()) await new Promise((resolve) => commands.onDidChange(() => resolve(undefined)));
			return notice();
		};
		return { ...fixture, commands, start, ended };
	};

	test('names what it made though it is protected: while it runs once, and at its end', async () => {
		const { commands, start, ended } = await world();
		const { id } = await start('mkdir .husky; echo made; until [ -e go ]; do sleep 0.02; done; echo x >.envrc');
		const first = await commands.read(id, 10_000, never);
		assert.equal(first?.ended, undefined);
		assert.deepEqual(first?.notes?.length, 1);
		assert.match(first?.notes?.[0] ?? '', /^\[it made .*work\/.husky, which can change what runs here/);
		assert.deepEqual((await commands.read(id, 0, never))?.notes, []);
		writeFileSync(join(scene.root, 'go'), '');
		const notice = await ended();
		assert.deepEqual([...(notice?.background?.madeProtected ?? [])].sort(), made('.envrc', '.husky'));
		assert.equal(notice?.level, 'warning');
		assert.match(notice?.text ?? '', /exit code 0\. It made .*\.envrc.*, which can change what runs here\.$/);
		const last = await commands.read(id, 0, never);
		assert.match(last?.notes?.join('\n') ?? '', /\.husky.*\.envrc|\.envrc.*\.husky/);
		execFileSync('rm', ['-r', ...made('.envrc', '.husky', 'go')]);
	});
	test('that was stopped names it as well', async () => {
		const { commands, start, ended } = await world();
		const { id } = await start('echo x >.envrc; echo made; sleep 300');
		await commands.read(id, 10_000, never);
		await commands.stop(id, 'user');
		const notice = await ended();
		assert.match(notice?.text ?? '', /was stopped by you\. It made .*\.envrc, which/);
		execFileSync('rm', made('.envrc'));
	});
	test('that failed for it perhaps says so, and how to ask for more', async () => {
		const { commands, start, ended } = await world();
		const { id } = await start(`echo x >${scene.base}/outside.txt`);
		const notice = await ended();
		assert.equal(notice?.background?.isBlocked, true);
		assert.match(notice?.text ?? '', /exit code 1\. The sandbox it ran in may be the cause\.$/);
		const { notes } = (await commands.read(id, 0, never)) ?? {};
		assert.match(
			notes?.join('\n') ?? '',
			/^\[the command ran in a sandbox, which may be the cause: .*"outside_sandbox"/,
		);
	});
	test('that failed for another reason, or was stopped, says nothing of it', async () => {
		for (const [command, isStopped] of [
			['echo two tests failed; exit 1', false],
			['echo Permission denied; sleep 300', true],
		] as const) {
			const { commands, start, ended } = await world();
			const { id } = await start(command);
			await commands.read(id, 10_000, never);
			if (isStopped) await commands.stop(id, 'agent');
			const notice = await ended();
			assert.doesNotMatch(JSON.stringify(notice), /sandbox|isBlocked|madeProtected/, command);
			assert.deepEqual((await commands.read(id, 0, never))?.notes, [], command);
		}
	});
	test('that was kept from a site names it, when it is read, in the log and in the notice, and to the model only that there is one', async () => {
		const { gate } = gateWith(false);
		const { commands, start, ended } = await world();
		const { id } = await start(
			'curl -s http://evil.test/ >/dev/null; echo asked; until [ -e on ]; do sleep 0.02; done',
			gate,
		);
		const first = await commands.read(id, 10_000, never);
		assert.match(first?.notes?.join() ?? '', /did not let it reach evil\.test: the user or a rule said no/);
		assert.deepEqual((await commands.read(id, 0, never))?.notes, []);
		writeFileSync(join(scene.root, 'on'), '');
		const notice = await ended();
		assert.deepEqual(notice?.background?.sites, { reached: [], refused: ['evil.test'] });
		assert.match(notice?.text ?? '', /exit code 0\. It was kept from evil\.test\.$/);
		assert.ok(notice?.background);
		const told = endText(notice.background);
		assert.match(told, /exit code 0\. It was kept from sites, which BashOutput names\.$/);
		execFileSync('rm', made('on'));
	});
	test('is told of to the model in our own words, and by the tool with the names', async () => {
		const { commands, start, ended, session, ports, run } = await world();
		const sandbox = { policy: () => undefined, ready: async () => undefined, mayRunUnasked: () => false };
		const background = {
			...{
				running: [],
				start: async () => await start('echo x >.envrc; cat /nowhere/x || echo Permission denied; exit 2'),
			},
			...{ read: commands.read.bind(commands), stop: commands.stop.bind(commands), record: () => commands.record() },
		};
		Object.assign(ports, { services: { sessionId: session.id, sandbox, background } });
		await run('go');
		await ended();
		const told = `Background command bg0001 has ended with exit code 2. The sandbox it ran in may be the cause. It made protected files, which BashOutput names.`;
		assert.deepEqual(endReminders(session.entries, session.branch()), [told]);
		await run('and now?');
		const reminders = session.entries.flatMap((entry) => (entry.type === 'reminder' ? [entry.text] : []));
		assert.deepEqual(reminders, [told]);
		const result = session.entries.findLast((entry) => entry.type === 'toolResult');
		const said = JSON.stringify(result?.content);
		assert.match(said, /bg0001 has ended with exit code 2.*\[the command ran in a sandbox.*\[it made .*\.envrc, which/);
		assert.deepEqual(endReminders(session.entries, session.branch()), []);
		execFileSync('rm', made('.envrc'));
	});

	function made(...names: string[]): string[] {
		return names.map((name) => join(scene.root, name));
	}
});
