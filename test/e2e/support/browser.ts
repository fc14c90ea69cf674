// Starts the headless browser that shows the workbench. One browser serves a whole run; pages are cheap.
import { type Browser, chromium } from 'playwright-core';

/** A browser without a profile on disk and without calls to its maker. */
export function launchBrowser(executablePath: string): Promise<Browser> {
	return chromium.launch({
		executablePath,
		headless: true,
		args: [
			// Chromium's own sandbox does not start for root, which is what containers and CI machines run as.
			...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
			'--disable-dev-shm-usage',
		],
	});
}
