/** The scanner in git repositories: what needs no copy, what does, and that git neither writes nor starts anything. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
	appendFileSync,
	existsSync,
	globSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	unlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, suite, test } from 'node:test';
import { commitAll, createScanWorld, git, type ScanWorldFixture, settle, told } from './fileScanWorld.ts';

/** Every path, time of content and byte below a folder. */
function fingerprint(folder: string): string {
	const hash = createHash('sha256');
	for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }).sort((a, b) =>
		join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
	)) {
		const path = join(entry.parentPath, entry.name);
		hash.update(`${path}\n${entry.isDirectory() ? '' : statSync(path, { throwIfNoEntry: false })?.mtimeMs}\n`);
		if (entry.isFile()) hash.update(readFileSync(path));
		if (entry.isSymbolicLink()) hash.update(readlinkSync(path));
	}
	return hash.digest('hex');
}

suite('File scanner in a repository', () => {
	let world: ScanWorldFixture;
	afterEach(() => world.dispose());
	const copies = () => globSync('blobs/*/*', { cwd: world.storage }).length;

	test('clean tracked files are copied only when they change; dirty and untracked ones before', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a', 'b.txt': 'b', 'c/d.txt': 'd', 'e.txt': 'e', 'run.sh': '#!/bin/sh\n' });
		await commitAll(world.root);
		world.write({ 'e.txt': 'dirty', 'new.txt': 'untracked' });
		const before = fingerprint(world.at('.git'));
		const { limits } = await world.around(() => assert.equal(copies(), 2));
		assert.deepEqual(limits, { items: [], unavailable: undefined });
		const { changes } = await world.around(() => {
			world.write({ 'a.txt': 'A', 'e.txt': 'E', 'new.txt': 'N' });
			unlinkSync(world.at('b.txt'));
			renameSync(world.at('c/d.txt'), world.at('c/moved.txt'));
		});
		assert.deepEqual(await told(world.blobs, changes), [
			'change a.txt: "a" -> "A"',
			'delete b.txt: "b" -> absent',
			'delete c/d.txt: "d" -> absent',
			'rename c/moved.txt from c/d.txt: absent -> "d"',
			'change e.txt: "dirty" -> "E"',
			'change new.txt: "untracked" -> "N"',
		]);
		assert.equal(fingerprint(world.at('.git')), before);
	});

	test('what git itself does to the files is found: checkout, stash, reset, clean, commit', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'one', 'gone.txt': 'g' });
		await commitAll(world.root);
		git(world.root, 'checkout', '-q', '-b', 'side');
		world.write({ 'a.txt': 'two', 'side.txt': 's' });
		unlinkSync(world.at('gone.txt'));
		git(world.root, 'add', '-A');
		git(world.root, 'commit', '-qm', 'side');
		await settle(world.root);
		const found = async (...args: string[]) =>
			told(world.blobs, (await world.around(() => void git(world.root, ...args))).changes);
		assert.deepEqual(await found('checkout', '-q', 'main'), [
			'change a.txt: "two" -> "one"',
			'create gone.txt: absent -> "g"',
			'delete side.txt: "s" -> absent',
		]);
		world.write({ 'a.txt': 'mine', 'untracked.txt': 'u' });
		assert.deepEqual(await found('stash', '-u'), [
			'change a.txt: "mine" -> "one"',
			'delete untracked.txt: "u" -> absent',
		]);
		world.write({ 'a.txt': 'more', 'untracked.txt': 'again' });
		assert.deepEqual(await found('add', 'a.txt'), []);
		assert.deepEqual(await found('commit', '-qm', 'more'), []);
		assert.deepEqual(await found('clean', '-fdq'), ['delete untracked.txt: "again" -> absent']);
		assert.deepEqual(await found('reset', '-q', '--hard', 'HEAD~1'), ['change a.txt: "more" -> "one"']);
		assert.deepEqual(await found('gc', '-q', '--prune=now'), []);
		assert.deepEqual(await found('rm', '-q', '--cached', 'a.txt'), []);
		await world.around(() => world.write({ 'a.txt': 'after' }));
		assert.deepEqual(await found('checkout', '-qf', 'HEAD', '--', 'a.txt'), ['change a.txt: "after" -> "one"']);
	});

	/** What git says of the file is no proof then: it is read, and copied unless its bytes are those of the object. */
	const doubtful: readonly (readonly [
		what: string,
		prepare: (root: string) => Promise<void> | void,
		isOther?: 'other bytes' | 'no object',
	])[] = [
		['has the attribute text', (root) => writeFileSync(join(root, '.gitattributes'), 'a.txt text\n')],
		['has the attribute text=auto', (root) => writeFileSync(join(root, '.gitattributes'), '* text=auto\n')],
		['has the attribute eol', (root) => writeFileSync(join(root, '.gitattributes'), '*.txt eol=crlf\n')],
		['has the attribute ident', (root) => writeFileSync(join(root, '.gitattributes'), '*.txt ident\n')],
		['has a filter', (root) => writeFileSync(join(root, '.gitattributes'), '*.txt filter=none\n')],
		['has an encoding', (root) => writeFileSync(join(root, '.gitattributes'), '*.txt working-tree-encoding=UTF-16\n')],
		[
			'has an attribute outside the work tree',
			(root) => writeFileSync(join(root, '.git/info/attributes'), '*.txt text\n'),
		],
		['is in a repository with core.autocrlf', (root) => void git(root, 'config', 'core.autocrlf', 'input')],
		['is assumed unchanged', (root) => void git(root, 'update-index', '--assume-unchanged', 'a.txt')],
		['is skipped in the work tree', (root) => void git(root, 'update-index', '--skip-worktree', 'a.txt')],
		['is in a partial clone', (root) => void git(root, 'config', 'remote.origin.promisor', 'true'), 'no object'],
		['was touched', (root) => utimesSync(join(root, 'a.txt'), 1, 1)],
		[
			'was written and had its time set back',
			(root) => {
				const { atime, mtime } = statSync(join(root, 'a.txt'));
				writeFileSync(join(root, 'a.txt'), 'B');
				utimesSync(join(root, 'a.txt'), atime, mtime);
			},
			'other bytes',
		],
		[
			'was written in the moment of the index',
			(root) => {
				writeFileSync(join(root, 'a.txt'), 'C');
				git(root, 'add', 'a.txt');
			},
		],
		[
			'has another size than its object',
			async (root) => {
				git(root, 'config', 'core.autocrlf', 'input');
				writeFileSync(join(root, 'a.txt'), 'a\r\nb\r\n');
				git(root, 'add', 'a.txt');
				await settle(root);
				git(root, 'config', 'core.autocrlf', 'false');
				assert.equal(git(root, 'cat-file', '-s', ':a.txt').trim(), '4');
			},
			'other bytes',
		],
	];
	for (const [what, prepare, isOther] of doubtful) {
		test(`a clean file is ${isOther ? 'copied' : 'read before its object is trusted'} when it ${what}`, async () => {
			world = createScanWorld();
			world.write({ 'a.txt': 'a' });
			await commitAll(world.root);
			await prepare(world.root);
			const bytes = readFileSync(world.at('a.txt'), 'utf8');
			const { changes } = await world.around(() => {
				const sha = createHash('sha256').update(bytes).digest('hex');
				assert.equal(globSync(`blobs/*/${sha}.*`, { cwd: world.storage }).length, isOther ? 1 : 0);
				world.write({ 'a.txt': 'changed' });
			});
			const of = changes.filter(({ file }) => file.rel === 'a.txt');
			assert.deepEqual(await told(world.blobs, of), [`change a.txt: ${JSON.stringify(bytes)} -> "changed"`]);
		});
	}

	test('attributes that come later are heeded', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a' });
		await commitAll(world.root);
		await world.around(() => assert.equal(copies(), 0));
		world.write({ '.gitattributes': '*.txt text\n' });
		// The attributes are copied; the file is still its object.
		await world.around(() => assert.equal(copies(), 1));
		world.write({ 'a.txt': 'a\r\n' });
		git(world.root, 'add', 'a.txt');
		assert.equal(git(world.root, 'cat-file', '-s', ':a.txt').trim(), '2');
		await settle(world.root);
		await world.around(() => assert.equal(copies(), 2));
	});

	test('in a repository where git may change line ends, nothing that is its object is copied, nor when its picture is made anew', async () => {
		world = createScanWorld();
		const files = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`src/${at}.txt`, `line ${at}\n`]));
		world.write({ ...files, '.gitattributes': '* text=auto\n' });
		await commitAll(world.root);
		await world.around(() => assert.equal(copies(), 0));
		git(world.root, 'config', 'core.ignorecase', 'true');
		world.write({ 'src/1.txt': 'mine\n' });
		await world.around(() => assert.equal(copies(), 1));
		git(world.root, 'add', '.');
		const { changes } = await world.around(() => void git(world.root, 'checkout', '-qf', 'HEAD', '--', '.'));
		assert.deepEqual(await told(world.blobs, changes), ['change src/1.txt: "mine\\n" -> "line 1\\n"']);
	});

	test('an object that is gone or damaged is never taken for the file', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a', 'b.txt': 'b' });
		await commitAll(world.root);
		const { changes } = await world.around(() => {
			world.write({ 'a.txt': 'A' });
			rmSync(world.at('.git'), { recursive: true });
		});
		assert.deepEqual(await told(world.blobs, changes), ['change a.txt: notCaptured -> "A"']);
		assert.equal(changes[0]?.reason, 'its object is not in the repository any more');
		// Without its repository the folder is one like any other.
		const again = await world.around(() => world.write({ 'b.txt': 'B' }));
		assert.deepEqual(await told(world.blobs, again.changes), ['change b.txt: "b" -> "B"']);
	});

	test('ignored files and folders are left out and named, tracked ones in them are not', async () => {
		world = createScanWorld();
		world.write({
			'.gitignore': 'node_modules/\n*.log\nout/*\n!out/keep.txt\n',
			'sub/.gitignore': '!sub.log\nlocal\n',
			'a.txt': 'a',
			'node_modules/tracked/a.js': 't',
			'node_modules/other/b.js': 'o',
			'a.log': 'log',
			'sub/sub.log': 'kept',
			'sub/local': 'ignored',
			'out/x': 'x',
			'out/keep.txt': 'k',
			'excluded/x': 'x',
		});
		git(world.root, 'init', '-q');
		appendFileSync(world.at('.git/info/exclude'), '/excluded/\n');
		git(world.root, 'add', '.');
		git(world.root, 'add', '-f', 'node_modules/tracked/a.js');
		git(world.root, 'commit', '-qm', 'all');
		await settle(world.root);
		const all = ['node_modules/tracked/a.js', 'node_modules/other/b.js', 'a.log', 'sub/sub.log', 'sub/local', 'out/x'];
		all.push('out/keep.txt', 'excluded/x');
		const { limits, changes } = await world.around(() => {
			for (const path of all) appendFileSync(world.at(path), '+');
			world.write({ 'node_modules/new.js': '', 'out/y': '', 'new/node_modules/z.js': '', 'new/z.txt': 'z' });
		});
		assert.deepEqual(
			[...limits.items].sort((a, b) => (a.path < b.path ? -1 : 1)),
			['a.log', 'excluded/', 'node_modules/other/', 'out/x', 'sub/local'].map((path) => ({
				path,
				reason: 'ignored by git',
			})),
		);
		assert.deepEqual(await told(world.blobs, changes), [
			'create new/z.txt: absent -> "z"',
			'change node_modules/tracked/a.js: "t" -> "t+"',
			'change out/keep.txt: "k" -> "k+"',
			'change sub/sub.log: "kept" -> "kept+"',
		]);
		// What is tracked from now on is watched from the next command on; what is ignored from now on is not.
		git(world.root, 'add', '-f', 'out/x');
		world.write({ '.gitignore': 'node_modules/\n' });
		const next = await world.around(() => {
			appendFileSync(world.at('out/x'), '+');
			appendFileSync(world.at('a.log'), '+');
		});
		assert.deepEqual(
			next.changes.map(({ file }) => file.rel),
			['a.log', 'out/x'],
		);
	});

	test('a command that makes a folder and has it ignored is not told file by file', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a' });
		await commitAll(world.root);
		const { changes } = await world.around(() => {
			world.write({ '.gitignore': 'node_modules\n' });
			world.write(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`node_modules/${index}/a.js`, 'x'])));
		});
		assert.deepEqual(await told(world.blobs, changes), ['create .gitignore: absent -> "node_modules\\n"']);
	});

	test('nested repositories, submodules and worktrees have their own rules and objects', async () => {
		world = createScanWorld();
		world.write({ '.gitignore': '*.log\n', 'a.txt': 'a', 'nested/n.txt': 'n', 'nested/n.log': 'log' });
		mkdirSync(join(world.folder, 'library'));
		writeFileSync(join(world.folder, 'library/lib.txt'), 'lib');
		await commitAll(join(world.folder, 'library'));
		git(world.root, 'init', '-q');
		git(world.root, 'submodule', '--quiet', 'add', join(world.folder, 'library'), 'module');
		await commitAll(world.at('nested'));
		appendFileSync(world.at('.git/info/exclude'), 'nested\n');
		rmSync(join(world.root, '.git/info/exclude'));
		git(world.root, 'add', 'a.txt', '.gitignore');
		git(world.root, 'commit', '-qm', 'all');
		git(world.root, 'worktree', 'add', '-q', 'tree');
		await settle(world.root);
		await settle(world.at('module'));
		await settle(world.at('tree'));
		const { changes } = await world.around(() => {
			assert.equal(copies(), 0);
			world.write({
				'a.txt': 'A',
				'nested/n.txt': 'N',
				'nested/n.log': 'LOG',
				'module/lib.txt': 'LIB',
				'tree/a.txt': 'T',
			});
		});
		assert.deepEqual(await told(world.blobs, changes), [
			'change a.txt: "a" -> "A"',
			'change module/lib.txt: "lib" -> "LIB"',
			'change nested/n.log: "log" -> "LOG"',
			'change nested/n.txt: "n" -> "N"',
			'change tree/a.txt: "a" -> "T"',
		]);
	});

	test('a folder below the top of its repository heeds the rules above it', async () => {
		world = createScanWorld({ rel: 'repository/package' });
		const top = join(world.folder, 'repository');
		writeFileSync(join(top, '.gitignore'), 'package/skip\n*.log\n');
		world.write({ 'a.txt': 'a', 'skip/x': 'x', 'b.log': 'log' });
		await commitAll(top);
		const { limits, changes } = await world.around(() => {
			assert.equal(copies(), 0);
			world.write({ 'a.txt': 'A', 'skip/x': 'X', 'b.log': 'LOG' });
		});
		assert.deepEqual(
			limits.items.map(({ path }) => path),
			['skip/', 'b.log'],
		);
		assert.deepEqual(await told(world.blobs, changes), ['change a.txt: "a" -> "A"']);
	});

	for (const isPartial of [false, true])
		test(`no program of the repository is started and nothing under .git is written${isPartial ? ', in a partial clone' : ''}`, async () => {
			world = createScanWorld();
			world.write({ 'a.txt': 'a', 'b.bin': 'b', 'c.txt': 'c' });
			await commitAll(world.root);
			const witness = join(world.folder, 'started');
			const program = join(world.folder, 'program');
			writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> '${witness}'\ncat\n`, { mode: 0o755 });
			for (const hook of ['post-index-change', 'post-checkout', 'reference-transaction', 'pre-commit'])
				writeFileSync(world.at(`.git/hooks/${hook}`), `#!/bin/sh\necho hook >> '${witness}'\n`, { mode: 0o755 });
			writeFileSync(join(world.folder, 'included'), `[core]\n\tfsmonitor = ${program}\n\tpager = ${program}\n`);
			for (const [key, value] of Object.entries({
				'include.path': join(world.folder, 'included'),
				'core.fsmonitor': program,
				'core.hooksPath': world.at('.git/hooks'),
				'core.pager': program,
				'core.sshCommand': program,
				'core.editor': program,
				'core.askPass': program,
				'core.gitProxy': program,
				'core.alternateRefsCommand': program,
				'diff.external': program,
				'diff.x.textconv': program,
				'filter.x.clean': program,
				'filter.x.smudge': program,
				'filter.x.process': program,
				'filter.x.required': 'true',
				'credential.helper': `!${program}`,
				'gpg.program': program,
				'alias.config': `!${program}`,
				'alias.rev-parse': `!${program}`,
				'alias.cat-file': `!${program}`,
				'alias.check-attr': `!${program}`,
				'trace2.eventTarget': witness,
				'uploadpack.packObjectsHook': program,
				'pager.config': program,
				'pager.cat-file': program,
				'remote.origin.url': `ext::${program}`,
				'protocol.ext.allow': 'always',
				...(isPartial ? { 'extensions.partialClone': 'origin', 'remote.origin.promisor': 'true' } : {}),
			}))
				git(world.root, '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', 'config', key, value);
			world.write({ '.gitattributes': '*.txt filter=x diff=x\n', 'new.txt': 'n' });
			const before = fingerprint(world.at('.git'));
			const { changes } = await world.around(() => world.write({ 'a.txt': 'A', 'b.bin': 'B', 'new.txt': 'N' }));
			assert.equal(changes.length, 3);
			assert.equal(existsSync(witness), false, existsSync(witness) ? readFileSync(witness, 'utf8') : '');
			assert.equal(fingerprint(world.at('.git')), before);
			// The trap works: git as a user runs it does start them.
			assert.throws(() => git(world.root, 'status', '--porcelain'), /filter 'x' failed/);
			assert.equal(existsSync(witness), true);
		});

	test('a tracked link is a link', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a' });
		symlinkSync('a.txt', world.at('link'));
		await commitAll(world.root);
		const { changes } = await world.around(() => {
			assert.equal(copies(), 0);
			unlinkSync(world.at('link'));
			world.write({ link: 'a file' });
		});
		assert.deepEqual(await told(world.blobs, changes), ['change link: "a.txt" -> "a file"']);
		assert.deepEqual([changes[0]?.meta.link, changes[0]?.metaAfter?.link], [true, undefined]);
	});

	test('5,000 files changed by one command come in parts, each with its bytes from before', {
		timeout: 120_000,
	}, async () => {
		world = createScanWorld();
		const files = Array.from({ length: 5_000 }, (_, index) => `d${index % 100}/f${index}.txt`);
		world.write(Object.fromEntries(files.map((path) => [path, `before ${path}`])));
		await commitAll(world.root);
		const run = world.scanner.begin((await import('./fileScanWorld.ts')).session);
		await run.ready;
		for (const path of files) writeFileSync(world.at(path), `after ${path}`);
		const parts: number[] = [];
		for await (const part of run.finish(new AbortController().signal)) {
			parts.push(part.length);
			const [first] = part;
			if (!first) continue;
			const [line] = await told(world.blobs, [first]);
			assert.equal(line, `change ${first.file.rel}: "before ${first.file.rel}" -> "after ${first.file.rel}"`);
		}
		assert.equal(
			parts.reduce((sum, count) => sum + count, 0),
			5_000,
		);
		assert.ok(Math.max(...parts) <= 256);
	});
});
