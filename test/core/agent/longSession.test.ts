/**
 * Five hundred turns in a small window, with each strategy: what has to outlive every compaction is word for word in the last request, the
 * window is never exceeded, and nothing is left out before the line is reached.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureNow } from '../../../src/core/agent/appendCompaction.ts';
import { isSummaryQuestion } from '../../../src/core/context/summaryRequest.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { ContextStrategy } from '../../../src/core/session/compactionFields.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { assertValid, bytesOf } from './requestRules.ts';
import { createFixture } from './turnFixture.ts';

const TURNS = 500;
const WINDOW = 60_000;
/** Not what the meter supposes. */
const BYTES_PER_TOKEN = 3.1;
const PLAN = '1. Split the parser.\n2. Keep  both  spaces.\n3. Delete the old one.';
const PINNED = 'Pin me:\n\tnever touch `legacy/` — not even its comments.  ';

const lastText = (request: ModelRequest): string => {
	const content = request.messages.at(-1)?.content;
	const block = typeof content === 'string' ? undefined : content?.at(-1);
	return block && 'text' in block ? String(block.text) : '';
};

for (const strategy of ['summarize', 'rollingWindow', 'selective'] as const satisfies readonly ContextStrategy[])
	test(`${strategy}: after ${TURNS} turns`, { timeout: 240_000 }, async () => {
		let memory = 'Memory: use tabs.';
		let calls = 0;
		let summaries = 0;
		const tokens: number[] = [];
		const answer = (request: ModelRequest): ScriptedStep => {
			assertValid(request);
			const inputTokens = Math.ceil(bytesOf(request) / BYTES_PER_TOKEN);
			tokens.push(inputTokens);
			const usage = { inputTokens, outputTokens: 120 };
			const asked = lastText(request);
			if (isSummaryQuestion(asked)) {
				summaries++;
				const facts = `- decision | part ${summaries % 7} | Part ${summaries % 7} is written in style ${summaries % 5} | nowhere`;
				return { blocks: [text(`<summary>\nSummary ${summaries}.\n</summary>\n<facts>\n${facts}\n</facts>`)], usage };
			}
			if (asked.startsWith('What was')) return { blocks: [call('Recall', { query: 'ZEBRA-17' }, 'recall')], usage };
			if (asked.startsWith('Read ')) {
				const path = asked.slice('Read '.length).split(' ')[0];
				return { blocks: [call('Read', { file_path: path }, `toolu_${calls++}`)], usage };
			}
			return { blocks: [text(request.messages.length % 2 === 0 ? 'Done.' : PLAN)], usage };
		};
		const files = Object.fromEntries(
			Array.from({ length: 20 }, (_, index) => [
				`/w/f${index}.ts`,
				`// file ${index}\n${'export const x = 1;\n'.repeat(40 + 20 * index)}`,
			]),
		);
		const { session, run, ports, workspace } = await createFixture({
			model: createScriptedModel(Array.from({ length: TURNS * 3 }, () => answer)),
			limits: { windowTokens: WINDOW, strategy, rollingWindowTurns: 6 },
			projectContext: () => memory,
			files,
		});
		assert.ok(workspace);
		const line = measureNow(session, ports).triggerTokens;
		session.onDidAppend(() =>
			assert.ok(measureNow(session, ports).usedTokens <= WINDOW, 'the meter is over the window'),
		);
		for (let turn = 1; turn < TURNS; turn++) {
			if (turn === 3) await run('Note that the hint of the staging host is ZEBRA-17.');
			else if (turn === 5) await run(PINNED);
			else if (turn === 10) {
				session.setMode('plan');
				await run('Plan it.');
				session.setMode('ask');
			} else await run(`Read f${turn % 20}.ts in turn ${turn}`);
			if (turn === 7) {
				const prompt = session
					.branch()
					.find((entry) => entry.type === 'user' && JSON.stringify(entry.content).includes('Pin me'));
				const result = session.branch().findLast(({ type }) => type === 'toolResult');
				assert.ok(prompt && result?.type === 'toolResult');
				session.append({
					type: 'contextEdit',
					cause: 'user',
					edits: [
						{ ref: { entry: prompt.id }, op: 'pin' },
						{ ref: { entry: result.id, toolUseId: result.toolUseId }, op: 'pin' },
					],
				});
			}
			if (turn === 12 || turn === 300)
				session.append({ type: 'taskList', tasks: [{ text: `Task of turn ${turn}`, state: 'inProgress' }] });
			if (turn === 20)
				session.append({
					type: 'factEdit',
					edits: [{ fact: 'f1000', op: 'add', kind: 'constraint', topic: 'host', text: 'Never deploy on a Friday' }],
				});
			if (turn === 200) memory = 'Memory: use spaces.';
		}
		await run('What was the hint?');
		const requests = (ports.model as ReturnType<typeof createScriptedModel>).requests;
		const last = requests.at(-1);
		assert.ok(last);
		const whole = JSON.stringify(last.messages);
		const carries = (words: string) => assert.ok(whole.includes(JSON.stringify(words).slice(1, -1)), words);
		carries(PINNED);
		carries(PLAN);
		carries('- [inProgress] Task of turn 300');
		carries('Never deploy on a Friday');
		carries(`// file 7\\n`.replace('\\n', '\n'));
		assert.ok(!whole.includes('Task of turn 12'));
		assert.match(JSON.stringify(last.system), /Memory: use spaces\./);
		assert.match(JSON.stringify(last.messages.at(-1)), /message 3, the user.*ZEBRA-17/);
		const compactions = session.entries.filter((entry) => entry.type === 'compaction');
		assert.ok(compactions.length >= 5, `${compactions.length} compactions`);
		for (const { tokensBefore, tokensAfter } of compactions) {
			assert.ok(tokensBefore >= line, `at ${tokensBefore} of ${line}`);
			assert.ok(tokensAfter < line, `${tokensAfter} are left of ${line}`);
		}
		assert.equal(
			new Set(compactions.map((entry) => JSON.stringify(entry.restored.filter(({ what }) => what === 'pin')))).size,
			1,
		);
		const kept = compactions.at(-1)?.restored.filter(({ what }) => what === 'kept') ?? [];
		assert.equal(kept.length > 3, strategy === 'selective', `${kept.length} parts are kept`);
		assert.equal(new Set(kept.map(({ ref }) => ref?.entry)).size, kept.length, 'each once');
		assert.ok(Math.max(...tokens) <= WINDOW);
		assert.equal(summaries > 0, strategy === 'summarize');
	});
