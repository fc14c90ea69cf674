/**
 * The logs of Claude Code on this machine: which there are, and the lines of one with those of its subagents. Reads only.
 * What the lines mean is the core's.
 */
import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cutText } from '../../base/text.ts';
import { readClaudeLines } from '../../core/transfer/claudeLines.ts';
import { claudeTree, lineText } from '../../core/transfer/claudeTree.ts';
import { badBundle, importUnreadable } from '../../core/transfer/transferErrors.ts';
import type { ClaudeCodeLogs, ClaudeCodeSession } from '../../core/transfer/transferPorts.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';

const SHOWN_FOLDERS = 2_000;
const PARALLEL_READS = 16;
/** The first prompt stands near the start, a name that was given later near the end. */
const READ_BYTES = 64 * 1024;
const MAX_LOG_BYTES = 256 * 1024 * 1024;

/** `home` is the user's home folder. */
export function createClaudeCodeLogs(home: string): ClaudeCodeLogs {
	const projects = join(home, '.claude', 'projects');
	return {
		async list(roots, signal) {
			const own = new Set((await Promise.all(roots.map(spellings))).flat().map(slugOf));
			const folders = (await namesIn(projects)).slice(0, SHOWN_FOLDERS);
			const paths: { readonly path: string; readonly isOfWorkspace: boolean }[] = [];
			for (const folder of folders) {
				signal.throwIfAborted();
				for (const name of await namesIn(join(projects, folder)))
					if (name.endsWith('.jsonl') && !name.startsWith('agent-'))
						paths.push({ path: join(projects, folder, name), isOfWorkspace: own.has(folder) });
			}
			const found: ClaudeCodeSession[] = [];
			for (let start = 0; start < paths.length; start += PARALLEL_READS) {
				signal.throwIfAborted();
				const some = paths.slice(start, start + PARALLEL_READS);
				const read = await Promise.all(some.map(({ path, isOfWorkspace }) => describe(path, isOfWorkspace)));
				found.push(...read.filter((one) => one !== undefined));
			}
			return found.sort(
				(left, right) => Number(right.isOfWorkspace) - Number(left.isOfWorkspace) || right.modifiedMs - left.modifiedMs,
			);
		},
		async read(path, signal) {
			try {
				const lines = await linesOf(path);
				const agents = [];
				for (const file of await agentFiles(path)) {
					signal.throwIfAborted();
					agents.push({ name: basename(file, '.jsonl'), lines: await linesOf(file) });
				}
				return { lines, agents };
			} catch (error) {
				if (systemCode(error) === undefined) throw error;
				throw importUnreadable(error, describeFileError(error));
			}
		},
	};
}

/** The name of the folder that holds the logs of a working folder. */
export const slugOf = (folder: string): string => folder.replace(/[^A-Za-z0-9]/g, '-');

/** As the editor names it, and as it is without links. */
async function spellings(root: string): Promise<readonly string[]> {
	try {
		return [root, await realpath(root)];
	} catch (error) {
		if (systemCode(error) === undefined) throw error;
		return [root];
	}
}

async function linesOf(path: string): Promise<readonly string[]> {
	if ((await stat(path)).size > MAX_LOG_BYTES) throw badBundle('the log is too large');
	return (await readFile(path, 'utf8')).split(/\r?\n/);
}

/** Newer versions keep them in a folder of the session, older ones beside it, with the session's id inside. */
async function agentFiles(path: string): Promise<readonly string[]> {
	const sessionId = basename(path, '.jsonl');
	const own = join(dirname(path), sessionId, 'subagents');
	const inFolder = (await namesIn(own)).filter((name) => /^agent-.*\.jsonl$/.test(name)).map((name) => join(own, name));
	const beside: string[] = [];
	for (const name of await namesIn(dirname(path))) {
		if (!/^agent-.*\.jsonl$/.test(name)) continue;
		const file = join(dirname(path), name);
		if ((await readPart(file, 0, 4096)).includes(`"sessionId":"${sessionId}"`)) beside.push(file);
	}
	return [...inFolder, ...beside].sort();
}

async function describe(path: string, isOfWorkspace: boolean): Promise<ClaudeCodeSession | undefined> {
	try {
		const { size, mtimeMs } = await stat(path);
		const head = await readPart(path, 0, READ_BYTES);
		const tail = size > READ_BYTES ? await readPart(path, Math.max(READ_BYTES, size - READ_BYTES), READ_BYTES) : '';
		const { lines, titles, leftOut } = readClaudeLines([...head.split('\n'), ...tail.split('\n')]);
		const { steps } = claudeTree(
			lines.filter((line) => !line.isSidechain),
			leftOut,
		);
		const prompt = steps.find((step) => step.kind === 'prompt')?.lines[0];
		// What was never talked in is no session: such files hold a name or a snapshot only.
		if (steps.length === 0) return undefined;
		const title = titles.byUser ?? titles.byModel ?? titles.summary ?? (prompt ? lineText(prompt) : '');
		return {
			path,
			title: cutText(title.replace(/\s+/g, ' ').trim(), 120),
			cwd: /"cwd":"((?:[^"\\]|\\.)*)"/.exec(head)?.[1]?.replace(/\\(.)/g, '$1'),
			sizeBytes: size,
			modifiedMs: mtimeMs,
			isOfWorkspace,
		};
	} catch (error) {
		// One that went away or may not be read is not listed.
		if (systemCode(error) === undefined) throw error;
		return undefined;
	}
}

async function readPart(path: string, start: number, length: number): Promise<string> {
	const file = await open(path, 'r');
	try {
		const buffer = Buffer.alloc(length);
		const { bytesRead } = await file.read(buffer, 0, length, start);
		return buffer.toString('utf8', 0, bytesRead);
	} finally {
		await file.close();
	}
}

async function namesIn(folder: string): Promise<readonly string[]> {
	try {
		return (await readdir(folder)).sort();
	} catch (error) {
		const code = systemCode(error);
		if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return [];
		throw importUnreadable(error, describeFileError(error));
	}
}
