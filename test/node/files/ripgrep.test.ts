import assert from 'node:assert/strict';
import {
	chmodSync,
	copyFileSync,
	mkdirSync,
	mkdtempSync,
	realpathSync,
	rmSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { after, describe, test } from 'node:test';
import { rgPath } from '@vscode/ripgrep';
import { CancelledError, UserError } from '../../../src/base/errors.ts';
import type { GrepRequest } from '../../../src/core/fileSearchPort.ts';
import { matcherOf } from '../../../src/node/files/globPattern.ts';
import { createSearch, findRipgrep } from '../../../src/node/files/ripgrep.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-rg-')));
after(() => rmSync(folder, { recursive: true, force: true }));
const never = new AbortController().signal;
const search = createSearch(rgPath);

let age = 0;
/** Each file is older than the one before. */
function put(path: string, text: string): void {
	const absolute = join(folder, path);
	mkdirSync(dirname(absolute), { recursive: true });
	writeFileSync(absolute, text);
	const seconds = 1_700_000_000 - 10 * age++;
	utimesSync(absolute, seconds, seconds);
}
put('.gitignore', 'node_modules/\n*.log\n!kept.txt\n');
put('a.ts', 'const needle = 1;\nconst other = 2;\nNEEDLE\n');
put('src/b.ts', 'needle (b)\r\nlast');
put('src/deep/c.js', 'x\n\nneedle ä🙂\n');
put('src/.hidden.ts', 'needle');
put('.git/config', 'needle');
put('node_modules/m/index.ts', 'needle');
put('debug.log', 'needle');
put('kept.txt', 'needle');
put('binary.dat', 'needle\n\0\0needle\n');
put('--help', 'dashes');
put('new\nline.md', 'x');

async function grep(pattern: string, more: Partial<GrepRequest> = {}) {
	const found = await search.grep({ pattern, directory: folder, maxMatches: 100, ...more }, never);
	return { ...found, lines: found.items.map((m) => `${relative(folder, m.path)}:${m.lineNumber}:${m.text}`) };
}
async function glob(pattern: string, maxFiles = 100, directory = folder) {
	const found = await search.glob(pattern, directory, maxFiles, never);
	return { ...found, paths: found.items.map((path) => relative(folder, path)) };
}
const isBadPattern = (error: unknown) => error instanceof UserError && error.code === 'bad-pattern';

describe('grep', () => {
	test('finds lines in order of path, without ignored, binary and repository files', async () => {
		const { lines, isComplete } = await grep('needle');
		assert.deepEqual(lines, [
			'a.ts:1:const needle = 1;',
			'kept.txt:1:needle',
			'src/.hidden.ts:1:needle',
			'src/b.ts:1:needle (b)',
			'src/deep/c.js:3:needle ä🙂',
		]);
		assert.ok(isComplete);
	});
	const check = (pattern: string, more: Partial<GrepRequest>, expected: readonly string[]) =>
		test(`${pattern} ${JSON.stringify(more)}`, async () =>
			assert.deepEqual((await grep(pattern, more)).lines, expected));
	check('NEEDLE', {}, ['a.ts:3:NEEDLE']);
	check('needle', { isCaseInsensitive: true, glob: 'a.*' }, ['a.ts:1:const needle = 1;', 'a.ts:3:NEEDLE']);
	check('(b)', { isLiteral: true }, ['src/b.ts:1:needle (b)']);
	check('needle', { glob: '*.js' }, ['src/deep/c.js:3:needle ä🙂']);
	check('needle', { glob: 'src/*.ts' }, ['src/.hidden.ts:1:needle', 'src/b.ts:1:needle (b)']);
	check('needle', { glob: '!src' }, ['a.ts:1:const needle = 1;', 'kept.txt:1:needle']);
	check('needle', { glob: '**/*', directory: join(folder, 'src', 'deep') }, ['src/deep/c.js:3:needle ä🙂']);
	check('needle', { directory: join(folder, 'a.ts') }, ['a.ts:1:const needle = 1;']);
	check('--files', {}, []);
	check('nowhere', {}, []);
	check('^$', { glob: '*.js' }, ['src/deep/c.js:2:']);

	test('stops at its limit and says so', async () => {
		const { items, isComplete } = await grep('e', { maxMatches: 2 });
		assert.deepEqual([items.length, isComplete], [2, false]);
		assert.equal((await grep('needle', { maxMatches: 5 })).isComplete, true);
	});

	test('of a generated file that fits at every letter gives the start of its lines, at once', async () => {
		const place = join(folder, 'generated');
		mkdirSync(place);
		try {
			writeFileSync(join(place, 'one-line.js'), Buffer.alloc(20_000_000, 'y'));
			writeFileSync(join(place, 'many.js'), `${'y'.repeat(3_000)}\n`.repeat(5_000));
			writeFileSync(join(place, 'wide.js'), 'y🙂'.repeat(10_000));
			writeFileSync(join(place, 'a\nb: c.js'), 'one\ny:two\n');
			writeFileSync(join(place, 'late\nbinary'), `y\n${'x\n'.repeat(100_000)}\0y`);
			const begun = performance.now();
			const { items } = await grep('y', { directory: place, maxMatches: 6_000 });
			assert.ok(performance.now() - begun < 20_000, `${performance.now() - begun} ms`);
			assert.equal(items.length, 5_003);
			assert.ok(items.every(({ text }) => text.length <= 2_000 && /^(?:y+|(?:y🙂)+y?|y:two)$/.test(text)));
			assert.deepEqual(items[0], { path: join(place, 'a\nb: c.js'), lineNumber: 2, text: 'y:two' });
			assert.equal((await grep('y', { directory: join(place, 'one-line.js') })).items.length, 1);
		} finally {
			rmSync(place, { recursive: true });
		}
	});

	for (const pattern of ['(', 'a{1', '[z-a]', '(?<=a)b'])
		test(`${pattern} is a bad pattern, in ripgrep’s words`, async () => {
			await assert.rejects(grep(pattern), (error) => isBadPattern(error) && /regex/i.test(String(error)));
		});

	test('heeds .gitignore where there is no repository', async () => {
		const plain = join(folder, '..', `plain-${process.pid}`);
		mkdirSync(plain);
		try {
			writeFileSync(join(plain, '.gitignore'), 'ignored\n');
			writeFileSync(join(plain, 'ignored'), 'needle');
			writeFileSync(join(plain, 'found'), 'needle');
			const { items } = await grep('needle', { directory: plain });
			assert.deepEqual(
				items.map((match) => basename(match.path)),
				['found'],
			);
		} finally {
			rmSync(plain, { recursive: true });
		}
	});

	test('reads no configuration of the user', async () => {
		const config = join(folder, '..', `rgconfig-${process.pid}`);
		writeFileSync(config, '--invalid-option\n');
		process.env.RIPGREP_CONFIG_PATH = config;
		try {
			assert.equal((await grep('NEEDLE')).items.length, 1);
		} finally {
			delete process.env.RIPGREP_CONFIG_PATH;
			rmSync(config);
		}
	});
});

describe('glob', () => {
	const check = (pattern: string, expected: readonly string[]) =>
		test(pattern, async () => assert.deepEqual((await glob(pattern)).paths, expected));
	check('*.ts', ['a.ts', 'src/b.ts', 'src/.hidden.ts']);
	check('**/*.ts', ['a.ts', 'src/b.ts', 'src/.hidden.ts']);
	check('./src/**/*.{js,ts}', ['src/b.ts', 'src/deep/c.js', 'src/.hidden.ts']);
	check('src/*', ['src/b.ts', 'src/.hidden.ts']);
	check('node_modules/**', []);
	check('*.log', []);
	check('*.md', ['new\nline.md']);
	check('*help', ['--help']);

	test('everything, newest first', async () => {
		const { paths } = await glob('**/*');
		assert.deepEqual(paths.slice(0, 3), ['.gitignore', 'a.ts', 'src/b.ts']);
		assert.equal(paths.length, 9);
	});
	test('stops at its limit and says so', async () => {
		assert.deepEqual(await glob('*.ts', 2).then(({ paths, isComplete }) => [paths, isComplete]), [
			['a.ts', 'src/b.ts'],
			false,
		]);
		assert.equal((await glob('*.ts', 3)).isComplete, true);
	});
	test('below a folder', async () => {
		assert.deepEqual((await glob('*', 100, join(folder, 'src', 'deep'))).paths, ['src/deep/c.js']);
	});
	test('that cannot be read is a bad pattern', async () => {
		await assert.rejects(
			glob('{a'),
			(error) => isBadPattern(error) && /glob '\{a'/.test(String(error)) && !String(error).includes('retrace-search'),
		);
	});
});

describe('a search', () => {
	test('that is cancelled ends', async () => {
		await assert.rejects(search.glob('*', folder, 9, AbortSignal.abort()), CancelledError);
		const controller = new AbortController();
		const running = search.grep({ pattern: 'needle', directory: folder, maxMatches: 9 }, controller.signal);
		controller.abort();
		await assert.rejects(running, CancelledError);
	});
	test('of a folder that is not there, or without ripgrep, is a UserError', async () => {
		const code = (expected: string) => (error: unknown) => error instanceof UserError && error.code === expected;
		await assert.rejects(glob('*', 9, join(folder, 'gone')), code('no-such-folder'));
		await assert.rejects(createSearch(undefined).glob('*', folder, 9, never), code('no-ripgrep'));
		await assert.rejects(createSearch(join(folder, 'a.ts')).glob('*', folder, 9, never), code('no-ripgrep'));
	});
});

describe('finding ripgrep', () => {
	const place = (path: string) => {
		const absolute = join(folder, 'apps', path);
		mkdirSync(dirname(absolute), { recursive: true });
		copyFileSync('/bin/sh', absolute);
		chmodSync(absolute, 0o755);
		return absolute;
	};
	const platform = `${process.platform}-${process.arch}`;
	for (const path of [
		'one/node_modules/@vscode/ripgrep/bin/rg',
		'two/node_modules.asar.unpacked/@vscode/ripgrep/bin/rg',
		`three/node_modules/@vscode/ripgrep-universal/bin/${platform}/rg`,
		`four/node_modules/@vscode/ripgrep-universal/${platform}/rg`,
	])
		test(path, () => {
			const expected = place(path);
			assert.equal(findRipgrep(join(folder, 'apps', path.split('/')[0] ?? '')), expected);
		});
	test('on the PATH, but not in the workspace', () => {
		const outside = dirname(place('five/bin/rg'));
		const workspace = join(folder, 'apps', 'six');
		const inside = dirname(place('six/bin/rg'));
		const link = join(folder, 'apps', 'seven');
		mkdirSync(link);
		symlinkSync(join(inside, 'rg'), join(link, 'rg'));
		const before = process.env.PATH;
		try {
			process.env.PATH = ['relative/bin', inside, link, outside].join(delimiter);
			assert.equal(findRipgrep(join(folder, 'nowhere'), [workspace]), join(outside, 'rg'));
			process.env.PATH = inside;
			assert.equal(findRipgrep(join(folder, 'nowhere'), [workspace]), undefined);
		} finally {
			process.env.PATH = before;
		}
	});
});

describe('glob patterns', () => {
	const check = (glob: string, path: string, expected: boolean) =>
		test(`${glob} ${expected ? 'matches' : 'does not match'} ${path}`, () =>
			assert.equal(matcherOf(glob)(path), expected));
	check('*.ts', 'a/b.ts', true);
	check('*.ts', 'a/b.tsx', false);
	check('a/*.ts', 'a/b/c.ts', false);
	check('a/**/c.ts', 'a/c.ts', true);
	check('a/**', 'a/b/c.ts', true);
	check('**/c.ts', 'c.ts', true);
	check('/c.ts', 'a/c.ts', false);
	check('{a,b}/[!x]?.ts', 'b/yz.ts', true);
	check('{a,b}/[!x]?.ts', 'b/xz.ts', false);
	check('a.b', 'aXb', false);
	check('\\*', '*', true);
	check('[]a]', ']', true);
	check('(a)+$', '(a)+$', true);
});
