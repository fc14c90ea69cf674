// Opens the packaged extension in a real VS Code in a headless browser, with a profile and a folder of its own.
// Everything here goes through what a person sees; what the extension wrote is read by sessionLogs.ts.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import {
	folderUrl,
	launchCodeServer,
	quietSettings,
	type RunningServer,
	writeSettings,
} from '../../../scripts/setup/launchCodeServer.mjs';
import { projectFolder } from '../../../scripts/setup/paths.mjs';
import { launchBrowser } from './browser.ts';
import { resultsFolder, takesPictures, temporaryFolder, testEnvironment } from './environment.ts';
import { fewBuiltInExtensions, sharedExtensions, withExtensions } from './installations.ts';
import { lightWindow, unpacked } from './lightWindow.ts';
import { tapPageApi } from './pageApi.ts';
import { until } from './until.ts';

/** The first paint of a cold workbench on two busy cores. */
const openTimeoutMs = 60_000;
const actionTimeoutMs = 25_000;
/** With its tries: the palette of a window that is still being laid out closes under the hands. */
const paletteTimeoutMs = 45_000;

const containerId = 'workbench.view.extension.retrace';
/** The one in the secondary side bar, at the right edge of the window: the search is at the left, editor tabs are in the middle. */
const panelFrame = '.webview-overlay-outer-right > iframe.webview[src*="extensionId=retrace.retrace"]';

export interface WorkbenchOptions {
	/** Names temporary folders and pictures. */
	readonly name: string;
	/** User settings on top of the quiet ones. */
	readonly settings?: Readonly<Record<string, unknown>>;
	/** Environment of the server, and with it of the extension host. `RETRACE_PROVIDER` is `demo` unless given. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** Files by relative path, written over the copy of the sample project before VS Code opens it. */
	readonly files?: Readonly<Record<string, string>>;
	/** Makes more of the project, which is at this path, before VS Code opens it. */
	readonly prepare?: (folder: string) => void;
	/** A workspace file to open instead of the project, by its path from there. */
	readonly workspaceFile?: string;
	/** Workspace trust is off unless a test asks for it. */
	readonly isTrustEnabled?: boolean;
	/** A window without a folder. */
	readonly isFolderless?: boolean;
	/** Further extensions: folders of test/fixtures. */
	readonly extensionFolders?: readonly string[];
	/** All that VS Code brings along, as users have it, instead of the few that tests need. */
	readonly hasAllBuiltIns?: boolean;
	/** Lets `postToHost` speak in the panel page's name. */
	readonly tapsPageApi?: boolean;
	readonly viewport?: { readonly width: number; readonly height: number };
}

type Theme = 'dark' | 'light' | 'highContrast';

/** Themes follow what the page says about the system, at once; the file of the settings is not watched by this VS Code. */
const themeSettings = {
	'window.autoDetectColorScheme': true,
	'window.autoDetectHighContrast': true,
	'workbench.preferredDarkColorTheme': 'Dark Modern',
	'workbench.preferredLightColorTheme': 'Light Modern',
	'workbench.preferredHighContrastColorTheme': 'Default High Contrast',
};

export interface Workbench {
	/** The window; another one after `openWindow`. */
	readonly page: Page;
	/** The project that is open, a copy of its own. */
	readonly folder: string;
	readonly userDataDir: string;
	readonly server: RunningServer;
	/** The inside of the chat panel. */
	panel(page?: Page): FrameLocator;
	/** A second window on the same folder. */
	openWindow(): Promise<Page>;
	/** Loads the page again, as the browser does: the old extension host is left behind. */
	reload(): Promise<void>;
	/** *Developer: Reload Window*: the extension host ends in order and a new one starts. */
	reloadWindow(): Promise<void>;
	/** Runs a command by its title in the palette, for example `Retrace: New Session`. */
	runCommand(title: string, page?: Page): Promise<void>;
	/** Opens a file of the project in an editor, as *Go to File* does. */
	openFile(relativePath: string): Promise<void>;
	/** Drags the edge of the secondary side bar, so that the panel gets wider by this much. */
	widenPanel(byPixels: number): Promise<void>;
	/** Changes user settings; the next window or reload has them. */
	changeSettings(settings: Readonly<Record<string, unknown>>): void;
	setTheme(theme: Theme): Promise<void>;
	/** Saves a picture of the window as `test-results/screenshots/<name>.png`. Like `pictures` it does nothing unless RETRACE_PICTURES=1. */
	screenshot(name: string, page?: Page): Promise<void>;
	/** Pictures in several themes, `<name>-<theme>.png`; the window is left in the dark one. */
	pictures(name: string, ...themes: readonly Theme[]): Promise<void>;
	/** Text of a file of the project on disk. */
	readFile(relativePath: string): string;
	/** Ends page, browser and server, and removes the temporary folders. Safe to call twice. */
	close(): Promise<void>;
}

/** Resolves when the workbench is on the screen and the panel is attached. */
export async function openWorkbench(options: WorkbenchOptions): Promise<Workbench> {
	const { codeServer, browserPath, vsixPath } = testEnvironment();
	const shared = await sharedExtensions(vsixPath);
	const root = temporaryFolder(options.name);
	const extensionsDir =
		options.extensionFolders === undefined
			? shared
			: withExtensions(shared, join(root, 'extensions'), options.extensionFolders);
	const profile = { userDataDir: join(root, 'user-data'), extensionsDir };
	const folder = join(root, 'floor-planner');
	const home = join(root, 'home');
	mkdirSync(home);
	copySample(folder, options.files ?? {});
	options.prepare?.(folder);
	let settings: Readonly<Record<string, unknown>> = {
		...quietSettings,
		...themeSettings,
		...lightWindow,
		// A request beside the conversation would take a reply that a test lined up for it.
		'retrace.sessions.modelTitles': false,
		...options.settings,
	};
	const save = () => writeSettings(profile, settings);
	save();

	const cleanUp: (() => Promise<unknown>)[] = [async () => removeFolder(root)];
	/** Ends all of it, whatever fails on the way: a server that is left running keeps the whole run from ending. */
	const close = async () => {
		const failures: unknown[] = [];
		for (const end of cleanUp.splice(0).reverse()) await end().catch((error: unknown) => failures.push(error));
		if (failures.length > 0) throw failures[0];
	};
	try {
		const server = await launchCodeServer({
			codeServer,
			profile,
			isTrustDisabled: options.isTrustEnabled !== true,
			builtInExtensionsDir: options.hasAllBuiltIns ? undefined : await fewBuiltInExtensions(),
			// A home of its own: what the developer keeps there for agents is none of a test's business.
			env: { ANTHROPIC_API_KEY: undefined, RETRACE_PROVIDER: 'demo', HOME: home, ...options.env },
		});
		cleanUp.push(() => server.end());
		const browser = await launchBrowser(browserPath);
		cleanUp.push(() => browser.close());
		const url = urlOf(server.url, folder, options);
		const openWindow = () => openPage(browser, url, options);
		const page = await openWindow();
		const reload = async () => {
			await page.reload({ timeout: openTimeoutMs });
			await workbenchShown(page);
			await showPanel(page);
		};

		return {
			page,
			folder,
			userDataDir: profile.userDataDir,
			server,
			panel: (window = page) => panel(window),
			openWindow,
			reload,
			reloadWindow: async () => {
				const loaded = page.waitForEvent('load', { timeout: openTimeoutMs });
				await runCommand(page, 'Developer: Reload Window');
				await loaded;
				await workbenchShown(page);
				await showPanel(page);
			},
			runCommand: (title, window = page) => runCommand(window, title),
			openFile: (relativePath) => openFile(page, relativePath),
			widenPanel: async (byPixels) => {
				const box = await page.locator('.part.auxiliarybar').boundingBox();
				if (box === null) throw new Error('The secondary side bar is not shown.');
				const middle = box.y + box.height / 2;
				await page.mouse.move(box.x - 1, middle);
				await page.mouse.down();
				await page.mouse.move(box.x - 1 - byPixels, middle, { steps: 4 });
				await page.mouse.up();
			},
			changeSettings: (changed) => {
				settings = { ...settings, ...changed };
				save();
			},
			setTheme: (theme) => setTheme(page, theme),
			screenshot: (name, window = page) => screenshot(window, name),
			pictures: async (name, ...themes) => {
				if (!takesPictures) return;
				for (const theme of themes) {
					await setTheme(page, theme);
					await screenshot(page, `${name}-${theme}`);
				}
				if (themes.at(-1) !== 'dark') await setTheme(page, 'dark');
			},
			readFile: (relativePath) => readFileSync(join(folder, relativePath), 'utf8'),
			close,
		};
	} catch (error) {
		await close();
		throw error;
	}
}

async function setTheme(page: Page, theme: Theme): Promise<void> {
	const isHigh = theme === 'highContrast';
	await page.emulateMedia({ colorScheme: isHigh ? 'dark' : theme });
	await page.evaluate((isOn) => Reflect.get(globalThis, 'setHighContrast')(isOn), isHigh);
	const bodyClass = { dark: 'vs-dark', light: 'vs', highContrast: 'hc-black' }[theme];
	await page.locator(`.monaco-workbench.${bodyClass}`).waitFor();
	await panel(page)
		.locator(`body.vscode-${theme === 'highContrast' ? 'high-contrast' : theme}`)
		.waitFor();
}

async function screenshot(page: Page, name: string): Promise<void> {
	if (takesPictures) await page.screenshot({ path: join(resultsFolder('screenshots'), `${name}.png`) });
}

/** What a process in its last moments still writes there is nothing to fail for. */
function removeFolder(path: string): void {
	try {
		rmSync(path, { recursive: true, force: true, maxRetries: 10 });
	} catch (error) {
		console.warn(`${path} is left: ${error instanceof Error ? error.message : String(error)}`);
	}
}

function urlOf(serverUrl: string, folder: string, options: WorkbenchOptions): string {
	if (options.isFolderless) return `${serverUrl}?ew=true`;
	const { workspaceFile } = options;
	if (workspaceFile === undefined) return folderUrl(serverUrl, folder);
	return folderUrl(serverUrl, join(folder, workspaceFile)).replace('?folder=', '?workspace=');
}

/** The inside of Retrace's chat panel: VS Code shows a webview as two nested frames. */
function panel(page: Page): FrameLocator {
	return page.frameLocator(panelFrame).frameLocator('#active-frame');
}

const quickInput = (page: Page) => page.locator('.quick-input-widget:visible input[type="text"]');

/**
 * Runs a command by its title in the command palette. Tries again when the palette closes under its hands, as it does while a
 * window is still being laid out. Resolves when the palette is gone, or asks what the command wants to know; rejects when there is no
 * such command.
 */
async function runCommand(page: Page, title: string): Promise<void> {
	await chooseByKey(page, 'F1', `>${title}`, title, `the command "${title}" is in the palette`);
	const isAsking = async () => {
		const input = quickInput(page);
		// It may go between the two questions.
		return (await input.isVisible()) && (await input.inputValue({ timeout: 1_000 }).catch(() => '')).startsWith('>');
	};
	await until(`the palette is gone after "${title}"`, async () => !(await isAsking()));
}

async function openFile(page: Page, relativePath: string): Promise<void> {
	const name = relativePath.split('/').at(-1) ?? relativePath;
	await chooseByKey(page, 'Control+P', relativePath, name, `${relativePath} can be opened`);
	await page.locator('.editor-group-container .tab.active').filter({ hasText: name }).waitFor();
	// Only then do keys go into the file.
	await page.locator('.editor-group-container .monaco-editor.focused').first().waitFor();
}

/**
 * Opens the quick input by a key, types into it and takes the row; once more when it closed meanwhile. With Enter where the row is the one
 * that Enter takes: under a click the list may just move, and another command would run.
 */
async function chooseByKey(page: Page, key: string, text: string, name: string, what: string): Promise<void> {
	const rows = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: name });
	const attempt = async () => {
		await page.keyboard.press(key);
		await quickInput(page).waitFor({ timeout: 2_000 });
		await quickInput(page).fill(text, { timeout: 2_000 });
		const isTaken = await page
			.locator('.quick-input-list .monaco-list-row.focused')
			.filter({ hasText: name })
			.waitFor({ timeout: 3_000 })
			.then(
				() => true,
				() => false,
			);
		// Not tried again lightly: a key that was slow to be told as pressed may have run the command already.
		if (isTaken) await quickInput(page).press('Enter', { timeout: 10_000 });
		else await rows.first().click({ timeout: 5_000 });
		return true;
	};
	const closed = async () => {
		await page.keyboard.press('Escape');
		return false;
	};
	await until(what, () => attempt().catch(closed), paletteTimeoutMs);
}

async function openPage(browser: Browser, url: string, options: WorkbenchOptions): Promise<Page> {
	const context = await browser.newContext({
		viewport: options.viewport ?? { width: 1400, height: 900 },
		reducedMotion: 'reduce',
		extraHTTPHeaders: unpacked,
		colorScheme: 'dark',
	});
	const page = await context.newPage();
	page.setDefaultTimeout(actionTimeoutMs);
	await page.addInitScript(makeContrastSwitchable);
	if (options.tapsPageApi) await tapPageApi(page);
	await page.goto(url, { timeout: openTimeoutMs });
	await workbenchShown(page);
	await showPanel(page);
	return page;
}

/**
 * Runs in the page before its own scripts. VS Code asks the browser whether the system has high contrast; emulating that for the whole
 * page would make the browser replace all colours, so only the answer to this question can be changed, by `setHighContrast`.
 */
function makeContrastSwitchable(): void {
	if (window !== window.top) return;
	const query = '(forced-colors: active)';
	const original = window.matchMedia.bind(window);
	const list = original(query);
	const asked = new EventTarget();
	let isOn = false;
	const answer = new Proxy(list, {
		get: (target, key) => {
			if (key === 'matches') return isOn;
			if (key === 'addEventListener') return asked.addEventListener.bind(asked);
			if (key === 'removeEventListener') return asked.removeEventListener.bind(asked);
			return Reflect.get(target, key, target);
		},
	});
	window.matchMedia = (text) => (text === query ? answer : original(text));
	Reflect.set(globalThis, 'setHighContrast', (is: boolean) => {
		isOn = is;
		asked.dispatchEvent(new Event('change'));
	});
}

/**
 * Brings the panel up in the secondary side bar. In the very first window of a profile VS Code lays the bar out before it knows the
 * user settings, and leaves its own, empty, chat view active there.
 */
async function showPanel(page: Page): Promise<void> {
	const bar = page.locator('.part.auxiliarybar');
	const tab = bar.locator('[role="tab"]:has([aria-label="Retrace"])').first();
	const isActive = async () => (await bar.getAttribute('data-active-composite')) === containerId;
	const reveal = async () => {
		if (await isActive()) return true;
		if (await tab.isVisible()) await tab.click();
		return isActive();
	};
	// A window without a folder starts with the bar hidden, and then there is no tab to click.
	await until('the bar of the panel appears', reveal, 8_000).catch(() => runCommand(page, 'Retrace: Focus Chat'));
	await page.locator(panelFrame).waitFor({ timeout: openTimeoutMs });
	// The page is told its session once the extension host is up, which takes its time on a busy machine.
	await panel(page).getByRole('textbox', { name: 'Message Retrace' }).waitFor({ timeout: openTimeoutMs });
}

async function workbenchShown(page: Page): Promise<void> {
	await page.locator('.monaco-workbench .part.statusbar .statusbar-item').first().waitFor({ timeout: openTimeoutMs });
}

function copySample(folder: string, files: Readonly<Record<string, string>>): void {
	cpSync(join(projectFolder, 'test', 'fixtures', 'sample'), folder, { recursive: true });
	for (const [path, text] of Object.entries(files)) {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), text);
	}
}
