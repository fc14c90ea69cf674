/**
 * Random sessions in a small window with each strategy: every request is one that the endpoint takes, what is pinned is word for word in it,
 * a compaction leaves less than the line, and going back before one gives the bytes of before.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { measureNow } from '../../../src/core/agent/appendCompaction.ts';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { loadBranchBlobs } from '../../../src/core/context/loadBlobs.ts';
import { loadPrefix } from '../../../src/core/context/prefix.ts';
import { isSummaryQuestion } from '../../../src/core/context/summaryRequest.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { replacedEntries } from '../../../src/core/session/compaction.ts';
import type { ContextStrategy } from '../../../src/core/session/compactionFields.ts';
import type { EntryOf } from '../../../src/core/session/entry.ts';
import { call, createScriptedModel, type ScriptedStep, text, thinking } from '../../fakes/scriptedModel.ts';
import { canonicalLines } from '../context/request.ts';
import { assertValid, bytesOf } from './requestRules.ts';
import { createFixture } from './turnFixture.ts';

const WINDOW = 30_000;
const BYTES_PER_TOKEN = 3.3;
const RUNS = 25;

type Step =
	| { readonly kind: 'turn'; readonly bytes: number; readonly reads: readonly number[] }
	| { readonly kind: 'pin' | 'fold' | 'rewind'; readonly at: number }
	| { readonly kind: 'fact' }
	| { readonly kind: 'undo' };

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 8,
		arbitrary: fc.record({
			kind: fc.constant('turn' as const),
			bytes: fc.integer({ min: 0, max: 6_000 }),
			reads: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
		}),
	},
	{
		weight: 3,
		arbitrary: fc.record({ kind: fc.constantFrom('pin' as const, 'fold' as const, 'rewind' as const), at: fc.nat(30) }),
	},
	{ weight: 1, arbitrary: fc.constantFrom<Step>({ kind: 'fact' }, { kind: 'undo' }) },
);

for (const strategy of ['summarize', 'rollingWindow', 'selective'] as const satisfies readonly ContextStrategy[])
	test(`${strategy}: whatever is said, pinned, folded and taken back`, { timeout: 120_000 }, async () => {
		let compactions = 0;
		await fc.assert(
			fc.asyncProperty(fc.array(stepArbitrary, { minLength: 12, maxLength: 30 }), async (steps) => {
				compactions += await live(strategy, steps);
			}),
			{ numRuns: RUNS, seed: 7, endOnFailure: true },
		);
		assert.ok(compactions >= RUNS / 2, `only ${compactions} compactions were made`);
	});

async function live(strategy: ContextStrategy, steps: readonly Step[]): Promise<number> {
	const reads: string[] = [];
	let count = 0;
	const requests: ModelRequest[] = [];
	const answer = (request: ModelRequest): ScriptedStep => {
		assertValid(request);
		requests.push(request);
		const usage = { inputTokens: Math.ceil(bytesOf(request) / BYTES_PER_TOKEN), outputTokens: 60 };
		const content = request.messages.at(-1)?.content;
		const block = typeof content === 'string' ? undefined : content?.at(-1);
		if (isSummaryQuestion(block && 'text' in block ? String(block.text) : ''))
			return {
				blocks: [text('<summary>\nSo far.\n</summary>\n<facts>\n- cause | x | It was so | nowhere\n</facts>')],
				usage,
			};
		const path = reads.shift();
		if (path !== undefined)
			return { blocks: [thinking('Hm.'), call('Read', { file_path: path }, `toolu_${count++}`)], usage };
		return { blocks: [thinking('Well.'), text(`Reply ${count++}.`)], usage };
	};
	const { session, run, ports, blobs } = await createFixture({
		model: createScriptedModel(Array.from({ length: 400 }, () => answer)),
		limits: { windowTokens: WINDOW, strategy, rollingWindowTurns: 3 },
		files: Object.fromEntries(
			Array.from({ length: 6 }, (_, index) => [`/w/f${index}.ts`, 'const x = 1;\n'.repeat(60 * index + 1)]),
		),
	});
	const build = async () => {
		const branch = session.branch();
		const prefix = session.newest('prefix');
		assert.ok(prefix);
		return buildContext({
			branch,
			prefix: await loadPrefix(prefix, blobs, new Map()),
			blobs: await loadBranchBlobs(branch, blobs, new Map()),
			isEndKept: true,
		});
	};
	let prompts = 0;
	for (const step of steps) {
		const branch = session.branch();
		const replaced = replacedEntries(branch);
		const users = branch.filter((entry): entry is EntryOf<'user'> => entry.type === 'user' && !replaced.has(entry.id));
		if (step.kind === 'turn') {
			reads.push(...step.reads.map((index) => `/w/f${index}.ts`));
			await run(`Prompt ${++prompts}: ${'word '.repeat(step.bytes / 5)}`);
			const pinned = pinnedPrompts(session.branch());
			const sent = JSON.stringify(
				requests.findLast((request) => !JSON.stringify(request.messages.at(-1)).includes('<summary>'))?.messages,
			);
			for (const words of pinned) assert.ok(sent.includes(words), `${words.slice(0, 20)} is pinned and not sent`);
		} else if (step.kind === 'fact')
			session.append({
				type: 'factEdit',
				edits: [{ fact: `f${100 + prompts}`, op: 'add', kind: 'decision', topic: 'x', text: `Fact ${prompts}` }],
			});
		else if (step.kind === 'undo') {
			const compaction = branch.findLast(({ type }) => type === 'compaction');
			if (!compaction) continue;
			session.append({ type: 'rewind', to: compaction.parentId, from: session.leaf, why: 'undoCompaction' });
		} else {
			const user = users[step.at % Math.max(1, users.length)];
			if (!user) continue;
			if (step.kind === 'rewind') {
				if (user.parentId !== null && step.at % 3 === 0)
					session.append({ type: 'rewind', to: user.parentId, from: session.leaf, why: 'rewind' });
				continue;
			}
			// A pinned prompt that is folded as well would not be looked for word for word.
			const isPin = step.kind === 'pin';
			if (!isPin && pinnedPrompts(branch).includes(wordsOf(user))) continue;
			if (isPin && wordsOf(user).length > 2_000) continue;
			const edits = isPin
				? [{ ref: { entry: user.id }, op: 'pin' as const }]
				: [
						{ ref: { entry: user.id }, op: 'fold' as const, text: `[folded ${wordsOf(user).slice(0, 9)}]` },
						{ ref: { entry: user.id }, op: 'stripThinking' as const },
					];
			session.append({ type: 'contextEdit', cause: 'user', edits });
		}
	}
	const made = session.entries.filter((entry) => entry.type === 'compaction');
	const line = measureNow(session, ports).triggerTokens;
	for (const one of made) {
		assert.equal(one.strategy ?? 'summarize', one.strategy === undefined ? 'summarize' : strategy);
		if (one.strategy !== undefined || one.by === 'auto')
			assert.ok(one.tokensAfter < line, `${one.tokensAfter} of ${line} are left`);
		session.append({ type: 'rewind', to: one.parentId, from: session.leaf, why: 'undoCompaction' });
		if (one.strategy !== undefined) {
			const until = session.branch().findIndex(({ id }) => id === one.replaces.until);
			assert.equal(session.branch()[until + 1]?.type, 'user', 'what stays begins with a prompt');
		}
		const before = canonicalLines(await build());
		session.append({ type: 'rewind', to: one.id, from: session.leaf, why: 'undo' });
		await build();
		session.append({ type: 'rewind', to: one.parentId, from: session.leaf, why: 'undoCompaction' });
		assert.deepEqual(canonicalLines(await build()), before);
		// Right after another one, or after a fold, nothing was sent yet that it could begin with.
		const branch = session.branch();
		const since = branch.slice(branch.findLastIndex(({ type }) => type === 'compaction' || type === 'contextEdit') + 1);
		if (!since.some(({ type }) => type === 'assistantEnded')) continue;
		const isSent = requests.some((request) => canonicalLines(request).every((words, index) => words === before[index]));
		assert.ok(isSent, 'what is there again begins with a request that was sent');
	}
	return made.length;
}

const wordsOf = (user: EntryOf<'user'>): string => {
	const block = user.content[0];
	return block && 'text' in block ? String(block.text) : '';
};

/** Those that were pinned and are part of the branch, not folded before. */
function pinnedPrompts(branch: readonly { readonly type: string }[]): readonly string[] {
	const entries = branch as readonly EntryOf<'user' | 'contextEdit'>[];
	const touched = new Map<string, string>();
	for (const entry of entries)
		if (entry.type === 'contextEdit')
			for (const { ref, op } of entry.edits)
				if ((op === 'pin' || op === 'fold') && !touched.has(ref.entry)) touched.set(ref.entry, op);
	return entries.flatMap((entry) => (entry.type === 'user' && touched.get(entry.id) === 'pin' ? [wordsOf(entry)] : []));
}
