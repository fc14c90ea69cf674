/** A turn with a real server: what its tools change in files is recorded like a command's, and a stop in the middle leaves a session that goes on. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { McpElicitationAnswer, McpWindow } from '../../../src/core/mcp/mcpPorts.ts';
import { createMcpTools } from '../../../src/core/mcp/mcpTools.ts';
import type { PermissionMode } from '../../../src/core/session/entry.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createScanWorld } from '../scan/fileScanWorld.ts';
import { badServer, config, folder, isReady, startWorld, untilServer } from './mcpWorld.ts';

const ends: (() => Promise<void>)[] = [];
after(async () => {
	for (const end of ends.reverse()) await end();
});

async function world(how: string, mode: PermissionMode, isTrusted = true, window: Partial<McpWindow> = {}) {
	const notes = join(folder, `turn-${how}-${mode}-${isTrusted}`);
	const files = createScanWorld();
	ends.push(() => files.dispose());
	files.write({ 'a.txt': 'one' });
	const { servers, dispose } = startWorld(window);
	ends.push(dispose);
	servers.configure([config('bad', { ...badServer(how, { NOTES: notes }), cwd: files.root })]);
	await untilServer(servers, 'bad', isReady);
	const model = createScriptedModel([
		{ blocks: [call('CallTool', { name: 'mcp__bad__work', input: {} }, 'toolu_1')] },
		{ blocks: [text('done')] },
	]);
	const fixture = await createFixture({ model, mode, isTrusted, scanner: files.scanner });
	const lateTools = createMcpTools(servers, { isApproved: () => true, isAllowed: () => false });
	const ports = { ...fixture.ports, blobs: files.blobs, lateTools };
	const stop = new AbortController();
	const run = (prompt: string) =>
		runTurn(fixture.session, { text: prompt, attachments: [] }, ports, () => undefined, stop.signal);
	const results = () => fixture.session.entries.filter((entry) => entry.type === 'toolResult');
	return { ...fixture, files, run, results, stop, notes };
}

async function until(holds: () => boolean): Promise<void> {
	for (let tries = 0; !holds(); tries++) {
		assert.ok(tries < 2_000, 'it never came so far');
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

describe('tools of servers in a turn', () => {
	test('are asked about, and what they change in files is recorded with its before-image', async () => {
		const { session, asked, run, results, files } = await world('writes', 'ask');
		await run('go');
		assert.deepEqual(
			asked.map(({ tool, target }) => [tool, target]),
			[['mcp__bad__work', 'bad: work']],
		);
		assert.match(JSON.stringify(results()[0]?.content), /written/);
		assert.equal(readFileSync(files.at('made.txt'), 'utf8'), 'made by the server');
		const operations = session.entries.filter((entry) => entry.type === 'fileOperation');
		assert.deepEqual(
			operations.map(({ path, op, before, toolUseId }) => [path.rel, op, before, toolUseId]),
			[['made.txt', 'create', 'absent', 'toolu_1']],
		);
	});

	test('do not run in plan mode, nor where the workspace is not trusted', async () => {
		const planned = await world('writes', 'plan');
		await planned.run('go');
		assert.match(JSON.stringify(planned.results()[0]?.content), /Plan mode is on/);
		const untrusted = await world('writes', 'auto', false);
		await untrusted.run('go');
		assert.ok(untrusted.results().every(({ isError }) => isError));
		for (const { notes, files } of [planned, untrusted]) {
			assert.ok(!readFileSync(notes, 'utf8').includes('call'));
			assert.ok(!existsSync(files.at('made.txt')));
		}
	});

	test('wait for the user while their server asks something, and the session says so', async () => {
		const question = Promise.withResolvers<McpElicitationAnswer>();
		const asked = Promise.withResolvers<void>();
		const elicit = (_question: unknown, signal: AbortSignal) => {
			asked.resolve();
			signal.addEventListener('abort', () => question.resolve({ kind: 'cancelled' }), { once: true });
			return question.promise;
		};
		const { session, run, results } = await world('asks', 'auto', true, { elicit });
		const running = run('go');
		await asked.promise;
		await until(() => session.state === 'awaitingUser');
		question.resolve({ kind: 'declined' });
		await running;
		assert.match(JSON.stringify(results()[0]?.content), /decline/);
		assert.equal(session.state, 'idle');
	});

	test('that wait for the user end with a stop', async () => {
		const asked = Promise.withResolvers<void>();
		const elicit = () => {
			asked.resolve();
			return new Promise<McpElicitationAnswer>(() => undefined);
		};
		const { session, run, results, stop } = await world('asks', 'acceptEdits', true, { elicit });
		const running = run('go');
		await asked.promise;
		await until(() => session.state === 'awaitingUser');
		stop.abort();
		await running;
		assert.match(JSON.stringify(results()[0]?.content), /Stopped by the user while it ran/);
		assert.equal(session.state, 'idle');
	});

	test('are cancelled by a stop, with a result for the call', async () => {
		const { run, results, stop, notes } = await world('hangs', 'auto');
		const running = run('go');
		while (!existsSync(notes) || !readFileSync(notes, 'utf8').includes('call work'))
			await new Promise((resolve) => setTimeout(resolve, 10));
		stop.abort();
		await running;
		assert.equal(results().length, 1);
		assert.match(JSON.stringify(results()[0]?.content), /Stopped by the user while it ran/);
		while (!readFileSync(notes, 'utf8').includes('cancelled')) await new Promise((resolve) => setTimeout(resolve, 10));
	});
});
