// Builds what the package ships: the extension (small, loaded at start), the agent (loaded when first needed) and the panel.
// `--partial` leaves out what cannot be built yet; without it that is an error.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { thirdPartyNotices } from './scripts/setup/thirdPartyNotices.mjs';

const isPartial = process.argv.includes('--partial');

// activate() pays for every byte of this file, so its size is a bound of the build and not only of the benchmark.
const eagerLimitBytes = 350 * 1024;
const lazyLimitBytes = 2 * 1024 * 1024;
const driverLimitBytes = 4.5 * 1024 * 1024;
const threadLimitBytes = 64 * 1024;
const processLimitBytes = 768 * 1024;

/** @type {import('esbuild').BuildOptions} */
const shared = { bundle: true, minify: true, metafile: true, legalComments: 'none', logLevel: 'warning' };

/** By the names of their sources. */
const lazyBundles = {
	agentEntry: 'agent',
	browserDriver: 'browserDriver',
	contextFileClient: 'contextFileClient',
	shellGrammar: 'shellGrammar',
	mcpSdk: 'mcpSdk',
};

/**
 * The extension asks for what it loads later by its source name; in the bundle that is another file.
 * @type {import('esbuild').Plugin}
 */
const lazyParts = {
	name: 'lazy-parts',
	setup(setup) {
		for (const [source, output] of Object.entries(lazyBundles))
			setup.onResolve({ filter: new RegExp(`(^|/)${source}\\.ts$|^\\./${output}\\.cjs$`) }, (args) =>
				args.kind === 'entry-point' ? undefined : { path: `./${output}.cjs`, external: true },
			);
	},
};

/**
 * The library of the language server has `crypto` to name pipes, which this one does not use; to load it takes 2 MB of 60.
 * @type {import('esbuild').Plugin}
 */
const withoutPipes = {
	name: 'without-pipes',
	setup(setup) {
		setup.onResolve({ filter: /^crypto$/ }, () => ({ path: 'crypto', namespace: 'without-pipes' }));
		setup.onLoad({ filter: /.*/, namespace: 'without-pipes' }, () => ({
			contents: 'exports.randomBytes = () => { throw new Error("Named pipes are left out."); };',
		}));
	},
};

/**
 * Playwright reads two files of its own from where it lies; in a bundle they are part of it.
 * @type {import('esbuild').Plugin}
 */
const withItsFiles = {
	name: 'with-its-files',
	setup(setup) {
		setup.onLoad({ filter: /playwright-core[\\/]lib[\\/]coreBundle\.js$/ }, ({ path }) => {
			const files = /require\(import_path\d*\.default\.join\(packageRoot, "(package|browsers)\.json"\)\)/g;
			const source = readFileSync(path, 'utf8');
			if (source.match(files)?.length !== 2) throw new Error('Playwright reads its files in another way now.');
			return { contents: source.replace(files, 'require("../$1.json")') };
		});
	},
};

/**
 * What is said of the tools is known when the bundle is made: a third of the client would be tools that it never calls.
 * @type {import('esbuild').Plugin}
 */
const withToolFacts = {
	name: 'with-tool-facts',
	setup(setup) {
		setup.onLoad({ filter: /[\\/]core[\\/]tools[\\/]toolFacts\.ts$/ }, async ({ path }) => {
			const { toolFacts } = await import(pathToFileURL(path).href);
			return { contents: JSON.stringify(toolFacts).replace(/^/, 'export const toolFacts = '), loader: 'js' };
		});
	},
};

/** @type {import('esbuild').Plugin} */
const withoutDomino = {
	name: 'without-domino',
	setup(setup) {
		setup.onResolve({ filter: /^@mixmark-io\/domino$/ }, () => ({ path: 'domino', namespace: 'without-domino' }));
		setup.onLoad({ filter: /.*/, namespace: 'without-domino' }, () => ({ contents: '' }));
	},
};

/** @type {import('esbuild').BuildOptions} */
const host = {
	...shared,
	platform: 'node',
	format: 'cjs',
	// The Node of the oldest VS Code that `engines` admits.
	target: 'node22',
	external: ['vscode'],
	// Its other form loads its parts by names that a bundle does not have.
	alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
	// `import()` becomes a `require` that runs when it is reached, which every extension host understands.
	supported: { 'dynamic-import': false },
};

/** @type {import('esbuild').BuildOptions} */
const driver = { ...host, plugins: [withItsFiles] };

/** @type {readonly { source: string, output: string, limitBytes: number, options: import('esbuild').BuildOptions }[]} */
const bundles = [
	{
		source: 'src/extension.ts',
		output: 'dist/extension.cjs',
		limitBytes: eagerLimitBytes,
		options: { ...host, plugins: [lazyParts] },
	},
	{
		source: 'src/agentEntry.ts',
		output: 'dist/agent.cjs',
		limitBytes: lazyLimitBytes,
		options: { ...host, plugins: [lazyParts] },
	},
	// Drives an installed browser, from the first page on.
	{
		source: 'src/node/web/browserDriver.ts',
		output: 'dist/browserDriver.cjs',
		limitBytes: driverLimitBytes,
		options: driver,
	},
	// With the first command that is judged. The CommonJS form of the library: the other one asks for its own address.
	{
		source: 'src/node/process/shellGrammar.ts',
		output: 'dist/shellGrammar.cjs',
		limitBytes: eagerLimitBytes,
		options: { ...host, alias: { 'web-tree-sitter': './node_modules/web-tree-sitter/web-tree-sitter.cjs' } },
	},
	// With the first MCP server that is to start.
	{ source: 'src/node/mcp/mcpSdk.ts', output: 'dist/mcpSdk.cjs', limitBytes: processLimitBytes, options: host },
	{
		source: 'src/host/context/contextFileClient.ts',
		output: 'dist/contextFileClient.cjs',
		limitBytes: processLimitBytes,
		options: { ...host, plugins: [withToolFacts] },
	},
	// A process of its own, which lives as long as the window.
	{
		source: 'src/server/main.ts',
		output: 'dist/contextServer.cjs',
		limitBytes: processLimitBytes,
		// The ES modules of the JSON parser: its other form loads its parts by names that a bundle does not have.
		options: { ...host, mainFields: ['module', 'main'], plugins: [withoutPipes] },
	},
	// A thread starts with what it needs and nothing else.
	{
		source: 'src/node/scan/fileScanWorker.ts',
		output: 'dist/fileScanWorker.cjs',
		limitBytes: threadLimitBytes,
		options: host,
	},
	// A thread for each page of the web. The parser that Turndown brings along is left out: it gets documents.
	{
		source: 'src/node/web/pageTextWorker.ts',
		output: 'dist/pageTextWorker.cjs',
		limitBytes: eagerLimitBytes,
		options: { ...host, plugins: [withoutDomino] },
	},
	{
		source: 'webview/main.ts',
		output: 'dist/webview/main.js',
		limitBytes: lazyLimitBytes,
		options: {
			...shared,
			platform: 'browser',
			format: 'esm',
			target: 'es2023',
			external: ['*.ttf'],
			// The highlighter comes as a file of its own, when the first code block needs it.
			splitting: true,
			chunkNames: '[name]',
		},
	},
	{
		source: 'webview/search/main.ts',
		output: 'dist/webview/search.js',
		limitBytes: eagerLimitBytes,
		options: { ...shared, platform: 'browser', format: 'esm', target: 'es2023' },
	},
];

// Outputs are replaced in place, so that a VS Code that runs from this folder keeps running; .vscodeignore lists what is shipped.
/** @type {Record<string, import('esbuild').Metafile>} */
const meta = {};
let hasFailed = false;
for (const { source, output, limitBytes, options } of bundles) {
	if (!existsSync(source)) {
		console.log(`${output}: no ${source}${isPartial ? ', left out' : ''}`);
		hasFailed ||= !isPartial;
		continue;
	}
	const place = options.splitting ? { outdir: dirname(output) } : { outfile: output };
	const result = await build({ ...options, ...place, entryPoints: [source] }).catch((error) => {
		if (!isPartial) throw error;
	});
	if (result === undefined) continue;
	if (result.metafile) meta[output] = result.metafile;
	const sizeBytes = result.metafile?.outputs[output]?.bytes ?? 0;
	const isTooBig = sizeBytes > limitBytes;
	console.log(`${output}: ${kilobytes(sizeBytes)} of ${kilobytes(limitBytes)}${isTooBig ? ': TOO BIG' : ''}`);
	hasFailed ||= isTooBig;
}

// A style sheet that no module imports is a bundle of its own, under the name the panel links.
const hasCss = Object.keys(meta['dist/webview/main.js']?.outputs ?? {}).includes('dist/webview/main.css');
if (existsSync('webview/styles.css') && !hasCss) {
	await build({
		...shared,
		entryPoints: ['webview/styles.css'],
		outfile: 'dist/webview/main.css',
		external: ['*.ttf'],
	});
}
if (existsSync('webview/search/search.css'))
	await build({ ...shared, entryPoints: ['webview/search/search.css'], outfile: 'dist/webview/search.css' });
copy(import.meta.resolve('@vscode/codicons/dist/codicon.css'), 'dist/webview/codicon.css');
copy(import.meta.resolve('@vscode/codicons/dist/codicon.ttf'), 'dist/webview/codicon.ttf');
copy(import.meta.resolve('web-tree-sitter/web-tree-sitter.wasm'), 'dist/web-tree-sitter.wasm');
copy(import.meta.resolve('tree-sitter-bash/tree-sitter-bash.wasm'), 'dist/tree-sitter-bash.wasm');
writeFileSync('dist/meta.json', JSON.stringify(meta));
writeFileSync(
	'dist/ThirdPartyNotices.txt',
	thirdPartyNotices(Object.values(meta), ['@vscode/codicons', 'tree-sitter-bash']),
);
process.exitCode = hasFailed ? 1 : 0;

/** @param {string} url @param {string} to */
function copy(url, to) {
	mkdirSync(dirname(to), { recursive: true });
	copyFileSync(fileURLToPath(url), to);
}

/** @param {number} sizeBytes */
function kilobytes(sizeBytes) {
	return `${Math.ceil(sizeBytes / 1024)} KB`;
}
