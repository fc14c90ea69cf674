// The language server as a process: it speaks the protocol over its standard streams, without any VS Code.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import {
	CompletionRequest,
	DefinitionRequest,
	DidChangeWatchedFilesNotification,
	DocumentLinkRequest,
	HoverRequest,
	InlayHintRequest,
	PrepareRenameRequest,
	RenameRequest,
	WillRenameFilesRequest,
} from 'vscode-languageserver';
import { memoryTokens, priorWeights } from '../../src/core/memory/memoryTokens.ts';
import { WEIGHTS_NOTIFICATION } from '../../src/protocol/weightsNotification.ts';
import { type ServerProcess, startServer } from './startServer.ts';

const facts = {
	tools: [{ name: 'Read', description: 'Reads.', reach: 'path' as const }],
	models: [{ id: 'claude-opus-5-5', displayName: 'Opus' }],
};

suite('The language server as a process', () => {
	const top = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-language-')));
	const root = join(top, 'project');
	const at = (rel: string) => join(root, rel);
	const uriOf = (rel: string) => pathToFileURL(at(rel)).href;
	const write = (rel: string, text: string) => {
		mkdirSync(dirname(at(rel)), { recursive: true });
		writeFileSync(at(rel), text);
	};
	let server: ServerProcess;
	const tell = (rel: string, type: 1 | 2 | 3) =>
		server.connection.sendNotification(DidChangeWatchedFilesNotification.type, {
			changes: [{ uri: uriOf(rel), type }],
		});
	const hints = async (uri: string) => {
		const range = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
		const found = await server.connection.sendRequest(InlayHintRequest.type, { textDocument: { uri }, range });
		return (found ?? []).map(({ label }) => String(label));
	};

	before(async () => {
		write('CLAUDE.md', 'Read @docs/style.md\n');
		write('docs/style.md', 'Be short.');
		write('sub/AGENTS.md', '@../docs/style.md');
		writeFileSync(join(top, 'outside.md'), 'OUTSIDE');
		symlinkSync(join(top, 'outside.md'), at('link.md'));
		server = await startServer(root, facts);
	});
	after(async () => {
		await server.stop();
		rmSync(top, { recursive: true, force: true });
	});

	test('a broken import is told while it is typed, and its end as well', async () => {
		const uri = await server.open(at('CLAUDE.md'), 'Read @docs/stil.md\n');
		const [problem] = await server.told(uri, ({ length }) => length === 1);
		assert.equal(problem?.message, '@docs/stil.md is not there.');
		assert.deepEqual(problem?.range, { start: { line: 0, character: 5 }, end: { line: 0, character: 18 } });
		await server.change(uri, 'Read @docs/style.md\n');
		await server.told(uri, ({ length }) => length === 0);
		await server.change(uri, 'Read @docs/new.md\n');
		await server.told(uri, ({ length }) => length === 1);
		write('docs/new.md', 'new');
		await tell('docs/new.md', 1);
		await server.told(uri, ({ length }) => length === 0);
		await server.close(uri);
	});

	test('every request is answered', async () => {
		const text = 'Read @docs/style.md\nand @docs/\n';
		const uri = await server.open(at('CLAUDE.md'), text);
		const { connection } = server;
		const textDocument = { uri };
		const position = { line: 0, character: 8 };
		const hover = await connection.sendRequest(HoverRequest.type, { textDocument, position });
		assert.match(JSON.stringify(hover?.contents), /docs\/style\.md.*Be short\./s);
		const items = await connection.sendRequest(CompletionRequest.type, {
			textDocument,
			position: { line: 1, character: 10 },
		});
		assert.deepEqual((Array.isArray(items) ? items : []).map(({ label }) => label).sort(), ['new.md', 'style.md']);
		const links = await connection.sendRequest(DocumentLinkRequest.type, { textDocument });
		assert.deepEqual(
			links?.map(({ target }) => target),
			[uriOf('docs/style.md')],
		);
		const definition = await connection.sendRequest(DefinitionRequest.type, { textDocument, position });
		assert.match(JSON.stringify(definition), /docs\/style\.md/);
		const range = await connection.sendRequest(PrepareRenameRequest.type, { textDocument, position });
		assert.match(JSON.stringify(range), /"placeholder":"docs\/style\.md"/);
		const edit = await connection.sendRequest(RenameRequest.type, { textDocument, position, newName: 'docs/tone.md' });
		assert.deepEqual(
			edit?.documentChanges?.map((change) => ('kind' in change ? change.kind : change.textDocument.uri)),
			[uriOf('CLAUDE.md'), uriOf('sub/AGENTS.md'), 'rename'],
		);
		const moved = await connection.sendRequest(WillRenameFilesRequest.type, {
			files: [{ oldUri: uriOf('docs'), newUri: uriOf('notes') }],
		});
		assert.match(JSON.stringify(moved), /"newText":"\.\.\/notes\/style\.md"/);
		await assert.rejects(
			connection.sendRequest(RenameRequest.type, { textDocument, position, newName: 'docs/new.md' }),
			/is there already/,
		);
		await server.close(uri);
	});

	test('the cost follows what is typed, in the file and in what it imports, and the weights of the session', async () => {
		const uri = await server.open(at('CLAUDE.md'), '@docs/style.md');
		const imported = { path: at('docs/style.md'), text: 'Be short.' };
		assert.equal((await hints(uri))[1], `${memoryTokens(imported, priorWeights)} tokens`);
		const longer = { ...imported, text: 'Be short. '.repeat(50) };
		const other = await server.open(imported.path, longer.text);
		assert.equal((await hints(uri))[1], `${memoryTokens(longer, priorWeights)} tokens`);
		assert.equal((await hints(other))[0], `${memoryTokens(longer, priorWeights)} tokens`);
		const weights = { tokensPerByte: 1, files: [] };
		await server.connection.sendNotification(WEIGHTS_NOTIFICATION, weights);
		assert.equal((await hints(uri))[1], `${memoryTokens(longer, weights)} tokens`);
		await server.connection.sendNotification(WEIGHTS_NOTIFICATION, priorWeights);
		await server.close(other);
		assert.equal((await hints(uri))[1], `${memoryTokens(imported, priorWeights)} tokens`);
		await server.close(uri);
	});

	test('nothing outside the workspace is read, be it by a link', async () => {
		const uri = await server.open(at('CLAUDE.md'), '@../outside.md @link.md');
		const problems = await server.told(uri, ({ length }) => length === 2);
		for (const { message } of problems) assert.match(String(message), /is outside the workspace/);
		const hovers = await Promise.all(
			[4, 18].map((character) =>
				server.connection.sendRequest(HoverRequest.type, { textDocument: { uri }, position: { line: 0, character } }),
			),
		);
		assert.ok(!JSON.stringify(hovers).includes('OUTSIDE'));
		assert.equal((await hints(uri)).length, 1);
		await server.close(uri);
	});

	test('a memory file outside the workspace gets no answers', async () => {
		const uri = await server.open(join(top, 'CLAUDE.md'), '@gone.md');
		assert.deepEqual(await hints(uri), []);
		await server.told(uri, ({ length }) => length === 0);
		await server.close(uri);
	});

	test('other Markdown files get no answers', async () => {
		const uri = await server.open(at('README.md'), '@docs/gone.md');
		assert.deepEqual(await hints(uri), []);
		await server.told(uri, ({ length }) => length === 0);
		await server.close(uri);
	});

	test('it ends when the editor is gone', async () => {
		const second = await startServer(root, facts);
		const gone = once(second.child, 'exit');
		second.child.stdin.destroy();
		await gone;
		second.connection.dispose();
	});
});
