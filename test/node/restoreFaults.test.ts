/** Restores on a real disk where something is in the way: each says so, writes nothing by halves, and loses nothing. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fileSystemNow, {
	chmodSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	truncateSync,
	unlinkSync,
	writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, mock, suite, test } from 'node:test';
import { createDiskWorld, type DiskWorld, reasons } from './restoreWorld.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const [MOUNT, UNMOUNT] = ['mount', 'umount'];

suite('A restore where something is in the way', () => {
	let world: DiskWorld;
	beforeEach(async () => {
		world = await createDiskWorld();
	});
	afterEach(async () => {
		mock.restoreAll();
		syncBuiltinESMExports();
		await world.dispose();
	});

	test('a full disk: what fits comes back, the rest is named and stays whole', async (t) => {
		try {
			execFileSync(MOUNT, ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', world.root], { stdio: 'ignore' });
		} catch {
			t.skip('needs the right to mount a small disk');
			return;
		}
		try {
			const names = Array.from({ length: 10 }, (_, index) => `f${index}`);
			const old = 'old line\n'.repeat(4_000);
			for (const name of names) world.write({ [name]: old });
			await world.command(() => {
				for (const name of names) writeFileSync(world.at(name), `new ${name}`);
			});
			// What others put there meanwhile leaves room for a few of them.
			writeFileSync(world.at('filler'), Buffer.alloc(300_000));
			const report = await world.apply(await world.plan());
			assert.ok(report.restored.length > 0 && report.failed.length > 0);
			assert.equal(report.restored.length + report.failed.length, names.length);
			for (const { reason } of report.failed) assert.match(reason, /no space left .* as it was/);
			for (const { rel } of report.restored) assert.equal(world.text(rel), old);
			for (const { file } of report.failed) assert.equal(world.text(file.rel), `new ${file.rel}`);
			assert.deepEqual(readdirSync(world.root).sort(), [...names, 'filler'].sort());
			unlinkSync(world.at('filler'));
			assert.deepEqual((await world.apply(await world.plan())).failed, []);
			for (const name of names) assert.equal(world.text(name), old);
		} finally {
			execFileSync(UNMOUNT, ['-l', world.root]);
		}
	});

	test('a disk that fills up in the middle of a file leaves that file as it was', async () => {
		world.write({ a: 'a much longer text than the one that the command left there\n' });
		await world.command(() => world.write({ a: 'short\n' }));
		const plan = await world.plan();
		const { writeSync } = fileSystemNow;
		const place = statSync(world.at('a')).ino;
		mock.method(fileSystemNow, 'writeSync', (...args: [number, Uint8Array, number, number, number]) => {
			const [fd, bytes, offset, length, position] = args;
			if (fileSystemNow.fstatSync(fd).ino !== place) return writeSync(...args);
			if (position + length > 20) {
				if (position < 20) return writeSync(fd, bytes, offset, 20 - position, position);
				throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
			}
			return writeSync(...args);
		});
		syncBuiltinESMExports();
		const report = await world.apply(plan);
		assert.match(reasons(report.failed).join(), /^a: There is no space left/);
		assert.equal(world.text('a'), 'short\n');
	});

	test('read-only files and folders are named; the others come back', { skip: !isRoot }, async () => {
		world.write({ 'locked/a': 'old', 'locked/gone': 'old', file: 'old', fine: 'old' });
		await world.command(() => {
			world.write({ 'locked/a': 'new', file: 'new', fine: 'new', 'locked/made': 'new' });
			unlinkSync(world.at('locked/gone'));
		});
		execFileSync('chown', ['-R', String(NOBODY), world.folder]);
		chmodSync(world.at('file'), 0o444);
		chmodSync(world.at('locked'), 0o555);
		// The super-user may write everywhere, which would prove nothing.
		process.seteuid?.(NOBODY);
		try {
			const plan = await world.plan();
			assert.deepEqual(
				plan.files.map(({ file, status, note }) => `${file.rel} ${status}${note && `: ${note}`}`),
				['file blocked: it is read-only', 'fine ok', 'locked/a ok', 'locked/gone ok', 'locked/made ok'],
			);
			const report = await world.apply(plan);
			assert.deepEqual(
				report.restored.map(({ rel }) => rel),
				['fine', 'locked/a'],
			);
			for (const line of reasons(report.failed)) assert.match(line, /^locked\/(gone|made): .*is read-only/);
			assert.equal(report.failed.length, 2);
		} finally {
			process.seteuid?.(0);
		}
		assert.deepEqual([world.text('file'), world.text('locked/made')], ['new', 'new']);
	});

	test('a file that another process holds open is restored under its hands', async () => {
		world.write({ log: 'old\n' });
		await world.command(() => world.write({ log: 'new\n' }));
		const descriptor = openSync(world.at('log'), 'r+');
		const holder = spawn('sleep', ['60'], { stdio: [descriptor, 'ignore', 'ignore'] });
		try {
			assert.deepEqual((await world.apply(await world.plan())).failed, []);
			assert.equal(readFileSync(descriptor, 'utf8'), 'old\n');
		} finally {
			holder.kill();
			fileSystemNow.closeSync(descriptor);
		}
	});

	test('a program that runs cannot be written: that is said, and it is as it was', async (t) => {
		copyFileSync('/bin/sleep', world.at('tool'));
		chmodSync(world.at('tool'), 0o755);
		const old = readFileSync(world.at('tool'));
		await world.command(() => {
			copyFileSync('/bin/cat', world.at('other'));
			renameSync(world.at('other'), world.at('tool'));
			chmodSync(world.at('tool'), 0o755);
		});
		const child = spawn(world.at('tool'), [], { stdio: ['pipe', 'ignore', 'ignore'] });
		await new Promise((resolve) => child.once('spawn', resolve));
		const report = await world.apply(await world.plan());
		const exited = new Promise((resolve) => child.once('exit', resolve));
		child.kill();
		await exited;
		if (report.failed.length === 0) return t.skip('this system lets a running program be written');
		assert.match(reasons(report.failed).join(), /^tool: .*(busy|BSY).*as it was/);
		assert.deepEqual(readFileSync(world.at('tool')), readFileSync('/bin/cat'));
		assert.deepEqual((await world.apply(await world.plan())).failed, []);
		assert.deepEqual(readFileSync(world.at('tool')), old);
	});

	test('a path that becomes a link to outside between the preview and the restore is left alone', async () => {
		const outside = join(world.folder, 'outside');
		mkdirSync(outside);
		writeFileSync(join(outside, 'b'), 'not ours');
		world.write({ a: 'old', 'sub/b': 'old', 'sub/made/c': 'old' });
		await world.command(() => {
			world.write({ a: 'new', 'sub/b': 'new', 'sub/d': 'new' });
			rmSync(world.at('sub/made'), { recursive: true });
		});
		const plan = await world.plan();
		unlinkSync(world.at('a'));
		symlinkSync(join(outside, 'b'), world.at('a'));
		renameSync(world.at('sub'), world.at('aside'));
		symlinkSync(outside, world.at('sub'));
		const report = await world.apply(plan);
		assert.deepEqual(reasons(report.failed), [
			'a: it is reached through a link now',
			'sub/b: it is outside the workspace now',
			'sub/d: it is outside the workspace now',
			'sub/made/c: it is outside the workspace now',
		]);
		assert.deepEqual(readdirSync(outside), ['b']);
		assert.equal(readFileSync(join(outside, 'b'), 'utf8'), 'not ours');
	});

	test('a file of 2 GB is named, neither read nor overwritten, and soon', async () => {
		world.write({ small: 'small', kept: 'old' });
		await world.command(() => {
			writeFileSync(world.at('made'), '');
			truncateSync(world.at('made'), 2 ** 31);
			truncateSync(world.at('small'), 2 ** 31);
			world.write({ kept: 'new' });
		});
		const plan = await world.plan();
		assert.deepEqual(
			plan.files.map(({ file, status, note }) => `${file.rel} ${status}${note && `: ${note}`}`),
			[
				'kept ok',
				'made blocked: it is too large now: no copy of it could be kept',
				'small blocked: it is too large now: no copy of it could be kept',
			],
		);
		const report = await world.apply(
			plan,
			plan.files.map(({ key }) => key),
		);
		assert.deepEqual([report.restored.length, report.skipped.length, report.failed], [1, 2, []]);
		assert.equal(statSync(world.at('small')).size, 2 ** 31);
	});

	test('a workspace folder that is gone is said, and not made again', async () => {
		world.write({ a: 'old', b: 'old' });
		await world.command(() => world.write({ a: 'new', b: 'new' }));
		const before = await world.plan();
		rmSync(world.root, { recursive: true });
		const plan = await world.plan();
		assert.deepEqual(
			plan.files.map(({ status, note }) => `${status}: ${note}`),
			['blocked: its workspace folder is gone', 'blocked: its workspace folder is gone'],
		);
		const report = await world.apply(before);
		assert.deepEqual(reasons(report.failed), ['a: its workspace folder is gone', 'b: its workspace folder is gone']);
		assert.ok(!existsSync(world.root));
	});
});

suite('Folders in a restore', () => {
	test('that the session made go when they are empty, others stay, and all come back', async () => {
		const world = await createDiskWorld();
		try {
			world.write({ 'kept/a': 'a' });
			mkdirSync(world.at('empty'));
			// A folder that is older than the command by more than a tick of the clock.
			await new Promise((resolve) => setTimeout(resolve, 40));
			await world.command(() => {
				world.write({ 'made/deep/b': 'b', 'empty/c': 'c', 'kept/d': 'd', 'made/users/e': 'e' });
			});
			world.write({ 'made/users/mine': 'm' });
			const report = await world.apply(await world.plan());
			assert.deepEqual(report.failed, []);
			assert.deepEqual(readdirSync(world.root, { recursive: true }).sort(), [
				...['empty', 'kept', 'kept/a', 'made', 'made/users', 'made/users/mine'],
			]);
			await world.apply(await world.plan(report.safety));
			assert.deepEqual([world.text('made/deep/b'), world.text('empty/c')], ['b', 'c']);
		} finally {
			await world.dispose();
		}
	});

	test('in the place of a file, and the other way round, go for it', async () => {
		const world = await createDiskWorld();
		try {
			world.write({ a: 'file', 'b/c': 'in folder' });
			await world.command(() => {
				unlinkSync(world.at('a'));
				rmSync(world.at('b'), { recursive: true });
				world.write({ 'a/x/y': 'y', b: 'file now' });
			});
			const report = await world.apply(await world.plan());
			assert.deepEqual(reasons(report.failed), []);
			assert.deepEqual([world.text('a'), world.text('b/c')], ['file', 'in folder']);
			const undo = await world.apply(await world.plan(report.safety));
			assert.deepEqual(reasons(undo.failed.concat(undo.skipped)), []);
			assert.deepEqual([world.text('a/x/y'), world.text('b')], ['y', 'file now']);
			world.write({ 'a/users': 'u' });
			const again = await world.apply(await world.plan());
			assert.match(reasons(again.failed).join(), /^a: .* is a folder, not a file/);
			assert.equal(world.text('a/users'), 'u');
		} finally {
			await world.dispose();
		}
	});
});
