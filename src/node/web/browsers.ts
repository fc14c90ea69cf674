/** The browsers of a window, one per session: started with the first page, closed with the session. Loads what drives them when it is needed. */

import { CancelledError, messageOf, UserError } from '../../base/errors.ts';
import type { BrowserOutcome, BrowserPort, Browsers } from '../../core/web/browserPort.ts';
import { parseWebUrl } from '../../core/web/webUrl.ts';
import type { BrowserLimits, OpenBrowser } from './browserDriver.ts';
import { type ChooseProxy, NO_PROXY } from './outboundProxy.ts';

export type BrowsersOptions = {
	/** Where profiles are. */
	readonly folder: string;
	/** See `findBrowser`. Asked whenever one is started. */
	readonly executablePath: () => string | undefined;
	/** The user's own. Default: none. */
	readonly proxy?: ChooseProxy;
	/** For tests. */
	readonly limits?: BrowserLimits;
};

type Slot = {
	opening: Promise<OpenBrowser> | undefined;
	/** As soon as it is open. */
	browser: OpenBrowser | undefined;
	/** Sites that the user allowed, whether on this machine or its network; holds when it is shown or started anew. */
	readonly allowed: Map<string, boolean>;
	isHeadless: boolean;
};

const NONE =
	'No browser was found. The user can install Google Chrome, Microsoft Edge or Chromium, or name one in the setting retrace.browser.path.';

const NOT_SHOWN =
	'The browser could not be opened where you can see it, e.g. since the machine that it runs on has no screen. The agent goes on with it unseen.';

const notShown = (cause: unknown) =>
	new UserError('browser-not-shown', `${NOT_SHOWN} It said: ${reasonIn(cause)}`, { cause });

/** The one line that tells, of what the driver and the browser wrote. */
function reasonIn(error: unknown): string {
	const lines = messageOf(error).split('\n');
	const telling = lines.find((line) => /display|x server/i.test(line)) ?? lines[0] ?? '';
	return telling.replace(/^[\s╔║╚═]+|[\s║═]+$/g, '').slice(0, 300);
}

export function createBrowsers({ folder, executablePath, proxy = NO_PROXY, limits }: BrowsersOptions): Browsers {
	const slots = new Map<string, Slot>();
	const slotOf = (session: string): Slot => {
		const known = slots.get(session);
		if (known) return known;
		const slot: Slot = { opening: undefined, browser: undefined, allowed: new Map(), isHeadless: true };
		slots.set(session, slot);
		return slot;
	};

	function opened(slot: Slot, path: string): Promise<OpenBrowser> {
		slot.opening ??= (async () => {
			const { openBrowser } = await import('./browserDriver.ts');
			const browser = await openBrowser({
				executablePath: path,
				folder,
				isHeadless: slot.isHeadless,
				proxy,
				...(limits === undefined ? {} : { limits }),
			});
			for (const [url, isPrivate] of slot.allowed) browser.allow(url, isPrivate);
			slot.browser = browser;
			return browser;
		})();
		return slot.opening;
	}

	async function act(slot: Slot, ...[action, signal]: Parameters<BrowserPort['act']>): Promise<BrowserOutcome> {
		const path = executablePath();
		if (path === undefined) return { kind: 'failed', message: NONE };
		// One that crashed or hung, or whose window the user closed.
		if (slot.browser?.isGone) await close(slot);
		if (!slot.opening && action.kind !== 'open')
			return { kind: 'failed', message: 'No page is open. Use open with an address first.' };
		let browser: OpenBrowser;
		try {
			browser = await opened(slot, path);
		} catch (error) {
			slot.opening = undefined;
			if (signal.aborted) throw new CancelledError(undefined, { cause: error });
			return { kind: 'failed', message: `The browser ${path} could not be started: ${reasonIn(error)}` };
		}
		return await browser.act(action, signal);
	}

	async function close(slot: Slot): Promise<void> {
		const { opening } = slot;
		slot.opening = undefined;
		slot.browser = undefined;
		// One that could not be started has nothing to close, and said so.
		const browser = await opening?.catch(() => undefined);
		await browser?.close();
	}

	return {
		of(session) {
			const slot = slotOf(session);
			return {
				url() {
					const shown = slot.browser?.url();
					return shown?.startsWith('http') ? shown : undefined;
				},
				act: (action, signal) => act(slot, action, signal),
				allow(url, isPrivate) {
					const parsed = parseWebUrl(url);
					if (parsed.kind !== 'url') return;
					slot.allowed.set(parsed.origin, isPrivate || (slot.allowed.get(parsed.origin) ?? false));
					void slot.opening?.then(
						(browser) => browser.allow(url, isPrivate),
						() => undefined,
					);
				},
				allows(url) {
					const parsed = parseWebUrl(url);
					return slot.opening !== undefined && parsed.kind === 'url' && slot.allowed.has(parsed.origin);
				},
			};
		},
		async show(session) {
			const slot = slots.get(session);
			const before = await slot?.opening?.catch(() => undefined);
			const path = executablePath();
			if (!slot || !before || path === undefined) return false;
			const url = before.url();
			const reopen = async () => {
				const browser = await opened(slot, path);
				if (/^https?:/.test(url)) await browser.act({ kind: 'open', url }, new AbortController().signal);
			};
			await close(slot);
			slot.isHeadless = false;
			try {
				await reopen();
			} catch (error) {
				// On a machine without a screen, say. The agent goes on where it was.
				slot.opening = undefined;
				slot.isHeadless = true;
				await reopen().catch(() => {
					slot.opening = undefined;
				});
				throw notShown(error);
			}
			return true;
		},
		async close(session) {
			const slot = slots.get(session);
			slots.delete(session);
			if (slot) await close(slot);
		},
		async closeAll() {
			const all = [...slots.values()];
			slots.clear();
			await Promise.all(all.map(close));
		},
	};
}
