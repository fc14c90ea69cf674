/** A folder with real files, the scanner on it with a real thread, and what a test wants to say about what it finds. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asSessionId } from '../../../src/base/ids.ts';
import type { FoundChange, ScanLimits } from '../../../src/core/checkpoint/fileScanner.ts';
import type { BlobStore } from '../../../src/core/session/storePort.ts';
import { findGit, gitEnvironment } from '../../../src/node/scan/fileScanGit.ts';
import {
	createFileScanner,
	type FileScannerOptions,
	type NodeFileScanner,
} from '../../../src/node/scan/fileScanner.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';

export const workerFile = fileURLToPath(new URL('../../../src/node/scan/fileScanWorker.ts', import.meta.url));
export const session = asSessionId('019a0000-0000-7000-8000-000000000001');
export const otherSession = asSessionId('019a0000-0000-7000-8000-000000000002');

export type ScanWorldFixture = {
	/** The first root. */
	readonly root: string;
	/** Around the root and the storage. */
	readonly folder: string;
	readonly storage: string;
	readonly scanner: NodeFileScanner;
	readonly blobs: BlobStore;
	/** Writes files below the root; folders are made. */
	write(files: Readonly<Record<string, string | Uint8Array>>): void;
	at(rel: string): string;
	/** Begins, waits, does it, finishes. */
	around(command: () => void | Promise<void>, options?: Parameters<NodeFileScanner['begin']>[1]): Promise<Around>;
	dispose(): Promise<void>;
};
export type Around = { readonly limits: ScanLimits; readonly changes: readonly FoundChange[] };

export function createScanWorld(
	options: Partial<FileScannerOptions> & { readonly rel?: string } = {},
): ScanWorldFixture {
	const folder = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-scan-')));
	const root = join(folder, options.rel ?? 'project');
	const storage = join(folder, 'storage');
	mkdirSync(root, { recursive: true });
	const blobs = createFileBlobStore(storage);
	const scanner = createFileScanner({
		roots: () => [{ name: 'project', path: root }],
		isTrusted: () => true,
		blobs,
		blobFolder: storage,
		gitPath: () => findGit(process.env, []),
		workerFile,
		trace: () => undefined,
		...options,
	});
	const at = (rel: string) => join(root, rel);
	return {
		root,
		folder,
		storage,
		scanner,
		blobs,
		at,
		write(files) {
			for (const [rel, content] of Object.entries(files)) {
				mkdirSync(dirname(at(rel)), { recursive: true });
				writeFileSync(at(rel), content);
			}
		},
		async around(command, options) {
			const run = scanner.begin(session, options);
			const limits = await run.ready;
			await command();
			return { limits, changes: await collect(run.finish(new AbortController().signal)) };
		},
		async dispose() {
			await scanner.dispose();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

export async function collect(parts: AsyncIterable<readonly FoundChange[]>): Promise<FoundChange[]> {
	const changes: FoundChange[] = [];
	for await (const part of parts) changes.push(...part);
	return changes.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
const keyOf = ({ file }: FoundChange) => `${file.root}\n${file.rel}`;

/** `op rel: before -> after`, contents as text. */
export async function told(blobs: BlobStore, changes: readonly FoundChange[]): Promise<string[]> {
	const text = async (ref: FoundChange['before'] | FoundChange['after']) => {
		if (ref === 'absent' || ref === 'notCaptured') return ref;
		const bytes = await blobs.get(typeof ref === 'string' ? { $blob: ref } : ref);
		return JSON.stringify(new TextDecoder().decode(bytes));
	};
	return Promise.all(
		changes.map(
			async ({ op, file, from, before, after }) =>
				`${op} ${file.rel}${from ? ` from ${from.rel}` : ''}: ${await text(before)} -> ${await text(after)}`,
		),
	);
}

/** Runs the real git, as a user with nothing configured. */
export function git(folder: string, ...args: string[]): string {
	return execFileSync(
		'git',
		[
			'-c',
			'user.name=A',
			'-c',
			'user.email=a@example.com',
			'-c',
			'commit.gpgsign=false',
			'-c',
			'protocol.file.allow=always',
			...args,
		],
		{
			cwd: folder,
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'pipe'],
			env: {
				...gitEnvironment(process.env),
				GIT_OPTIONAL_LOCKS: '1',
				GIT_CONFIG_NOSYSTEM: '1',
				GIT_CONFIG_GLOBAL: '/dev/null',
			},
		},
	);
}

/** A commit of everything, old enough that git trusts its index. */
export async function commitAll(folder: string): Promise<void> {
	git(folder, 'init', '-q', '-b', 'main');
	git(folder, 'add', '-A');
	git(folder, 'commit', '-q', '-m', 'all');
	await settle(folder);
}

/** Waits until the index is younger than every file by more than a tick of the clock, as it is after a moment in real life. */
export async function settle(folder: string): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, 60));
	git(folder, 'update-index', '--force-write-index', '-q', '--refresh');
}
