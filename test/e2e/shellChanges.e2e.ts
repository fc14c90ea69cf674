// What a command changes is seen, recorded and taken back: in a folder without git, in a repository with a submodule, in several folders.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
	chmodSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { missingBrowser } from './support/environment.ts';
import { openRewind, permissionCard, send, turnEnds } from './support/panelActions.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

type Scene = {
	readonly name: string;
	/** Besides what every scene has. */
	readonly prepare?: (folder: string) => void;
	readonly script?: string;
	readonly workspaceFile?: string;
	/** Folders whose files are looked at, from the project. */
	readonly roots: readonly string[];
	/** What no copy is made of, and the words for it on the card. */
	readonly ignored?: { readonly path: string; readonly words: string };
	/** How many files the row says were changed. */
	readonly changed: number;
};

const PROMPT = 'run sh change.sh';
/** Makes, changes, deletes, renames, changes a mode and links. Ten files. */
const SCRIPT = `set -e
printf 'new\\n' > created.txt
mkdir -p deep/er
printf 'no newline' > deep/er/new.txt
printf 'changed\\r\\nby the shell\\n' > src/invoice.js
printf '\\001\\000\\377' > picture.bin
rm src/area.js
mv README.md GUIDE.md
chmod 755 tool.sh
ln -s src/invoice.js new-link
rm old-link
ln -s created.txt old-link
rm gone-link
`;

function walk(scene: Scene): void {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({
			name: scene.name,
			// The editor's own git writes into the repository by itself.
			settings: { 'git.enabled': false },
			...(scene.workspaceFile === undefined ? {} : { workspaceFile: scene.workspaceFile }),
			prepare(folder) {
				writeFileSync(join(folder, 'change.sh'), SCRIPT + (scene.script ?? ''));
				writeFileSync(join(folder, 'picture.bin'), Buffer.from([0, 1, 2, 255, 254]));
				writeFileSync(join(folder, 'tool.sh'), '#!/bin/sh\n');
				chmodSync(join(folder, 'tool.sh'), 0o644);
				symlinkSync('src/area.js', join(folder, 'old-link'));
				symlinkSync('nowhere', join(folder, 'gone-link'));
				scene.prepare?.(folder);
			},
		});
	});
	after(() => workbench?.close());

	const panel = () => workbench.panel();
	const state = () =>
		Object.assign(
			{},
			...scene.roots.map((root) => filesIn(join(workbench.folder, root), `${root}:`, scene.ignored?.path)),
		) as Readonly<Record<string, string>>;
	/** Says which files differ when they stay so. */
	const becomes = async (what: string, wanted: Readonly<Record<string, string>>) => {
		await until(what, () => isDeepStrictEqual(state(), wanted)).catch(() => assert.deepEqual(state(), wanted));
	};
	let original: Readonly<Record<string, string>> = {};
	let changed: Readonly<Record<string, string>> = {};
	let repository = '';

	test('the card of the command says what could not be taken back, before it runs', async () => {
		original = state();
		repository = hashOfFolder(join(workbench.folder, '.git'));
		await send(panel(), PROMPT);
		const card = permissionCard(panel(), 'Bash');
		await card.getByRole('button', { name: 'Allow once' }).waitFor();
		if (scene.ignored) await card.getByText(scene.ignored.words).waitFor();
		assert.deepEqual(state(), original);
		await workbench.pictures(`${scene.name}-card`, 'light', 'dark');
		await card.getByRole('button', { name: 'Allow once' }).click();
		await turnEnds(panel());
		changed = state();
		assert.notDeepEqual(changed, original);
	});

	test('its row lists what it changed, and a file opens as a native diff', async () => {
		await panel()
			.getByRole('button', { name: new RegExp(`^${scene.changed} files changed`) })
			.click();
		const list = panel().getByRole('list', { name: 'Changed files' });
		const name = (path: string) => (scene.roots.length > 1 ? `floor-planner/${path}` : path);
		await list.getByText(`${name('README.md')} → ${name('GUIDE.md')}`).waitFor();
		await list.getByText('mode 644 → 755').waitFor();
		await workbench.screenshot(`${scene.name}-row-dark`);
		await list.getByRole('button', { name: /src\/invoice\.js/ }).click();
		const diff = workbench.page.locator('.monaco-diff-editor');
		await diff.locator('.modified').getByText('by the shell').waitFor();
		await diff.locator('.original').getByText('24.5').first().waitFor();
		await workbench.screenshot(`${scene.name}-diff-dark`);
	});

	test('a rewind brings every file back byte for byte', async () => {
		const dialog = await openRewind(panel(), 0);
		await dialog.getByRole('button', { name: 'Rewind', exact: true }).waitFor();
		assert.equal(await dialog.getByText('is not taken back').count(), 0, 'no warning about a recorded command');
		if (scene.ignored) await dialog.getByText(/Not taken back if commands changed it/).waitFor();
		await workbench.screenshot(`${scene.name}-rewind-dark`);
		await dialog.getByRole('button', { name: 'Rewind', exact: true }).click();
		await dialog.waitFor({ state: 'hidden' });
		await becomes('the files are as before the command', original);
		const box = panel().getByRole('textbox', { name: 'Message Retrace' });
		await until('the prompt is back in the input', async () => (await box.inputValue()) === PROMPT);
	});

	test('undoing the rewind brings back what the command did', async () => {
		await panel().getByRole('button', { name: 'Undo rewind' }).click();
		await panel().getByText('files changed').first().waitFor();
		await becomes('the files are as the command left them', changed);
	});

	test('the repository itself was not touched', () => {
		assert.equal(hashOfFolder(join(workbench.folder, '.git')), repository);
	});
}

suite('What a command changes, without git', { skip: missingBrowser() }, () => {
	walk({ name: 'shell-plain', roots: ['.'], changed: 10 });
});

suite('What a command changes, in a repository with a submodule', { skip: missingBrowser() }, () => {
	walk({
		name: 'shell-git',
		roots: ['.'],
		changed: 12,
		script: 'printf "more\\n" >> lib/lib.js\nrm lib/old.js\nprintf "built again" > build/out.txt\n',
		ignored: { path: 'build/', words: 'build/ (ignored by git)' },
		prepare(folder) {
			const library = join(folder, '..', 'library');
			mkdirSync(library);
			writeFileSync(join(library, 'lib.js'), 'export const a = 1;\n');
			writeFileSync(join(library, 'old.js'), 'export const old = 1;\n');
			commitAll(library);
			mkdirSync(join(folder, 'build'));
			writeFileSync(join(folder, 'build', 'out.txt'), 'built');
			writeFileSync(join(folder, '.gitignore'), 'build/\n');
			git(folder, 'init', '-q');
			git(folder, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'lib');
			commitAll(folder);
			// One file with changes of the user's that are not committed.
			writeFileSync(join(folder, 'src', 'area.js'), '// not committed\n');
		},
	});
});

suite('What a command changes, in several folders', { skip: missingBrowser() }, () => {
	walk({
		name: 'shell-roots',
		roots: ['.', '../second'],
		workspaceFile: '../both.code-workspace',
		changed: 12,
		script: 'printf "b2" > ../second/b.txt\nprintf "c" > ../second/c.txt\n',
		prepare(folder) {
			const second = join(folder, '..', 'second');
			mkdirSync(second);
			writeFileSync(join(second, 'b.txt'), 'b');
			const folders = [{ path: folder }, { path: second }];
			writeFileSync(join(folder, '..', 'both.code-workspace'), JSON.stringify({ folders }));
		},
	});
});

suite('What a command does not see, and what is not recorded', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({
			name: 'shell-unseen',
			settings: { 'retrace.checkpoints.enabled': false, 'retrace.mode': 'auto' },
		});
	});
	after(() => workbench?.close());
	const panel = () => workbench.panel();

	test('without checkpoints the row of a command says that it cannot be taken back', async () => {
		await send(panel(), 'run touch made.txt');
		await turnEnds(panel());
		await panel()
			.getByText('What it changes cannot be taken back: checkpoints are turned off in the settings.')
			.waitFor();
		assert.ok(existsSync(join(workbench.folder, 'made.txt')));
	});

	test('with unsaved changes a command asks first, and saves them if told to', async () => {
		await workbench.openFile('src/invoice.js');
		await workbench.page.keyboard.insertText('// typed');
		await workbench.page.locator('.tab.dirty').waitFor();
		await send(panel(), 'run cp src/invoice.js copy.js');
		const card = permissionCard(panel(), 'Bash');
		await card.getByText('Unsaved changes in src/invoice.js are not seen by the command.').waitFor();
		await workbench.screenshot('shell-unseen-card-dark');
		await card.getByRole('button', { name: 'Save and allow once' }).click();
		await turnEnds(panel());
		await until('the command saw what was typed', () => workbench.readFile('copy.js').startsWith('// typed'));
	});
});

function git(folder: string, ...args: readonly string[]): void {
	execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder, stdio: 'pipe' });
}

function commitAll(folder: string): void {
	git(folder, 'init', '-q');
	git(folder, 'add', '-A');
	git(folder, 'commit', '-q', '-m', 'start');
}

/** Each file and link below with its mode and content; no `.git`, and not what is left out. */
function filesIn(folder: string, prefix: string, leftOut: string | undefined): Record<string, string> {
	const found: Record<string, string> = {};
	for (const name of readdirSync(folder)) {
		const path = join(folder, name);
		const stat = lstatSync(path);
		if (name === '.git' || `${name}/` === leftOut) continue;
		if (stat.isSymbolicLink()) found[prefix + name] = `→ ${readlinkSync(path)}`;
		else if (stat.isDirectory()) Object.assign(found, filesIn(path, `${prefix}${name}/`, undefined));
		else found[prefix + name] = `${(stat.mode & 0o777).toString(8)} ${readFileSync(path).toString('base64')}`;
	}
	return found;
}

/** Over the names and contents of all files; empty when there is no such folder. */
function hashOfFolder(folder: string): string {
	if (!existsSync(folder)) return '';
	const hash = createHash('sha256');
	for (const name of readdirSync(folder, { recursive: true }).map(String).sort()) {
		hash.update(`${name}\n`);
		const path = join(folder, name);
		if (lstatSync(path).isFile()) hash.update(readFileSync(path));
	}
	return hash.digest('hex');
}
