/** The ignore rules judge as git does: what `git check-ignore` says is the truth. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import * as fc from 'fast-check';
import { gitEnvironment } from '../../../src/node/scan/fileScanGit.ts';
import { judge, parseIgnoreRules } from '../../../src/node/scan/fileScanIgnore.ts';
import { git } from './fileScanWorld.ts';

suite('Ignore rules', () => {
	let folder: string;
	before(() => {
		folder = mkdtempSync(join(tmpdir(), 'retrace-ignore-'));
		git(folder, 'init', '-q');
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	/** Which of the paths git would leave out, by rules in the top folder. All are files; none need exist. */
	const ignoredByGit = (rules: string, paths: readonly string[]): boolean[] => {
		writeFileSync(join(folder, '.gitignore'), rules);
		let answer = '';
		try {
			answer = execFileSync('git', ['check-ignore', '-z', '--no-index', '--stdin', '--verbose', '--non-matching'], {
				cwd: folder,
				input: paths.map((path) => `${path}\0`).join(''),
				encoding: 'utf8',
				env: { ...gitEnvironment(process.env), GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
			});
		} catch (error) {
			// It ends with 1 when nothing is ignored.
			answer = (error as { stdout: string }).stdout;
		}
		const words = answer.split('\0');
		return paths.map((_, index) => {
			const pattern = words[index * 4 + 2] ?? '';
			return pattern !== '' && !pattern.startsWith('!');
		});
	};
	/** As the walk does it: a folder that is ignored is not entered. */
	const ignoredByUs = (rules: string, path: string): boolean => {
		const parsed = parseIgnoreRules(rules);
		const names = path.split('/');
		return names.some((_, index) => {
			const isFolder = index < names.length - 1;
			return judge(parsed, names.slice(0, index + 1).join('/'), isFolder) === 'ignored';
		});
	};

	const name = fc.constantFrom(
		'a',
		'b',
		'ab',
		'a.b',
		'foo',
		'a b',
		'-',
		']',
		'.x',
		'A',
		'é',
		'a*',
		'#a',
		'!a',
		'\\a',
		'[a]',
	);
	const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
	const piece = fc.constantFrom(
		'a',
		'b',
		'foo',
		'*',
		'**',
		'?',
		'/',
		'/',
		'.',
		'[ab]',
		'[!a]',
		'[^b]',
		'[a-c]',
		'[]a]',
		'[]-a]',
		'[[:alpha:]]',
		'[a',
		'\\*',
		'\\',
		'\\ ',
		'!',
		'#',
		' ',
		'é',
		'-',
		'[\\]]',
		'.*',
		'*.b',
		'**/',
		'/**',
	);
	const line = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''));
	const rules = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => lines.join('\n'));

	test('judge as git does', { timeout: 120_000 }, () => {
		fc.assert(
			fc.property(rules, fc.array(path, { minLength: 10, maxLength: 40 }), (text, paths) => {
				const expected = ignoredByGit(text, paths);
				const actual = paths.map((one) => ignoredByUs(text, one));
				assert.deepEqual(
					paths.filter((_, index) => actual[index] !== expected[index]),
					[],
					JSON.stringify(text),
				);
			}),
			{ numRuns: 400 },
		);
	});

	test('a pattern that is anchored stays where it is; a range that runs backwards holds its first member', () => {
		for (const text of ['/*.b', '/*b/', '[a-[^b]', '[^b-a]', 'a/*.b', 'a**/b']) {
			const paths = ['x.b', 'a/x.b', 'a/b/x.b', 'ab/x', 'c/ab/x', 'a', 'b', '^', 'a/c/b', 'ab'];
			assert.deepEqual(
				paths.map((one) => ignoredByUs(text, one)),
				ignoredByGit(text, paths),
				text,
			);
		}
	});

	test('read a file as git does: ends of lines, spaces at the end, a mark at the start', () => {
		const text = '\uFEFFa\r\nb  \nc\\ \n#d\n\\#e\n!\n/\n\nf/\n';
		const paths = ['a', 'b', 'b ', 'c', 'c ', '#d', '#e', 'f', 'f/x', '!'];
		assert.deepEqual(
			paths.map((one) => ignoredByUs(text, one)),
			ignoredByGit(text, paths),
		);
	});
});
