// What every request carries before the first word, by section; what a context of a million tokens takes to build and to measure;
// and what a hundred turns cost against a simulated prompt cache.
import { buildContext } from '../../src/core/context/buildContext.ts';
import { measureContext } from '../../src/core/context/meter.ts';
import { systemSections } from '../../src/core/context/systemPrompt.ts';
import { fallbackModels } from '../../src/core/model/catalogue.ts';
import { loadedTools, toolDefinitions } from '../../src/core/tools/registry.ts';
import { smallPrefix } from '../core/context/request.ts';
import { type CacheRunPlan, runCachePlan } from '../fakes/cacheRun.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../fakes/entries.ts';
import { type BenchFigure, median } from './figure.ts';

// Nobody counts tokens offline; this is the ratio that the meter starts from.
const bytesPerToken = 3.5;
const turns = 1_000;
const measured = 200;
const millionTokens = 1_000_000;
const builds = 15;

export async function run(): Promise<BenchFigure[]> {
	return [...prefixFigures(), ...buildFigures(), ...(await cacheFigures())];
}

function prefixFigures(): BenchFigure[] {
	const sections = systemSections.map(({ name, text: words }) => ({
		name: `  system: ${name}`,
		value: tokens(words),
		unit: 'tokens',
	}));
	const tools = toolDefinitions(loadedTools).map((tool) => ({
		name: `  tool: ${tool.name}`,
		value: tokens(JSON.stringify(tool)),
		unit: 'tokens',
	}));
	const total = [...sections, ...tools].reduce((sum, { value }) => sum + value, 0);
	return [
		{ name: 'system prompt and tools', value: total, unit: 'tokens', bound: 4_000 },
		...sections,
		...tools,
		{ name: 'tools that are always loaded', value: tools.length, unit: 'tools', bound: 12 },
		{ name: `meter update after ${turns} turns, median`, value: meterMs(), unit: 'ms', bound: 5 },
	];
}

function meterMs(): number {
	const modelInfo = fallbackModels[0];
	if (modelInfo === undefined) throw new Error('The catalogue is empty.');
	const session = entryBuilder();
	const samplesMs: number[] = [];
	for (let turn = 0; turn < turns; turn += 1) {
		session.user(`prompt ${turn}: ${'words '.repeat(40)}`);
		session.reply([text('an answer '.repeat(80))]);
		const startedMs = performance.now();
		measureContext({ entries: session.entries, leaf: session.leaf, modelInfo, rotTokens: 300_000 });
		if (turn >= turns - measured) samplesMs.push(performance.now() - startedMs);
	}
	return median(samplesMs);
}

/** A context of a million tokens: from entries as they come from a log, and then after each step. */
function buildFigures(): BenchFigure[] {
	const b = entryBuilder();
	let bytes = 0;
	const words = (length: number) => {
		bytes += length;
		return 'lorem ipsum dolor sit amet '.repeat(Math.ceil(length / 27)).slice(0, length);
	};
	for (let turn = 0; bytes / bytesPerToken < millionTokens; turn += 1) addTurn(b, turn, words);
	const entries = b.branch();
	const prefix = smallPrefix();
	const build = (branch: typeof entries) => buildContext({ branch, prefix, blobs: new Map(), isEndKept: true });
	const whole = Array.from({ length: builds }, () => {
		// Copies, so that nothing is known of them.
		const fresh = structuredClone(entries);
		return timed(() => build(fresh));
	});
	build(entries);
	const modelInfo = fallbackModels[0];
	const steps: number[] = [];
	const meters: number[] = [];
	for (let step = 0; step < measured; step += 1) {
		b.reply([text(words(200)), toolUse(`more${step}`, 'Read', { path: 'src/a.ts' })]);
		b.result(`more${step}`, words(3_000));
		const branch = b.branch();
		steps.push(timed(() => build(branch)));
		if (modelInfo)
			meters.push(timed(() => measureContext({ entries: b.entries, leaf: b.leaf, modelInfo, rotTokens: 300_000 })));
	}
	const note = `${entries.length.toLocaleString('en-US')} entries`;
	return [
		{ name: 'context of 1,000,000 tokens, built whole, median', value: median(whole), unit: 'ms', bound: 40, note },
		{ name: 'context of 1,000,000 tokens, next step, median', value: median(steps), unit: 'ms', bound: 3, note },
		{ name: 'meter update at 1,000,000 tokens, median', value: median(meters), unit: 'ms', bound: 5, note },
	];
}

function addTurn(b: EntryBuilder, turn: number, words: (length: number) => string): void {
	b.user(words(400));
	for (let step = 0; step < 3; step += 1) {
		const id = `t${turn}_${step}`;
		b.reply([thinking(words(300)), text(words(200)), toolUse(id, 'Read', { path: 'src/a.ts', line: turn })]);
		b.result(id, words(3_300));
	}
	b.reply([text(words(800))]);
	b.turnEnded();
}

/** 100 turns with 300 calls, 24 at once now and then, through pauses, reloads, a fork and an update. */
async function cacheFigures(): Promise<BenchFigure[]> {
	const turnsOf = (turn: number): readonly number[] => {
		if (turn % 25 === 12) return [24];
		return turn % 8 === 0 ? [1, 2] : turn % 2 === 0 ? [1, 1] : [2];
	};
	const plan: CacheRunPlan = {
		turns: Array.from({ length: 100 }, (_, turn) => turnsOf(turn)),
		events: new Map([
			[15, 'reload'],
			[35, 'resume'],
			[55, 'fork'],
			[75, 'reload'],
		]),
		pauses: new Map([
			[30, 20],
			[60, 20],
			[80, 120],
		]),
		fileChars: 3_000,
	};
	const { sent, divergences, coldDivergences, summaryCacheShare, toolCalls, failedTurns } = await runCachePlan(plan);
	const sum = (of: (one: (typeof sent)[number]) => number) => sent.reduce((total, one) => total + of(one), 0);
	const pausedAt = new Set<number>();
	sent.forEach((one, index) => {
		const before = sent[index - 1];
		if (!before || one.at - before.at > 300_000) pausedAt.add(index);
	});
	const unread = sent.reduce((tokensUnread, one, index) => {
		const before = sent[index - 1];
		return before && !pausedAt.has(index)
			? tokensUnread + Math.max(0, before.totalTokens - one.readTokens)
			: tokensUnread;
	}, 0);
	const note = `${plan.turns.length} turns, ${toolCalls} calls, ${sent.length} requests, up to ${Math.round(Math.max(...sent.map(({ totalTokens }) => totalTokens)) / 1000)}k tokens, ${pausedAt.size - 1} pauses beyond 5 min`;
	return [
		{
			name: 'input cost against ideal marks',
			value: sum(({ cost }) => cost) / sum(({ idealCost }) => idealCost),
			unit: '×',
			bound: 1.02,
			note,
		},
		{
			name: 'input cost against no cache',
			value: sum(({ cost }) => cost) / sum(({ totalTokens }) => totalTokens),
			unit: '×',
		},
		{
			name: 'requests that do not start with the one before, warm',
			value: divergences.length,
			unit: 'requests',
			bound: 0,
			note: `${coldDivergences.length} with a cold cache, where folding is free`,
		},
		{ name: 'sent before and not read while warm', value: unread, unit: 'tokens', bound: 0 },
		{ name: 'summary request, not read from the cache', value: 100 * (1 - summaryCacheShare), unit: '%', bound: 5 },
		{ name: 'turns of the run that failed', value: failedTurns, unit: 'turns', bound: 0 },
	];
}

function timed(task: () => unknown): number {
	const startedMs = performance.now();
	task();
	return performance.now() - startedMs;
}

function tokens(words: string): number {
	return Math.round(Buffer.byteLength(words) / bytesPerToken);
}
