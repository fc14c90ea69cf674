// What README, ARCHITECTURE and the manifest's own texts name is there: files, folders, settings with their defaults, commands, keys and words of the
// interface. And the check that says so can fail.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const slashed = (path: string) => path.replaceAll('\\', '/');
const manifest = JSON.parse(read('package.json'));
const { contributes } = manifest;
const readme = read('README.md');
const architecture = read('ARCHITECTURE.md');

const files = globSync('{src,webview,test,scripts,media}/**', { cwd: root }).map(slashed);
const settings: Readonly<Record<string, { readonly default: unknown; readonly markdownDescription?: string }>> =
	contributes.configuration.properties;
const commands: readonly { readonly command: string; readonly title: string }[] = contributes.commands;
type Walkthrough = {
	readonly steps: readonly {
		readonly description: string;
		readonly media: { readonly svg: string };
		readonly completionEvents: readonly string[];
	}[];
};
const views = Object.values<{ name: string }[]>(contributes.views).flat();
const sources = globSync('{src,webview}/**/*.ts', { cwd: root })
	.map((path) => read(slashed(path)))
	.join('\n');

/** What the manifest itself tells the user. */
const manifestTexts = [
	...Object.values(settings).map(({ markdownDescription = '' }) => markdownDescription),
	...contributes.viewsWelcome.map(({ contents }: { contents: string }) => contents),
	...contributes.walkthroughs.flatMap((one: Walkthrough) => one.steps.map(({ description }) => description)),
];

const code = (text: string) => [...text.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word);

/** Files and folders of ours that the text names and that are not there. `…` and `*` stand for any part of a name. */
function missingFiles(text: string): readonly string[] {
	const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
	const names = code(text).filter((word) => /^[\w…*.-]+(?:\/[\w…*.-]+)*\.(?:ts|mjs|css)$/.test(word));
	const folders = code(text).filter((word) => /^(?:src|test|webview|scripts|core|node|host)\/[\w/-]*$/.test(word));
	const isThere = (name: string) => {
		const pattern = new RegExp(`(?:^|/)${name.replaceAll('.', '\\.').replaceAll(/[…*]/g, '[^/]*')}$`);
		return files.some((path) => pattern.test(path));
	};
	return [
		...links.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url))),
		...names.filter((name) => !isThere(name)),
		...folders.filter((name) => !isThere(name.replace(/\/$/, ''))),
	];
}

/** Settings that the text names and the manifest does not know. */
function unknownSettings(text: string): readonly string[] {
	return [...text.matchAll(/\bretrace\.[a-z]\w*(?:\.[a-z]\w*)*/gi)]
		.map(([name]) => name)
		.filter((name) => !(name in settings) && !commands.some(({ command }) => command === name));
}

/** Words of the interface in italics that stand neither in the manifest nor in the sources. */
function unknownWords(text: string): readonly string[] {
	const titles = new Set([
		...commands.map(({ title }) => title),
		...views.map(({ name }) => name),
		...['Retrace', 'Debug Console'],
	]);
	return [...text.matchAll(/(?<!\*)\*([A-Z][^*\n]+[^.*\n])\*(?!\*)/g)]
		.map(([, words = '']) => words.replace(/^Retrace: /, ''))
		.filter((words) => !titles.has(words) && !sources.includes(words));
}

/** Keys with Ctrl or Alt that the manifest does not bind. */
function unknownKeys(text: string): readonly string[] {
	const bound = new Set(
		contributes.keybindings.flatMap(({ key, mac }: { key: string; mac?: string }) => [key, mac ?? key]),
	);
	// Keys of the page itself.
	for (const key of ['ctrl+f']) bound.add(key);
	return code(text).filter((word) => /^(?:Ctrl|Alt|Shift\+Alt|Cmd)\+/.test(word) && !bound.has(word.toLowerCase()));
}

/** Rows of the table of settings whose default is not the manifest's. */
function wrongDefaults(text: string): readonly string[] {
	const rows = [...text.matchAll(/^\| (`retrace[^|]+) \| ([^|]+) \|/gm)];
	return rows.flatMap(([, names = '', said = '']) => {
		const whole = code(names);
		const stem = whole[0]?.replace(/\.\w+$/, '') ?? '';
		const defaults = said.split(', ');
		return whole.flatMap((name, index) => {
			const full = name.startsWith('.') ? `${stem}${name}` : name;
			const words = defaults[defaults.length === 1 ? 0 : index] ?? '';
			return isSaid(words, settings[full]?.default) ? [] : [`${full}: ${words}`];
		});
	});
}

function isSaid(words: string, value: unknown): boolean {
	if (words === 'on' || words === 'off') return value === (words === 'on');
	if (words === 'none')
		return value === null || Object.values(value ?? {}).every((one) => Object.keys(one).length === 0);
	if (/^[\d,]+$/.test(words)) return value === Number(words.replaceAll(',', ''));
	if (words.startsWith('`')) return value === words.replaceAll('`', '');
	return value === null || typeof value === 'string';
}

suite('What the documents name is there', () => {
	test('files and folders', () => {
		assert.ok(code(architecture).length > 300);
		assert.deepEqual([...missingFiles(readme), ...missingFiles(architecture)], []);
	});

	test('the folders of the layers that have some, all of them', () => {
		for (const layer of ['src/host', 'src/node']) {
			const [, table = ''] = architecture.split(`| \`${layer}/\` | |\n`);
			const rows = table.split('\n\n')[0]?.split('\n').slice(1) ?? [];
			const told = rows.flatMap((row) => code(row.split(' | ')[0] ?? ''));
			const folders = globSync(`${layer}/*/`, { cwd: root }).map((path) => slashed(path).split('/').at(-1) ?? '');
			assert.deepEqual(told.toSorted(), folders.toSorted(), layer);
		}
	});

	test('settings and commands by id', () => {
		assert.deepEqual([readme, architecture, ...manifestTexts].flatMap(unknownSettings), []);
	});

	test('defaults in the table of settings', () => {
		assert.ok(readme.includes('| `retrace.model` | '));
		assert.deepEqual(wrongDefaults(readme), []);
	});

	test('words of the interface, and keys', () => {
		assert.deepEqual([readme, ...manifestTexts].flatMap(unknownWords), []);
		assert.deepEqual([...unknownKeys(readme), ...unknownKeys(architecture)], []);
	});

	test('pictures and events of the walkthrough, and its links alone on their lines or in a sentence', () => {
		const steps: Walkthrough['steps'] = contributes.walkthroughs.flatMap((one: Walkthrough) => one.steps);
		assert.ok(steps.length >= 4);
		for (const { media, completionEvents, description } of steps) {
			assert.ok(files.includes(media.svg), media.svg);
			assert.match(read(media.svg), /var\(--vscode-/);
			assert.deepEqual(
				completionEvents.filter((event) => !commands.some(({ command }) => event === `onCommand:${command}`)),
				[],
			);
			// VS Code knows `**`, `__` and two backticks here, and shows a single one as it stands.
			assert.doesNotMatch(description, /(?<!\*)\*(?!\*)|(?<!`)`(?!`)/);
		}
	});

	test('commands that messages send the user to', () => {
		const titles = [
			...commands.map(({ title }) => title.replace('…', '')),
			...views.map(({ name }) => `Focus on ${name} View`),
		];
		const named = [...sources.matchAll(/\bRetrace: ([A-Z][\w ]+)/g)].map(([, words = '']) => words);
		assert.ok(named.length > 5);
		assert.deepEqual(
			named.filter((words) => !titles.some((title) => words.startsWith(title))),
			[],
		);
	});

	test('the check can fail', () => {
		assert.deepEqual(missingFiles('`core/gone.ts`, `src/nowhere`, `…Fields.ts`, [a](media/none.png)'), [
			'media/none.png',
			'core/gone.ts',
			'src/nowhere',
		]);
		assert.deepEqual(unknownSettings('`retrace.mode` and `retrace.mood`'), ['retrace.mood']);
		assert.deepEqual(unknownWords('*Sessions*, *Search Cessions*, *Retrace: Doctor*, **Bold words.**'), [
			'Search Cessions',
		]);
		assert.deepEqual(unknownKeys('`Ctrl+Alt+R`, `Ctrl+Alt+Q`, `Enter`'), ['Ctrl+Alt+Q']);
		assert.deepEqual(
			wrongDefaults('| `retrace.thinking` | off | |\n| `retrace.limits.steps`, `.costUsd` | 200, none | |'),
			['retrace.thinking: off'],
		);
	});
});
