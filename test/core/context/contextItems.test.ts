/** The list of what the next request carries: the same parts in the same order as the request, with tokens that add up to the meter's. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { asToolUseId } from '../../../src/base/ids.ts';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { type ContextItem, contextItems, type ItemEdits, opsOf } from '../../../src/core/context/contextItems.ts';
import { textOfItem } from '../../../src/core/context/itemLabels.ts';
import { measureContext } from '../../../src/core/context/meter.ts';
import { meterIndex } from '../../../src/core/context/meterIndex.ts';
import { type PrefixTexts, prefixTexts } from '../../../src/core/context/prefix.ts';
import { modelInfoFor } from '../../../src/core/model/catalogue.ts';
import type { AssistantBlock } from '../../../src/core/session/content.ts';
import { loadedTools, toolDefinitions } from '../../../src/core/tools/registry.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';
import { workedMs } from '../../fakes/patience.ts';
import { smallPrefix } from './request.ts';

const texts: PrefixTexts = prefixTexts(toolDefinitions(loadedTools), {
	environment: ['Operating system: Linux'],
	memory: [
		{ path: '/project/AGENTS.md', text: '# Rules\n\n## Style\n\nTabs.' },
		{ path: '/home/ada/notes.md', text: 'Be brief.' },
	],
});

function meterOf(b: EntryBuilder) {
	return measureContext({
		entries: b.entries,
		leaf: b.leaf,
		draftPrefix: texts,
		modelInfo: modelInfoFor('claude-opus-5-5'),
		rotTokens: 300_000,
	});
}

function itemsOf(b: EntryBuilder, edits?: ItemEdits): readonly ContextItem[] {
	const { ratios } = meterIndex(b.entries);
	return contextItems({ branch: b.branch(), prefix: texts, ratios, meter: meterOf(b), ...(edits ? { edits } : {}) });
}

const sum = (items: readonly ContextItem[]) => items.reduce((all, { tokens }) => all + tokens, 0);
const counted = (outputTokens: number) => ({ usage: { inputTokens: 5_000, outputTokens } });

it('names each tool, section and memory file of the start, whatever headings the files have', () => {
	const items = itemsOf(entryBuilder());
	assert.deepEqual(
		items.filter(({ kind }) => kind === 'memory').map(({ label, path }) => [label, path]),
		[
			['/project/AGENTS.md', '/project/AGENTS.md'],
			['/home/ada/notes.md', '/home/ada/notes.md'],
		],
	);
	assert.deepEqual(
		items.filter(({ kind }) => kind === 'tools').map(({ label }) => label),
		loadedTools.map(({ name }) => name),
	);
	assert.deepEqual(
		items.filter(({ kind }) => kind === 'system').map(({ label }) => label),
		['Identity and conduct', 'Tools', 'Edits and review', 'Shell', 'Style'],
	);
	assert.equal(items.filter(({ kind }) => kind === 'environment').length, 1);
	assert.ok(items.every((item) => item.importance === 1 && opsOf(item).length === 0));
});

type Step = {
	readonly end: 'whole' | 'cut' | 'refused' | 'lost';
	readonly calls: number;
	readonly hasThinking: boolean;
};
const steps: fc.Arbitrary<Step> = fc.record({
	end: fc.constantFrom('whole', 'whole', 'whole', 'cut', 'refused', 'lost'),
	calls: fc.nat(2),
	hasThinking: fc.boolean(),
});
const turns = fc.array(
	fc.record({ steps: fc.array(steps, { maxLength: 4 }), reminders: fc.nat(2), isCompacted: fc.boolean() }),
	{ minLength: 1, maxLength: 5 },
);

function play(script: readonly { steps: readonly Step[]; reminders: number; isCompacted: boolean }[]): EntryBuilder {
	const b = entryBuilder();
	let count = 0;
	const word = (what: string) => `${what} ${++count}`;
	for (const turn of script) {
		if (turn.reminders > 0) b.reminder(word('reminder'));
		b.user(word('prompt'));
		if (turn.reminders > 1) b.reminder(word('reminder'));
		for (const { end, calls, hasThinking } of turn.steps) {
			const asked: AssistantBlock[] = Array.from({ length: calls }, () => toolUse(`t${++count}`, 'Read', {}));
			const said = [...(hasThinking ? [thinking(word('thought'))] : []), text(word('said')), ...asked];
			const stopReason = end === 'whole' ? undefined : end === 'refused' ? 'refusal' : null;
			b.reply(said, { ...counted(50 * said.length), ...(stopReason === undefined ? {} : { stopReason }) });
			if (end === 'lost') continue;
			for (const call of asked.toReversed()) b.result(String((call as { id?: unknown }).id), word('result'));
			if (end === 'cut') b.interrupted();
		}
		b.turnEnded();
		const branch = b.branch();
		const first = branch.find(({ type }) => type === 'user');
		if (turn.isCompacted && first && b.leaf)
			b.add({
				type: 'compaction',
				replaces: { after: count % 2 === 0 ? first.id : null, until: b.leaf },
				summary: word('summary'),
				restored: [{ what: 'tasks', content: { type: 'text', text: word('restored') } }],
				pins: [],
				by: 'manual',
				tokensBefore: 2,
				tokensAfter: 1,
			});
	}
	return b;
}

it('any session: the items are the parts of the request, in its order, and add up to the meter', () => {
	fc.assert(
		fc.property(turns, (script) => {
			const b = play(script);
			b.user('newest');
			const branch = b.branch();
			const byId = new Map(branch.map((entry) => [entry.id, entry]));
			const items = itemsOf(b);
			const listed = items.flatMap((item) => {
				const entry = item.entry && byId.get(item.entry);
				if (!entry || item.kind === 'thinking') return [];
				if (item.kind !== 'restored') return [textOfItem(entry)];
				return entry.type === 'compaction'
					? entry.restored.map(({ content }) => ('text' in content ? String(content.text) : ''))
					: [];
			});
			const request = buildContext({ branch, prefix: smallPrefix(), blobs: new Map(), isMeasuring: true });
			const sent = request.messages.flatMap(({ content }) =>
				typeof content === 'string'
					? [content]
					: content.flatMap((block): string[] => {
							if (block.type === 'text') return [String(block.text).replace(/<\/?system-reminder>/g, '')];
							if (block.type !== 'tool_result') return [];
							const { content: inner } = block as { content?: readonly { text?: unknown }[] };
							return [(inner ?? []).map((one) => String(one.text)).join('')];
						}),
			);
			assert.deepEqual(
				listed.filter((one) => one !== ''),
				sent.filter((one) => one !== ''),
			);
			assert.equal(sum(items), meterOf(b).usedTokens);
			assert.ok(items.every(({ tokens, importance }) => tokens >= 0 && importance >= 0 && importance <= 1));
			assert.equal(new Set(items.map(({ id }) => id)).size, items.length);
		}),
		{ numRuns: 200 },
	);
});

it('the parts of a layer have the tokens that the meter shows for it', () => {
	const b = entryBuilder();
	b.user('Look');
	b.reply([thinking('Hm'), text('I look.'), toolUse('a', 'Read', { file_path: 'a.ts' })], counted(90));
	b.result('a', 'const alpha = 1;\n'.repeat(200));
	const items = itemsOf(b);
	const layers = new Map(meterOf(b).layers.map(({ layer, tokens }) => [layer, tokens]));
	const tools = sum(items.filter(({ kind }) => kind === 'tools'));
	assert.ok(Math.abs(tools - (layers.get('tools') ?? 0)) <= 1, `${tools}`);
	const result = items.find(({ kind }) => kind === 'toolResult');
	const call = result?.callTokens ?? 0;
	assert.ok(call > 0 && call < (layers.get('reply') ?? 0));
	assert.ok(Math.abs((result?.tokens ?? 0) - call - (layers.get('toolResults') ?? 0)) <= 1);
	assert.equal(result?.label, 'Read a.ts');
	assert.equal(result?.path, '/project/a.ts');
});

const read = (b: EntryBuilder, id: string, input: object, shown: string) => {
	b.reply([toolUse(id, 'Read', input)], counted(20));
	return b.result(id, shown);
};
const call = (b: EntryBuilder, id: string, name: string, input: object, isError = false) => {
	b.reply([toolUse(id, name, input)], counted(20));
	return b.result(id, 'Done', isError);
};
const ofEntry = (items: readonly ContextItem[], id: string) => items.find((item) => item.entry === id);

it('a read is superseded by a later one that shows all of its lines, and by an edit of what it shows', () => {
	const b = entryBuilder();
	b.user('Go');
	const part = read(b, 'a', { file_path: 'src/a.ts', offset: 10, limit: 5 }, '10\tlet ten;');
	const other = read(b, 'b', { file_path: 'src/b.ts' }, '1\tlet b;');
	const whole = read(b, 'c', { file_path: '/project/src/./a.ts' }, '1\tlet one;\n10\tlet ten;');
	const later = read(b, 'd', { file_path: 'src/a.ts', offset: 10, limit: 5 }, '10\tlet ten;');
	call(b, 'e', 'Edit', { file_path: 'src/a.ts', old_string: 'let elsewhere;', new_string: 'x' });
	call(b, 'f', 'Edit', { file_path: 'src/b.ts', old_string: 'let b;', new_string: 'x' }, true);
	const edit = call(b, 'g', 'Edit', { file_path: 'src/a.ts', old_string: 'let one;', new_string: 'x' });
	const items = itemsOf(b);
	assert.equal(ofEntry(items, part.id)?.supersededBy, later.id);
	assert.equal(ofEntry(items, whole.id)?.supersededBy, edit.id);
	assert.equal(ofEntry(items, later.id)?.supersededBy, undefined, 'what was changed is not in its lines');
	assert.equal(ofEntry(items, other.id)?.supersededBy, undefined, 'a rejected edit changes nothing');
	const write = call(b, 'h', 'Write', { file_path: 'src/b.ts', content: 'x' });
	assert.equal(ofEntry(itemsOf(b), other.id)?.supersededBy, write.id);
});

it('an attached file is superseded as a read is', () => {
	const b = entryBuilder();
	b.user('Look at @src/a.ts#L1-L3');
	const attached = b.add({
		type: 'attachment',
		name: 'src/a.ts#L1-L3',
		content: [{ type: 'text', text: 'The user attached src/a.ts (lines 1 to 3):\nlet one;' }],
	});
	const named = b.add({ type: 'attachment', name: 'src/a.ts', content: [{ type: 'text', text: 'Something else' }] });
	const later = read(b, 'a', { file_path: 'src/a.ts' }, '1\tlet one;');
	const items = itemsOf(b);
	assert.equal(ofEntry(items, attached.id)?.supersededBy, later.id);
	assert.equal(ofEntry(items, attached.id)?.path, '/project/src/a.ts');
	assert.equal(ofEntry(items, named.id)?.path, undefined);
});

it('importance: pinned first; what is old, superseded or named by nobody falls', () => {
	const b = entryBuilder();
	b.user('Go');
	const named = read(b, 'a', { file_path: 'src/area.ts' }, '1\texport function areaOf(width) {}');
	const silent = read(b, 'b', { file_path: 'src/other.ts' }, '1\texport function nothingHere() {}');
	const stale = read(b, 'c', { file_path: 'src/stale.ts' }, '1\tlet s;');
	read(b, 'd', { file_path: 'src/stale.ts' }, '1\tlet s;');
	b.reply([text('The check belongs into `areaOf`.')]);
	const at = (id: string, edits?: ItemEdits) => ofEntry(itemsOf(b, edits), id)?.importance ?? -1;
	assert.ok(at(named.id) > at(silent.id));
	assert.ok(at(silent.id) > at(stale.id));
	const before = at(silent.id);
	for (let turn = 0; turn < 8; turn++) b.user('On');
	assert.ok(at(silent.id) < before);
	const pins: ItemEdits = {
		replacementOf: () => undefined,
		isPinned: (ref) => ref.entry === silent.id,
		strippedThinking: new Set(),
	};
	assert.equal(at(silent.id, pins), 1);
});

it('what is folded weighs what stands in its place, and takes back nothing it would supersede', () => {
	const b = entryBuilder();
	b.user('Go');
	const first = read(b, 'a', { file_path: 'a.ts' }, 'alpha '.repeat(2_000));
	const second = read(b, 'b', { file_path: 'a.ts' }, 'alpha '.repeat(2_000));
	const folded: ItemEdits = {
		replacementOf: (ref) =>
			ref.toolUseId === asToolUseId('b') ? { state: 'folded', text: 'Read a.ts: folded' } : undefined,
		isPinned: () => false,
		strippedThinking: new Set(),
	};
	const [whole, edited] = [itemsOf(b), itemsOf(b, folded)];
	assert.equal(ofEntry(whole, first.id)?.supersededBy, second.id);
	assert.equal(ofEntry(edited, first.id)?.supersededBy, undefined);
	const small = ofEntry(edited, second.id);
	assert.equal(small?.state, 'folded');
	assert.ok((small?.tokens ?? 0) * 20 < (ofEntry(edited, first.id)?.tokens ?? 0));
	assert.deepEqual(small && opsOf(small), ['unfold', 'pin']);
	assert.deepEqual(opsOf(ofEntry(whole, second.id) ?? assert.fail()), ['fold', 'drop', 'pin']);
});

it('a list of thousands of items takes a moment only', () => {
	const b = entryBuilder();
	for (let turn = 0; turn < 300; turn++) {
		b.user(`Change the function number${turn} in src/file${turn % 40}.ts`);
		for (let step = 0; step < 5; step++) {
			const id = `t${turn}.${step}`;
			const input = { file_path: `src/file${(turn + step) % 40}.ts`, offset: step * 100 + 1, limit: 100 };
			b.reply([text(`Now \`number${turn}\` is looked at.`), toolUse(id, 'Read', input)], counted(40));
			b.result(id, `${step}\tfunction number${turn}() {}\n`.repeat(40));
		}
	}
	const branch = b.branch();
	const meter = meterOf(b);
	const { ratios } = meterIndex(b.entries);
	const run = () => contextItems({ branch, prefix: texts, ratios, meter });
	assert.ok(run().length > 3_000);
	const timesMs = Array.from({ length: 5 }, () => {
		const start = workedMs();
		run();
		return workedMs() - start;
	});
	assert.ok(Math.min(...timesMs) < 400, `${timesMs.join(', ')} ms`);
});
