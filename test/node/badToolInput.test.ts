/**
 * Every tool of the registry with input that is wrong in every way that was thought of, on a real disk: each call gets an answer that says
 * what to do next, none hangs, and nothing is written. The user allows whatever is asked.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { rgPath } from '@vscode/ripgrep';
import fc from 'fast-check';
import { isBlobRef, type ToolUseBlock } from '../../src/core/session/content.ts';
import { builtInTools } from '../../src/core/tools/registry.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { createSearch } from '../../src/node/files/ripgrep.ts';
import { createShell } from '../../src/node/process/shellProcess.ts';
import { createWebPages } from '../../src/node/web/webPages.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import { call, createScriptedModel, text } from '../fakes/scriptedModel.ts';

const place = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-bad-')));
const root = join(place, 'w');
const socket = createServer();
after(() => {
	socket.close();
	rmSync(place, { recursive: true, force: true });
});
const isPosix = process.platform !== 'win32';

async function prepare() {
	mkdirSync(join(root, 'folder'), { recursive: true });
	mkdirSync(join(root, 'locked'));
	writeFileSync(join(root, 'a.txt'), 'one\ntwo\none\n');
	writeFileSync(join(root, 'bin'), new Uint8Array([1, 0, 2]));
	writeFileSync(join(root, 'huge.txt'), Buffer.alloc(11_000_000, 'x'));
	writeFileSync(join(root, 'half.txt'), new Uint8Array([0xff, 0xfe, 0x61]));
	writeFileSync(join(root, 'broken.ipynb'), '{');
	writeFileSync(join(place, 'outside.txt'), 'outside\n');
	symlinkSync(join(place, 'outside.txt'), join(root, 'link'));
	symlinkSync(place, join(root, 'linkedFolder'));
	symlinkSync('loop', join(root, 'loop'));
	symlinkSync('/dev/zero', join(root, 'zero'));
	execFileSync('mkfifo', [join(root, 'pipe')]);
	// Names that no text can hold must not be in the way of the others.
	writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x62, 0xff, 0x62])]), 'x');
	await new Promise<void>((resolve) => socket.listen(join(root, 'socket'), resolve));
	socket.unref();
}

/** What no tool may write to; some of it can be read. */
const UNWRITABLE: Readonly<Record<string, string>> = {
	missing: 'no/such.txt',
	folder: 'folder',
	binary: 'bin',
	huge: 'huge.txt',
	'half a character': 'half.txt',
	'outside by dots': '../outside.txt',
	'outside, absolute': join(place, 'outside.txt'),
	'outside through a linked folder': 'linkedFolder/outside.txt',
	'a link': 'link',
	'a link to itself': 'loop',
	'a link to a device': 'zero',
	'a device': '/dev/zero',
	'a pipe': 'pipe',
	'a socket': 'socket',
	'standard input': '/dev/stdin',
	'a system file': '/proc/self/mem',
	'the keys of this window': '/proc/self/environ',
	'the keys of another program': `/proc/${process.ppid}/task/${process.ppid}/environ`,
	'a loop on the way': 'loop/x.txt',
	'a device on the way': '/dev/zero/x.txt',
	'a file as a folder': 'a.txt/b.txt',
	'a share of Windows': '\\\\server\\share\\a.txt',
	'a drive of Windows': 'C:\\a.txt',
	'a zero byte': 'a\u0000.txt',
	'a very long name': 'x'.repeat(5_000),
	'a very long way': `${'d/'.repeat(3_000)}x.txt`,
	'half a character in the name': 'a\ud83d.txt',
	'a line end in the name': 'a\nb.txt',
	'another case': 'A.TXT',
	'white space': '   ',
};
/** Where nothing is, a new file may be made. */
const CAN_BE_MADE: ReadonlySet<string> = new Set([
	...['missing', 'another case', 'white space', 'a share of Windows', 'a drive of Windows'],
	...['half a character in the name', 'a line end in the name'],
]);
const WRONG_TYPES: readonly unknown[] = [
	...[null, [], 'text', 7, {}],
	{ file_path: 7, pattern: {}, command: [], id: 0, action: 1, path: [], query: 1, url: 2, name: 3, tasks: 4, edits: 5 },
	{ file_path: {}, path: 3, pattern: 1, command: 2, id: [], action: [], query: {}, url: [], name: [], tasks: {} },
];
/** They take no input, or all of it may be left out. */
const TAKES_NOTHING: ReadonlySet<string> = new Set(['Diagnostics']);

type Case = { readonly name: string; readonly tool: string; readonly input: unknown; readonly isFine?: boolean };

function cases(): readonly Case[] {
	const edits = [{ old_string: 'one', new_string: 'x', replace_all: true }];
	const all: Case[] = [];
	for (const [name, file_path] of Object.entries(UNWRITABLE)) {
		all.push({ name, tool: 'Edit', input: { file_path, ...edits[0] } });
		all.push({ name, tool: 'MultiEdit', input: { file_path, edits } });
		all.push({ name, tool: 'NotebookEdit', input: { file_path: `${file_path}.ipynb`, action: 'delete', cell: 1 } });
		if (!CAN_BE_MADE.has(name)) all.push({ name, tool: 'Write', input: { file_path, content: 'new' } });
		const canBeRead = ['folder', 'outside by dots', 'outside, absolute', 'outside through a linked folder'].includes(
			name,
		);
		all.push({ name, tool: 'Read', input: { file_path }, isFine: canBeRead });
		if (!canBeRead && !['binary', 'huge', 'half a character'].includes(name)) {
			all.push({ name, tool: 'Grep', input: { pattern: 'x', path: file_path } });
			all.push({ name, tool: 'Glob', input: { pattern: '*', path: file_path } });
		}
		if (!canBeRead) all.push({ name, tool: 'Symbols', input: { action: 'outline', path: file_path } });
	}
	for (const { name: tool } of builtInTools)
		for (const input of WRONG_TYPES)
			if (!(TAKES_NOTHING.has(tool) && JSON.stringify(input) === '{}'))
				all.push({ name: `wrong types ${JSON.stringify(input)}`, tool, input });
	all.push(
		{ name: 'no edits', tool: 'MultiEdit', input: { file_path: 'a.txt', edits: [] } },
		{ name: 'twice there', tool: 'Edit', input: { file_path: 'a.txt', old_string: 'one', new_string: 'x' } },
		{
			name: 'second edit fails',
			tool: 'MultiEdit',
			input: { file_path: 'a.txt', edits: [edits[0], { old_string: 'three', new_string: '' }] },
		},
		{
			name: 'a broken notebook',
			tool: 'NotebookEdit',
			input: { file_path: 'broken.ipynb', action: 'delete', cell: 1 },
		},
		{ name: 'a bad pattern', tool: 'Grep', input: { pattern: '(' } },
		{ name: 'an offset behind the end', tool: 'Read', input: { file_path: 'a.txt', offset: 99 } },
		{ name: 'an empty command', tool: 'Bash', input: { command: ' \n' } },
		{ name: 'a command that fails', tool: 'Bash', input: { command: 'exit 3' } },
		{ name: 'a timeout', tool: 'Bash', input: { command: 'sleep 300', timeout_ms: 50 } },
		{ name: 'too long a timeout', tool: 'Bash', input: { command: 'true', timeout_ms: 6_000_000 } },
		{ name: 'a command that is too long', tool: 'Bash', input: { command: `: ${'x'.repeat(3_000_000)}` } },
		{
			name: 'in the background where there is none',
			tool: 'Bash',
			input: { command: 'sleep 300', run_in_background: true },
		},
		{ name: 'no such command', tool: 'BashOutput', input: { id: 'x' } },
		{ name: 'no such command', tool: 'KillBash', input: { id: 'x' } },
		{ name: 'no such tool', tool: 'Nothing', input: {} },
		{ name: 'no such tool', tool: 'CallTool', input: { name: 'Nothing', input: {} } },
		{ name: 'itself', tool: 'CallTool', input: { name: 'CallTool', input: { name: 'Read', input: {} } } },
		{ name: 'a bad input', tool: 'CallTool', input: { name: 'MultiEdit', input: { edits: 7 } } },
		{ name: 'a pattern that never ends', tool: 'Glob', input: { pattern: '{a,'.repeat(200), path: 'a.txt' } },
		{ name: 'a zero byte', tool: 'Bash', input: { command: 'echo \u0000' } },
		{ name: 'no line', tool: 'Symbols', input: { action: 'definition', name: 'nowhere', path: 'a.txt', line: 99 } },
		{ name: 'no name', tool: 'Symbols', input: { action: 'references' } },
		{ name: 'a missing file', tool: 'Diagnostics', input: { path: 'no/such.txt' } },
		{ name: 'a folder', tool: 'Diagnostics', input: { path: 'folder' } },
		{ name: 'no words', tool: 'Recall', input: { query: ' ' } },
		{ name: 'no such skill', tool: 'Skill', input: { name: '../../etc/passwd' } },
		{ name: 'nobody to do it', tool: 'Agent', input: { description: 'a', prompt: 'b' } },
		{ name: 'no search', tool: 'WebSearch', input: { query: 'anything' } },
		...[
			'',
			'nothing',
			'file:///etc/passwd',
			'ftp://a.test/',
			'http://',
			'http://[::1',
			'javascript:1',
			`http://${'a'.repeat(300)}.test/`,
		].map((url) => ({ name: `the address ${url.slice(0, 30)}`, tool: 'WebFetch', input: { url } })),
		{ name: 'an address of this machine', tool: 'WebFetch', input: { url: 'http://127.0.0.1:1/' } },
		...['open', 'click', 'type', 'press'].map((action) => ({ name: action, tool: 'Browser', input: { action } })),
	);
	return all;
}

const none = async () => [];

function picture(folder: string): unknown {
	return readdirSync(folder, { withFileTypes: true })
		.sort((one, other) => (one.name < other.name ? -1 : 1))
		.map((entry) => {
			const path = join(folder, entry.name);
			if (entry.isDirectory()) return [entry.name, picture(path)];
			// The name that is no text cannot be looked up by it.
			const isFile = entry.isFile() && existsSync(path);
			return [entry.name, isFile ? `${statSync(path).size} ${readFileSync(path).subarray(0, 99)}` : 'other'];
		});
}

describe('bad input', { skip: !isPosix && 'written for POSIX file systems' }, () => {
	it('gets an answer with a next step, and writes nothing', { timeout: 180_000 }, async () => {
		await prepare();
		const before = picture(place);
		const made = cases();
		const blocks = made.map(({ tool, input }, index): ToolUseBlock => ({ ...call(tool, {}, `toolu_${index}`), input }));
		const { session, ports, run } = await createFixture({
			model: createScriptedModel([{ blocks }, { blocks: [text('done')] }]),
			mode: 'auto',
		});
		const roots = [{ name: 'w', path: root }];
		Object.assign(ports, {
			workspace: createDiskWorkspace({ roots: () => roots, isTrusted: () => true }),
			search: createSearch(rgPath),
			shell: createShell({ hiddenEnvironment: [] }),
			services: {
				sessionId: session.id,
				symbols: { definition: none, references: none, workspace: none, outline: none },
				web: createWebPages({ workerFile: 'not needed' }),
			},
		});
		session.setCwd(root);
		const startedMs = performance.now();
		await run('go');
		const durationMs = performance.now() - startedMs;
		const problems: string[] = [];
		for (const [index, { name, tool, isFine = false }] of made.entries()) {
			const result = session.entries.find(
				(entry) => entry.type === 'toolResult' && entry.toolUseId === `toolu_${index}`,
			);
			const [first] = result?.type === 'toolResult' ? result.content : [];
			const said = first && !isBlobRef(first) && 'text' in first ? String(first.text) : '';
			const at = `${tool}, ${name}: ${said.slice(0, 200)}`;
			if (result?.type !== 'toolResult') problems.push(`${at} (no result)`);
			else if (result.isError === isFine) problems.push(`${at} (${isFine ? 'an error' : 'no error'})`);
			else if (/in a way it should not|(?<!received )undefined|\[object/.test(said))
				problems.push(`${at} (not a sentence for the model)`);
			else if (!isFine && said.length < 12) problems.push(`${at} (too short)`);
		}
		assert.deepEqual(problems, []);
		assert.deepEqual(picture(place), before);
		// What was announced and could not be written is in the log as what did not happen.
		for (const entry of session.entries) {
			if (entry.type !== 'fileOperation') continue;
			const done = session.entries.find((one) => one.type === 'fileOperationDone' && one.epoch === entry.epoch);
			assert.ok(done?.type === 'fileOperationDone' && done.after === entry.before, entry.path.rel);
		}
		assert.ok(durationMs < 30_000, `${durationMs} ms`);
	});

	it('has cases for every tool', () => {
		const tried = new Set(cases().map(({ tool }) => tool));
		assert.deepEqual(
			builtInTools.map(({ name }) => name).filter((name) => !tried.has(name)),
			[],
		);
	});

	it('never breaks what is said about a call before it runs', () => {
		const key = fc.constantFrom(
			'file_path',
			'path',
			'command',
			'query',
			'name',
			'url',
			'action',
			'id',
			'tasks',
			'input',
		);
		const value = fc.oneof(
			fc.string(),
			fc.integer(),
			fc.jsonValue(),
			fc.constantFrom('open', 'enter', 'outline', 'replace'),
		);
		fc.assert(
			fc.property(fc.constantFrom(...builtInTools), fc.dictionary(key, value), (tool, wild) => {
				const parsed = tool.input.safeParse(wild);
				if (!parsed.success) return;
				const { verb, target } = tool.label(parsed.data);
				assert.equal(typeof `${verb}${target}`, 'string');
				tool.target?.(parsed.data);
			}),
			{ numRuns: 2_000 },
		);
	});
});
