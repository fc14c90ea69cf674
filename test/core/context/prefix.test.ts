import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { utf8Length } from '../../../src/base/text.ts';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { freezePrefix, loadPrefix, needsNewPrefix, type PrefixInput } from '../../../src/core/context/prefix.ts';
import { systemPromptText, systemSections } from '../../../src/core/context/systemPrompt.ts';
import { modelInfoFor } from '../../../src/core/model/catalogue.ts';
import type { ToolDefinition } from '../../../src/core/model/modelPort.ts';
import { entryBuilder } from '../../fakes/entries.ts';
import { createMemoryBlobStore, type MemoryBlobStore } from '../../fakes/memoryBlobStore.ts';
import { canonical } from './request.ts';

const tool = (name: string, description = 'Does.'): ToolDefinition => ({
	name,
	description,
	input_schema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
});

async function freeze(changes: Partial<PrefixInput> = {}) {
	const blobs = createMemoryBlobStore();
	const draft = await freezePrefix({
		blobs,
		tools: [tool('Write'), tool('Read')],
		toolVersions: { Write: 1, Read: 2 },
		project: { memory: [{ path: '/p/AGENTS.md', text: 'Use tabs.\n' }], environment: ['Linux', 'zsh'] },
		model: modelInfoFor('claude-opus-5-5'),
		isOfficialEndpoint: true,
		...changes,
	});
	return { blobs, entry: entryBuilder().add(draft) };
}

const storedText = (blobs: MemoryBlobStore, sha: string) => new TextDecoder().decode(blobs.stored.get(sha));

describe('freezePrefix', () => {
	it('stores the exact JSON that a request sends, tools sorted by name', async () => {
		const { blobs, entry } = await freeze();
		const prefix = await loadPrefix(entry, blobs);
		const builder = entryBuilder();
		builder.user('hi');
		const request = buildContext({ branch: builder.branch(), prefix, blobs: new Map() });
		assert.deepEqual(
			request.tools.map((definition) => definition.name),
			['Read', 'Write'],
		);
		assert.equal(canonical(request.tools), storedText(blobs, entry.tools.$blob));
		const system = storedText(blobs, entry.system.$blob);
		const context = storedText(blobs, entry.context.$blob);
		assert.equal(canonical(request.system), `${system.slice(0, -1)},${context.slice(1)}`);
	});
	it('puts environment before memory files, each under its path in a text of its own', async () => {
		const { blobs, entry } = await freeze();
		const { context } = await loadPrefix(entry, blobs);
		assert.match(context[0]?.text ?? '', /^# Environment\n\n- Linux\n- zsh\n\n# Project instructions\n\n/);
		assert.deepEqual(
			context.slice(1).map(({ text }) => text),
			['## /p/AGENTS.md\n\nUse tabs.'],
		);
	});
	it('has no context block when there is nothing to say', async () => {
		const { blobs, entry } = await freeze({ project: { memory: [{ path: 'x', text: ' \n' }], environment: [] } });
		assert.deepEqual((await loadPrefix(entry, blobs)).context, []);
		assert.equal(storedText(blobs, entry.context.$blob), '[]');
	});
	const fields: readonly [string, Partial<PrefixInput>, object][] = [
		[
			'adaptive thinking',
			{},
			{ thinking: { type: 'adaptive', display: 'summarized' }, maxTokens: 32_000, diagnostics: true },
		],
		['no thinking', { model: modelInfoFor('claude-haiku-4-5') }, { thinking: null, maxTokens: 32_000 }],
		['small output', { model: { ...modelInfoFor('x'), maxOutputTokens: 4096 } }, { maxTokens: 4096, thinking: null }],
		['another endpoint', { isOfficialEndpoint: false }, { diagnostics: false, reminderForm: 'user' }],
		['system reminders', { reminderForm: 'system' }, { reminderForm: 'system' }],
	];
	for (const [name, changes, expected] of fields) {
		it(`fields: ${name}`, async () => {
			const { entry } = await freeze(changes);
			assert.deepEqual({ ...entry, ...expected }, entry);
		});
	}
});

it('loadPrefix: what is frozen comes back byte for byte, whatever its keys', async () => {
	const json = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 });
	await fc.assert(
		fc.asyncProperty(fc.array(json, { maxLength: 4 }), fc.string(), async (schemas, memory) => {
			const tools = schemas.map((schema, index) => ({
				...tool(`T${index}`, memory),
				input_schema: { ...schema, type: 'object' as const },
			}));
			const { blobs, entry } = await freeze({
				tools,
				project: { memory: [{ path: 'm', text: memory }], environment: [] },
			});
			const prefix = await loadPrefix(entry, blobs);
			assert.equal(JSON.stringify(prefix.tools), storedText(blobs, entry.tools.$blob));
			assert.equal(JSON.stringify(prefix.system), storedText(blobs, entry.system.$blob));
			assert.equal(JSON.stringify(prefix.context), storedText(blobs, entry.context.$blob));
		}),
		{ numRuns: 60 },
	);
});

it('needsNewPrefix: without one and after a change of model', async () => {
	const { entry } = await freeze();
	const session = (model: string, prefix: typeof entry | undefined) => ({ model, newest: () => prefix as never });
	assert.equal(needsNewPrefix(session('claude-opus-5-5', undefined)), true);
	assert.equal(needsNewPrefix(session('claude-opus-5-5', entry)), false);
	assert.equal(needsNewPrefix(session('claude-haiku-5-5', entry)), true);
	// A newer build began it, and renders it in a way that this one does not have.
	assert.equal(needsNewPrefix(session('claude-opus-5-5', { ...entry, render: 99 })), true);
});

it('the system prompt is short, in order, and says that proposals may be edited', () => {
	assert.deepEqual(
		systemSections.map((section) => section.name),
		['identity and conduct', 'tools', 'edits and review', 'shell', 'style'],
	);
	assert.ok(utf8Length(systemPromptText()) / 3.5 <= 1200, `${utf8Length(systemPromptText()) / 3.5} tokens`);
	assert.match(systemPromptText(), /change your proposal before accepting/);
});
