/**
 * What a search over all sessions costs beside a bare `rg -c` of the same pattern on the same files in the same run.
 * 200 MB by default; `RETRACE_BENCH_SEARCH_MB=500` for the size that the bounds are promised for.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rgPath } from '@vscode/ripgrep';
import { blobPattern, logPattern } from '../../src/core/search/pattern.ts';
import { parseQuery, type SearchQuery } from '../../src/core/search/query.ts';
import { createSessionSearch } from '../../src/node/store/sessionSearch.ts';
import { type BenchFigure, median } from './figure.ts';

const MEGABYTES = Number(process.env.RETRACE_BENCH_SEARCH_MB ?? 200);
/** The shares of 500 MB that a real store has: most in logs, some in stored outputs, a little in the trash. */
const LOG_SHARE = 0.7;
const BLOB_SHARE = 0.25;
const LOG_BYTES = 500_000;
const BLOB_BYTES = 120_000;
const RUNS = 5;

export async function run(): Promise<BenchFigure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-bench-'));
	try {
		fill(folder);
		const note = `${MEGABYTES} MB, median of ${RUNS}`;
		const figures: BenchFigure[] = [];
		for (const [name, typed] of [
			['a rare word', 'needleInHay'],
			['a quoted phrase', '"say \\"hello\\" twice"'],
			['a word in the folder of every line', 'project'],
		] as const) {
			const parsed = parseQuery(typed, Date.now());
			if (parsed.kind !== 'query') throw new Error(`${typed} is not a query`);
			const found = await searching(folder, parsed.query);
			const bareMs = bare(folder, parsed.query);
			const bareNote = `bare rg -c ${bareMs.toFixed(0)} ms in the same run`;
			if (found.hits === 0) {
				// Each line has the word where nobody sees it: ripgrep only counts them, here each is looked at.
				figures.push({ name: `search: ${name}`, value: found.totalMs, unit: 'ms', note: `no hits, ${bareNote}` });
				continue;
			}
			figures.push(
				{
					name: `search: ${name}, first hits`,
					value: found.firstMs,
					unit: 'ms',
					bound: 200,
					note: `${found.hits} hits, ${note}`,
				},
				{ name: `search: ${name}, all`, value: found.totalMs, unit: 'ms', bound: 2 * bareMs, note: bareNote },
			);
		}
		return figures;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

async function searching(folder: string, query: SearchQuery) {
	const search = createSessionSearch({ folder, ripgrepPath: rgPath });
	const firsts: number[] = [];
	const totals: number[] = [];
	let hits = 0;
	for (let turn = 0; turn < RUNS; turn++) {
		hits = 0;
		let first: number | undefined;
		const startedAt = performance.now();
		await search.search(
			query,
			(found) => {
				if (found.kind !== 'hit') return;
				first ??= performance.now() - startedAt;
				hits++;
			},
			new AbortController().signal,
		);
		totals.push(performance.now() - startedAt);
		firsts.push(first ?? Number.NaN);
	}
	return { firstMs: median(firsts), totalMs: median(totals), hits };
}

function bare(folder: string, query: SearchQuery): number {
	const times: number[] = [];
	const count = (pattern: string, targets: readonly string[]) => {
		const args = ['--no-config', '--no-ignore', '--hidden', '--text', '-c', `--regexp=${pattern}`, ...targets];
		spawnSync(rgPath, args, { cwd: folder, stdio: 'ignore' });
	};
	for (let turn = 0; turn < RUNS; turn++) {
		const startedAt = performance.now();
		count(logPattern(query), ['sessions', 'trash']);
		count(blobPattern(query) ?? '', ['blobs']);
		times.push(performance.now() - startedAt);
	}
	return median(times);
}

/** Texts of a session that no word of the queries is in but where it was put. */
function fill(folder: string): void {
	const words =
		'alpha beta gamma delta function return const value index width height test file src update error line'.split(' ');
	let seed = 1;
	const next = () => {
		seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
		return seed;
	};
	const prose = (count: number) => {
		let text = '';
		for (let index = 0; index < count; index++)
			text += `${words[next() % words.length]}${index % 11 === 10 ? '\n\t' : ' '}`;
		return text;
	};
	const outputs = Math.round((MEGABYTES * BLOB_SHARE * 1_000_000) / BLOB_BYTES);
	const shas: string[] = [];
	for (let index = 0; index < outputs; index++) {
		const text = `${prose(BLOB_BYTES / 6)}${index % 50 === 7 ? 'the needleInHay and say "hello" twice' : index}`;
		const sha = createHash('sha256').update(text).digest('hex');
		mkdirSync(join(folder, 'blobs', sha.slice(0, 2)), { recursive: true });
		writeFileSync(join(folder, 'blobs', sha.slice(0, 2), `${sha}.raw`), text);
		shas.push(sha);
	}
	for (const place of ['sessions', 'trash']) {
		mkdirSync(join(folder, place));
		const share = place === 'sessions' ? LOG_SHARE : 1 - LOG_SHARE - BLOB_SHARE;
		const logs = Math.max(1, Math.round((MEGABYTES * share * 1_000_000) / LOG_BYTES));
		for (let index = 0; index < logs; index++) log(folder, place, index, shas.splice(0, 1), prose);
	}
}

function log(
	folder: string,
	place: string,
	index: number,
	shas: readonly string[],
	prose: (count: number) => string,
): void {
	const fd = openSync(join(folder, place, `0198f000-0000-7000-8000-${String(index).padStart(12, '0')}.jsonl`), 'w');
	let bytes = 0;
	let count = 0;
	const write = (fields: object) => {
		count++;
		const base = {
			v: 1,
			id: `${index}-${count}`,
			parentId: `${index}-${count - 1}`,
			sessionId: `s${index}`,
			agentId: 'main',
			gen: 1,
		};
		const rest = { timestamp: 1_700_000_000_000 + count, cwd: '/home/user/project', mode: 'ask', ...fields };
		bytes += writeSync(fd, `${JSON.stringify({ ...base, ...rest })}\n`);
	};
	while (bytes < LOG_BYTES) {
		write({ type: 'user', content: [{ type: 'text', text: prose(20) }] });
		write({ type: 'assistant', messageId: 'm', index: 0, block: { type: 'text', text: prose(150) } });
		write({
			type: 'toolResult',
			toolUseId: `t${count}`,
			isError: false,
			content: [{ type: 'text', text: prose(400) }],
			durationMs: 1,
		});
	}
	if (index % 10 === 3) write({ type: 'user', content: [{ type: 'text', text: 'a needleInHay: say "hello" twice' }] });
	for (const $blob of shas) {
		const output = { $blob, size: BLOB_BYTES, mediaType: 'text/plain', head: '' };
		write({
			type: 'toolResult',
			toolUseId: 'last',
			isError: false,
			content: [{ type: 'text', text: 'short' }],
			durationMs: 1,
			output,
		});
	}
	closeSync(fd);
}
