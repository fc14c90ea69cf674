import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toBase64 } from '../../../src/core/tools/base64.ts';
import { loadedTools, toolDefinitions } from '../../../src/core/tools/registry.ts';
import { animatedGif, png } from '../../fakes/images.ts';
import { runTool, type ToolFixtureOptions } from './toolFixture.ts';

function check(
	name: string,
	input: object,
	expected: string | RegExp,
	options: ToolFixtureOptions & { isError?: boolean } = {},
) {
	test(`${name} ${JSON.stringify(input)}`, async () => {
		const { text, outcome } = await runTool(name, input, options);
		if (typeof expected === 'string') assert.equal(text, expected);
		else assert.match(text, expected);
		assert.equal(outcome.isError, options.isError ?? false);
		assert.ok(outcome.summary.length > 0 && outcome.summary.length <= 80, outcome.summary);
	});
}
const bytes = (...values: number[]) => new Uint8Array(values);
const isError = true;

describe('definitions', () => {
	test('are small, sorted and the same each time', () => {
		const definitions = toolDefinitions(loadedTools);
		const names = definitions.map((tool) => tool.name);
		assert.deepEqual(names, [...names].sort());
		const json = JSON.stringify(definitions);
		assert.equal(json, JSON.stringify(toolDefinitions(loadedTools)));
		// 2,400 tokens at 3.6 bytes each.
		assert.ok(json.length <= 8_640, `${json.length} bytes`);
		assert.ok(!json.includes('9007199254740991') && !json.includes('$schema'));
	});
});

describe('Read', () => {
	const files = {
		'/w/a.txt': 'one\ntwo\nthree\n',
		'/w/src/b.txt': 'b',
		'/w/src/deep/c.txt': '',
		'/w/crlf.txt': 'x\r\ny\r\n',
	};
	check('Read', { file_path: 'a.txt' }, '1\tone\n2\ttwo\n3\tthree', { files });
	check('Read', { file_path: '/w/src/b.txt' }, '1\tb', { files });
	check('Read', { file_path: 'crlf.txt' }, '1\tx\n2\ty', { files });
	check('Read', { file_path: 'a.txt', offset: 2, limit: 1 }, '2\ttwo\n(lines 2 to 2 of 3; go on with offset 3)', {
		files,
	});
	check('Read', { file_path: 'a.txt', offset: 9 }, /only 3 lines; offset 9 is behind/, { files, isError });
	check('Read', { file_path: 'src/deep/c.txt' }, 'src/deep/c.txt is empty.', { files });
	check('Read', { file_path: 'a.txt' }, /changes that are not saved yet/, { files, dirty: ['/w/a.txt'] });
	check('Read', { file_path: 'no.txt' }, /does not exist \(looked at \/w\/no\.txt\)\. Use Glob, e\.g\. \*\*\/no\.txt/, {
		files,
		isError,
	});
	check('Read', { file_path: 'src' }, 'src is a folder (ignored files are left out):\nb.txt\ndeep/', { files });
	check('Read', { file_path: 'bin' }, /binary file \(3 bytes\)/, { files: { '/w/bin': bytes(1, 0, 2) }, isError });
	check('Read', { file_path: 'latin' }, /^1\taéb\n\(not UTF-8: read as Windows-1252/, {
		files: { '/w/latin': bytes(0x61, 0xe9, 0x62) },
	});
	check('Read', { file_path: 'wide' }, '1\ta\n(UTF-16 LE; an edit keeps that)', {
		files: { '/w/wide': bytes(0xff, 0xfe, 0x61, 0) },
	});
	check('Read', { file_path: 'half' }, /cannot be read: it is UTF-16 LE with half a character/, {
		files: { '/w/half': bytes(0xff, 0xfe, 0x61) },
		isError,
	});
	check('Read', { file_path: 'huge' }, /11\.0 MB, too large/, {
		files: { '/w/huge': new Uint8Array(11_000_000) },
		isError,
	});
	check('Read', { file_path: 'a.png' }, 'a.png (image/png, 1 kB)\n<image>', {
		files: { '/w/a.png': png },
	});
	check(
		'Read',
		{ file_path: 'a.txt' },
		/^a\.txt \(image\/gif, animated, of which only the first picture is seen, 1 kB\)\n<image>$/,
		{
			files: { '/w/a.txt': animatedGif },
		},
	);
	check('Read', { file_path: 'cut.png' }, /an image that cannot be shown: it breaks off before its end\. Use Bash/, {
		files: { '/w/cut.png': bytes(0x89, 0x50, 0x4e, 0x47) },
		isError,
	});
	check('Read', { file_path: 'long' }, /^1\tx{2000}… \(line cut\)$/, { files: { '/w/long': 'x'.repeat(3_000) } });
	check('Read', { file_path: 'many' }, /\n2000\tx\n\(lines 1 to 2000 of 2500; go on with offset 2001\)$/, {
		files: { '/w/many': 'x\n'.repeat(2_500) },
	});
	test('never shows more than fits', async () => {
		const { text } = await runTool(
			'Read',
			{ file_path: 'w' },
			{ files: { '/w/w': `${'y'.repeat(1_900)}\n`.repeat(500) } },
		);
		assert.ok(text.length < 160_000 && /go on with offset/.test(text));
	});
	test('base64 is base64', () => {
		for (const size of [0, 1, 2, 3, 4, 100_001]) {
			const data = Uint8Array.from({ length: size }, (_, index) => (index * 31) % 256);
			assert.equal(toBase64(data), Buffer.from(data).toString('base64'));
		}
	});
});

describe('Edit', () => {
	const files = { '/w/a.js': 'let a = 1;\nlet b = 1;\n' };
	const edit = (old_string: string, new_string: string, more = {}) => ({
		file_path: 'a.js',
		old_string,
		new_string,
		...more,
	});
	check('Edit', edit('a = 1', 'a = 2'), 'Edited a.js (+1 −1 lines).', { files });
	check('Edit', edit('= 1', '= 2', { replace_all: true }), 'Edited a.js in 2 places (+1 −1 lines).', { files });
	check('Edit', edit('= 1', '= 2'), /a\.js was not changed\. The old string occurs 2 times \(lines 1, 2\)/, {
		files,
		isError,
	});
	check('Edit', edit('nothing', 'x'), /was not found/, { files, isError });
	check('Edit', { ...edit('a', 'b'), file_path: 'no.js' }, /does not exist/, { files, isError });
	check('Edit', { ...edit('a', 'b'), file_path: '../x.js' }, /outside the workspace folders/, { files, isError });
	check('Edit', { ...edit('a', 'b'), file_path: 'l.js' }, /symbolic link/, {
		files,
		links: { '/w/l.js': 'a.js' },
		isError,
	});
	check('Edit', edit('a = 1', 'a = 2'), /^The user rejected this edit of a\.js.* The user says: too short\n/, {
		files,
		isError,
		edit: () => ({ kind: 'rejected', reason: 'too short' }),
	});
	check('Edit', edit('a = 1', 'a = 2'), /changed your proposal[\s\S]*let a = 3;/, {
		files,
		edit: () => ({ kind: 'applied', addedLines: 1, removedLines: 1, isSaved: true, userText: 'let a = 3;\n' }),
	});
	check('Edit', edit('a = 1', 'a = 2'), /unsaved changes, so it was edited in the editor and not saved/, {
		files,
		edit: () => ({ kind: 'applied', addedLines: 1, removedLines: 1, isSaved: false }),
	});
	test('hands over the whole new text', async () => {
		const { edits } = await runTool('Edit', edit('1;\nlet b', '$&;\r\nlet c'), { files });
		assert.equal(edits[0]?.text, 'let a = $&;\nlet c = 1;\n');
		assert.deepEqual(edits[0]?.file, { root: '/w', rel: 'a.js' });
	});
});

const notebook = JSON.stringify({
	cells: [
		{ cell_type: 'markdown', source: ['# Title\n', 'text'] },
		{
			cell_type: 'code',
			source: 'plot(1)',
			outputs: [
				{ output_type: 'stream', text: ['printed\n'] },
				{ output_type: 'display_data', data: { 'text/plain': ['<Figure>'], 'image/png': 'AAAA' } },
				{ output_type: 'error', ename: 'ValueError', evalue: 'no' },
			],
		},
	],
	metadata: { kernelspec: { language: 'python' } },
	...{ nbformat: 4, nbformat_minor: 5 },
});

describe('notebooks', () => {
	const files = { '/w/n.ipynb': notebook, '/w/broken.ipynb': '{' };
	const cells = [
		'Notebook with 2 cells (python)',
		'--- Cell 1, markdown\n# Title\ntext',
		'--- Cell 2, code\nplot(1)\n--- Output of cell 2\nprinted\n--- Output of cell 2\n<Figure>\n(image/png)\n--- Output of cell 2\nValueError: no',
	];
	check('Read', { file_path: 'n.ipynb' }, cells.join('\n\n'), { files });
	check('Read', { file_path: 'n.ipynb', offset: 2 }, /Cell 2, code\nplot/, { files });
	check('Read', { file_path: 'n.ipynb', limit: 1 }, /cells 1 to 1 of 2; go on with offset 2/, { files });
	check('Read', { file_path: 'n.ipynb', offset: 3 }, /only 2 cells/, { files, isError });
	check('Read', { file_path: 'broken.ipynb' }, '1\t{', { files });
	check('Edit', { file_path: 'n.ipynb', old_string: 'plot(1)', new_string: 'plot("2")' }, /^Edited n\.ipynb/, {
		files,
	});
	check('Edit', { file_path: 'n.ipynb', old_string: 'outputs', new_string: 'x' }, /was not found/, { files, isError });
	check('Edit', { file_path: 'broken.ipynb', old_string: '{', new_string: 'x' }, /not a notebook that can be read/, {
		files,
		isError,
	});
	check('Write', { file_path: 'n.ipynb', content: 'x = 1' }, /is a notebook, and the new content is not/, {
		files,
		isError,
	});
});

describe('Write', () => {
	const files = { '/w/a.js': 'old\n', '/w/src/b': 'x', '/w/bin': bytes(0, 1) };
	check('Write', { file_path: 'new/c.js', content: 'a\nb\n' }, 'Created new/c.js with 2 lines (+1 −1 lines).', {
		files,
	});
	check('Write', { file_path: 'a.js', content: 'new' }, 'Replaced a.js (+1 −1 lines).', { files });
	check('Write', { file_path: 'a.js', content: 'old\n' }, /already has exactly this content/, { files });
	check('Write', { file_path: 'src', content: 'x' }, /is a folder/, { files, isError });
	check('Write', { file_path: 'bin', content: 'x' }, /not replaced by text: it is a binary file/, { files, isError });
	check('Write', { file_path: '/etc/x', content: 'x' }, /outside the workspace/, { files, isError });
});

describe('Grep and Glob', () => {
	const files = { '/w/src/a.ts': 'x', '/w/src/b.js': 'x', '/w/c.ts': 'x' };
	const matches = [
		{ path: '/w/src/a.ts', lineNumber: 2, text: 'let x' },
		{ path: '/w/c.ts', lineNumber: 1, text: `x${'y'.repeat(600)}` },
		{ path: '/w/src/a.ts', lineNumber: 9, text: 'x' },
	];
	check('Grep', { pattern: 'x' }, /^src\/a\.ts:2: let x\nsrc\/a\.ts:9: x\nc\.ts:1: xy{499}…$/, { files, matches });
	check('Grep', { pattern: 'x' }, /\n\(stopped at 200 lines/, { files, matches, isComplete: false });
	check('Grep', { pattern: 'zzz', path: 'src' }, /Nothing matches zzz in src/, { files });
	check('Grep', { pattern: 'x', path: 'nope' }, /nope does not exist/, { files, isError });
	check(
		'Grep',
		{ pattern: 'K' },
		'c.ts:1: K\n(lines of files that may hold secrets are left out; use Read, which asks the user)',
		{
			files,
			matches: [
				{ path: '/w/.env', lineNumber: 1, text: 'KEY=1' },
				{ path: '/w/c.ts', lineNumber: 1, text: 'K' },
			],
		},
	);
	test('Grep in one file', async () => {
		const { searches, text } = await runTool(
			'Grep',
			{ pattern: 'x', path: 'src/a.ts', literal: true },
			{ files, matches },
		);
		assert.deepEqual(searches, [{ pattern: 'x', directory: '/w/src', glob: 'a.ts', isLiteral: true, maxMatches: 200 }]);
		assert.ok(!text.includes('c.ts'));
	});
	check('Grep', { pattern: 'x' }, /^\.\.|^\/w\/src\/a\.ts:2/, { files, matches, cwd: '/w/other' });
	check('Glob', { pattern: '**/*.ts' }, 'src/a.ts\nc.ts', { files });
	check('Glob', { pattern: '*.js', path: 'src' }, 'src/b.js', { files });
	check('Glob', { pattern: '*.py' }, /^No file matches \*\.py\. Try/, { files });
	check('Glob', { pattern: '*', path: 'c.ts' }, /is a file/, { files, isError });
});

describe('Bash', () => {
	check('Bash', { command: 'make' }, 'built', { shell: { output: 'built\n' } });
	check('Bash', { command: 'true' }, '(no output)');
	check('Bash', { command: 'x' }, 'bad\n[exit code 2]', { shell: { output: 'bad\n', exitCode: 2 }, isError });
	check('Bash', { command: 'x' }, /stopped after 120000 ms/, {
		shell: { reason: 'timedOut', exitCode: null },
		isError,
	});
	check('Bash', { command: 'x' }, 'part\n[stopped by the user]', {
		shell: { output: 'part', reason: 'cancelled', exitCode: null },
		isError,
	});
	check('Bash', { command: 'x' }, 'red\n100%', { shell: { output: '\u001b[31mred\u001b[0m\n10%\r50%\r100%\n' } });
	test('a time limit holds to its bound and says what it may be', async () => {
		const { bashTool } = await import('../../../src/core/tools/bash.ts');
		const isTaken = (timeout_ms: unknown) => bashTool.input.safeParse({ command: 'x', timeout_ms }).success;
		assert.deepEqual([1, 600_000].map(isTaken), [true, true]);
		assert.deepEqual([0, -1, 600_001, 1.5, Number.POSITIVE_INFINITY, '10'].map(isTaken), Array(6).fill(false));
		const { text } = await runTool('Bash', { command: 'x', timeout_ms: 600_000 }, { shell: { reason: 'timedOut' } });
		assert.match(text, /stopped after 600000 ms\. Give a larger timeout_ms \(at most 600000\)/);
	});
	test('the folder carries over inside the roots only', async () => {
		const inside = await runTool('Bash', { command: 'cd src' }, { shell: { cwd: '/w/src' } });
		assert.equal(inside.cwd(), '/w/src');
		const outside = await runTool('Bash', { command: 'cd /' }, { shell: { cwd: '/' } });
		assert.equal(outside.cwd(), '/w');
		assert.match(outside.text, /outside the workspace; the current folder is \/w again/);
	});
	test('a long output keeps its ends, and is kept whole apart', async () => {
		const output = Array.from({ length: 20_000 }, (_, index) => `line ${index}`).join('\n');
		const { text, outcome } = await runTool('Bash', { command: 'x' }, { shell: { output } });
		assert.ok(text.length <= 30_200 && text.startsWith('line 0\n') && text.endsWith('line 19999'));
		assert.match(text, /\n\[… \d+ characters left out; .*…\]\nline \d+\n/);
		assert.equal(outcome.output, output);
	});
});

describe('Diagnostics', () => {
	const item = { path: '/w/a.ts', lineNumber: 3, severity: 'warning', source: 'ts', message: 'unused' } as const;
	const diagnostics = [item, { ...item, lineNumber: 1, severity: 'error', source: '', message: 'bad' }] as const;
	check('Diagnostics', {}, 'a.ts:1: error: bad\na.ts:3: warning: unused (ts)', { diagnostics });
	check('Diagnostics', {}, 'The editor reports no problems.');
	check('Diagnostics', { path: 'no.ts' }, /does not exist/, { isError });
});
