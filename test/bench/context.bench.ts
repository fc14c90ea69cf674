// What the context costs: building a request, updating the meter, and the tokens that every request starts with, by section.

import { utf8Length } from '../../src/base/text.ts';
import { buildContext } from '../../src/core/context/buildContext.ts';
import { measureContext } from '../../src/core/context/meter.ts';
import { prefixTexts } from '../../src/core/context/prefix.ts';
import { systemSections } from '../../src/core/context/systemPrompt.ts';
import { modelInfoFor } from '../../src/core/model/catalogue.ts';
import { builtInTools, toolDefinitions } from '../../src/core/tools/registry.ts';
import { smallPrefix } from '../core/context/request.ts';
import { type EntryBuilder, entryBuilder, text, toolUse } from '../fakes/entries.ts';
import { type BenchFigure, median } from './figure.ts';

const BYTES_PER_TOKEN = 3.5;
const ROUNDS = 15;
const modelInfo = modelInfoFor('claude-opus-5-5');

export async function run(): Promise<BenchFigure[]> {
	return [...speed(), ...size()];
}

function speed(): BenchFigure[] {
	const thousand = session(1000);
	const measure = (b: EntryBuilder, entries = b.entries) =>
		measureContext({ entries, leaf: b.leaf, modelInfo, rotTokens: 300_000 });
	const cold: number[] = [];
	const warm: number[] = [];
	for (let round = 0; round < ROUNDS; round++) {
		const copy = structuredClone(thousand.entries);
		cold.push(timeMs(() => measure(thousand, copy)));
		thousand.result(`late${round}`, 'x'.repeat(2000));
		warm.push(timeMs(() => measure(thousand)));
	}
	const large = session(5000);
	const prefix = smallPrefix();
	const branch = large.branch();
	const build = () => buildContext({ branch, prefix, blobs: new Map() });
	const first = timeMs(build);
	const again = Array.from({ length: ROUNDS }, () => timeMs(build));
	return [
		{ name: 'meter update, 1,000 entries', value: median(warm), unit: 'ms', bound: 5, note: 'after one more entry' },
		{ name: 'meter of a session just opened, 1,000 entries', value: median(cold), unit: 'ms' },
		{
			name: 'buildContext, 5,000 entries',
			value: median(again),
			unit: 'ms',
			note: `first time ${first.toFixed(1)} ms`,
		},
	];
}

/** Bytes over 3.5: an estimate that needs no endpoint and is the same on every machine. */
function size(): BenchFigure[] {
	const tokens = (value: string) => utf8Length(value) / BYTES_PER_TOKEN;
	const definitions = toolDefinitions(builtInTools);
	const texts = prefixTexts(definitions, { memory: [], environment: [] });
	return [
		...systemSections.map((section) => ({
			name: `system: ${section.name}`,
			value: tokens(section.text),
			unit: 'tokens',
		})),
		...definitions.map((tool) => ({ name: `tool: ${tool.name}`, value: tokens(JSON.stringify(tool)), unit: 'tokens' })),
		{
			name: 'system and always-loaded tools',
			value: tokens(texts.tools) + tokens(texts.system),
			unit: 'tokens',
			bound: 4000,
			note: 'bytes / 3.5',
		},
	];
}

/** Steps of one call each until there are `count` entries. */
function session(count: number): EntryBuilder {
	const b = entryBuilder();
	for (let step = 0; b.entries.length < count; step++) {
		if (step % 10 === 0) b.user('Please look at the next file and change what is needed.');
		b.reply([text('I will read it.'), toolUse(`t${step}`, 'Read', { path: `src/file${step}.ts` })], {
			usage: { inputTokens: 2000 + step * 620, outputTokens: 40 },
		});
		b.result(`t${step}`, 'const value = compute(input);\n'.repeat(70));
	}
	return b;
}

function timeMs(task: () => unknown): number {
	const started = performance.now();
	task();
	return performance.now() - started;
}
