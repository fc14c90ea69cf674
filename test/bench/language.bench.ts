// What the language server costs: its memory, and how long it takes to answer in a workspace of 1,000 files, 300 of which import others.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
	CompletionRequest,
	DefinitionRequest,
	DocumentLinkRequest,
	HoverRequest,
	InlayHintRequest,
	RenameRequest,
	WillRenameFilesRequest,
} from 'vscode-languageserver';
import { projectFolder } from '../../scripts/setup/paths.mjs';
import { fallbackModels } from '../../src/core/model/catalogue.ts';
import { builtInTools } from '../../src/core/tools/registry.ts';
import { type ServerProcess, startServer } from '../server/startServer.ts';
import { type BenchFigure, median } from './figure.ts';

const rounds = 40;
/** The server gives back what it does not need a second after the last question. */
const restMs = 1_500;
/** As the extension starts it. */
const flags =
	'--max-semi-space-size=1 --max-old-space-size=24 --max-lazy --no-opt --no-maglev --single-threaded --expose-gc'.split(
		' ',
	);

export async function run(): Promise<BenchFigure[]> {
	const root = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-language-bench-')));
	const figures: BenchFigure[] = [];
	const file = join(projectFolder, 'dist', 'contextServer.cjs');
	const facts = {
		tools: builtInTools.map(({ name, description }) => ({ name, description, reach: 'path' as const })),
		models: fallbackModels.map(({ id, displayName }) => ({ id, displayName })),
	};
	writeWorkspace(root);
	let server: ServerProcess | undefined;
	try {
		const startedMs = performance.now();
		server = await startServer(root, facts, { file, flags });
		const path = join(root, 'CLAUDE.md');
		const text = readFileSync(path, 'utf8');
		const uri = await server.open(path, `${text}\n@docs/gone.md\n`);
		await server.told(uri, (problems) => problems.length > 0);
		const first = { name: 'language server: from its start to the first problems', unit: 'ms' };
		figures.push({ ...first, value: performance.now() - startedMs, note: 'the process, 1,000 files, 40 imports' });
		const typed = await measure(async (round) => {
			await server?.change(uri, `${text}\n@docs/gone${round}.md\n`);
			await server?.told(uri, (problems) => problems.some(({ message }) => String(message).includes(`gone${round}.`)));
		}, 10);
		figures.push({ name: '  problems after a key, with the pause that is waited', ...typed, unit: 'ms' });
		for (const [name, ask] of requests(server, uri, root)) {
			const { value, worst } = await measure(ask);
			figures.push({ name: `  ${name}, median of ${rounds}`, value, unit: 'ms', bound: 50 });
			figures.push({ name: `  ${name}, slowest`, value: worst, unit: 'ms', bound: 50 });
		}
		const busy = residentMegabytes(server.child.pid);
		if (busy !== undefined) {
			figures.push({ name: '  memory (RSS) right after 280 requests', value: busy, unit: 'MB' });
			await delay(restMs);
			const atRest = residentMegabytes(server.child.pid) ?? Number.NaN;
			figures.push({ name: '  memory (RSS) at rest', value: atRest, unit: 'MB', bound: 60, note: 'a second later' });
		}
	} finally {
		await server?.stop();
		rmSync(root, { recursive: true, force: true });
	}
	return figures;
}

function requests(
	{ connection }: ServerProcess,
	uri: string,
	root: string,
): readonly (readonly [name: string, ask: () => Promise<unknown>])[] {
	const textDocument = { uri };
	const position = { line: 2, character: 6 };
	const range = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
	const files = [{ oldUri: pathToFileURL(join(root, 'docs')).href, newUri: pathToFileURL(join(root, 'notes')).href }];
	return [
		['hover', () => connection.sendRequest(HoverRequest.type, { textDocument, position })],
		['completion', () => connection.sendRequest(CompletionRequest.type, { textDocument, position })],
		['links', () => connection.sendRequest(DocumentLinkRequest.type, { textDocument })],
		['definition', () => connection.sendRequest(DefinitionRequest.type, { textDocument, position })],
		['token costs', () => connection.sendRequest(InlayHintRequest.type, { textDocument, range })],
		[
			'rename of a file with 300 imports',
			() => connection.sendRequest(RenameRequest.type, { textDocument, position, newName: 'docs/renamed.md' }),
		],
		['move of a folder', () => connection.sendRequest(WillRenameFilesRequest.type, { files })],
	];
}

async function measure(
	ask: (round: number) => Promise<unknown>,
	times = rounds,
): Promise<{ readonly value: number; readonly worst: number }> {
	const samplesMs: number[] = [];
	for (let round = 0; round < times; round += 1) {
		const startedMs = performance.now();
		await ask(round);
		samplesMs.push(performance.now() - startedMs);
	}
	return { value: median(samplesMs), worst: Math.max(...samplesMs) };
}

/** 300 memory files and rules that import, 200 texts that are imported, 500 sources. */
function writeWorkspace(root: string): void {
	const write = (rel: string, text: string) => {
		mkdirSync(dirname(join(root, rel)), { recursive: true });
		writeFileSync(join(root, rel), text);
	};
	const words = 'Whole words, short sentences, and a test for everything that can break. '.repeat(20);
	const imports = Array.from({ length: 40 }, (_, index) => `@docs/text${index}.md`).join('\n');
	write('CLAUDE.md', `# Rules\n\n${imports}\n\n${words}\n`);
	for (let index = 0; index < 200; index += 1) write(`docs/text${index}.md`, `# Text ${index}\n\n${words}`);
	for (let index = 0; index < 199; index += 1) write(`part${index}/AGENTS.md`, `${words}\n@../docs/text0.md\n`);
	for (let index = 0; index < 100; index += 1) {
		const paths = `---\npaths: "part${index}/**"\n---\n`;
		write(`.claude/rules/rule${index}.md`, `${paths}${words}\n@../../docs/text0.md\n`);
	}
	for (let index = 0; index < 500; index += 1) write(`part${index % 199}/source${index}.ts`, words);
}

/** Undefined where the system does not tell it in a file. */
function residentMegabytes(pid: number | undefined): number | undefined {
	if (process.platform !== 'linux' || pid === undefined) return undefined;
	const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
	return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}
