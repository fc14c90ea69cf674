// The architecture holds, and the check that says so can fail. Also guards the manifest against VS Code API that is not stable,
// because the VS Code of the tests switches every proposed API on and would not notice.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { architectureViolations } from './config/architectureRules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json'));
const stable = JSON.parse(read('test/config/stableContributions.json'));

suite('Architecture', () => {
	test('the sources break no rule', () => {
		const paths = globSync(['src/**/*.ts', 'webview/**/*.ts'], { cwd: root }).map((path) => path.replaceAll('\\', '/'));
		assert.ok(paths.length > 20);
		const files = new Map(paths.map((path) => [path, read(path)]));
		assert.deepEqual(architectureViolations(files), []);
	});

	const header = '/** A file. */\n';
	const bad: readonly (readonly [what: string, files: Readonly<Record<string, string>>, expected: string])[] = [
		[
			'core imports host',
			{ 'src/core/a.ts': "import { b } from '../host/b.ts';", 'src/host/b.ts': '' },
			'layer: core imports host',
		],
		[
			'core imports Node',
			{ 'src/core/a.ts': "import { readFile } from 'node:fs/promises';" },
			'layer: core imports the package node:fs',
		],
		[
			'core imports a type of vscode',
			{ 'src/core/a.ts': "import type * as vscode from 'vscode';" },
			'layer: core imports the package vscode',
		],
		[
			'host imports node',
			{ 'src/host/a.ts': "import { b } from '../node/b.ts';", 'src/node/b.ts': '' },
			'layer: host imports node',
		],
		[
			'node imports host',
			{ 'src/node/a.ts': "import { b } from '../host/b.ts';", 'src/host/b.ts': '' },
			'layer: node imports host',
		],
		[
			'the panel imports core',
			{ 'webview/a.ts': "import { b } from '../src/core/b.ts';", 'src/core/b.ts': '' },
			'layer: webview imports core',
		],
		[
			'the server imports host',
			{ 'src/server/a.ts': "import { b } from '../host/b.ts';", 'src/host/b.ts': '' },
			'layer: server imports host',
		],
		[
			'the server imports vscode',
			{ 'src/server/a.ts': "import * as vscode from 'vscode';" },
			'layer: server imports the package vscode',
		],
		[
			'the client imports the server',
			{ 'src/host/a.ts': "import { b } from '../server/b.ts';", 'src/server/b.ts': '' },
			'layer: host imports server',
		],
		['base imports zod', { 'src/base/a.ts': "import * as z from 'zod';" }, 'layer: base imports the package zod'],
		[
			'a dynamic import counts',
			{ 'src/core/a.ts': "const m = await import('vscode');" },
			'layer: core imports the package vscode',
		],
		[
			'an import over several lines counts',
			{ 'src/core/a.ts': "import {\n\tb,\n} from '../host/b.ts';", 'src/host/b.ts': '' },
			'layer: core imports host',
		],
		[
			'an entry is imported',
			{ 'src/host/a.ts': "import { b } from '../extension.ts';", 'src/extension.ts': '' },
			'layer: nothing imports the entry',
		],
		['a file outside the layers', { 'src/stray/a.ts': '' }, 'layer: is in no layer'],
		['a second importer of diff', { 'src/core/a.ts': "import { diffLines } from 'diff';" }, 'only importer: diff'],
		[
			'a second importer of the SDK',
			{ 'src/node/a.ts': "import A from '@anthropic-ai/sdk/core';" },
			'only importer: @anthropic-ai/sdk',
		],
		[
			'a second importer of the toolkit',
			{ 'webview/a.ts': "import { b } from '@vscode/webview-ui-toolkit';" },
			'only importer: @vscode/webview-ui-toolkit',
		],
		['zod by name', { 'src/core/a.ts': "import { z } from 'zod';" }, 'zod as a namespace'],
		[
			'a cycle',
			{ 'src/core/a.ts': "import { b } from './b.ts';", 'src/core/b.ts': "import { a } from './a.ts';" },
			'cycle: src/core/a.ts -> src/core/b.ts',
		],
		['a re-export', { 'src/core/a.ts': "export { b } from './b.ts';", 'src/core/b.ts': '' }, 'no re-export: ./b.ts'],
		['a barrel', { 'src/core/index.ts': '' }, 'no barrels'],
		['no ending', { 'src/core/a.ts': "import { b } from './b';" }, '.ts endings'],
		['a missing file', { 'src/core/a.ts': "import { b } from './b.ts';" }, 'missing file: src/core/b.ts'],
		['a cast to any', { 'src/host/a.ts': 'const a = vscode as any;' }, 'no any'],
		['a double cast', { 'src/host/a.ts': 'const a = vscode as unknown as Proposed;' }, 'no any'],
		['an empty catch', { 'src/core/a.ts': 'try { a(); } catch {}' }, 'no empty catch'],
		['a name that says nothing', { 'src/core/a.ts': 'export class SessionManager {}' }, 'names: SessionManager'],
	];
	for (const [what, files, expected] of bad) {
		test(`is caught: ${what}`, () => {
			const found = architectureViolations(new Map(Object.entries(files).map(([path, text]) => [path, header + text])));
			assert.equal(found.length, 1, found.join('\n'));
			assert.ok(found[0]?.includes(`: ${expected}`), found[0]);
		});
	}

	test('a clean set of files is clean', () => {
		const files = {
			'src/base/a.ts': "export const a = 'from';",
			'src/core/b.ts':
				"import * as z from 'zod';\nimport { a } from '../base/a.ts';\n// import { c } from 'vscode';\nexport const b = z.literal(a);",
			'src/extension.ts': "import * as vscode from 'vscode';\nconst agent = () => import('./agentEntry.ts');",
			'src/agentEntry.ts': "import { b } from './core/b.ts';",
		};
		assert.deepEqual(
			architectureViolations(new Map(Object.entries(files).map(([path, text]) => [path, header + text]))),
			[],
		);
	});
});

suite('Stable VS Code API only', () => {
	test('the types are of exactly the oldest VS Code that is supported', () => {
		const minor = (version: string) => version.replace(/^\^/, '').split('.').slice(0, 2).join('.');
		assert.equal(minor(manifest.devDependencies['@types/vscode']), minor(manifest.engines.vscode));
		assert.match(manifest.devDependencies['@types/vscode'], /^\d/);
	});

	test('the manifest asks for no proposed API', () => {
		assert.equal('enabledApiProposals' in manifest, false);
		assert.deepEqual(globSync('**/vscode.proposed*.d.ts', { cwd: root, exclude: ['node_modules/**'] }), []);
	});

	test('each contribution point, container and menu stands in the list of stable ones', () => {
		for (const [used, known] of [
			[manifest.contributes, stable.contributes],
			[manifest.contributes.viewsContainers, stable.viewsContainers],
			[manifest.contributes.menus, stable.menus],
		]) {
			assert.deepEqual(
				Object.keys(used).filter((key) => !known.includes(key)),
				[],
			);
		}
	});

	test('each menu item, key and welcome link names a command of the manifest', () => {
		const commands = new Set(manifest.contributes.commands.map(({ command }: { command: string }) => command));
		const used = [
			...Object.values<{ command: string }[]>(manifest.contributes.menus).flat(),
			...manifest.contributes.keybindings,
		];
		const texts = JSON.stringify([manifest.contributes.viewsWelcome, manifest.contributes.walkthroughs]);
		const links = [...texts.matchAll(/command:([\w.]+)/g)].map(([, command]) => ({ command }));
		assert.deepEqual(
			[...used, ...links].map(({ command }) => command).filter((command) => !commands.has(command)),
			[],
		);
	});
});

suite('Repository', () => {
	test('no file knows the machine it was written on', () => {
		const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
			cwd: root,
			encoding: 'utf8',
		});
		// Put together here, so that this file does not hold what it forbids.
		const words = new RegExp(
			['registry\\.' + 'npmjs', '(?<![\\w./-])/' + '(?:work|root)/', 'artifactory' + '\\.', '\\.j' + 'frog\\.'].join(
				'|',
			),
			'i',
		);
		const paths = listed
			.split('\0')
			.filter((path) => path !== '' && existsSync(new URL(`../${path}`, import.meta.url)));
		assert.ok(paths.length > 30);
		const found = paths
			.filter((path) => !/\.(?:png|ttf|wasm)$/.test(path))
			.flatMap((path) => {
				const match = words.exec(read(path));
				return match ? [`${path}: ${match[0]}`] : [];
			});
		assert.deepEqual(found, []);
	});
});
