/**
 * The port BrowserPort over an installed browser: a profile of its own for as long as it is open, one page, everything through the checked
 * proxy. Closes with all its processes. Loaded when the first page is opened.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrowserContext, chromium, errors, type Page, type Request } from 'playwright-core';
import { CancelledError, messageOf } from '../../base/errors.ts';
import type { BrowserAction, BrowserOutcome, BrowserPort } from '../../core/web/browserPort.ts';
import { parseWebUrl } from '../../core/web/webUrl.ts';
import { LateError, within } from '../files/within.ts';
import { childEnvironment } from '../process/childEnvironment.ts';
import { killGroup } from '../process/processGroup.ts';
import { type Blocked, blockedBy, placeOf } from './browserSites.ts';
import { type CheckedProxy, startCheckedProxy } from './checkedProxy.ts';
import type { ChooseProxy } from './outboundProxy.ts';

/** What a click sets off shows within this time, mostly. */
const SETTLE_MS = 2_000;
/** Without a request, a page is done for now. */
const QUIET_MS = 250;
const LOOK_MS = 50;
/** A page may open dialogs for ever. */
const MAX_NOTES = 20;
const MAX_CONSOLE_LINES = 1_000;
const MAX_LINE_CHARS = 2_000;
const VIEWPORT = { width: 1280, height: 800 };

export type BrowserLimits = {
	/** For one action; a page that needs longer is read as it is then. */
	readonly actionMs: number;
	/** For a call as a whole: some questions to a page have no limit of their own. */
	readonly callMs: number;
	/** A browser that does not even give an empty page, or close, within this time hangs, and is killed. A page gets a fifth of it to say a word. */
	readonly hangMs: number;
};
const LIMITS: BrowserLimits = { actionMs: 15_000, callMs: 30_000, hangMs: 5_000 };

export type BrowserOptions = {
	readonly executablePath: string;
	/** Where profiles are, one folder for each browser, deleted with it. */
	readonly folder: string;
	readonly isHeadless: boolean;
	/** The user's own, behind ours. Default: none. */
	readonly proxy?: ChooseProxy;
	/** For tests. */
	readonly limits?: BrowserLimits;
};

export type OpenBrowser = Pick<BrowserPort, 'act' | 'allow'> & {
	url(): string;
	/** It ended, however that came: another one has to be opened. */
	readonly isGone: boolean;
	/** May be called twice. */
	close(): Promise<void>;
};

export async function openBrowser(options: BrowserOptions): Promise<OpenBrowser> {
	const { actionMs, callMs, hangMs } = options.limits ?? LIMITS;
	await mkdir(options.folder, { recursive: true, mode: 0o700 });
	const profile = await mkdtemp(join(options.folder, 'profile-'));
	const proxy = await startCheckedProxy(options.proxy);
	let context: BrowserContext;
	try {
		context = await launch(options, profile, proxy);
	} catch (error) {
		await proxy.close();
		await removeFolder(profile);
		throw error;
	}
	const pid = await browserPid(context);
	const traffic = watchTraffic(context);
	const allowed = new Set<string>();
	const lines: string[] = [];
	let notes: string[] = [];
	let blocked: Blocked | undefined;
	let page: Page | undefined;
	let isGone = false;
	let closing: Promise<void> | undefined;
	const note = (text: string) => {
		if (notes.length < MAX_NOTES) notes.push(text);
	};
	context.on('close', () => {
		// It crashed, or the user closed its window; what is left of it ends as well.
		if (!closing) kill();
	});

	await context.route('**/*', async (route, request) => {
		const url = parseWebUrl(request.url());
		const kind = request.url() === 'about:blank' ? 'part' : navigationOf(request, page);
		if (kind === 'part') return await route.continue();
		if (kind === 'otherWindow') {
			note(`The page wanted to open ${shortUrl(request.url())} in another window. Use open to go there.`);
			return await route.abort('aborted');
		}
		if (url.kind === 'url' && allowed.has(url.origin)) return await route.continue();
		blocked ??= blockedBy(request.url(), request.method() === 'GET');
		// Aborted, and not blocked: the page that is there stays.
		return await route.abort('aborted');
	});
	context.on('page', (opened) => {
		if (page === undefined || opened === page) return;
		void opened.close().catch(ignored);
	});

	async function currentPage(): Promise<Page> {
		if (page && !page.isClosed()) return page;
		return adopt(context.pages()[0] ?? (await context.newPage()));
	}

	function adopt(created: Page): Page {
		page = created;
		created.setDefaultTimeout(actionMs);
		created.on('console', (message) => add(`${message.type()}: ${message.text()}`));
		created.on('pageerror', (error) => add(`error: ${messageOf(error)}`));
		created.on('dialog', (dialog) => {
			// A page that does not want to be left is left: nothing of the user's is in it.
			const isLeaving = dialog.type() === 'beforeunload';
			const words = dialog.message() === '' ? '' : ` (“${dialog.message().slice(0, 200)}”)`;
			note(`The page showed a ${dialog.type()}${words}, which was ${isLeaving ? 'answered with Leave' : 'dismissed'}.`);
			void (isLeaving ? dialog.accept() : dialog.dismiss()).catch(ignored);
		});
		created.on('download', (download) => {
			note(`The page offered a download (${download.suggestedFilename().slice(0, 200)}), which was refused.`);
			void download.cancel().catch(ignored);
		});
		created.on('filechooser', () => note('The page asked for a file, which was refused.'));
		created.on('crash', () => note('The page crashed.'));
		return created;
	}
	/**
	 * A page that is stopped, hung or where it may not be must not go on by itself. The browser is never without one, else it would end; one that
	 * cannot even give a new page is killed.
	 */
	async function startAfresh(): Promise<void> {
		const old = page;
		page = undefined;
		traffic.open.clear();
		await within(hangMs, async () => {
			adopt(await context.newPage());
			await old?.close({ runBeforeUnload: false });
		}).catch(kill);
	}
	function kill(): void {
		isGone = true;
		if (pid !== undefined) killGroup(pid);
		void close();
	}
	function close(): Promise<void> {
		closing ??= (async () => {
			isGone = true;
			await within(hangMs, () => context.close()).catch(() => pid !== undefined && killGroup(pid));
			await proxy.close();
			await removeFolder(profile);
		})();
		return closing;
	}
	const add = (line: string) => {
		lines.push(line.slice(0, MAX_LINE_CHARS));
		if (lines.length > MAX_CONSOLE_LINES) lines.shift();
	};

	async function perform(action: BrowserAction, signal: AbortSignal): Promise<BrowserOutcome> {
		const at = await currentPage();
		const limits = { timeout: actionMs, signal };
		if ('ref' in action && !(await isThere(at, action.ref))) return { kind: 'failed', message: goneText(action.ref) };
		switch (action.kind) {
			case 'open':
				lines.length = 0;
				await at.goto(action.url, { ...limits, waitUntil: 'domcontentloaded' });
				break;
			case 'click':
				await at.getByRef(action.ref).click(limits);
				break;
			case 'type':
				await at.getByRef(action.ref).fill(action.text, limits);
				if (action.isSubmitted) await at.getByRef(action.ref).press('Enter', limits);
				break;
			case 'press':
				await at.keyboard.press(action.key);
				break;
			case 'back':
				await at.goBack({ ...limits, waitUntil: 'domcontentloaded' });
				break;
			case 'console':
				return { kind: 'console', url: at.url(), lines: [...lines] };
			case 'screenshot': {
				const bytes = await at.screenshot({ ...limits, type: 'png' });
				return { kind: 'image', url: at.url(), bytes: new Uint8Array(bytes) };
			}
			case 'read':
				break;
		}
		await settled(at, traffic, signal);
		return await described(at, signal);
	}

	async function described(at: Page, signal: AbortSignal): Promise<BrowserOutcome> {
		// A redirect is not asked about on its way; where it led to is not shown.
		const here = parseWebUrl(at.url());
		if (!blocked && at.url() !== 'about:blank' && !(here.kind === 'url' && allowed.has(here.origin)))
			blocked = blockedBy(at.url(), true);
		if (blocked) return await takeBlocked(at, blocked);
		const places = proxy.takeRefused();
		if (here.kind === 'url' && places.includes(placeOf(here)))
			return await takeBlocked(at, { ...blockedBy(at.url(), true), isPrivate: true });
		const snapshot = await at.ariaSnapshot({ mode: 'ai', timeout: actionMs, signal });
		const refused = places.map(
			(place) => `The page asked for ${place} on this machine or its network, which was refused.`,
		);
		const said = [...notes, ...refused];
		notes = [];
		return { kind: 'page', url: at.url(), title: await at.title(), snapshot, notes: said };
	}

	async function takeBlocked(at: Page, found: Blocked): Promise<BrowserOutcome> {
		blocked = undefined;
		proxy.takeRefused();
		const here = parseWebUrl(at.url());
		if (found.isPrivate || here.kind !== 'url' || !allowed.has(here.origin)) await startAfresh().catch(ignored);
		return found;
	}

	return {
		url: () => page?.url() ?? 'about:blank',
		get isGone() {
			return isGone;
		},
		async act(action, signal) {
			if (signal.aborted) throw new CancelledError();
			blocked = undefined;
			try {
				return await within(callMs, () => perform(action, signal), signal);
			} catch (error) {
				if (signal.aborted) {
					await startAfresh().catch(ignored);
					throw new CancelledError(undefined, { cause: error });
				}
				if (blocked && page) return await takeBlocked(page, blocked);
				const isLate = error instanceof errors.TimeoutError || error instanceof LateError;
				if (!isGone && isLate && page && !(await isAlive(page, hangMs / 5))) await startAfresh();
				const said = [isGone ? GONE : failureText(action, error, { actionMs, callMs }), ...notes];
				notes = [];
				return { kind: 'failed', message: said.join(' ') };
			}
		},
		allow(url, isPrivate) {
			const parsed = parseWebUrl(url);
			if (parsed.kind !== 'url') return;
			allowed.add(parsed.origin);
			// Who said yes to a site of the web said nothing of this machine, wherever the name leads.
			if (isPrivate) proxy.allow(placeOf(parsed));
		},
		close,
	};
}

const GONE =
	'The browser ended (it crashed, hung or was closed), and its page is gone. Use open to start another one; what was allowed stays allowed.';

/** To end one that hangs; undefined where it cannot be told. */
async function browserPid(context: BrowserContext): Promise<number | undefined> {
	try {
		const session = await context.browser()?.newBrowserCDPSession();
		const told = await session?.send('SystemInfo.getProcessInfo');
		await session?.detach();
		return told?.processInfo.find(({ type }) => type === 'browser')?.id;
	} catch {
		return undefined;
	}
}

async function launch(
	{ executablePath, isHeadless }: BrowserOptions,
	profile: string,
	proxy: CheckedProxy,
): Promise<BrowserContext> {
	return await chromium.launchPersistentContext(profile, {
		executablePath,
		headless: isHeadless,
		viewport: VIEWPORT,
		proxy: { server: proxy.url },
		acceptDownloads: false,
		serviceWorkers: 'block',
		env: childEnvironment(process.env, []),
		// The host of extensions ends by itself; it ends us, and we end the browser.
		handleSIGINT: false,
		handleSIGTERM: false,
		handleSIGHUP: false,
		args: [
			// The sandbox of the browser does not start for root, as in containers.
			...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
			'--no-first-run',
			'--disable-sync',
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-quic',
			'--disable-dev-shm-usage',
			// Without it, calls between browsers would go around the proxy.
			'--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
		],
	});
}

/** What it shows in frames is a part of the page, which the proxy checks. */
function navigationOf(request: Request, page: Page | undefined): 'part' | 'page' | 'otherWindow' {
	if (!request.isNavigationRequest()) return 'part';
	try {
		const frame = request.frame();
		if (frame.page() !== page) return 'otherWindow';
		return frame.parentFrame() === null ? 'page' : 'part';
	} catch {
		// The frame of a new window is not there yet.
		return 'otherWindow';
	}
}

const shortUrl = (url: string): string => url.slice(0, 500);

/** Until nothing was asked for a moment. A page that goes on loading is read as it is. Rejects with CancelledError when it is stopped. */
async function settled(page: Page, traffic: Traffic, signal: AbortSignal): Promise<void> {
	const startedAt = performance.now();
	await page.waitForLoadState('domcontentloaded', { timeout: SETTLE_MS, signal }).catch(ignored);
	for (;;) {
		if (signal.aborted) throw new CancelledError();
		const now = performance.now();
		const isQuiet = traffic.open.size === 0 && now - Math.max(traffic.changedAt, startedAt) >= QUIET_MS;
		if (isQuiet || now - startedAt >= SETTLE_MS) return;
		await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
	}
}

/** What the page waits for. */
type Traffic = { readonly open: Set<Request>; changedAt: number };

function watchTraffic(context: BrowserContext): Traffic {
	const traffic: Traffic = { open: new Set(), changedAt: 0 };
	const changed = (request: Request, isOpen: boolean) => {
		if (isOpen) traffic.open.add(request);
		else traffic.open.delete(request);
		traffic.changedAt = performance.now();
	};
	context.on('request', (request) => changed(request, true));
	context.on('requestfinished', (request) => changed(request, false));
	context.on('requestfailed', (request) => changed(request, false));
	return traffic;
}

/** Whether the page answers at all. */
async function isAlive(page: Page, waitMs: number): Promise<boolean> {
	const answered = page.evaluate('1').then(
		() => true,
		() => false,
	);
	const waited = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), waitMs).unref());
	return await Promise.race([answered, waited]);
}

/** Refs are of the newest snapshot: an element that is gone since is not waited for. */
async function isThere(page: Page, ref: string): Promise<boolean> {
	return (
		(await page
			.getByRef(ref)
			.count()
			.catch(() => 0)) > 0
	);
}

const goneText = (ref: string): string =>
	`There is no element ${ref} on the page now. Use read and take a ref from the new snapshot.`;

function failureText(
	action: BrowserAction,
	error: unknown,
	{ actionMs, callMs }: Pick<BrowserLimits, 'actionMs' | 'callMs'>,
): string {
	if (error instanceof LateError)
		return `The page did not answer within ${callMs / 1000} s and was left. Use open to go on.`;
	const said =
		messageOf(error)
			.split('\n')[0]
			?.replace(/^\w+\.\w+: /, '') ?? '';
	if (/net::ERR_|Navigation/.test(said)) return `The page could not be opened: ${said.slice(0, 300)}`;
	if (error instanceof errors.TimeoutError)
		return `The page did not take “${action.kind}” within ${actionMs / 1000} s. Use read to see it as it is.`;
	return `“${action.kind}” did not work: ${said.slice(0, 300)}`;
}

async function removeFolder(folder: string): Promise<void> {
	await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

const ignored = () => undefined;
