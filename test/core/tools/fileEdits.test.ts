/** MultiEdit and NotebookEdit: what they leave in the file, and that what does not fit changes nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runTool, type ToolFixtureOptions } from './toolFixture.ts';

const notebook = (...cells: readonly object[]) =>
	`${JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
const code = (id: string, source: string) => ({
	cell_type: 'code',
	execution_count: 1,
	id,
	metadata: {},
	outputs: [],
	source,
});
const files = {
	'/w/a.js': 'let a = 1;\nlet b = 1;\n',
	'/w/crlf.js': 'one\r\ntwo\r\n',
	'/w/n.ipynb': notebook(code('x', 'a = 1'), code('7', 'b = 1')),
	'/w/empty.ipynb': notebook(),
	'/w/broken.ipynb': '{',
	'/w/bin': new Uint8Array([1, 0, 2]),
};

type Expected = { readonly says: RegExp; readonly leaves?: string | ((text: string) => void) };

/** Without `leaves` nothing may be written, and the result is an error. */
function check(name: string, input: object, { says, leaves }: Expected, options: ToolFixtureOptions = { files }) {
	test(`${name} ${JSON.stringify(input)}`, async () => {
		const { text, outcome, edits } = await runTool(name, input, options);
		assert.match(text, says);
		assert.equal(outcome.isError, leaves === undefined);
		assert.equal(edits.length, leaves === undefined ? 0 : 1);
		if (typeof leaves === 'string') assert.equal(edits[0]?.text, leaves);
		else leaves?.(edits[0]?.text ?? '');
		assert.ok(outcome.summary !== '' && outcome.summary.length <= 80);
	});
}
const edit = (old_string: string, new_string: string, more = {}) => ({ old_string, new_string, ...more });

describe('MultiEdit', () => {
	const many = (...edits: readonly object[]) => ({ file_path: 'a.js', edits });
	check('MultiEdit', many(edit('a = 1', 'a = 2'), edit('a = 2;\nlet b', 'c = 3;\nlet d')), {
		says: /^Edited a\.js \(2 edits\) \(\+1 −1 lines\)/,
		leaves: 'let c = 3;\nlet d = 1;\n',
	});
	check('MultiEdit', many(edit('= 1', '= $&', { replace_all: true })), {
		says: /\(1 edit, 2 places\)/,
		leaves: 'let a = $&;\nlet b = $&;\n',
	});
	check('MultiEdit', many(edit('a = 1', 'a = 2'), edit('a = 1', 'x')), {
		says: /was not changed: edit 2 of 2 cannot be made in what the ones before it would leave\. The old string was not found/,
	});
	check('MultiEdit', many(edit('= 1', 'x')), { says: /edit 1 of 1 cannot be made\. The old string occurs 2 times/ });
	check('MultiEdit', many(edit('', 'x')), { says: /old string is empty/ });
	check(
		'MultiEdit',
		{ file_path: 'crlf.js', edits: [edit('one\r\ntwo', '1\n2')] },
		{ says: /Edited/, leaves: '1\n2\n' },
	);
	check('MultiEdit', { file_path: 'no.js', edits: [edit('a', 'b')] }, { says: /does not exist\. Use Glob/ });
	check(
		'MultiEdit',
		{ file_path: 'bin', edits: [edit('a', 'b')] },
		{ says: /binary file\. Nothing was changed\. Use Bash/ },
	);
	check(
		'MultiEdit',
		{ file_path: 'n.ipynb', edits: [edit('a = 1', 'a = 2'), edit('b = 1', 'b = 2')] },
		{
			says: /2 edits/,
			leaves: notebook(code('x', 'a = 2'), code('7', 'b = 2')),
		},
	);
});

describe('NotebookEdit', () => {
	const cell = (more: object) => ({ file_path: 'n.ipynb', ...more });
	const replaced = notebook(code('x', 'a = 1'), code('7', 'new'));
	check('NotebookEdit', cell({ action: 'replace', cell: 2, source: 'new' }), {
		says: /^Replaced cell 2 of n\.ipynb/,
		leaves: replaced,
	});
	check('NotebookEdit', cell({ action: 'replace', cell: '7', source: 'new' }), { says: /cell 2 of/, leaves: replaced });
	check('NotebookEdit', cell({ action: 'replace', cell: 1, source: 't', cell_type: 'markdown' }), {
		says: /^Replaced cell 1/,
		leaves: notebook({ cell_type: 'markdown', id: 'x', metadata: {}, source: ['t'] }, code('7', 'b = 1')),
	});
	check('NotebookEdit', cell({ action: 'delete', cell: 'x' }), {
		says: /^Deleted cell 1 of/,
		leaves: notebook(code('7', 'b = 1')),
	});
	const made = { cell_type: 'code', execution_count: null, id: 't1', metadata: {}, outputs: [], source: ['c'] };
	for (const [after, index] of [
		[0, 0],
		[1, 1],
		['x', 1],
		[2, 2],
		[undefined, 2],
	] as const)
		check('NotebookEdit', cell({ action: 'insert', cell: after, source: 'c' }), {
			says: new RegExp(`^Inserted cell ${index + 1} in`),
			leaves: notebook(...[code('x', 'a = 1'), code('7', 'b = 1')].toSpliced(index, 0, made as never)),
		});
	check(
		'NotebookEdit',
		{ file_path: 'empty.ipynb', action: 'insert', source: '# T', cell_type: 'markdown' },
		{
			says: /^Inserted cell 1/,
			leaves: notebook({ cell_type: 'markdown', id: 't1', metadata: {}, source: ['# T'] }),
		},
	);
	check('NotebookEdit', cell({ action: 'replace', cell: 3, source: 'x' }), {
		says: /There is no cell 3: the notebook has 2 cells/,
	});
	check('NotebookEdit', cell({ action: 'delete' }), { says: /its number \(from 1\) or id is needed/ });
	check('NotebookEdit', cell({ action: 'delete', cell: 0 }), { says: /its number \(from 1\) or id is needed/ });
	check('NotebookEdit', cell({ action: 'insert' }), { says: /its source is needed/ });
	check('NotebookEdit', cell({ action: 'replace', cell: 1, source: 'a = 1' }), { says: /already is exactly this/ });
	check(
		'NotebookEdit',
		{ file_path: 'a.js', action: 'delete', cell: 1 },
		{ says: /no notebook \(\.ipynb\)\..*Use Edit/ },
	);
	check(
		'NotebookEdit',
		{ file_path: 'broken.ipynb', action: 'delete', cell: 1 },
		{ says: /not a notebook that can be read/ },
	);
	check('NotebookEdit', { file_path: 'no.ipynb', action: 'delete', cell: 1 }, { says: /does not exist/ });
});
