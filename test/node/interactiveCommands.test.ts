/** Commands that would wait for a person, or whose folder is gone, run for real: each ends by itself with an answer that helps. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isBlobRef } from '../../src/core/session/content.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { createShell } from '../../src/node/process/shellProcess.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import { call, createScriptedModel, text } from '../fakes/scriptedModel.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-typed-')));
after(() => rmSync(root, { recursive: true, force: true }));

async function saidTo(...commands: readonly string[]) {
	const blocks = commands.map((command, index) => call('Bash', { command, timeout_ms: 60_000 }, `toolu_${index}`));
	const steps = [...blocks.map((block) => ({ blocks: [block] })), { blocks: [text('done')] }];
	const fixture = await createFixture({ model: createScriptedModel(steps), mode: 'auto' });
	const roots = [{ name: 'w', path: root }];
	Object.assign(fixture.ports, {
		workspace: createDiskWorkspace({ roots: () => roots, isTrusted: () => true }),
		shell: createShell({ hiddenEnvironment: [] }),
	});
	fixture.session.setCwd(root);
	await fixture.run('go');
	const said = fixture.session.entries.flatMap((entry) => {
		if (entry.type !== 'toolResult') return [];
		const [first] = entry.content;
		return [first && !isBlobRef(first) && 'text' in first ? String(first.text) : ''];
	});
	return { said, cwd: fixture.session.cwd };
}

describe('a command', { skip: process.platform === 'win32' && 'written for a POSIX shell' }, () => {
	it('that would open an editor is answered by git at once', async () => {
		const repository = join(root, 'repository');
		mkdirSync(repository);
		const git = (...args: string[]) => execFileSync('git', ['-C', repository, ...args], { stdio: 'ignore' });
		git('init', '-b', 'main');
		git('config', 'user.name', 'a');
		git('config', 'user.email', 'a@b');
		writeFileSync(join(repository, 'x'), '1\n');
		git('add', '.');
		git('commit', '-m', 'one');
		const { said } = await saidTo(
			'cd repository && echo 2 > x && git commit -a',
			'git commit -am two && git commit --amend && git log --oneline | wc -l',
		);
		assert.match(said[0] ?? '', /empty commit message/);
		assert.doesNotMatch(said[0] ?? '', /stopped after/);
		assert.match(said[1] ?? '', /\b2$/m);
	});

	it('that asks gets no answer and goes on', async () => {
		const { said } = await saidTo('read -p "Go on? " answer; echo "[$answer]"', 'cat', 'sort | wc -l');
		assert.deepEqual(said, ['[]', '(no output)', '0']);
	});

	it('that is wrong is named by its own line', async () => {
		const { said } = await saidTo('nosuchprogram', 'true\nnosuchprogram', 'true\nif true; then');
		assert.match(said[0] ?? '', /line 1: nosuchprogram/);
		assert.match(said[1] ?? '', /line 2: nosuchprogram/);
		assert.match(said[2] ?? '', /line [23]: syntax error/);
	});

	it('is not run elsewhere when its folder is gone, and the next one runs', async () => {
		mkdirSync(join(root, 'packages', 'gone'), { recursive: true });
		const { said, cwd } = await saidTo('cd packages/gone', 'rmdir "$PWD"', 'pwd', 'pwd');
		assert.match(said[2] ?? '', /is gone, so nothing was run\. The current folder is now .*packages; call it again/);
		assert.equal(said[3], join(root, 'packages'));
		assert.equal(cwd, join(root, 'packages'));
	});

	it('that ends itself says so', async () => {
		const { said } = await saidTo('kill -9 $$');
		assert.match(said[0] ?? '', /ended by a signal/);
	});
});
