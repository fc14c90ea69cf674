/**
 * Opens the panel's page, or the search page, in a headless Chromium without VS Code: bundled in memory, answered by routes, under the same
 * content security policy, with a stand-in for `acquireVsCodeApi` that collects what is posted.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../../scripts/setup/programs.mjs';
import type { SearchToHost, SearchToPage } from '../../../src/protocol/searchMessages.ts';
import type { ToHost } from '../../../src/protocol/toHost.ts';
import type { ToPanel } from '../../../src/protocol/toPanel.ts';
import { type ThemeName, themes } from './themes.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const ORIGIN = 'http://panel.invalid';
const CHROMIUM_ARGS = [
	...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
	...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

export const chromiumPath = findBrowser();

export interface TestPage<In, Out> {
	readonly page: Page;
	send(...messages: readonly In[]): Promise<void>;
	posted(): Promise<readonly Out[]>;
	/** Uncaught errors, console errors and policy violations so far. */
	readonly errors: readonly string[];
	/** Gives the page back: the next one of this browser may be the same, loaded anew. */
	close(): Promise<void>;
}

export interface PageBrowser<In, Out> {
	open(options: { theme: ThemeName; widthPx: number; heightPx?: number }): Promise<TestPage<In, Out>>;
	/** Bytes of the minified scripts by name. */
	readonly sizes: Readonly<Record<string, number>>;
	close(): Promise<void>;
}

export type PanelPage = TestPage<ToPanel, ToHost>;
export type PanelBrowser = PageBrowser<ToPanel, ToHost>;
export type SearchTestPage = TestPage<SearchToPage, SearchToHost>;
export type SearchBrowser = PageBrowser<SearchToPage, SearchToHost>;

export const startPanelBrowser = (): Promise<PanelBrowser> => startBrowser('webview/main.ts', 'webview/styles.css');
export const startSearchBrowser = (): Promise<SearchBrowser> =>
	startBrowser('webview/search/main.ts', 'webview/search/search.css');

async function startBrowser<In, Out>(script: string, style: string): Promise<PageBrowser<In, Out>> {
	const files = await bundle([script, style]);
	const html = (theme: ThemeName) => pageHtml(theme, basename(style));
	const browser: Browser = await chromium.launch({
		args: CHROMIUM_ARGS,
		...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
	});
	const spare: LoadedPage[] = [];
	return {
		sizes: Object.fromEntries(
			[...files].filter(([name]) => name.endsWith('.js')).map(([name, body]) => [name, body.length]),
		),
		async open({ theme, widthPx, heightPx = 900 }) {
			// A page that was loaded before is there in a fifth of the time of a new one.
			const loaded = spare.pop() ?? (await emptyPage(browser, files));
			const { page } = loaded;
			const errors: string[] = [];
			Object.assign(loaded, { html: html(theme), errors });
			await page.setViewportSize({ width: widthPx, height: heightPx });
			await page.goto(`${ORIGIN}/`);
			return {
				page,
				errors,
				async send(...messages) {
					await page.evaluate(async (list) => {
						let missing = list.length;
						const arrived = new Promise<void>((resolve) => {
							if (missing === 0) resolve();
							const count = () => {
								missing -= 1;
								if (missing > 0) return;
								removeEventListener('message', count);
								resolve();
							};
							if (missing > 0) addEventListener('message', count);
						});
						for (const message of list) window.postMessage(message, '*');
						// On a busy machine frames may come before messages.
						await arrived;
						// Two frames: one for the messages, one for the drawing they asked for.
						for (let frame = 0; frame < 3; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
					}, messages);
				},
				posted: async () => JSON.parse(await page.evaluate('JSON.stringify(window.posted)')) as Out[],
				async close() {
					// What is left of it must neither run nor be pointed at when the next one begins.
					await page.goto('about:blank');
					await page.mouse.move(0, 0);
					spare.push(loaded);
				},
			};
		},
		close: () => browser.close(),
	};
}

/** A page that has yet to be loaded, with what it will be and what went wrong in it. */
type LoadedPage = { readonly page: Page; html: string; errors: string[] };

async function emptyPage(browser: Browser, files: ReadonlyMap<string, Buffer>): Promise<LoadedPage> {
	const page = await browser.newPage();
	const loaded: LoadedPage = { page, html: '', errors: [] };
	page.on('pageerror', (error) => loaded.errors.push(error.message));
	page.on('console', (message) => message.type() === 'error' && loaded.errors.push(message.text()));
	await page.route('**/*', (route) => {
		const name = new URL(route.request().url()).pathname.slice(1);
		const body = name === '' ? Buffer.from(loaded.html) : files.get(name);
		if (body === undefined) return route.abort();
		return route.fulfill({ body, contentType: contentType(name) });
	});
	return loaded;
}

async function bundle(entries: readonly string[]): Promise<Map<string, Buffer>> {
	const result = await esbuild.build({
		entryPoints: entries.map((entry) => `${root}${entry}`),
		bundle: true,
		minify: true,
		format: 'esm',
		splitting: true,
		target: 'chrome130',
		outdir: '/out',
		write: false,
		logLevel: 'error',
		legalComments: 'none',
	});
	const files = new Map(result.outputFiles.map((file) => [file.path.replace('/out/', ''), Buffer.from(file.contents)]));
	for (const name of ['codicon.css', 'codicon.ttf']) {
		files.set(name, await readFile(`${root}node_modules/@vscode/codicons/dist/${name}`));
	}
	return files;
}

function contentType(name: string): string {
	if (name.endsWith('.js')) return 'text/javascript';
	if (name.endsWith('.css')) return 'text/css';
	return name.endsWith('.ttf') ? 'font/ttf' : 'text/html';
}

function pageHtml(theme: ThemeName, styleSheet: string): string {
	const { bodyClass, background, variables } = themes[theme];
	const style = Object.entries(variables)
		.map(([name, value]) => `--vscode-${name}: ${value};`)
		.join(' ');
	return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Retrace</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${ORIGIN} 'nonce-n'; script-src 'nonce-n'; img-src ${ORIGIN} data:; font-src ${ORIGIN}">
<style nonce="n">html { ${style} background: ${background}; }</style>
<link rel="stylesheet" href="codicon.css"><link rel="stylesheet" href="${styleSheet}"></head>
<body class="${bodyClass}"><div id="root"></div>
<script nonce="n">window.posted = []; window.acquireVsCodeApi = () => ({ postMessage: (message) => window.posted.push(message), getState: () => undefined, setState: () => {} });</script>
<script nonce="n" type="module" src="main.js"></script></body></html>`;
}
