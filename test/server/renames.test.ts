// Renames that follow imports: from an import itself, and of files and folders that move.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { editsForMoves, type FileEdits, renameImport, renameRange } from '../../src/server/renames.ts';
import { documentIn, ROOT, smallProject, textIn } from './smallProject.ts';

async function rename(files: Record<string, string>, rel: string, newPath: string) {
	const offset = (files[rel] ?? '').indexOf('‸');
	const clean = { ...files, [rel]: (files[rel] ?? '').replace('‸', '') };
	const project = smallProject(clean);
	const plan = await renameImport(await documentIn(project, rel), offset, newPath, project);
	return typeof plan === 'string' ? plan : { after: applied(clean, plan.edits), move: plan.move };
}

/** The files that changed, as they are afterwards. */
function applied(files: Record<string, string>, edits: readonly FileEdits[]): Record<string, string> {
	return Object.fromEntries(
		edits.map(({ path, edits: ofFile }) => {
			const rel = path.slice(ROOT.length + 1);
			const lines = (files[rel] ?? '').split('\n');
			for (const { range, newText } of [...ofFile].reverse()) {
				const line = lines[range.start.line] ?? '';
				lines[range.start.line] = line.slice(0, range.start.character) + newText + line.slice(range.end.character);
			}
			return [rel, lines.join('\n')];
		}),
	);
}

const move = (from: string, to: string) => ({ from: `${ROOT}/${from}`, to: `${ROOT}/${to}` });

suite('Rename of an imported file', () => {
	test('what can be renamed is the path of an import', async () => {
		const project = smallProject({ 'CLAUDE.md': 'See @docs/a.md' });
		const document = await documentIn(project, 'CLAUDE.md');
		const found = renameRange(document, 6);
		assert.equal(found?.placeholder, 'docs/a.md');
		assert.equal(found && textIn(document.text, found.range), 'docs/a.md');
		assert.equal(renameRange(document, 1), undefined);
	});

	test('moves the file and changes every import of it', async () => {
		const files = {
			'CLAUDE.md': '@docs/a‸.md and @./docs/a.md\n@docs/other.md',
			'sub/AGENTS.md': '@../docs/a.md',
			'docs/other.md': '@a.md',
			'docs/a.md': 'a',
		};
		assert.deepEqual(await rename(files, 'CLAUDE.md', 'rules/my notes.md'), {
			after: {
				'CLAUDE.md': '@rules/my\\ notes.md and @./rules/my\\ notes.md\n@docs/other.md',
				'docs/other.md': '@../rules/my\\ notes.md',
				'sub/AGENTS.md': '@../rules/my\\ notes.md',
			},
			move: move('docs/a.md', 'rules/my notes.md'),
		});
	});

	test('changes only the text when there is no such file', async () => {
		assert.deepEqual(await rename({ 'CLAUDE.md': '@go‸ne.md' }, 'CLAUDE.md', 'new.md'), {
			after: { 'CLAUDE.md': '@new.md' },
			move: undefined,
		});
	});

	test('says why it cannot be', async () => {
		const files = { 'CLAUDE.md': '@a‸.md', 'a.md': 'a', 'b.md': 'b' };
		assert.match(String(await rename(files, 'CLAUDE.md', 'b.md')), /is there already/);
		assert.match(String(await rename(files, 'CLAUDE.md', '../b.md')), /workspace/);
		assert.match(String(await rename(files, 'CLAUDE.md', 'b#c.md')), /would not be read as an import/);
		assert.match(String(await rename(files, 'CLAUDE.md', ' ')), /path of a file/);
	});
});

suite('Files that move', () => {
	async function after(files: Record<string, string>, from: string, to: string) {
		return applied(files, await editsForMoves([move(from, to)], smallProject(files)));
	}

	test('a folder: imports into it and out of it follow, those inside stay', async () => {
		const files = {
			'CLAUDE.md': '@docs/a.md',
			'docs/a.md': '@b.md @../top.md',
			'docs/b.md': 'b',
			'top.md': 't',
		};
		assert.deepEqual(await after(files, 'docs', 'notes/docs'), {
			'CLAUDE.md': '@notes/docs/a.md',
			'docs/a.md': '@b.md @../../top.md',
		});
	});

	test('a memory file: its own imports follow', async () => {
		const files = { 'AGENTS.md': `@docs/a.md @${ROOT}/docs/a.md`, 'docs/a.md': 'a' };
		assert.deepEqual(await after(files, 'AGENTS.md', 'sub/AGENTS.md'), {
			'AGENTS.md': `@../docs/a.md @${ROOT}/docs/a.md`,
		});
	});

	test('the form of an import stays: absolute, or with ./ where it is needed', async () => {
		const files = { 'CLAUDE.md': `@${ROOT}/a.md @./a.md`, 'a.md': 'a' };
		assert.deepEqual(await after(files, 'a.md', 'b.md'), { 'CLAUDE.md': `@${ROOT}/b.md @./b.md` });
	});

	test('a name that is no import is left alone', async () => {
		assert.deepEqual(await after({ 'CLAUDE.md': 'Ask @ada', 'x.md': '' }, 'ada', 'bob'), {});
	});
});
