// The rules of the architecture as data and one function that finds what breaks them. ARCHITECTURE.md tells why they are so.
import { findCycle, type Import, importsOf, packageOf, type SourceFiles, withoutComments } from './importGraph.ts';

type Layer = 'base' | 'protocol' | 'core' | 'node' | 'host' | 'server' | 'webview' | 'entry';

interface LayerRule {
	readonly layers: readonly Layer[];
	readonly packages: readonly string[];
}

/** What each layer may import. Its own layer is always allowed. */
const layerRules: Readonly<Record<Layer, LayerRule>> = {
	base: { layers: [], packages: [] },
	protocol: { layers: ['base'], packages: ['zod'] },
	core: { layers: ['base'], packages: ['zod', 'diff', 'node-diff3', 'yaml', 'minimatch', 'jsonc-parser'] },
	node: {
		layers: ['base', 'core'],
		packages: [
			'node:',
			'zod',
			'@anthropic-ai/sdk',
			'fflate',
			'@modelcontextprotocol/sdk',
			'cross-spawn',
			'linkedom',
			'web-tree-sitter',
			'turndown',
			'@mozilla/readability',
			'playwright-core',
		],
	},
	host: { layers: ['base', 'protocol', 'core'], packages: ['vscode', 'zod', 'vscode-languageclient'] },
	server: {
		layers: ['base', 'protocol', 'core', 'node'],
		packages: ['node:', 'zod', 'vscode-languageserver', 'vscode-languageserver-textdocument', 'jsonc-parser'],
	},
	webview: {
		layers: ['base', 'protocol'],
		packages: ['lit', '@vscode/webview-ui-toolkit', 'marked', 'dompurify', 'highlight.js'],
	},
	entry: { layers: ['base', 'protocol', 'core', 'node', 'host'], packages: ['vscode', 'node:'] },
};

/** Packages that one place hides from the rest, so that they can be swapped there. */
const onlyImporters: Readonly<Record<string, readonly string[]>> = {
	diff: ['src/core/edit/diffText.ts'],
	'node-diff3': ['src/core/edit/merge.ts'],
	yaml: ['src/core/memory/frontmatter.ts'],
	minimatch: ['src/core/memory/pathRules.ts'],
	// The adapter of the Messages API: client, requests, replies and errors.
	'@anthropic-ai/sdk': [
		'src/node/model/anthropicClient.ts',
		'src/node/model/anthropicModel.ts',
		'src/node/model/modelErrors.ts',
		'src/node/model/requestBody.ts',
	],
	'playwright-core': ['src/node/web/browserDriver.ts'],
	'cross-spawn': ['src/node/mcp/mcpSdk.ts'],
	// Types beside the one file that loads it.
	'@modelcontextprotocol/sdk': [
		'src/node/mcp/mcpSdk.ts',
		'src/node/mcp/connection.ts',
		'src/node/mcp/httpTransport.ts',
		'src/node/mcp/signIn.ts',
		'src/node/mcp/stdioTransport.ts',
	],
	'web-tree-sitter': [
		'src/node/process/shellGrammar.ts',
		'src/node/process/shellTree.ts',
		'src/node/process/shellTreeChecks.ts',
		'src/node/process/shellWords.ts',
	],
	linkedom: ['src/node/web/htmlText.ts'],
	turndown: ['src/node/web/htmlText.ts'],
	'@mozilla/readability': ['src/node/web/htmlText.ts'],
	fflate: ['src/node/transfer/transferUnzip.ts', 'src/node/transfer/transferZip.ts'],
	'@vscode/webview-ui-toolkit': ['webview/controls.ts'],
	marked: ['webview/markdown.ts'],
	dompurify: ['webview/markdown.ts'],
	'highlight.js': ['webview/highlight.ts', 'webview/highlightLanguages.ts'],
};

const entries = ['src/extension.ts', 'src/agentEntry.ts'];

/** Words that say nothing about what a thing owns. */
const emptyName =
	/^export (?:abstract )?(?:class|function|const|type|interface) (\w*(?:Manager|Controller|Helper|Utils?|Handler|Coordinator))\b/gm;

const textRules: readonly { readonly rule: string; readonly pattern: RegExp }[] = [
	{ rule: 'no any', pattern: /\bas any\b|\bas unknown as\b|<any>|: any\b/ },
	{ rule: 'zod as a namespace', pattern: /import(?! type \* as z | \* as z )[^;]*from ['"]zod['"]/ },
	{ rule: 'one zod', pattern: /from ['"]zod\// },
	{ rule: 'no proposed API', pattern: /enabledApiProposals|vscode\.proposed/ },
	{ rule: 'no empty catch', pattern: /catch\s*(?:\([^)]*\))?\s*\{\s*\}/ },
];

/** Every rule that the files break, one line each: `path: rule: what`. Empty when all is well. */
export function architectureViolations(files: SourceFiles): string[] {
	const found: string[] = [];
	const all = [...files].flatMap(([path, text]) => importsOf(path, text));
	for (const [path, text] of files) {
		found.push(...textViolations(path, text));
		if (layerOf(path) === undefined) found.push(`${path}: layer: is in no layer`);
	}
	for (const one of all) found.push(...importViolations(one, files));
	const cycle = findCycle(all);
	if (cycle) found.push(`${cycle[0]}: cycle: ${cycle.join(' -> ')}`);
	return found;
}

function importViolations(one: Import, files: SourceFiles): string[] {
	const found: string[] = [];
	const say = (rule: string, what: string) => found.push(`${one.from}: ${rule}: ${what}`);
	const layer = layerOf(one.from);
	if (layer === undefined) return found;
	if (one.isReExport) say('no re-export', one.specifier);
	if (one.target === undefined) {
		const name = packageOf(one.specifier);
		if (!layerRules[layer].packages.includes(name)) say('layer', `${layer} imports the package ${one.specifier}`);
		const importers = onlyImporters[name];
		if (importers && !importers.includes(one.from)) say('only importer', `${name} is for ${importers.join(', ')}`);
		return found;
	}
	const target = layerOf(one.target);
	if (target === undefined) say('layer', `imports ${one.target}, which is in no layer`);
	else if (target === 'entry' && !isLazyEntry(one)) say('layer', `nothing imports the entry ${one.target}`);
	else if (target !== layer && target !== 'entry' && !layerRules[layer].layers.includes(target))
		say('layer', `${layer} imports ${target} (${one.target})`);
	if (/\.(?:js|mjs)$|\/[^.]+$/.test(one.specifier)) say('.ts endings', one.specifier);
	if (one.target.endsWith('.ts') && !files.has(one.target)) say('missing file', one.target);
	return found;
}

/** The one import of an entry: the extension loads the agent when it is first needed. */
function isLazyEntry(one: Import): boolean {
	return one.from === 'src/extension.ts' && one.target === 'src/agentEntry.ts';
}

function textViolations(path: string, text: string): string[] {
	const found: string[] = [];
	const code = withoutComments(text);
	for (const { rule, pattern } of textRules) {
		const match = pattern.exec(code);
		if (match) found.push(`${path}: ${rule}: ${match[0].slice(0, 60)}`);
	}
	for (const [, name] of code.matchAll(emptyName)) found.push(`${path}: names: ${name} does not say what it owns`);
	if (/(?:^|\/)index\.ts$/.test(path)) found.push(`${path}: no barrels: name the file after what it holds`);
	if (!path.endsWith('.d.ts') && !/^(?:\/\*\*|\/\/)/.test(text))
		found.push(`${path}: header: say what the file is for`);
	return found;
}

function layerOf(path: string): Layer | undefined {
	if (entries.includes(path)) return 'entry';
	if (path.startsWith('webview/')) return 'webview';
	const folder = /^src\/([^/]+)\//.exec(path)?.[1];
	return folder !== undefined && folder !== 'entry' && folder !== 'webview' && Object.hasOwn(layerRules, folder)
		? (folder as Layer)
		: undefined;
}
