// Extensions as VS Code finds them: one shared installation of the package, and copies of it with further ones.
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
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../../scripts/setup/fileLock.mjs';
import { installExtension } from '../../../scripts/setup/launchCodeServer.mjs';
import { projectFolder } from '../../../scripts/setup/paths.mjs';
import { testEnvironment } from './environment.ts';

/** A window of another run may still use the installation of an older package, so only what is a day old goes. */
function forgetOldInstallations(parent: string): void {
	if (!existsSync(parent)) return;
	const dayMs = 24 * 60 * 60 * 1000;
	for (const name of readdirSync(parent)) {
		const path = join(parent, name);
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
