/** Which skills and commands are found on a disk, and which are left alone. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { loadInstructionFiles } from '../../../src/node/instructions/instructionFiles.ts';

let base = '';
beforeEach(() => {
	base = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-skills-')));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function put(path: string, content: string): void {
	mkdirSync(dirname(join(base, path)), { recursive: true });
	writeFileSync(join(base, path), content);
}
const load = async () => {
	const files = await loadInstructionFiles([{ name: 'w', path: join(base, 'w') }], join(base, 'home'));
	return files.map(({ kind, name, scope, body }) => `${scope} ${kind} ${name}: ${body}`);
};

test('those of the user hide those of the project, skills stand before commands, and folders are part of a name', async () => {
	put('w/.claude/skills/commit/SKILL.md', 'hidden');
	put('w/.claude/skills/commit/more.md', 'no skill');
	put('w/.claude/commands/git/sync.md', 'sync');
	put('w/.claude/commands/review.md', '---\ndescription: x\n---\nreview');
	put('home/.claude/skills/commit/SKILL.md', 'of the user');
	put('home/.claude/commands/notes.md', 'notes');
	assert.deepEqual(await load(), [
		'user skill commit: of the user',
		'user command notes: notes',
		'project command git:sync: sync',
		'project command review: review',
	]);
});

test('what leads out of the folder, is no text or cannot be typed is left out', async () => {
	put('outside/secret.md', 'secret');
	put('w/.claude/commands/good.md', 'good');
	symlinkSync(join(base, 'outside/secret.md'), join(base, 'w/.claude/commands/link.md'));
	symlinkSync(join(base, 'outside'), join(base, 'w/.claude/skills'));
	put('w/.claude/commands/with space.md', 'x');
	put('w/.claude/commands/binary.md', 'a\0b');
	put('w/.claude/commands/notes.txt', 'x');
	assert.deepEqual(await load(), ['project command good: good']);
});

test('what leads to secrets under another name is left out', async () => {
	put('w/.env', 'TOKEN=plain words that no form knows');
	put('w/.claude/skills/x/other.md', 'x');
	mkdirSync(join(base, 'w/.claude/commands'));
	symlinkSync('../../../.env', join(base, 'w/.claude/skills/x/SKILL.md'));
	symlinkSync('../../.env', join(base, 'w/.claude/commands/x.md'));
	assert.deepEqual(await load(), []);
});

test('keys in them are masked, and none is fine', async () => {
	assert.deepEqual(await load(), []);
	put('w/.claude/commands/key.md', `use ghp_${'a'.repeat(36)}`);
	assert.ok(!(await load()).join().includes('ghp_aaaa'));
});
