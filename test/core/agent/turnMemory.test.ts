import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { MemoryFile } from '../../../src/core/memory/memoryFile.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

const DONE: ScriptedStep = { blocks: [text('done')] };

/** A session whose memory files the test changes between turns. */
async function world(steps: readonly ScriptedStep[], limits = {}) {
	const model = createScriptedModel(steps);
	const fixture = await createFixture({
		model,
		limits,
		files: { '/w/api/a.js': 'a\n', '/w/api/b.js': 'b\n', '/w/c.js': 'c\n' },
	});
	const memory = new Map([['/w/CLAUDE.md', 'Use tabs.']]);
	const nested = new Map<string, string>();
	const notices: string[] = [];
	const touched: string[][] = [];
	const ports = {
		...fixture.ports,
		loadProjectContext: async () => ({
			memory: [...memory].map(([path, words]) => ({ path, text: words })),
			environment: ['x'],
			notices,
		}),
		loadNestedMemory: async (paths: readonly string[]) => {
			touched.push([...paths]);
			const cause = paths.find((path) => path.startsWith('/w/api/'));
			const files: MemoryFile[] = cause ? [...nested].map(([path, words]) => ({ path, text: words, cause })) : [];
			return { files, notices: [], asked: [] };
		},
	};
	return {
		...fixture,
		model,
		memory,
		nested,
		notices,
		touched,
		run: (prompt: string) =>
			runTurn(fixture.session, { text: prompt, attachments: [] }, ports, () => undefined, fixture.abort.signal),
		/** The last message of the n-th request as texts. */
		last: (index: number) => textsOf(model.requests.at(index)),
	};
}

function textsOf(request: ModelRequest | undefined): readonly string[] {
	const content = request?.messages.at(-1)?.content ?? [];
	if (typeof content === 'string') return [content];
	return content.flatMap((block) =>
		block.type === 'text' && 'text' in block ? [String(block.text)] : block.type === 'tool_result' ? ['result'] : [],
	);
}
const bytes = (request: ModelRequest | undefined) =>
	JSON.stringify([request?.system, request?.messages], (key, value) => (key === 'cache_control' ? undefined : value));

describe('a memory file that changes on disk', () => {
	test('comes with the next prompt, once, behind the bytes of before', async () => {
		const { run, memory, model, last } = await world([DONE, DONE, DONE]);
		await run('one');
		memory.set('/w/CLAUDE.md', 'Use spaces.');
		await run('two');
		await run('three');
		const [prompt, attached, reminder, ...rest] = last(1);
		assert.equal(prompt, 'two');
		assert.match(attached ?? '', /^The text of a memory file, .*\n\n## \/w\/CLAUDE\.md\n\nUse spaces\.$/);
		assert.match(reminder ?? '', /^<system-reminder>The memory file \/w\/CLAUDE\.md was changed on disk\./);
		assert.doesNotMatch(reminder ?? '', /spaces/, 'our own words only');
		assert.deepEqual(rest, []);
		assert.deepEqual(last(2), ['three']);
		const [first, second, third] = model.requests;
		assert.deepEqual(second?.system, first?.system);
		assert.ok(bytes(second).startsWith(bytes(first).slice(0, -2)));
		assert.ok(bytes(third).startsWith(bytes(second).slice(0, -2)));
	});

	test('that is new, or gone, is said as what it is', async () => {
		const { run, memory, last } = await world([DONE, DONE, DONE, DONE]);
		await run('one');
		memory.set('/w/AGENTS.md', 'New.');
		memory.delete('/w/CLAUDE.md');
		await run('two');
		assert.match(
			last(1).join('\n'),
			/\nNew\.\n.*There is a new memory file, \/w\/AGENTS\.md\.[\s\S]*CLAUDE\.md is gone/,
		);
		await run('three');
		assert.deepEqual(last(2), ['three']);
		memory.set('/w/CLAUDE.md', 'Use tabs.');
		await run('four');
		assert.match(last(3).join('\n'), /Use tabs\.\n.*There is a new memory file, \/w\/CLAUDE\.md/);
	});

	test('comes again when a rewind took it back', async () => {
		const { run, memory, session, last } = await world([DONE, DONE, DONE]);
		await run('one');
		memory.set('/w/CLAUDE.md', 'Use spaces.');
		const leaf = session.leaf;
		await run('two');
		session.append({ type: 'rewind', to: leaf, from: session.leaf, why: 'rewind' });
		await run('two again');
		assert.match(last(2).join('\n'), /Use spaces/);
	});

	test('of a start that was frozen as one text is told apart as well', async () => {
		const { run, memory, session, blobs, last } = await world([DONE, DONE, DONE]);
		memory.set('/w/AGENTS.md', 'Short.');
		await run('one');
		const frozen = session.newest('prefix');
		assert.ok(frozen);
		const parts = JSON.parse(new TextDecoder().decode(await blobs.get(frozen.context)));
		const joined = [{ type: 'text', text: parts.map((part: { text: string }) => part.text).join('\n\n') }];
		const context = await blobs.put(new TextEncoder().encode(JSON.stringify(joined)), 'application/json');
		const { tools, system, model, maxTokens, thinking, effort, betas, apiVersion, ttl, reminderForm } = frozen;
		const { diagnostics, toolVersions, render } = frozen;
		const rest = {
			model,
			maxTokens,
			thinking,
			effort,
			betas,
			apiVersion,
			ttl,
			reminderForm,
			diagnostics,
			toolVersions,
		};
		session.append({ type: 'prefix', tools, system, context, ...rest, render });
		await run('two');
		assert.deepEqual(last(1), ['two']);
		memory.set('/w/CLAUDE.md', 'Other.');
		await run('three');
		assert.match(last(2).join('\n'), /Other\./);
		assert.doesNotMatch(last(2).join('\n'), /Short\./);
	});

	test('is told to the user when it was cut, once', async () => {
		const { run, notices, session } = await world([DONE, DONE, DONE]);
		notices.push('CLAUDE.md is 240 KB: the first 64 KB were taken.');
		await run('one');
		notices.push('AGENTS.md is no text file, so it is left out.');
		await run('two');
		await run('three');
		assert.deepEqual(
			session.entries.flatMap((entry) => (entry.type === 'notice' ? [entry.text] : [])),
			notices,
		);
	});
});

describe('memory files of a folder', () => {
	const read = (path: string, id: string): ScriptedStep => ({ blocks: [call('Read', { file_path: path }, id)] });

	test('come behind the results when a file there is read, once', async () => {
		const { run, nested, touched, model, last } = await world([
			read('c.js', 't1'),
			read('api/a.js', 't2'),
			read('api/b.js', 't3'),
			DONE,
			DONE,
		]);
		nested.set('/w/api/CLAUDE.md', 'Answer in JSON.');
		await run('one');
		assert.deepEqual(touched, [['/w/c.js'], ['/w/api/a.js'], ['/w/api/b.js']]);
		assert.deepEqual(last(1), ['result']);
		const [result, attached, reminder] = last(2);
		assert.equal(result, 'result');
		assert.match(attached ?? '', /## \/w\/api\/CLAUDE\.md\n\nAnswer in JSON\.$/);
		assert.match(reminder ?? '', /holds for files you have just come to/);
		assert.deepEqual(last(3), ['result']);
		const [, , third, fourth] = model.requests;
		assert.ok(bytes(fourth).startsWith(bytes(third).slice(0, -2)));
		await run('two');
		assert.deepEqual(last(4), ['two']);
	});

	test('that change on disk later come with the next prompt, and are gone when they are', async () => {
		const { run, nested, last } = await world([read('api/a.js', 't1'), DONE, DONE, DONE]);
		nested.set('/w/api/CLAUDE.md', 'Answer in JSON.');
		await run('one');
		nested.set('/w/api/CLAUDE.md', 'Answer in XML.');
		await run('two');
		assert.match(last(2).join('\n'), /Answer in XML\.\n.*was changed on disk/);
		nested.clear();
		await run('three');
		assert.match(last(3).join('\n'), /\/w\/api\/CLAUDE\.md is gone/);
	});

	test('do not come for a call that failed', async () => {
		const { run, nested, touched, last } = await world([read('api/gone.js', 't1'), DONE]);
		nested.set('/w/api/CLAUDE.md', 'Answer in JSON.');
		await run('one');
		assert.deepEqual(touched, []);
		assert.deepEqual(last(1), ['result']);
	});

	test('come again after a rewind, and after a summary took their place', async () => {
		const { run, nested, session, last } = await world([
			read('api/a.js', 't1'),
			DONE,
			read('api/a.js', 't2'),
			DONE,
			DONE,
		]);
		nested.set('/w/api/CLAUDE.md', 'Answer in JSON.');
		await run('one');
		session.append({ type: 'rewind', to: null, from: session.leaf, why: 'rewind' });
		await run('one again');
		assert.match(last(3).join('\n'), /Answer in JSON/);
		const { leaf } = session;
		assert.ok(leaf);
		session.append({
			type: 'compaction',
			replaces: { after: null, until: leaf },
			summary: 'Summary.',
			restored: [],
			pins: [],
			by: 'manual',
			tokensBefore: 10,
			tokensAfter: 5,
		});
		await run('two');
		assert.match(last(4).join('\n'), /Summary\.[\s\S]*two[\s\S]*Answer in JSON/);
	});
});
