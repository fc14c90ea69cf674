/** Claude Code logs of real shape become sessions that go on: nothing the API refuses is sent, and nothing that was said is lost. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { asUnixMs } from '../../../src/base/ids.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import { createDemoModel } from '../../../src/core/model/demoModel.ts';
import type { StreamModel } from '../../../src/core/model/modelPort.ts';
import { type Entry, isConversation } from '../../../src/core/session/entry.ts';
import { importClaude } from '../../../src/core/transfer/importClaude.ts';
import { type ImportedSession, lossText, writeImported } from '../../../src/core/transfer/importedSession.ts';
import { createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import { type MessagesApi, startMessagesApi } from '../../fakes/messagesApi/startMessagesApi.ts';
import { createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from '../agent/turnFixture.ts';
import { createTransferWorld, signal } from './transferSupport.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/claudeCode');
const NAMES = { tools: '1111', branches: '2222', compaction: '3333', subagents: '4444', torn: '5555' } as const;

function filesOf(name: keyof typeof NAMES) {
	const id = `6b1f0a52-${NAMES[name]}-4c3e-9d52-aa000000000${NAMES[name][0]}`;
	const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n');
	const agentFolder = join(FOLDER, id, 'subagents');
	const agents = existsSync(agentFolder) ? readdirSync(agentFolder) : [];
	return {
		lines: linesOf(join(FOLDER, `${id}.jsonl`)),
		agents: agents.map((file) => ({ name: file.replace('.jsonl', ''), lines: linesOf(join(agentFolder, file)) })),
	};
}

const place = (world: ReturnType<typeof createTransferWorld>) => ({ ids: world.ids, cwd: '/w', now: asUnixMs(5) });

async function opened(name: keyof typeof NAMES) {
	const world = createTransferWorld();
	const made = importClaude(filesOf(name), place(world));
	await writeImported(made, world);
	return { world, made, session: await world.open(made.id) };
}

/** The branch as short words. */
function words(entries: readonly Entry[]): readonly string[] {
	return entries.flatMap((entry) => {
		if (entry.type === 'user' || entry.type === 'attachment' || entry.type === 'toolResult') {
			const content = entry.content.map((block) => ('text' in block ? String(block.text) : 'image'));
			return [`${entry.type}${entry.type === 'toolResult' && entry.isError ? '!' : ''} ${content.join('|')}`];
		}
		if (entry.type === 'assistant')
			return [
				`${entry.block.type} ${String('text' in entry.block ? entry.block.text : 'name' in entry.block ? entry.block.name : '')}`.trim(),
			];
		if (entry.type === 'compaction') return [`compaction ${entry.summary}`];
		return entry.type === 'interrupted' ? ['interrupted'] : [];
	});
}

/** Every call on the way to every leaf has exactly one result there. */
function assertPaired(entries: readonly Entry[]) {
	const byId = new Map(entries.filter(isConversation).map((entry) => [entry.id, entry]));
	for (const leaf of byId.values()) {
		if ([...byId.values()].some((entry) => entry.parentId === leaf.id)) continue;
		const counts = new Map<string, number>();
		for (let at: Entry | undefined = leaf; at; at = at.parentId === null ? undefined : byId.get(at.parentId)) {
			if (at.type === 'assistant' && at.block.type === 'tool_use')
				counts.set(String(at.block.id), (counts.get(String(at.block.id)) ?? 0) + 10);
			if (at.type === 'toolResult') counts.set(at.toolUseId, (counts.get(at.toolUseId) ?? 0) + 1);
		}
		for (const [id, count] of counts) assert.equal(count, 11, `${id} on the way to ${leaf.id}`);
	}
}

describe('a Claude Code session', () => {
	test('with several lines per message, parallel calls and pictures', async () => {
		const { session, made } = await opened('tools');
		assert.deepEqual(words(session.branch()), [
			'user Why does the cart total round wrong?',
			'thinking',
			'text I read both files.',
			'tool_use Read',
			'tool_use Grep',
			'toolResult 1\tconst total = a + b;',
			'toolResult src/cart.js:1|[A part of the kind tool_reference was not imported]',
			'thinking',
			'tool_use Bash',
			"toolResult! The user doesn't want to proceed with this tool use.",
			'interrupted',
			'user /model',
			'user Look at this picture|image|[A part of the kind document was not imported]',
			'text It adds floats; use cents.',
		]);
		const ended = session.branch().filter((entry) => entry.type === 'assistantEnded');
		assert.deepEqual(
			ended.map(({ messageId, stopReason, model, usage }) => [
				messageId,
				stopReason,
				model,
				usage.outputTokens,
				usage.cacheWrite1hTokens,
			]),
			[
				['msg_01a', 'tool_use', 'claude-sonnet-5-5', 120, 1000],
				['msg_01b', 'tool_use', 'claude-sonnet-5-5', 40, 1000],
				['msg_01c', 'end_turn', 'claude-sonnet-5-5', 30, 1000],
			],
		);
		assert.equal(session.title, 'Cart rounding');
		assert.equal(session.mode, 'ask');
		assert.equal(new Date(session.branch()[0]?.timestamp ?? 0).getUTCFullYear(), 2026);
		assert.match(lossText(made.leftOut), /outputs of local commands \(1\), error messages \(1\)/);
		assertPaired(session.entries);
	});

	test('with branches keeps each, and goes on where it stood', async () => {
		const { session, made } = await opened('branches');
		assert.deepEqual(words(session.branch()), [
			'user Add a checkout page',
			'text Done with one page.',
			'user Add Stripe instead',
			'text Stripe added.',
			'user And tests',
			'tool_use Bash',
			'toolResult ok',
			'text All tests pass.',
			'user Back to the tests',
		]);
		const users = session.entries.filter((entry) => entry.type === 'user');
		assert.equal(users.length, 6);
		assert.equal(users.filter((entry) => entry.parentId === null).length, 2);
		assert.equal(session.title, 'Shop checkout');
		assert.equal(lossText(made.leftOut), 'repeated results (1), results without a call (1)');
		assertPaired(session.entries);
	});

	test('with compactions sends the summary and what was kept, not what it replaced', async () => {
		const { session } = await opened('compaction');
		const compactions = session.entries.filter((entry) => entry.type === 'compaction');
		assert.deepEqual(
			compactions.map(({ by, tokensBefore, tokensAfter }) => [by, tokensBefore, tokensAfter]),
			[
				['manual', 41_000, 22],
				['auto', 155_025, 9_000],
			],
		);
		const until = compactions.map((entry) =>
			words(session.branch().filter((one) => one.id === entry.replaces.until || one.parentId === entry.replaces.until)),
		);
		assert.deepEqual(until, [
			['compaction This session is being continued from a previous conversation. FIRST summary.'],
			['user KEPT question'],
		]);
		assert.equal(session.title, 'My long talk');
		assert.equal(words(session.branch())[0], 'user OLDEST question');
	});

	test('with subagents has a log for each and says which call started it', async () => {
		const { session, made, world } = await opened('subagents');
		const started = session.entries.filter((entry) => entry.type === 'subagent');
		assert.deepEqual(started.map(({ name, prompt, toolUseId }) => [name, prompt, toolUseId]).sort(), [
			['Explore', 'Find the router', 'toolu_04A'],
			['general-purpose', 'Count the files', 'toolu_04B'],
		]);
		for (const { subagentId } of started) {
			const lines = (await world.agentLogs.read(made.id, subagentId)).map((line): Entry => JSON.parse(line));
			assert.ok(lines.length >= 5);
			assert.ok(
				lines.every((entry) => isConversation(entry) && entry.agentId === subagentId && entry.sessionId === made.id),
			);
			assertPaired(lines);
		}
		assert.deepEqual(words(session.branch()).at(-1), 'text The router is in src/router.js, among 12 files.');
	});

	test('that is torn keeps what can be read and says what cannot', async () => {
		const { session, made } = await opened('torn');
		assert.deepEqual(words(session.branch()), [
			'user Fix the build',
			'text I run it.',
			'tool_use Bash',
			'toolResult error TS2304',
			'tool_use Edit',
			'tool_use Edit',
			'toolResult ok',
			'toolResult! Interrupted: the imported log holds no result of this call. Whether it took effect is not known.',
		]);
		assert.deepEqual(made.leftOut.map(({ what, count }) => `${what} (${count})`).sort(), [
			'lines of the unknown type "brain-scan" (1)',
			'lines of the unknown type "telepathy" (1)',
			'lines that were cut off (1)',
			'messages without content (1)',
			'missing results (closed as interrupted) (1)',
			'repeated lines (1)',
			'unreadable lines (1)',
		]);
		assertPaired(session.entries);
	});

	test('that holds no message is refused', () => {
		const world = createTransferWorld();
		assert.throws(() => importClaude({ lines: ['{"type":"summary","summary":"x"}', ''], agents: [] }, place(world)), {
			code: 'nothing-to-import',
		});
	});

	test('in any order and with any line missing becomes a sound session', () => {
		const names = Object.keys(NAMES) as (keyof typeof NAMES)[];
		const property = fc.property(
			fc.constantFrom(...names),
			fc.infiniteStream(fc.nat(3)),
			fc.infiniteStream(fc.nat(100)),
			(name, drops, orders) => {
				const { lines, agents } = filesOf(name);
				const kept = lines.filter(() => drops.next().value !== 0);
				const shuffled = kept
					.map((line) => ({ line, at: Number(orders.next().value) }))
					.sort((left, right) => left.at - right.at);
				const world = createTransferWorld();
				let made: ImportedSession;
				try {
					made = importClaude({ lines: shuffled.map(({ line }) => line), agents }, place(world));
				} catch (error) {
					assert.equal(Reflect.get(Object(error), 'code'), 'nothing-to-import');
					return;
				}
				const known = new Set<string>();
				for (const entry of made.entries) {
					assert.ok(entry.parentId === null || known.has(entry.parentId));
					if (isConversation(entry)) known.add(entry.id);
				}
				assertPaired(made.entries);
			},
		);
		fc.assert(property, { numRuns: 150 });
	});
});

describe('resumed', () => {
	const servers: MessagesApi[] = [];
	afterEach(async () => {
		for (const server of servers.splice(0)) await server.close();
	});

	async function resume(name: keyof typeof NAMES, model: StreamModel) {
		const fixture = await createFixture({ model, files: { '/w/cart.js': 'const total = a + b;\n' } });
		const world = createTransferWorld(Date.UTC(2027, 0, 1));
		const made = importClaude(filesOf(name), place(world));
		await writeImported(made, { ...world, blobs: fixture.blobs });
		const session = await world.open(made.id);
		const ports = { ...fixture.ports, modelInfo: () => ({ ...fixture.ports.modelInfo(), id: session.model }) };
		await runTurn(session, { text: 'Go on, please.', attachments: [] }, ports, () => undefined, signal);
		return session;
	}

	for (const name of Object.keys(NAMES) as (keyof typeof NAMES)[]) {
		test(`${name}: the next prompt is answered, and no request breaks a rule of the API`, async () => {
			const api = await startMessagesApi({ script: [{ text: 'Gladly.' }] });
			servers.push(api);
			const { ports } = await createFixture({ model: createScriptedModel([]) });
			const model = createAnthropicModel({
				baseUrl: api.url,
				apiKeyHeader: 'authorization',
				apiKey: async () => 'test-key',
				clock: ports.clock,
			});
			const session = await resume(name, model);
			const last = session.branch().at(-1);
			assert.equal(last?.type === 'turnEnded' && (last.code ?? last.reason), 'endTurn');
			assert.deepEqual(api.violations, []);
		});
	}

	test('no thinking of the other prefix is sent', async () => {
		const model = createScriptedModel([{ blocks: [text('ok')] }]);
		const session = await resume('tools', model);
		const sent = JSON.stringify(model.requests.at(-1)?.messages);
		assert.doesNotMatch(sent, /"thinking"|signature|Floats\./);
		assert.match(sent, /It adds floats; use cents/);
		assert.ok(
			session.entries.some(
				(entry) => entry.type === 'assistant' && entry.block.type === 'thinking' && entry.block.thinking === 'Floats.',
			),
		);
	});

	test('after a compaction the request starts with the newest summary', async () => {
		const model = createScriptedModel([{ blocks: [text('ok')] }]);
		await resume('compaction', model);
		const sent = JSON.stringify(model.requests.at(-1)?.messages);
		assert.match(sent, /SECOND summary.*KEPT question.*NEWEST answer.*Go on, please/);
		assert.doesNotMatch(sent, /OLDEST|MIDDLE|FIRST/);
	});

	test('with the demo model too', async () => {
		const { ports } = await createFixture({ model: createScriptedModel([]) });
		const session = await resume('branches', createDemoModel(ports.clock));
		assert.equal(session.branch().at(-1)?.type, 'turnEnded');
	});
});
