/** Where an installed Chrome, Edge or Chromium is. Starts nothing and downloads nothing. */
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

const NAMES = [
	'google-chrome-stable',
	'google-chrome',
	'chrome',
	'chromium',
	'chromium-browser',
	'microsoft-edge-stable',
	'microsoft-edge',
	'msedge',
];
const MAC = [
	'Google Chrome.app/Contents/MacOS/Google Chrome',
	'Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
	'Chromium.app/Contents/MacOS/Chromium',
];
const WINDOWS = [
	'Google\\Chrome\\Application\\chrome.exe',
	'Microsoft\\Edge\\Application\\msedge.exe',
	'Chromium\\Application\\chrome.exe',
];

/** The first one there is; undefined without one. Relative entries of PATH, which may be folders of a project, are left out. */
export function findBrowser(
	environment: Readonly<Record<string, string | undefined>>,
	platform: NodeJS.Platform,
): string | undefined {
	return candidates(environment, platform).find(isExecutable);
}

function candidates(environment: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform): string[] {
	const { HOME, LOCALAPPDATA, PATH = '' } = environment;
	if (platform === 'win32') {
		const folders = [environment.PROGRAMFILES, environment['PROGRAMFILES(X86)'], LOCALAPPDATA];
		return folders.flatMap((folder) => (folder ? WINDOWS.map((path) => join(folder, path)) : []));
	}
	const mac = platform === 'darwin' ? ['/Applications', ...(HOME ? [join(HOME, 'Applications')] : [])] : [];
	const onPath = PATH.split(delimiter).filter((folder) => isAbsolute(folder));
	return [
		...mac.flatMap((folder) => MAC.map((path) => join(folder, path))),
		...NAMES.flatMap((name) => onPath.map((folder) => join(folder, name))),
	];
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
