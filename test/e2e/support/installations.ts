// Extensions as VS Code finds them: one shared installation of the package, copies of it with further ones, and few of those that
// VS Code brings along.
import { createHash } from 'node:crypto';
import {
	cpSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { withLock } from '../../../scripts/setup/fileLock.mjs';
import { installExtension } from '../../../scripts/setup/launchCodeServer.mjs';
import { projectFolder } from '../../../scripts/setup/paths.mjs';
import { testEnvironment } from './environment.ts';

/**
 * What the tests see of VS Code's own extensions: colours, icons, the grammars of the sample's files, git, notebooks. Each window reads and starts
 * all that are there, and the near hundred others (a chat client, the servers of four languages, grammars) cost it a quarter of its processor time.
 */
const builtInNames = [
	...['theme-defaults', 'theme-modern-icons', 'theme-seti', 'configuration-editing', 'git', 'git-base', 'ipynb'],
	...['javascript', 'typescript-basics', 'json', 'markdown-basics', 'html', 'css', 'yaml', 'shellscript', 'python'],
	...['ini', 'diff', 'merge-conflict', 'search-result', 'node_modules'],
];

/** A window of another run may still use the installation of an older package, so only what is a day old goes. */
function forgetOldInstallations(parent: string): void {
	if (!existsSync(parent)) return;
	const dayMs = 24 * 60 * 60 * 1000;
	for (const name of readdirSync(parent)) {
		const path = join(parent, name);
		if (name.startsWith('built-in-')) continue;
		if (name === 'partial' || Date.now() - statSync(path).mtimeMs > dayMs)
			rmSync(path, { recursive: true, force: true });
	}
}

/** A copy of an installation with these extensions of ours as well. */
export function withExtensions(shared: string, extensionsDir: string, names: readonly string[]): string {
	cpSync(shared, extensionsDir, { recursive: true });
	addExtensions(extensionsDir, names);
	return extensionsDir;
}

/** Puts these extensions of ours into a folder of extensions. */
export function addExtensions(extensionsDir: string, names: readonly string[]): void {
	mkdirSync(extensionsDir, { recursive: true });
	const listPath = join(extensionsDir, 'extensions.json');
	const list: unknown[] = existsSync(listPath) ? JSON.parse(readFileSync(listPath, 'utf8')) : [];
	for (const name of names) {
		const source = join(projectFolder, 'test', 'fixtures', name);
		const { publisher, name: own, version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
		const relativeLocation = `${publisher}.${own}-${version}`;
		const path = join(extensionsDir, relativeLocation);
		cpSync(source, path, { recursive: true });
		const location = { $mid: 1, path, scheme: 'file' };
		list.push({ identifier: { id: `${publisher}.${own}` }, version, location, relativeLocation, metadata: {} });
	}
	writeFileSync(listPath, JSON.stringify(list));
}

/** Installing takes seconds and the result is only read, so all tests share one installation per package. */
export async function sharedExtensions(vsixPath: string): Promise<string> {
	const hash = createHash('sha256').update(readFileSync(vsixPath)).digest('hex').slice(0, 16);
	const parent = join(projectFolder, '.cache', 'e2e');
	const folder = join(parent, `extensions-${hash}`);
	return withLock(`${parent}.lock`, async () => {
		if (!existsSync(folder)) {
			forgetOldInstallations(parent);
			const partial = join(parent, 'partial');
			const profile = { userDataDir: join(partial, 'user-data'), extensionsDir: join(partial, 'extensions') };
			await installExtension(testEnvironment().codeServer, profile, vsixPath);
			renameSync(profile.extensionsDir, folder);
			rmSync(partial, { recursive: true, force: true });
		}
		return folder;
	});
}

/** A folder with links to the few extensions of VS Code's own that tests need; one for all tests of a project. */
export async function fewBuiltInExtensions(): Promise<string> {
	const { entryPath } = testEnvironment().codeServer;
	const all = join(dirname(entryPath), '..', '..', 'lib', 'vscode', 'extensions');
	const hash = createHash('sha256')
		.update(JSON.stringify([all, builtInNames]))
		.digest('hex')
		.slice(0, 16);
	const parent = join(projectFolder, '.cache', 'e2e');
	const folder = join(parent, `built-in-${hash}`);
	if (existsSync(folder)) return folder;
	return withLock(`${parent}.lock`, async () => {
		if (!existsSync(folder)) {
			const partial = `${folder}.partial`;
			rmSync(partial, { recursive: true, force: true });
			mkdirSync(partial, { recursive: true });
			for (const name of builtInNames) symlinkSync(join(all, name), join(partial, name), 'junction');
			renameSync(partial, folder);
		}
		return folder;
	});
}
