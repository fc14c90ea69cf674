// What the language server answers about a place in a document. The place is where ‸ stands in the text.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { memorySection } from '../../src/core/memory/memoryFile.ts';
import { memoryTokens, memoryWeights, priorWeights } from '../../src/core/memory/memoryTokens.ts';
import { completions } from '../../src/server/completion.ts';
import { hoverAt } from '../../src/server/hover.ts';
import { inlays } from '../../src/server/inlays.ts';
import { definitionAt, importLinks } from '../../src/server/links.ts';
import { documentIn, ROOT, smallProject, textIn } from './smallProject.ts';

async function place(files: Record<string, string>, rel: string) {
	const offset = (files[rel] ?? '').indexOf('‸');
	const project = smallProject({ ...files, [rel]: (files[rel] ?? '').replace('‸', '') });
	return { project, offset, document: await documentIn(project, rel) };
}

async function labels(text: string, rel = 'CLAUDE.md', files: Record<string, string> = {}): Promise<string[]> {
	const { project, offset, document } = await place({ ...files, [rel]: text }, rel);
	const items = await completions(document, offset, project);
	return items.map(({ label }) => label).sort();
}

async function hovered(
	text: string,
	rel = 'CLAUDE.md',
	files: Record<string, string> = {},
): Promise<string | undefined> {
	const { project, offset, document } = await place({ ...files, [rel]: text }, rel);
	const hover = await hoverAt(document, offset, project);
	return hover && typeof hover.contents === 'object' && 'value' in hover.contents ? hover.contents.value : undefined;
}

suite('Completion', () => {
	const files = { 'docs/style.md': 's', 'docs/deep/a.md': 'a', 'my notes.md': 'n' };

	test('paths of an import, folder by folder', async () => {
		assert.deepEqual(await labels('See @‸', 'CLAUDE.md', files), ['CLAUDE.md', 'docs/', 'my notes.md']);
		assert.deepEqual(await labels('See @docs/‸ there', 'CLAUDE.md', files), ['deep/', 'style.md']);
		assert.deepEqual(await labels('See @./docs/st‸', 'CLAUDE.md', files), ['deep/', 'style.md']);
		assert.deepEqual(await labels('mail me@‸', 'CLAUDE.md', files), []);
		assert.deepEqual(await labels('no import ‸', 'CLAUDE.md', files), []);
	});

	test('only the last part is replaced, and a space is written as one', async () => {
		const { project, offset, document } = await place({ ...files, 'CLAUDE.md': 'See @./m‸' }, 'CLAUDE.md');
		const item = (await completions(document, offset, project)).find(({ label }) => label === 'my notes.md');
		assert.deepEqual(item?.textEdit, {
			range: { start: { line: 0, character: 7 }, end: { line: 0, character: 8 } },
			newText: 'my\\ notes.md',
		});
	});

	test('keys of frontmatter that are not there yet', async () => {
		const found = await labels('---\nname: a\n‸\n---\n', '.claude/agents/a.md');
		assert.ok(found.includes('tools') && found.includes('model'));
		assert.ok(!found.includes('name'));
		assert.ok((await labels('---\nna‸', '.claude/agents/a.md')).includes('name'));
	});

	test('values: tools, models, and what a key is one of', async () => {
		const agent = '.claude/agents/a.md';
		assert.deepEqual(await labels('---\ntools: Read, ‸\n---\n', agent), [
			...['Agent', 'Bash', 'Browser', 'Edit', 'Grep', 'Read', 'Recall', 'Skill', 'WebFetch', 'WebSearch', 'Write'],
		]);
		assert.ok((await labels('---\ntools:\n  - ‸\n---\n', agent)).includes('Bash'));
		assert.ok((await labels('---\nmodel: ‸\n---\n', agent)).includes('claude-opus-5-5'));
		assert.deepEqual(await labels('---\nbackground: ‸\n---\n', agent), ['false', 'true']);
		assert.ok((await labels('---\ncolor: ‸\n---\n', agent)).includes('red'));
	});

	test('keys and rules of the settings, keys of servers', async () => {
		const settings = '.claude/settings.json';
		assert.ok((await labels('{"‸"}', settings)).includes('"permissions"'));
		assert.deepEqual((await labels('{"permissions": {"‸"}}', settings)).slice(0, 3), [
			'"additionalDirectories"',
			'"allow"',
			'"ask"',
		]);
		assert.ok((await labels('{"permissions": {"deny": ["‸"]}}', settings)).includes('"Bash(npm test:*)"'));
		assert.ok((await labels('{"model": "‸"}', settings)).includes('"claude-opus-5-5"'));
		assert.ok((await labels('{"mcpServers": {"a": {"‸"}}}', '.mcp.json')).includes('"command"'));
		assert.deepEqual(await labels('{"‸"}', '.vscode/mcp.json'), ['"inputs"', '"servers"']);
		assert.ok((await labels('{"servers": {"a": {"‸"}}}', '.vscode/mcp.json')).includes('"url"'));
		assert.ok((await labels('{"inputs": [{"‸"}]}', '.vscode/mcp.json')).includes('"password"'));
	});
});

suite('Hover', () => {
	test('an import: its path, size, tokens and first lines', async () => {
		const text = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join('\n');
		const tokens = memoryTokens({ path: `${ROOT}/docs/a.md`, text }, priorWeights);
		assert.equal(
			await hovered('See @docs/‸a.md', 'CLAUDE.md', { 'docs/a.md': text }),
			`**docs/a.md**\n\n${text.length} bytes, ${tokens} tokens\n\n\`\`\`markdown\n${text.split('\n').slice(0, 8).join('\n')}\n…\n\`\`\``,
		);
		assert.equal(await hovered('See @docs/‸a.md'), '**docs/a.md** is not there.');
		assert.equal(await hovered('Ask @a‸da'), undefined);
	});

	test('keys, tools and models', async () => {
		const agent = '.claude/agents/a.md';
		assert.match((await hovered('---\nto‸ols: Read\n---\n', agent)) ?? '', /^\*\*tools\*\*/);
		assert.match((await hovered('---\ntools: Bash, Re‸ad\n---\n', agent)) ?? '', /Reads a file\./);
		assert.match((await hovered('---\nmodel: claude-op‸us-5-5\n---\n', agent)) ?? '', /Claude Opus 5\.5/);
		assert.match(
			(await hovered('{"permissions": {"deny": ["Ba‸sh(x)"]}}', '.claude/settings.json')) ?? '',
			/Runs a command\./,
		);
		assert.match((await hovered('{"permis‸sions": {}}', '.claude/settings.json')) ?? '', /^\*\*permissions\*\*/);
	});
});

suite('Links', () => {
	test('of the imports that are there', async () => {
		const { project, document } = await place(
			{ 'CLAUDE.md': '@docs/a.md @gone.md @ada `@docs/a.md`', 'docs/a.md': 'a' },
			'CLAUDE.md',
		);
		const links = await importLinks(document, project);
		assert.deepEqual(
			links.map(({ range, target }) => [textIn(document.text, range), target]),
			[['@docs/a.md', `${ROOT}/docs/a.md`]],
		);
	});

	test('go to definition', async () => {
		const { project, document, offset } = await place(
			{ 'docs/CLAUDE.md': 'x @../a‸.md', 'a.md': 'a' },
			'docs/CLAUDE.md',
		);
		assert.equal((await definitionAt(document, offset, project))?.target, `${ROOT}/a.md`);
		assert.equal(await definitionAt(document, 0, project), undefined);
	});
});

suite('Token costs', () => {
	async function hints(files: Record<string, string>, rel: string, weights = priorWeights) {
		const project = smallProject(files, { weights });
		const found = await inlays(await documentIn(project, rel), project);
		return found.map(({ position, label }) => `${position.line}:${position.character} ${String(label)}`);
	}
	const of = (rel: string, text: string) => memoryTokens({ path: `${ROOT}/${rel}`, text }, priorWeights);

	test('of the file at its top and of each import behind it, counted once', async () => {
		const files = { 'CLAUDE.md': 'a\n@b.md\n@b.md @gone.md\n', 'b.md': 'b @c.md', 'c.md': 'c'.repeat(4000) };
		const [own, b, c] = [of('CLAUDE.md', files['CLAUDE.md']), of('b.md', files['b.md']), of('c.md', files['c.md'])];
		assert.deepEqual(await hints(files, 'CLAUDE.md'), [
			`0:0 ${own} tokens, ${(own + b + c).toLocaleString('en-US')} with imports`,
			`1:5 ${b} tokens`,
			'2:5 counted above',
		]);
	});

	test('of a rule without its frontmatter, and none of settings', async () => {
		const rule = '---\npaths: "*.ts"\n---\nBe short.';
		assert.deepEqual(await hints({ '.claude/rules/r.md': rule }, '.claude/rules/r.md'), [
			`0:0 ${of('.claude/rules/r.md', 'Be short.')} tokens`,
		]);
		assert.deepEqual(await hints({ '.claude/settings.json': '{}' }, '.claude/settings.json'), []);
	});

	test('of what is in the context: the share it has there, moved by what changed since', () => {
		const file = { path: `${ROOT}/CLAUDE.md`, text: 'Be short.' };
		const pieces = [
			{ kind: 'environment', text: '# Environment' },
			{ kind: 'memory', path: file.path, text: `# Project instructions\n\nFollow them.\n\n${memorySection(file)}` },
		];
		const items = [
			{ kind: 'environment', tokens: 5 },
			{ kind: 'memory', path: file.path, tokens: 77 },
		];
		const weights = { ...memoryWeights(items, pieces, undefined), tokensPerByte: 0.5 };
		assert.equal(memoryTokens(file, weights), 77);
		assert.equal(memoryTokens({ ...file, text: `${file.text} And kind.` }, weights), 82);
		assert.equal(
			memoryTokens({ ...file, path: `${ROOT}/b.md` }, { ...weights, tokensPerByte: 1 }),
			memorySection({ ...file, path: `${ROOT}/b.md` }).length,
		);
	});
});
