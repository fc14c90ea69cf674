// Runs test modules inside the extension host of a real VS Code, one window and one project folder per file.
// The extension is the build in dist, the modules are bundled here. Chooses no files and decides no exit code.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { launchCodeServer, quietSettings, writeSettings } from '../../../scripts/setup/launchCodeServer.mjs';
import { projectFolder } from '../../../scripts/setup/paths.mjs';
import { launchBrowser } from '../../e2e/support/browser.ts';
import { resultsFolder, temporaryFolder, testEnvironment } from '../../e2e/support/environment.ts';
import { addExtensions, fewBuiltInExtensions } from '../../e2e/support/installations.ts';
import { lightWindow } from '../../e2e/support/lightWindow.ts';
import { runInExtensionHost } from './driver.ts';
import { type HostTestReport, parseReport } from './hostTest.ts';

// A window opens in about five seconds; the rest is for the tests of one file.
const fileTimeoutMs = 120_000;

export interface HostRunResult {
	readonly counts: Readonly<Record<'passed' | 'failed' | 'skipped', number>>;
	readonly figures: readonly Extract<HostTestReport, { kind: 'figure' }>[];
}

/** Says on the console what passed and what failed, as it happens. Needs a browser. */
export async function runHostFiles(paths: readonly string[]): Promise<HostRunResult> {
	const { codeServer, browserPath } = testEnvironment();
	const root = temporaryFolder('host');
	const profile = { userDataDir: join(root, 'user-data'), extensionsDir: join(root, 'extensions') };
	writeSettings(profile, { ...quietSettings, ...lightWindow });
	// Models and tools of another extension, for the file that uses them.
	addExtensions(profile.extensionsDir, ['lmSample']);
	const server = await launchCodeServer({
		codeServer,
		profile,
		isTrustDisabled: true,
		builtInExtensionsDir: await fewBuiltInExtensions(),
		env: { ANTHROPIC_API_KEY: undefined, RETRACE_PROVIDER: 'demo' },
	});
	const browser = await launchBrowser(browserPath);
	const counts = { passed: 0, failed: 0, skipped: 0 };
	const figures: Extract<HostTestReport, { kind: 'figure' }>[] = [];
	try {
		for (const path of paths) {
			console.log(path);
			const name = basename(path, '.host.ts');
			const folder = join(root, 'projects', name);
			cpSync(join(projectFolder, 'test', 'fixtures', 'sample'), folder, { recursive: true });
			const testsPath = await bundle(path, join(root, 'bundles', `${name}.cjs`));
			const lines: string[] = [];
			let reported = 0;
			const exitCode = await runInExtensionHost(browser, {
				url: server.url,
				folder,
				extensionPath: projectFolder,
				testsPath,
				timeoutMs: fileTimeoutMs,
				onLine: (line) => {
					lines.push(line);
					const report = parseReport(line);
					if (report === undefined) return;
					if (report.kind === 'figure') {
						figures.push(report);
						return;
					}
					reported += 1;
					counts[report.kind] += 1;
					console.log(`  ${report.kind}: ${report.name} (${report.durationMs} ms)`);
					if (report.kind === 'failed') console.log(report.error.replace(/^/gm, '    '));
				},
			}).catch((error: unknown) => {
				console.log(`  ${error instanceof Error ? error.message : String(error)}`);
				return 1;
			});
			writeFileSync(join(resultsFolder('host'), `${name}.log`), lines.join('\n'));
			if (reported === 0 || (exitCode !== 0 && counts.failed === 0)) {
				counts.failed += 1;
				console.log(
					`  failed: the file ended with code ${exitCode} after ${reported} tests; see test-results/host/${name}.log`,
				);
			}
		}
	} finally {
		await browser.close();
		await server.end();
		rmSync(root, { recursive: true, force: true, maxRetries: 5 });
	}
	return { counts, figures };
}

/** Bundles one test file together with the collector whose `run` VS Code calls. */
async function bundle(path: string, outfile: string): Promise<string> {
	mkdirSync(join(outfile, '..'), { recursive: true });
	await build({
		stdin: {
			contents: `import './${path}';\nexport { run } from './test/host/support/hostTest.ts';`,
			resolveDir: projectFolder,
			loader: 'ts',
		},
		outfile,
		bundle: true,
		platform: 'node',
		format: 'cjs',
		target: 'node22',
		external: ['vscode'],
		alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
		plugins: [builtParts],
		sourcemap: 'inline',
		logLevel: 'warning',
	});
	return outfile;
}

/** What the product has in a bundle of its own is taken from there. */
const builtParts: Plugin = {
	name: 'built-parts',
	setup(setup) {
		setup.onResolve({ filter: /(^|\/)mcpSdk\.ts$/ }, ({ kind }) =>
			kind === 'dynamic-import' ? { path: join(projectFolder, 'dist/mcpSdk.cjs'), external: true } : undefined,
		);
	},
};
