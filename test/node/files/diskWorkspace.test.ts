import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
	chmodSync,
	existsSync,
	linkSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	readlinkSync,
	realpathSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { asSha256 } from '../../../src/base/ids.ts';
import type { WorkspaceRoot } from '../../../src/core/ports.ts';
import { createDiskWorkspace } from '../../../src/node/files/diskWorkspace.ts';
import { type Overwritable, overwrite } from '../../../src/node/files/diskWrite.ts';
import { writeFailure } from '../../../src/node/files/fileErrors.ts';

let base = '';
let w = '';
beforeEach(() => {
	base = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-disk-')));
	w = join(base, 'w');
	mkdirSync(join(w, 'src', 'deep'), { recursive: true });
	mkdirSync(join(base, 'outside'));
	writeFileSync(join(w, 'src', 'a.js'), 'one\n');
	writeFileSync(join(base, 'outside', 'secret'), 'secret');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function disk(roots: readonly WorkspaceRoot[] = [{ name: 'w', path: w }], isTrusted = true) {
	return createDiskWorkspace({ roots: () => roots, isTrusted: () => isTrusted });
}
const bytesOf = (text: string) => new TextEncoder().encode(text);
const hashOf = (text: string) => asSha256(createHash('sha256').update(text).digest('hex'));
const code = (expected: string) => (error: unknown) => error instanceof UserError && error.code === expected;

describe('resolving', () => {
	/** `path` → `root-relative`, `link:root-relative`, or `!path below base` when outside. */
	const check = (path: string, expected: string, prepare?: () => void) =>
		test(`${path} → ${expected}`, async () => {
			prepare?.();
			const found = await disk().resolve(path.replace('BASE', base), join(w, 'src'));
			const shown =
				found.kind === 'outside'
					? `!${found.absolute.replace(base, 'BASE')}`
					: `${found.isLink ? 'link:' : ''}${found.file.rel || '.'}`;
			assert.equal(shown, expected);
			if (found.kind === 'inside') assert.equal(found.absolute, join(w, found.file.rel));
		});
	check('a.js', 'src/a.js');
	check('./deep/../a.js', 'src/a.js');
	check('..', '.');
	check('.', 'src');
	check('', 'src');
	check('new/er/file.js', 'src/new/er/file.js');
	check('BASE/w', '.');
	check('BASE/w/', '.');
	check('BASE/w/src/a.js', 'src/a.js');
	check('a.js/b', 'src/a.js/b');
	check('...', 'src/...');
	check('..a', 'src/..a');
	check('../../outside/secret', '!BASE/outside/secret');
	check('BASE/w2/x', '!BASE/w2/x');
	check('BASE/W/src/a.js', '!BASE/W/src/a.js');
	check('/', '!/');
	check('../link/secret', '!BASE/outside/secret', () => symlinkSync(join(base, 'outside'), join(w, 'link')));
	check('../link/new/file', '!BASE/outside/new/file', () => symlinkSync('../outside', join(w, 'link')));
	check('../dangling/x', '!BASE/nowhere/x', () => symlinkSync('../nowhere', join(w, 'dangling')));
	check('../d1/x', '!BASE/nowhere/y/x', () => {
		symlinkSync('d2/y', join(w, 'd1'));
		symlinkSync('../nowhere', join(w, 'd2'));
	});
	check('../inner/x', 'src/x', () => symlinkSync('src', join(w, 'inner')));
	check('leaf', 'link:src/leaf', () => symlinkSync('../../outside/secret', join(w, 'src', 'leaf')));
	check('BASE/way/src/a.js', 'src/a.js', () => symlinkSync('w', join(base, 'way')));
	check('~/x', `!${join(homedir(), 'x')}`);

	test('what is no path at all is a UserError', async () => {
		await assert.rejects(disk().resolve('a\0b', w), code('bad-path'));
		symlinkSync('loop', join(w, 'loop'));
		await assert.rejects(disk().resolve('loop/x', w), code('bad-path'));
	});

	test('a root that was opened through a link keeps its name', async () => {
		const named = join(base, 'named');
		symlinkSync(w, named);
		const workspace = disk([{ name: 'named', path: named }]);
		for (const path of [join(named, 'src', 'a.js'), join(w, 'src', 'a.js')]) {
			const found = await workspace.resolve(path, named);
			assert.deepEqual(found, {
				kind: 'inside',
				file: { root: named, rel: 'src/a.js' },
				absolute: join(named, 'src', 'a.js'),
				isLink: false,
			});
		}
		assert.equal((await workspace.resolve(named, named)).kind, 'inside');
		await workspace.write(join(named, 'src', 'a.js'), bytesOf('two'), {});
		assert.equal(readFileSync(join(w, 'src', 'a.js'), 'utf8'), 'two');
	});

	test('the innermost of nested roots wins, and a root that is gone holds nothing', async () => {
		const inner = join(w, 'src');
		const roots = [w, inner, join(base, 'gone')].map((path) => ({ name: path, path }));
		const found = await disk(roots).resolve('a.js', inner);
		assert.deepEqual(found.kind === 'inside' && found.file, { root: inner, rel: 'a.js' });
		assert.equal((await disk([]).resolve('a.js', inner)).kind, 'outside');
	});
});

describe('reading', () => {
	test('gives bytes and mode', async () => {
		chmodSync(join(w, 'src', 'a.js'), 0o755);
		const snapshot = await disk().read(join(w, 'src', 'a.js'));
		assert.deepEqual(snapshot, { kind: 'file', bytes: bytesOf('one\n'), meta: { mode: 0o755 }, isDirty: false });
		writeFileSync(join(w, 'empty'), '');
		const empty = await disk().read(join(w, 'empty'));
		assert.equal(empty.kind === 'file' && empty.bytes.length, 0);
	});

	test('tells what is no file, and opens none of it', { timeout: 20_000 }, async () => {
		const kind = async (path: string) => {
			const found = await disk().read(join(w, path));
			return found.kind === 'special' ? found.what : found.kind;
		};
		symlinkSync('../outside/secret', join(w, 'leaf'));
		execFileSync('mkfifo', [join(w, 'pipe')]);
		assert.equal(await kind('src'), 'directory');
		assert.equal(await kind('nothing'), 'absent');
		assert.equal(await kind('src/a.js/b'), 'absent');
		assert.equal(await kind('leaf'), 'a link to ../outside/secret');
		assert.equal(await kind('pipe'), 'a named pipe');
		assert.equal(await kind('../../../../../../../../dev/null'), 'a device');
	});

	test('stops at the limit', async () => {
		writeFileSync(join(w, 'big'), 'x'.repeat(101));
		assert.deepEqual(await disk().read(join(w, 'big'), { maxBytes: 100 }), { kind: 'tooLarge', sizeBytes: 101 });
		assert.equal((await disk().read(join(w, 'big'), { maxBytes: 101 })).kind, 'file');
		writeFileSync(join(w, 'huge'), Buffer.alloc(10_000_001));
		assert.equal((await disk().read(join(w, 'huge'))).kind, 'tooLarge');
	});

	test('reads a file that says it is empty', { skip: !existsSync('/proc/version') }, async () => {
		const found = await disk().read('/proc/version');
		assert.ok(found.kind === 'file' && found.bytes.length > 10);
	});
});

describe('writing', () => {
	test('replaces content and keeps file, mode and hard links', async () => {
		const path = join(w, 'src', 'a.js');
		linkSync(path, join(w, 'other-name'));
		chmodSync(path, 0o640);
		const inode = statSync(path).ino;
		for (const text of ['much longer than before\n', 'short', '']) {
			const outcome = await disk().write(path, bytesOf(text), {});
			assert.deepEqual(outcome, { after: hashOf(text), isSaved: true });
			assert.equal(readFileSync(join(w, 'other-name'), 'utf8'), text);
		}
		assert.equal(statSync(path).ino, inode);
		assert.equal(statSync(path).mode & 0o777, 0o640);
		await disk().write(path, bytesOf('x'), { mode: 0o755 });
		assert.equal(statSync(path).mode & 0o777, 0o755);
	});

	test('makes files and folders, with the mode that was asked for', async () => {
		await disk().write(join(w, 'x', 'y', 'z.sh'), bytesOf('hi'), { mode: 0o777, expected: 'absent' });
		assert.equal(readFileSync(join(w, 'x', 'y', 'z.sh'), 'utf8'), 'hi');
		assert.equal(statSync(join(w, 'x', 'y', 'z.sh')).mode & 0o777, 0o777);
	});

	test('checks what it was computed from', async () => {
		const path = join(w, 'src', 'a.js');
		await assert.rejects(disk().write(path, bytesOf('x'), { expected: hashOf('two\n') }), code('changed-meanwhile'));
		await assert.rejects(disk().write(path, bytesOf('x'), { expected: 'absent' }), code('changed-meanwhile'));
		await assert.rejects(disk().write(join(w, 'n'), bytesOf('x'), { expected: hashOf('') }), code('changed-meanwhile'));
		assert.equal(readFileSync(path, 'utf8'), 'one\n');
		assert.ok(!existsSync(join(w, 'n')));
		await disk().write(path, bytesOf('two\n'), { expected: hashOf('one\n') });
		assert.equal(readFileSync(path, 'utf8'), 'two\n');
	});

	test('goes through no link, wherever it came in', async () => {
		const workspace = disk();
		const leaf = join(w, 'leaf');
		symlinkSync('../outside/secret', leaf);
		await assert.rejects(workspace.write(leaf, bytesOf('x'), {}), code('write-failed'));
		await assert.rejects(workspace.delete(leaf, {}), code('write-failed'));
		const judged = await workspace.resolve('src/deep/new/file', w);
		rmSync(join(w, 'src', 'deep'), { recursive: true });
		symlinkSync(join(base, 'outside'), join(w, 'src', 'deep'));
		assert.equal(judged.kind, 'inside');
		await assert.rejects(workspace.write(judged.absolute, bytesOf('x'), {}), code('write-failed'));
		await assert.rejects(workspace.delete(join(w, 'src', 'deep', 'secret'), {}), code('write-failed'));
		assert.deepEqual(readFileSync(join(base, 'outside', 'secret'), 'utf8'), 'secret');
		assert.ok(!existsSync(join(base, 'outside', 'new')));
	});

	test('leaves folders, pipes and what is under a file alone', async () => {
		execFileSync('mkfifo', [join(w, 'pipe')]);
		await assert.rejects(disk().write(join(w, 'src'), bytesOf('x'), {}), code('write-failed'));
		await assert.rejects(disk().write(join(w, 'pipe'), bytesOf('x'), {}), code('write-failed'));
		await assert.rejects(disk().write(join(w, 'src', 'a.js', 'b'), bytesOf('x'), {}), code('write-failed'));
		await assert.rejects(disk().delete(join(w, 'src'), {}), code('write-failed'));
	});

	test('makes no folder that stays empty', async () => {
		const tooLong = join(w, 'made', 'for', 'x'.repeat(300));
		await assert.rejects(disk().write(tooLong, bytesOf('x'), {}), UserError);
		assert.ok(!existsSync(join(w, 'made')));
	});

	test('in an untrusted workspace changes nothing', async () => {
		const workspace = disk([{ name: 'w', path: w }], false);
		await assert.rejects(workspace.write(join(w, 'n'), bytesOf('x'), {}), code('untrusted'));
		await assert.rejects(workspace.delete(join(w, 'src', 'a.js'), {}), code('untrusted'));
		assert.ok(existsSync(join(w, 'src', 'a.js')) && !existsSync(join(w, 'n')));
	});

	test('of a read-only file says so, also for root, whom nothing else would stop', async () => {
		chmodSync(join(w, 'src', 'a.js'), 0o444);
		await assert.rejects(disk().write(join(w, 'src', 'a.js'), bytesOf('x'), {}), code('read-only'));
	});

	for (const [errno, expected] of [
		['EACCES', 'read-only'],
		['EPERM', 'read-only'],
		['EROFS', 'read-only'],
		['ENOSPC', 'write-failed'],
		['EIO', 'write-failed'],
	] as const)
		test(`${errno} is ${expected}`, () => {
			assert.equal(writeFailure('/w/a', Object.assign(new Error('x'), { code: errno })).code, expected);
		});
});

describe('a write that fails in the middle', () => {
	/** A file of limited size that takes at most three bytes at once. */
	function limited(text: string, spaceBytes: number): Overwritable & { text(): string } {
		let content = Buffer.from(text);
		return {
			text: () => content.toString(),
			async write(bytes, offset, length, position) {
				const count = Math.min(length, 3);
				if (position + count > spaceBytes) throw Object.assign(new Error('ENOSPC: full'), { code: 'ENOSPC' });
				const after = Buffer.alloc(Math.max(content.length, position + count));
				content.copy(after);
				after.set(bytes.subarray(offset, offset + count), position);
				content = after;
				return { bytesWritten: count };
			},
			async truncate(length) {
				content = Buffer.concat([content, Buffer.alloc(length)]).subarray(0, length);
			},
		};
	}
	test('puts back what was there', async () => {
		const file = limited('before', 9);
		await assert.rejects(overwrite(file, '/w/a', bytesOf('before'), bytesOf('much too long')), code('write-failed'));
		assert.equal(file.text(), 'before');
	});
	test('says when it cannot', async () => {
		const file = limited('before', 4);
		const run = overwrite(file, '/w/a', bytesOf('before'), bytesOf('other text'));
		await assert.rejects(run, (error) => code('file-damaged')(error) && /damaged/.test(String(error)));
	});
});

describe('deleting', () => {
	test('removes the file that was meant', async () => {
		const path = join(w, 'src', 'a.js');
		await assert.rejects(disk().delete(path, { expected: hashOf('x') }), code('changed-meanwhile'));
		await assert.rejects(disk().delete(path, { expected: 'absent' }), code('changed-meanwhile'));
		assert.ok(existsSync(path));
		await disk().delete(path, { expected: hashOf('one\n') });
		assert.ok(!existsSync(path));
		await disk().delete(path, { expected: 'absent' });
		await assert.rejects(disk().delete(path, { expected: hashOf('one\n') }), code('changed-meanwhile'));
	});
});

describe('links, modes and folders, for restores', () => {
	const link = () => join(w, 'link');
	test('a link is read, made, replaced and removed itself', async () => {
		symlinkSync('../outside/secret', link());
		const workspace = disk();
		const read = await workspace.read(link(), { links: true });
		assert.deepEqual(read, { kind: 'file', bytes: bytesOf('../outside/secret'), meta: { link: true }, isDirty: false });
		const was = { wasLink: true, expected: hashOf('../outside/secret') };
		await assert.rejects(
			workspace.write(link(), bytesOf('x'), { ...was, expected: hashOf('x') }),
			code('changed-meanwhile'),
		);
		await workspace.write(link(), bytesOf('src/a.js'), { ...was, link: true });
		assert.equal(readlinkSync(link()), 'src/a.js');
		await workspace.write(link(), bytesOf('text'), { wasLink: true, expected: hashOf('src/a.js'), mode: 0o750 });
		assert.equal(readFileSync(link(), 'utf8'), 'text');
		assert.equal(statSync(link()).mode & 0o777, 0o750);
		await workspace.write(link(), bytesOf('nowhere'), { link: true, expected: hashOf('text') });
		await assert.rejects(workspace.delete(link(), { expected: hashOf('nowhere') }), code('write-failed'));
		await workspace.delete(link(), { wasLink: true, expected: hashOf('nowhere') });
		await workspace.write(join(w, 'n', 'link'), bytesOf('x'), { link: true, expected: 'absent' });
		assert.equal(readlinkSync(join(w, 'n', 'link')), 'x');
		await assert.rejects(
			workspace.write(join(w, 'n', 'link'), bytesOf('y'), { link: true, expected: 'absent' }),
			code('changed-meanwhile'),
		);
		assert.equal(readFileSync(join(base, 'outside', 'secret'), 'utf8'), 'secret');
		assert.equal(readFileSync(join(w, 'src', 'a.js'), 'utf8'), 'one\n');
	});

	test('a mode is set on the file that was meant, and never through a link', async () => {
		const path = join(w, 'src', 'a.js');
		await assert.rejects(disk().setMode(path, 0o755, { expected: hashOf('x') }), code('changed-meanwhile'));
		await disk().setMode(path, 0o755, { expected: hashOf('one\n') });
		assert.equal(statSync(path).mode & 0o777, 0o755);
		symlinkSync('src/a.js', link());
		await assert.rejects(disk().setMode(link(), 0o600, {}), code('write-failed'));
		await assert.rejects(disk().setMode(join(w, 'none'), 0o600, {}), code('changed-meanwhile'));
		assert.equal(statSync(path).mode & 0o777, 0o755);
	});

	test('a read-only file is written when that is known, and keeps the mode that is asked for', async () => {
		const path = join(w, 'src', 'a.js');
		chmodSync(path, 0o444);
		await disk().write(path, bytesOf('two'), { ignoresReadOnly: true });
		assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mode & 0o777], ['two', 0o444]);
		await disk().write(path, bytesOf('three'), { ignoresReadOnly: true, mode: 0o640 });
		assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mode & 0o777], ['three', 0o640]);
	});

	test('a folder goes only when it is empty, of the time, and below a root', async () => {
		const now = Date.now();
		const recently = [{ from: now - 60_000, until: now + 60_000 }];
		const remove = (path: string, made = recently) => disk().removeEmptyFolder(path, made);
		assert.equal(await remove(join(w, 'src')), false);
		assert.equal(await remove(join(w, 'src', 'deep'), [{ from: 0, until: now - 60_000 }]), false);
		assert.equal(await remove(w), false);
		assert.equal(await remove(join(w, 'none')), false);
		mkdirSync(join(base, 'outside', 'empty'));
		assert.equal(await remove(join(base, 'outside', 'empty')), false);
		symlinkSync('src/deep', link());
		assert.equal(await remove(link()), false);
		assert.equal(await remove(join(w, 'src', 'deep')), true);
		assert.ok(!existsSync(join(w, 'src', 'deep')) && existsSync(join(base, 'outside', 'empty')));
	});

	test('a name is told apart from the same one in other letters', async () => {
		assert.equal(await disk().isExactName(join(w, 'src', 'a.js')), true);
		assert.equal(await disk().isExactName(join(w, 'src', 'A.js')), false);
		assert.equal(await disk().isExactName(join(base, 'outside', 'secret')), false);
	});
});
