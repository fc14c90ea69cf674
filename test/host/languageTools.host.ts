// What the language services of VS Code answer for the agent, and tools that other extensions offer to language models. Providers are the
// test's own. A tool can be offered by an extension's manifest alone, so the list of tools is a stand-in where one has to be in it.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { asToolUseId } from '../../src/base/ids.ts';
import type { ToolContext } from '../../src/core/tools/tool.ts';
import { editorTools } from '../../src/host/editor/editorTools.ts';
import { createSymbols } from '../../src/host/editor/symbolsPort.ts';
import { png } from '../fakes/images.ts';
import { hostTest } from './support/hostTest.ts';

const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
const file = join(root, 'symbols', 'a.symbolic');
mkdirSync(join(root, 'symbols'), { recursive: true });
writeFileSync(file, 'area = 1\nuse area\n');
const selector = { scheme: 'file', pattern: '**/*.symbolic' };
const never = new AbortController().signal;
const range = (line: number, start: number, end: number) => new vscode.Range(line, start, line, end);
const asked: string[] = [];

vscode.languages.registerDefinitionProvider(selector, {
	provideDefinition(document, position) {
		asked.push(document.getText(document.getWordRangeAtPosition(position)));
		return [{ targetUri: document.uri, targetRange: range(0, 0, 8), targetSelectionRange: range(0, 0, 4) }];
	},
});
vscode.languages.registerReferenceProvider(selector, {
	provideReferences: ({ uri }) => [new vscode.Location(uri, range(0, 0, 4)), new vscode.Location(uri, range(1, 4, 8))],
});
vscode.languages.registerDocumentSymbolProvider(selector, {
	provideDocumentSymbols() {
		const outer = new vscode.DocumentSymbol('area', '', vscode.SymbolKind.Variable, range(0, 0, 8), range(0, 0, 4));
		outer.children.push(
			new vscode.DocumentSymbol('inner', '', vscode.SymbolKind.Function, range(1, 0, 8), range(1, 4, 8)),
		);
		return [outer];
	},
});
vscode.languages.registerWorkspaceSymbolProvider({
	provideWorkspaceSymbols: (query) =>
		query === 'area'
			? [
					new vscode.SymbolInformation(
						'area',
						vscode.SymbolKind.Variable,
						'',
						new vscode.Location(vscode.Uri.file(file), range(0, 0, 4)),
					),
				]
			: [],
});

hostTest('definitions, references, symbols and outlines come from the providers of the editor', async () => {
	const symbols = createSymbols();
	const at = { absolute: file, lineNumber: 2, columnIndex: 4 };
	assert.deepEqual(await symbols.definition(at, never), [{ path: file, lineNumber: 1, label: '' }]);
	assert.deepEqual(asked, ['area']);
	assert.deepEqual(
		(await symbols.references(at, never)).map(({ lineNumber }) => lineNumber),
		[1, 2],
	);
	assert.ok(
		(await symbols.workspace('area', never)).some(({ path, label }) => path === file && label === 'variable area'),
	);
	assert.deepEqual(
		(await symbols.outline(file, never)).map(({ lineNumber, label, depth }) => [lineNumber, label, depth]),
		[
			[1, 'variable area', 0],
			[2, 'function inner', 1],
		],
	);
});

hostTest('where nobody knows anything, nothing comes back; who hangs is left alone', async () => {
	const symbols = createSymbols();
	const other = join(root, 'symbols', 'b.unknown');
	writeFileSync(other, 'x\n');
	assert.deepEqual(await symbols.outline(other, never), []);
	const hanging = vscode.languages.registerDefinitionProvider(
		{ pattern: '**/*.unknown' },
		{
			provideDefinition: () => new Promise(() => undefined),
		},
	);
	const stop = new AbortController();
	const asking = symbols.definition({ absolute: other, lineNumber: 1, columnIndex: 0 }, stop.signal);
	stop.abort(new Error('stopped'));
	await assert.rejects(asking, /stopped/);
	hanging.dispose();
});

type Invoke = (name: string, input: unknown, token: vscode.CancellationToken) => Promise<unknown[]>;
function toolsOf(invoke: Invoke, chosen: readonly string[] = ['other_tool']) {
	const tools = ['other_tool', 'not chosen'].map((name) => ({
		...{ name, description: 'Does it.', inputSchema: { properties: { id: { type: 'string' } } }, tags: [] },
	}));
	const lm = {
		tools,
		invokeTool: async (
			name: string,
			options: vscode.LanguageModelToolInvocationOptions<object>,
			token?: vscode.CancellationToken,
		) =>
			new vscode.LanguageModelToolResult(
				await invoke(name, options.input, token ?? new vscode.CancellationTokenSource().token),
			),
	};
	return editorTools(
		() => lm,
		() => chosen,
	).list();
}
const contextWith = (signal: AbortSignal) => ({ toolUseId: asToolUseId('t'), signal }) as ToolContext;

hostTest('a tool that the user chose is called with its input, and all kinds of parts come back', async () => {
	const heard: unknown[] = [];
	const [tool, ...others] = toolsOf(async (name, input) => {
		heard.push([name, input]);
		return [
			new vscode.LanguageModelTextPart('words'),
			new vscode.LanguageModelPromptTsxPart({
				node: { children: [{ children: [{ type: 2, text: 'in ' }, { text: 'a tree' }] }] },
			}),
			vscode.LanguageModelDataPart.image(png, 'image/jpeg'),
			vscode.LanguageModelDataPart.image(new Uint8Array([1, 2, 3]), 'image/png'),
			{ what: 'new kind' },
		];
	});
	assert.ok(tool);
	assert.deepEqual(others, []);
	assert.equal(tool.name, 'vscode__other_tool');
	assert.equal(tool.effect, 'execute');
	assert.deepEqual(tool.inputSchema, { properties: { id: { type: 'string' } }, type: 'object' });
	const outcome = await tool.run({ id: '7' }, contextWith(never));
	assert.deepEqual(heard, [['other_tool', { id: '7' }]]);
	assert.deepEqual(outcome.content, [
		{
			type: 'text',
			text: 'words\nin a tree\n(an image, image/png, that cannot be shown: it is no PNG, JPEG, GIF or WebP image)\n(a part of a kind that is not known)',
		},
		// By its bytes, whatever the tool says that it is.
		{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: Buffer.from(png).toString('base64') } },
	]);
	assert.deepEqual(
		toolsOf(async () => [], []),
		[],
	);
});

hostTest('a tool that fails says so, one that hangs is left when the user stops', async () => {
	const [failing] = toolsOf(async () => {
		throw new Error('no such ticket');
	});
	const outcome = await failing?.run({}, contextWith(never));
	assert.equal(outcome?.isError, true);
	assert.match(JSON.stringify(outcome?.content), /other_tool failed: no such ticket/);
	let token: vscode.CancellationToken | undefined;
	const [hanging] = toolsOf((_name, _input, given) => {
		token = given;
		return new Promise(() => undefined);
	});
	const stop = new AbortController();
	const running = hanging?.run({}, contextWith(stop.signal)) ?? Promise.resolve();
	stop.abort();
	await assert.rejects(running, { name: 'CancelledError' });
	assert.equal(token?.isCancellationRequested, true);
});

hostTest('the real list can be read, and calling what is not there is a failure for the model', async () => {
	assert.deepEqual(
		editorTools(
			() => vscode.lm,
			() => ['not there'],
		).list(),
		[],
	);
	const lm = {
		tools: [{ name: 'not_there', description: '', inputSchema: undefined, tags: [] }],
		invokeTool: vscode.lm.invokeTool,
	};
	const [tool] = editorTools(
		() => lm,
		() => ['not_there'],
	).list();
	const outcome = await tool?.run({}, contextWith(never));
	assert.equal(outcome?.isError, true);
	assert.match(JSON.stringify(outcome?.content), /not_there failed/);
});
