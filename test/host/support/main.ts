// Runs test/host/**/*.host.ts inside the extension host of a real VS Code, one window and one project folder per file:
// `node test/host/support/main.ts [part of a file name …]`. The extension is the build in dist, the tests are bundled here.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { launchCodeServer, quietSettings, writeSettings } from '../../../scripts/setup/launchCodeServer.mjs';
import { projectFolder } from '../../../scripts/setup/paths.mjs';
import { launchBrowser } from '../../e2e/support/browser.ts';
import { missingBrowser, resultsFolder, temporaryFolder, testEnvironment } from '../../e2e/support/environment.ts';
import { runInExtensionHost } from './driver.ts';
import { type HostTestReport, parseReport } from './hostTest.ts';

// A window opens in about five seconds; the rest is for the tests of one file.
const fileTimeoutMs = 120_000;

const filters = process.argv.slice(2);
const files = (await Array.fromAsync(glob('test/host/**/*.host.ts', { cwd: projectFolder }))).sort();
const wanted = files.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
const problem = missingBrowser();
if (problem !== false) {
	console.log(`Skipped: ${problem}`);
	console.log(`0 passed, 0 failed, ${wanted.length} skipped`);
} else {
	process.exitCode = await runFiles(wanted);
}

async function runFiles(paths: readonly string[]): Promise<number> {
	const { codeServer, browserPath } = testEnvironment();
	const root = temporaryFolder('host');
	const profile = { userDataDir: join(root, 'user-data'), extensionsDir: join(root, 'extensions') };
	writeSettings(profile, quietSettings);
	const server = await launchCodeServer({
		codeServer,
		profile,
		isTrustDisabled: true,
		env: { ANTHROPIC_API_KEY: undefined, RETRACE_PROVIDER: 'demo' },
	});
	const browser = await launchBrowser(browserPath);
	const counts = { passed: 0, failed: 0, skipped: 0 };
	const figures: HostTestReport[] = [];
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
						console.log(`  ${report.name}: ${report.value.toFixed(1)} ${report.unit} (bound ${report.bound})`);
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
	writeFileSync(join(resultsFolder('host'), 'figures.json'), JSON.stringify(figures, null, 2));
	console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
	return counts.failed > 0 ? 1 : 0;
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
		sourcemap: 'inline',
		logLevel: 'warning',
	});
	return outfile;
}
