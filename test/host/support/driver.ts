// Runs one bundled test module inside the extension host of a real VS Code: opens the workbench in a page with the smoke-test
// driver switched on, and hears what the module prints and how it ends. Does not build the module and does not start the server.
import type { Browser } from 'playwright-core';
import { unpacked } from '../../e2e/support/lightWindow.ts';

export interface HostRun {
	/** Address of the server, with its closing slash. */
	readonly url: string;
	readonly folder: string;
	/** Folder that holds the package.json of the extension. */
	readonly extensionPath: string;
	/** A CommonJS module that exports `run()`. */
	readonly testsPath: string;
	readonly timeoutMs: number;
	/** Each console line of the extension host. */
	readonly onLine: (line: string) => void;
}

/** Resolves with the exit code of the module's `run()`; rejects when it does not end in time. */
export async function runInExtensionHost(browser: Browser, options: HostRun): Promise<number> {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, extraHTTPHeaders: unpacked });
	try {
		const page = await context.newPage();
		const exit = Promise.withResolvers<number>();
		await page.exposeFunction('codeAutomationExit', (code: number) => exit.resolve(code));
		await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown) => {
			options.onLine(Array.isArray(args) ? args.map(String).join(' ') : String(args));
		});
		page.on('crash', () => exit.reject(new Error('The page with the workbench crashed.')));
		await page.addInitScript(switchOnSmokeTestDriver);
		await page.goto(testUrl(options));
		const timer = setTimeout(
			() => exit.reject(new Error(`The tests in the extension host did not end within ${options.timeoutMs} ms.`)),
			options.timeoutMs,
		);
		try {
			return await exit.promise;
		} finally {
			clearTimeout(timer);
		}
	} finally {
		await context.close();
	}
}

function testUrl(options: HostRun): string {
	const remote = (path: string) => `vscode-remote://${new URL(options.url).host}${path}`;
	const payload = JSON.stringify([
		['extensionDevelopmentPath', remote(options.extensionPath)],
		['extensionTestsPath', remote(options.testsPath)],
	]);
	return `${options.url}?folder=${encodeURI(options.folder)}&payload=${encodeURIComponent(payload)}`;
}

/**
 * Runs in the page before its own scripts. A built workbench takes the paths of tests only with the smoke-test driver on, and the
 * server has no flag for it, so the configuration is changed where the workbench reads it.
 */
function switchOnSmokeTestDriver(): void {
	const id = 'vscode-workbench-web-configuration';
	const original = Document.prototype.getElementById;
	let isDone = false;
	Document.prototype.getElementById = function (elementId: string) {
		const element = original.call(this, elementId);
		const settings = elementId === id && !isDone ? element?.getAttribute('data-settings') : undefined;
		if (element && settings) {
			isDone = true;
			const parsed = JSON.parse(settings);
			parsed.developmentOptions = { ...parsed.developmentOptions, enableSmokeTestDriver: true };
			element.setAttribute('data-settings', JSON.stringify(parsed));
		}
		return element;
	};
}
