/** What the scanner finds in a folder without a repository: every kind of change, with the bytes from before. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	appendFileSync,
	chmodSync,
	mkdirSync,
	readlinkSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	truncateSync,
	unlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { afterEach, suite, test } from 'node:test';
import { collect, createScanWorld, otherSession, type ScanWorldFixture, session, told } from './fileScanWorld.ts';

suite('File scanner', () => {
	let world: ScanWorldFixture;
	afterEach(() => world.dispose());

	test('tells what was created, changed, deleted, moved and made executable', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a', 'b/c.txt': 'c', 'b/d.txt': 'd', 'e.txt': 'e', 'same.txt': 'same' });
		const { changes, limits } = await world.around(() => {
			world.write({ 'a.txt': 'A!', 'new/f.txt': 'f' });
			unlinkSync(world.at('b/c.txt'));
			renameSync(world.at('b/d.txt'), world.at('d.txt'));
			chmodSync(world.at('e.txt'), 0o755);
			utimesSync(world.at('same.txt'), 1, 1);
		});
		assert.deepEqual(limits, { items: [], unavailable: undefined });
		assert.deepEqual(await told(world.blobs, changes), [
			'change a.txt: "a" -> "A!"',
			'delete b/c.txt: "c" -> absent',
			'delete b/d.txt: "d" -> absent',
			'rename d.txt from b/d.txt: absent -> "d"',
			'chmod e.txt: "e" -> "e"',
			'create new/f.txt: absent -> "f"',
		]);
		const chmod = changes.find(({ op }) => op === 'chmod');
		assert.equal((chmod?.metaAfter?.mode ?? 0) & 0o111, 0o111);
		assert.equal((chmod?.meta.mode ?? 0) & 0o111, 0);
		assert.ok(changes.every(({ author, file }) => author === 'shell' && file.root === world.root));
	});

	test("finds nothing when nothing happened, and what happened between two commands is the next one's before", async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'one' });
		assert.deepEqual((await world.around(() => undefined)).changes, []);
		world.write({ 'a.txt': 'two', 'b.txt': 'b' });
		assert.deepEqual((await world.around(() => undefined)).changes, []);
		const { changes } = await world.around(() => world.write({ 'a.txt': 'three' }));
		assert.deepEqual(await told(world.blobs, changes), ['change a.txt: "two" -> "three"']);
	});

	test('sees a change of the same size in the same moment', async () => {
		world = createScanWorld();
		for (let round = 0; round < 20; round++) {
			world.write({ 'a.txt': `${round}`.padStart(3) });
			const { changes } = await world.around(() => world.write({ 'a.txt': `${round}`.padEnd(3, 'x') }));
			assert.equal(changes.length, 1, `round ${round}`);
		}
	});

	test('keeps links as links and follows none', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a', 'folder/b.txt': 'b' });
		symlinkSync('a.txt', world.at('link'));
		symlinkSync('..', world.at('folder/around'));
		const { changes } = await world.around(() => {
			unlinkSync(world.at('link'));
			symlinkSync('folder/b.txt', world.at('link'));
			unlinkSync(world.at('a.txt'));
			symlinkSync('folder/b.txt', world.at('a.txt'));
			symlinkSync('nowhere', world.at('new'));
		});
		assert.deepEqual(await told(world.blobs, changes), [
			'change a.txt: "a" -> "folder/b.txt"',
			'change link: "a.txt" -> "folder/b.txt"',
			'create new: absent -> "nowhere"',
		]);
		assert.deepEqual(
			changes.map(({ meta, metaAfter }) => [meta.link, metaAfter?.link]),
			[
				[undefined, true],
				[true, undefined],
				[true, undefined],
			],
		);
		assert.equal(readlinkSync(world.at('folder/around')), '..');
	});

	test('a folder that became a link has lost its files', async () => {
		world = createScanWorld();
		world.write({ 'real/deep/a.txt': 'a', 'b.txt': 'b' });
		const { changes } = await world.around(() => {
			renameSync(world.at('real'), world.at('moved'));
			symlinkSync('moved', world.at('real'));
		});
		assert.deepEqual(await told(world.blobs, changes), [
			'rename moved/deep/a.txt from real/deep/a.txt: absent -> "a"',
			'create real: absent -> "moved"',
			'delete real/deep/a.txt: "a" -> absent',
		]);
	});

	test('a file in place of a folder, and a folder in place of a file', async () => {
		world = createScanWorld();
		world.write({ 'folder/a.txt': 'a', file: 'f' });
		const { changes } = await world.around(() => {
			rmSync(world.at('folder'), { recursive: true });
			unlinkSync(world.at('file'));
			world.write({ folder: 'now a file', 'file/b.txt': 'b' });
		});
		assert.deepEqual(await told(world.blobs, changes), [
			'delete file: "f" -> absent',
			'create file/b.txt: absent -> "b"',
			'create folder: absent -> "now a file"',
			'delete folder/a.txt: "a" -> absent',
		]);
	});

	test('names what it does not copy, and still sees that it changed', async () => {
		world = createScanWorld({ budget: { plainFileBytes: 1_000_000, totalBytes: 1_500_000 } });
		world.write({ 'big.bin': 'x'.repeat(1_000_001), 'node_modules/p/a.js': 'p', 'one.txt': 'x'.repeat(900_000) });
		world.write({ '.gitignore': '*.log\n/out/\n', 'a.log': 'log', 'out/x': 'x', 'small.txt': 's' });
		execFileSync('mkfifo', [world.at('pipe')]);
		writeFileSync(world.at('huge'), '');
		truncateSync(world.at('huge'), 2 ** 31);
		const { limits, changes } = await world.around(() => {
			appendFileSync(world.at('big.bin'), 'y');
			world.write({ 'node_modules/p/a.js': 'other', 'a.log': 'more' });
			truncateSync(world.at('huge'), 10);
		});
		assert.deepEqual(limits.items, [
			{ path: 'big.bin', reason: 'larger than 1 MB' },
			{ path: 'huge', reason: 'larger than 1 MB' },
			{ path: 'pipe', reason: 'neither a file nor a folder' },
			{ path: 'node_modules/', reason: 'made by programs, by its name' },
			{ path: 'out/', reason: 'ignored by .gitignore' },
			{ path: 'a.log', reason: 'ignored by .gitignore' },
		]);
		assert.deepEqual(
			changes.map(({ op, file, before, reason }) => [op, file.rel, before, reason]),
			[
				['change', 'big.bin', 'notCaptured', 'larger than 1 MB'],
				['change', 'huge', 'notCaptured', 'larger than 1 MB'],
			],
		);
	});

	test('copies no more than the budget holds, and says so', async () => {
		world = createScanWorld({ budget: { totalBytes: 1_000 } });
		world.write(
			Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`d/${index}.txt`, `${index}`.repeat(100)])),
		);
		const { limits } = await world.around(() => undefined);
		assert.equal(limits.items.length, 1);
		assert.match(limits.items[0]?.reason ?? '', /^\d+ in it: beyond the 0 MB that are copied$/);
		assert.equal(limits.items[0]?.path, 'd/');
	});

	test('a full disk is a limit and no failure', async () => {
		world = createScanWorld();
		await world.scanner.dispose();
		writeFileSync(`${world.folder}/file`, '');
		const { createFileScanner } = await import('../../../src/node/scan/fileScanner.ts');
		const { workerFile } = await import('./fileScanWorld.ts');
		// A file stands where the store's folder would be made, so that nothing can be written there.
		const broken = createFileScanner({
			roots: () => [{ name: 'project', path: world.root }],
			isTrusted: () => true,
			blobs: world.blobs,
			blobFolder: `${world.folder}/file`,
			gitPath: () => undefined,
			workerFile,
			trace: () => undefined,
		});
		try {
			world.write({ 'a.txt': 'a' });
			const run = broken.begin(session);
			const limits = await run.ready;
			assert.deepEqual(limits, {
				items: [{ path: 'a.txt', reason: 'it could not be copied: a file is in the place of a folder' }],
				unavailable: undefined,
			});
			world.write({ 'a.txt': 'changed' });
			const [change] = await collect(run.finish(new AbortController().signal));
			assert.equal(change?.before, 'notCaptured');
			assert.equal(change?.after, 'notCaptured');
		} finally {
			await broken.dispose();
		}
	});

	test('works also where the process was started with options that a thread refuses', () => {
		world = createScanWorld();
		const code = `
			import { createScanWorld } from ${JSON.stringify(new URL('./fileScanWorld.ts', import.meta.url).href)};
			const world = createScanWorld();
			const { limits, changes } = await world.around(() => world.write({ 'a.txt': 'a' }));
			console.log(JSON.stringify([limits.unavailable ?? 'works', ...changes.map(({ op }) => op)]));
			await world.dispose();`;
		const said = execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
		assert.deepEqual(JSON.parse(said), ['works', 'create']);
	});

	test('an unreadable folder is named, and looked at when it can be', { skip: process.getuid?.() === 0 }, async () => {
		world = createScanWorld();
		world.write({ 'closed/a.txt': 'a' });
		chmodSync(world.at('closed'), 0);
		const { limits } = await world.around(() => undefined);
		assert.deepEqual(limits.items, [{ path: 'closed/', reason: 'it cannot be read: permission was denied' }]);
		chmodSync(world.at('closed'), 0o755);
		const { changes } = await world.around(() => unlinkSync(world.at('closed/a.txt')));
		assert.deepEqual(await told(world.blobs, changes), ['delete closed/a.txt: "a" -> absent']);
	});

	test('names with a newline are files like others; names that are no text are told', async () => {
		world = createScanWorld();
		world.write({ 'a\nb.txt': 'x', 'café.txt': 'y' });
		writeFileSync(Buffer.concat([Buffer.from(`${world.root}/bad`), Buffer.from([0xff])]), 'z');
		const { limits, changes } = await world.around(() => world.write({ 'a\nb.txt': 'X', 'café.txt': 'Y' }));
		assert.deepEqual(limits.items, [{ path: 'bad\uFFFD', reason: 'its name is not valid UTF-8' }]);
		assert.deepEqual(await told(world.blobs, changes), ['change a\nb.txt: "x" -> "X"', 'change café.txt: "y" -> "Y"']);
	});

	test('a rename in case alone is a rename', async () => {
		world = createScanWorld();
		world.write({ 'Readme.md': 'r' });
		const { changes } = await world.around(() => renameSync(world.at('Readme.md'), world.at('README.md')));
		assert.deepEqual(await told(world.blobs, changes), [
			'rename README.md from Readme.md: absent -> "r"',
			'delete Readme.md: "r" -> absent',
		]);
	});

	test('files moved and changed are found by their birth, others by their content', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'one\n', 'b.txt': 'two\n' });
		const { changes } = await world.around(() => {
			renameSync(world.at('a.txt'), world.at('a2.txt'));
			appendFileSync(world.at('a2.txt'), 'more\n');
			execFileSync('cp', [world.at('b.txt'), world.at('b2.txt')]);
			unlinkSync(world.at('b.txt'));
		});
		assert.deepEqual(await told(world.blobs, changes), [
			'delete a.txt: "one\\n" -> absent',
			'rename a2.txt from a.txt: absent -> "one\\nmore\\n"',
			'delete b.txt: "two\\n" -> absent',
			'rename b2.txt from b.txt: absent -> "two\\n"',
		]);
	});

	test('who else wrote meanwhile makes the author unknown', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' });
		const { changes } = await world.around(() => {
			world.scanner.noteWrite(world.at('a.txt'), 'editor');
			world.scanner.noteWrite(world.at('b.txt'), otherSession);
			world.write({ 'a.txt': '1', 'b.txt': '2', 'c.txt': '3' });
		});
		assert.deepEqual(
			changes.map(({ file, author }) => [file.rel, author]),
			[
				['a.txt', 'unknown'],
				['b.txt', 'unknown'],
				['c.txt', 'shell'],
			],
		);
		world.scanner.backgroundStarted();
		const during = await world.around(() => world.write({ 'a.txt': 'x' }));
		world.scanner.backgroundEnded();
		const after = await world.around(() => world.write({ 'a.txt': 'y' }));
		assert.deepEqual([during.changes[0]?.author, after.changes[0]?.author], ['unknown', 'shell']);
	});

	test('what the user saves between the first picture and the start of the command is not the command’s', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' });
		await world.around(() => undefined);
		const run = world.scanner.begin(session);
		// While the picture is being made, and while the user is asked.
		world.scanner.noteWrite(world.at('a.txt'), 'editor');
		await run.ready;
		world.write({ 'a.txt': 'user', 'b.txt': 'user' });
		world.scanner.noteWrite(world.at('b.txt'), 'editor');
		world.write({ 'c.txt': 'command' });
		const changes = await collect(run.finish(new AbortController().signal));
		assert.deepEqual(
			changes.map(({ file, author }) => [file.rel, author]),
			[
				['a.txt', 'unknown'],
				['b.txt', 'unknown'],
				['c.txt', 'shell'],
			],
		);
	});

	test('runs of two sessions that overlap both tell what changed, by an unknown author; those of one session tell it once', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a' });
		const signal = new AbortController().signal;
		for (const [second, expected] of [
			[otherSession, [['a.txt'], ['a.txt']]],
			[session, [['a.txt'], []]],
		] as const) {
			const one = world.scanner.begin(session);
			const two = world.scanner.begin(second);
			await Promise.all([one.ready, two.ready]);
			appendFileSync(world.at('a.txt'), 'more');
			const first = await collect(one.finish(signal));
			const then = await collect(two.finish(signal));
			assert.deepEqual(
				[first, then].map((changes) => changes.map(({ file }) => file.rel)),
				expected,
			);
			if (second === otherSession)
				assert.deepEqual(
					[...first, ...then].map(({ author }) => author),
					['unknown', 'unknown'],
				);
		}
	});

	test('a run that is cancelled leaves nothing behind, and a stopped command is still told', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a' });
		const cancelled = world.scanner.begin(session);
		cancelled.cancel();
		await cancelled.ready;
		world.write({ 'a.txt': 'b' });
		const { changes } = await world.around(() => world.write({ 'a.txt': 'c' }));
		assert.deepEqual(await told(world.blobs, changes), ['change a.txt: "b" -> "c"']);
		const run = world.scanner.begin(session);
		await run.ready;
		world.write({ 'a.txt': 'd' });
		const stopped = AbortSignal.abort();
		await assert.rejects(collect(run.finish(stopped)), { name: 'AbortError' });
		const again = await world.around(() => undefined);
		assert.deepEqual(again.changes, []);
	});

	test('a run may go on where the last one of its session ended, and then has what changed in between', async () => {
		world = createScanWorld({ goOnMs: { least: 3_600_000, most: 3_600_000 } });
		world.write({ 'a.txt': 'a' });
		await world.around(() => world.write({ 'a.txt': 'hook' }));
		world.write({ 'a.txt': 'somebody' });
		const run = world.scanner.begin(session, { mayGoOn: true });
		assert.equal(run.goesOn, true);
		assert.deepEqual(await run.ready, { items: [], unavailable: undefined });
		world.write({ 'b.txt': 'command' });
		const changes = await collect(run.finish(new AbortController().signal));
		assert.deepEqual(await told(world.blobs, changes), [
			'change a.txt: "hook" -> "somebody"',
			'create b.txt: absent -> "command"',
		]);
		assert.equal(world.scanner.begin(session, { mayGoOn: true }).goesOn, true);
	});

	test('no run goes on from a look behind which something was, or may be, written, or that is too long ago', async () => {
		world = createScanWorld({ goOnMs: { least: 3_600_000, most: 3_600_000 } });
		const { scanner } = world;
		const goesOn = (who = session) => {
			const run = scanner.begin(who, { mayGoOn: true });
			run.cancel();
			return run.goesOn;
		};
		assert.equal(goesOn(), false, 'nothing was looked at');
		const ends: Record<string, () => void> = {
			'another session': () => assert.equal(goesOn(otherSession), false),
			'a write of our own': () => scanner.noteWrite(world.at('a.txt'), session),
			'a save': () => scanner.noteWrite(world.at('a.txt'), 'editor'),
			'a command in the background that ended': () => {
				scanner.backgroundStarted();
				scanner.backgroundEnded();
			},
			'a run that was begun': () => scanner.begin(session).cancel(),
		};
		for (const [what, end] of Object.entries(ends)) {
			await world.around(() => undefined);
			end();
			assert.equal(goesOn(), false, what);
		}
		await world.around(() => scanner.noteWrite(world.at('a.txt'), 'editor'));
		assert.equal(goesOn(), false, 'a save within the run');
		for (const who of [session, otherSession]) {
			const other = scanner.begin(who);
			await world.around(() => undefined);
			assert.equal(goesOn(), false, 'another run is not over');
			other.cancel();
		}
		const left = scanner.begin(session);
		await left.ready;
		world.write({ 'a.txt': 'a' });
		for await (const _part of left.finish(new AbortController().signal)) break;
		assert.equal(goesOn(), false, 'one of which not all was told');
		await world.around(() => undefined);
		assert.equal(goesOn(), true);

		const hasty = createScanWorld({ goOnMs: { least: -1, most: -1 } });
		try {
			await hasty.around(() => undefined);
			assert.equal(hasty.scanner.begin(session, { mayGoOn: true }).goesOn, false);
		} finally {
			await hasty.dispose();
		}
	});

	test('several folders, one in another, and one that is a link: each file is told once, in its innermost folder', async () => {
		world = createScanWorld();
		await world.scanner.dispose();
		mkdirSync(world.at('inner'));
		symlinkSync(world.at('inner'), `${world.folder}/same`);
		const roots = [
			{ name: 'outer', path: world.root },
			{ name: 'inner', path: `${world.folder}/same` },
		];
		const many = createScanWorld({ roots: () => roots });
		try {
			world.write({ 'a.txt': 'a', 'inner/b.txt': 'b' });
			const { changes } = await many.around(() =>
				world.write({ 'a.txt': 'A', 'inner/b.txt': 'B', 'inner/c.txt': 'C' }),
			);
			assert.deepEqual(
				changes.map(({ op, file }) => [op, file.root, file.rel]),
				[
					['change', world.root, 'a.txt'],
					['change', `${world.folder}/same`, 'b.txt'],
					['create', `${world.folder}/same`, 'c.txt'],
				],
			);
		} finally {
			await many.dispose();
		}
	});

	test('nothing is looked at in a workspace that is not trusted', async () => {
		world = createScanWorld({ isTrusted: () => false });
		world.write({ 'a.txt': 'a' });
		world.scanner.prepare();
		const { limits, changes } = await world.around(() => world.write({ 'a.txt': 'b' }));
		assert.equal(limits.unavailable, 'this workspace is not trusted');
		assert.deepEqual(changes, []);
		assert.equal(statSync(world.storage, { throwIfNoEntry: false }), undefined);
	});

	test('a thread that ends is a limit, and the next command has a new one', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a' });
		const run = world.scanner.begin(session);
		await run.ready;
		await world.scanner.dispose();
		await assert.rejects(collect(run.finish(new AbortController().signal)), { code: 'scan-failed' });
		const { changes } = await world.around(() => world.write({ 'a.txt': 'b' }));
		assert.equal(changes.length, 1);
	});
});
