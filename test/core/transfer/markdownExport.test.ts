/** The Markdown transcript: what was said on the active branch, in a form that no content can break. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyPatch } from 'diff';
import fc from 'fast-check';
import { asToolUseId } from '../../../src/base/ids.ts';
import { markdownExport } from '../../../src/core/transfer/markdownExport.ts';
import { fenced, inlineCode, plainLine, shortened } from '../../../src/core/transfer/markdownText.ts';
import { unifiedDiff } from '../../../src/core/transfer/unifiedDiff.ts';
import { AS_IT_IS, createTransferWorld, REDACTED, signal, textOf, turn } from './transferSupport.ts';

async function written() {
	const world = createTransferWorld();
	const session = await world.open();
	session.append(
		...turn('First *prompt*', 'An answer', { name: 'Bash', input: { command: 'ls' }, output: 'a\n```\nb' }),
	);
	const branchPoint = session.leaf;
	session.append(...turn('ABANDONED', 'gone'));
	session.append({ type: 'rewind', to: branchPoint, from: session.leaf, why: 'rewind' });
	const call = asToolUseId('toolu_edit');
	session.append({ type: 'user', content: [{ type: 'text', text: 'Edit it' }] });
	session.append({
		type: 'assistant',
		messageId: 'm',
		index: 0,
		block: { type: 'tool_use', id: call, name: 'Edit', input: { file_path: '/home/ann/app/a.js', old_string: 'two' } },
	});
	const encode = (text: string) => new TextEncoder().encode(text);
	const before = await world.blobs.put(encode('one\ntwo\n'), 'text/plain');
	const after = await world.blobs.put(encode('one\n2\n'), 'text/plain');
	session.append({
		type: 'fileOperation',
		epoch: 1,
		op: 'change',
		path: { root: '/home/ann/app', rel: 'a.js' },
		before,
		after: after.$blob,
		meta: {},
		author: 'agent',
		toolUseId: call,
		state: 'intended',
	});
	session.append({ type: 'fileOperationDone', epoch: 1, after: after.$blob });
	session.append({
		type: 'toolResult',
		toolUseId: call,
		isError: false,
		content: [{ type: 'text', text: 'EDIT RESULT' }],
		durationMs: 1,
	});
	session.append({ type: 'interrupted', reason: 'stop' });
	await session.close();
	const options = (isRedacted: boolean) => (isRedacted ? REDACTED : AS_IT_IS);
	return (isRedacted: boolean) =>
		textOf(markdownExport({ id: session.id, title: 'My [title]' }, world, options(isRedacted), signal));
}

test('holds the branch with its calls and edits, and nothing of what was left', async () => {
	const document = await (await written())(true);
	const parts = [
		'# My \\[title\\]',
		'- Model: claude-sonnet-5-5',
		'- Prompts: 2',
		'- Cost: $0.75',
		'## You\n\n> First *prompt*',
		'<summary>Thinking</summary>',
		'**Bash** `ls`',
		'````text\na\n```\nb\n````',
		'An answer',
		'*Rewound to here',
		'> Edit it',
		'**Edit** `{folder:app}/a.js`',
		'```diff\n--- a/a.js\n+++ b/a.js\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n```',
		'*Stopped.*',
	];
	let at = 0;
	for (const part of parts) {
		const found = document.indexOf(part, at);
		assert.ok(found >= 0, `${part} after ${at} in\n${document}`);
		at = found;
	}
	assert.doesNotMatch(document, /ABANDONED|EDIT RESULT|\/home\/ann/);
});

test('keeps the paths when it is not redacted', async () => {
	assert.match(await (await written())(false), /\/home\/ann\/app\/a\.js/);
});

describe('pieces', () => {
	test('a fence is longer than any in the text', () => {
		const property = fc.property(fc.string({ unit: fc.constantFrom('`', '\n', 'a', '~') }), (text) => {
			const [first, ...rest] = fenced(text).split('\n');
			assert.match(first ?? '', /^`{3,}$/);
			assert.equal(rest.pop(), first);
			assert.ok(rest.every((line) => !line.startsWith(first ?? '')));
		});
		fc.assert(property);
	});

	test('inline code and plain lines stay on one line', () => {
		assert.equal(inlineCode('a `b`\nc'), '``a `b` c``');
		assert.equal(plainLine('# <b> [x](y)\n*z*'), '\\# \\<b\\> \\[x\\](y) \\*z\\*');
	});

	test('a long output keeps both ends', () => {
		const text = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n');
		const short = shortened(text, 10, 10_000);
		assert.match(short, /^line 0\n[\s\S]*90 lines left out[\s\S]*line 99$/);
	});

	test('a unified diff turns the one text into the other', () => {
		const line = fc.constantFrom('a', 'b', 'c', 'd', '');
		const body = fc
			.tuple(fc.array(line, { maxLength: 40 }), fc.boolean())
			.map(([lines, ends]) => lines.join('\n') + (ends ? '\n' : ''));
		const property = fc.property(body, body, (before, after) => {
			const diff = unifiedDiff('x', before, after);
			if (diff === '') assert.equal(before, after);
			else assert.equal(applyPatch(before, `${diff}\n`), after, diff);
		});
		fc.assert(property, { numRuns: 500 });
	});
});
