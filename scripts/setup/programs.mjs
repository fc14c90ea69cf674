// Finds programs on this machine and, on Debian as root, installs missing ones from the distribution.
// It never uses sudo and never installs anything from elsewhere.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { say } from './print.mjs';
import { run } from './run.mjs';

/** The full path of the first of `names` found on the PATH. @param {...string} names @returns {string | undefined} */
export function findProgram(...names) {
	const extensions = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
	for (const name of names) {
		for (const folder of (process.env.PATH ?? '').split(delimiter)) {
			for (const extension of extensions) {
				const path = join(folder, name + extension);
				if (folder !== '' && isExecutable(path)) return path;
			}
		}
	}
	return undefined;
}

/** The browser without a window of its own, which needs a sixth less time for the same tests. As Debian calls it. */
export const headlessShell = 'chromium-headless-shell';

/** A Chromium-like browser: `CHROME_PATH` first, then one for tests only, then the usual names and places. @returns {string | undefined} */
export function findBrowser() {
	const places = [
		process.env.CHROME_PATH,
		findProgram(
			headlessShell,
			'chromium',
			'chromium-browser',
			'google-chrome',
			'google-chrome-stable',
			'microsoft-edge',
			'microsoft-edge-stable',
		),
		'/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
		'/Applications/Chromium.app/Contents/MacOS/Chromium',
		'/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
		'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
		'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
	];
	return places.find((place) => place !== undefined && place !== '' && existsSync(place));
}

/** Whether Debian packages can be installed without asking anyone. */
export function canInstallPackages() {
	return process.getuid?.() === 0 && findProgram('apt-get') !== undefined;
}

/**
 * Installs Debian packages. Answers whether it worked; says why when it did not.
 * @param {readonly string[]} packages @returns {Promise<boolean>}
 */
export async function installPackages(packages) {
	if (!canInstallPackages()) return false;
	say(`  installing ${packages.join(', ')} with apt-get`);
	const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
	const install = () =>
		run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env, isQuiet: true });
	// A fresh image has no package lists; an image in use usually has them, and then the update is time lost.
	let result = await install();
	if (result.code !== 0) {
		await run('apt-get', ['update'], { env, isQuiet: true });
		result = await install();
	}
	if (result.code !== 0) say(`  apt-get failed:\n${result.output.trimEnd().split('\n').slice(-8).join('\n')}`);
	return result.code === 0;
}

/** @param {string} path */
function isExecutable(path) {
	try {
		accessSync(path, constants.X_OK);
		return statSync(path).isFile();
	} catch (error) {
		if (error instanceof Error) return false;
		throw error;
	}
}
