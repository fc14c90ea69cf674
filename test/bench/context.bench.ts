// What every request carries before the first word, by section, and what the meter costs in a long session.
import { measureContext } from '../../src/core/context/meter.ts';
import { systemSections } from '../../src/core/context/systemPrompt.ts';
import { fallbackModels } from '../../src/core/model/catalogue.ts';
import { builtInTools, toolDefinitions } from '../../src/core/tools/registry.ts';
import { entryBuilder, text } from '../fakes/entries.ts';
import { type BenchFigure, median } from './figure.ts';

// Nobody counts tokens offline; this is the ratio that the meter starts from.
const bytesPerToken = 3.5;
const turns = 1_000;
const measured = 200;

export async function run(): Promise<BenchFigure[]> {
	const sections = systemSections.map(({ name, text: words }) => ({
		name: `  system: ${name}`,
		value: tokens(words),
		unit: 'tokens',
	}));
	const tools = toolDefinitions(builtInTools).map((tool) => ({
		name: `  tool: ${tool.name}`,
		value: tokens(JSON.stringify(tool)),
		unit: 'tokens',
	}));
	const total = [...sections, ...tools].reduce((sum, { value }) => sum + value, 0);
	return [
		{ name: 'system prompt and tools', value: total, unit: 'tokens', bound: 4_000 },
		...sections,
		...tools,
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

function tokens(words: string): number {
	return Math.round(Buffer.byteLength(words) / bytesPerToken);
}
