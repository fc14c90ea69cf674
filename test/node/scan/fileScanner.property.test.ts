/** Whatever happens to a tree of files, what the scanner tells is the difference, and the bytes from before are those that were there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	appendFileSync,
	chmodSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	rmSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import type { FoundChange } from '../../../src/core/checkpoint/fileScanner.ts';
import { createScanWorld, git, type ScanWorldFixture } from './fileScanWorld.ts';

type Step = {
	readonly kind: (typeof kinds)[number];
	readonly path: string;
	readonly other: string;
	readonly content: string;
};
const kinds = [
	'write',
	'append',
	'sameSize',
	'delete',
	'rename',
	'copy',
	'chmod',
	'link',
	'touch',
	'removeFolder',
	'moveFolder',
] as const;
const gitCommands = [
	['add', '-A'],
	['commit', '-qam', 'x'],
	['stash', '-u'],
	['stash', 'pop'],
	['checkout', '-q', '.'],
	['clean', '-fdq'],
	['status'],
];

const name = fc.constantFrom('a', 'b', 'c', 'D', 'd');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const step = fc.record({
	kind: fc.constantFrom(...kinds),
	path,
	other: path,
	content: fc.constantFrom('', '1', '2', 'one\n', 'two\n', 'three lines\nof\ntext\n'),
});
const command = fc.record({
	steps: fc.array(step, { maxLength: 8 }),
	git: fc.option(fc.constantFrom(...gitCommands), { nil: undefined }),
});
/** `goesOn`: without a look of its own, from where the round before ended. */
const rounds = fc.array(fc.record({ between: command, during: command, goesOn: fc.boolean() }), {
	minLength: 1,
	maxLength: 4,
});

/** What a shell could do. A step that is not possible in this tree does nothing. */
function take(root: string, { kind, path, other, content }: Step) {
	const at = join(root, path);
	const to = join(root, other);
	switch (kind) {
		case 'write':
			mkdirSync(dirname(at), { recursive: true });
			return writeFileSync(at, content);
		case 'append':
			return appendFileSync(at, content);
		case 'sameSize': {
			// The hardest to see: other bytes, the same size, the time set back.
			const { atime, mtime } = lstatSync(at);
			const bytes = readFileSync(at);
			writeFileSync(
				at,
				bytes.map((byte) => byte ^ 1),
			);
			return utimesSync(at, atime, mtime);
		}
		case 'delete':
			return rmSync(at);
		case 'rename':
			return renameSync(at, to);
		case 'copy':
			// `cpSync` of Node ends the process at links that lead to each other.
			return execFileSync('cp', ['-R', '--', at, to], { stdio: 'ignore' });
		case 'chmod':
			return chmodSync(at, lstatSync(at).mode ^ 0o100);
		case 'link':
			return symlinkSync(other, at);
		case 'touch':
			return utimesSync(at, 1, 1);
		case 'removeFolder':
			return rmSync(join(root, path.split('/')[0] ?? path), { recursive: true, force: true });
		case 'moveFolder':
			return renameSync(join(root, path.split('/')[0] ?? path), to);
	}
}

function run(
	root: string,
	{ steps, git: args }: { readonly steps: readonly Step[]; readonly git: string[] | undefined },
) {
	const attempt = (work: () => void) => {
		try {
			work();
		} catch (error) {
			assert.ok(error instanceof Error && ('code' in error || 'status' in error), String(error));
		}
	};
	for (const one of steps) attempt(() => take(root, one));
	if (args) attempt(() => void git(root, ...args));
}

type Seen = { readonly text: string; readonly isLink: boolean; readonly mode: number };
function look(root: string, folder = '', seen = new Map<string, Seen>()): Map<string, Seen> {
	for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
		const rel = folder === '' ? entry.name : `${folder}/${entry.name}`;
		if (entry.name === '.git') continue;
		if (entry.isDirectory()) look(root, rel, seen);
		else {
			const isLink = entry.isSymbolicLink();
			const text = isLink ? readlinkSync(join(root, rel)) : readFileSync(join(root, rel), 'latin1');
			seen.set(rel, { text, isLink, mode: isLink ? 0 : lstatSync(join(root, rel)).mode & 0o777 });
		}
	}
	return seen;
}

async function check(
	world: ScanWorldFixture,
	before: Map<string, Seen>,
	after: Map<string, Seen>,
	changes: readonly FoundChange[],
) {
	const textOf = async (ref: FoundChange['before'] | FoundChange['after']) => {
		assert.notEqual(ref, 'notCaptured');
		if (ref === 'absent' || ref === 'notCaptured') return undefined;
		return Buffer.from(await world.blobs.get(typeof ref === 'string' ? { $blob: ref } : ref)).toString('latin1');
	};
	const expected = [...new Set([...before.keys(), ...after.keys()])]
		.filter((rel) => JSON.stringify(before.get(rel)) !== JSON.stringify(after.get(rel)))
		.sort();
	assert.deepEqual(
		changes.map(({ file }) => file.rel),
		expected,
	);
	for (const { op, file, from, before: was, after: is, meta, metaAfter = meta } of changes) {
		const [old, now] = [before.get(file.rel), after.get(file.rel)];
		assert.equal(await textOf(was), old?.text, `before of ${file.rel}`);
		assert.equal(await textOf(is), now?.text, `after of ${file.rel}`);
		if (old) assert.deepEqual([meta.link ?? false, meta.mode ?? 0], [old.isLink, old.mode], `meta of ${file.rel}`);
		if (now)
			assert.deepEqual(
				[metaAfter.link ?? false, metaAfter.mode ?? 0],
				[now.isLink, now.mode],
				`metaAfter of ${file.rel}`,
			);
		const isSameContent = old?.text === now?.text && old?.isLink === now?.isLink;
		if (!old) assert.ok(op === 'create' || op === 'rename');
		else assert.equal(op, !now ? 'delete' : isSameContent ? 'chmod' : 'change');
		assert.equal(op === 'rename', from !== undefined);
		if (from) assert.ok(before.has(from.rel) && !after.has(from.rel), `${from.rel} was moved and is there`);
	}
}

suite('File scanner, whatever happens', () => {
	for (const isRepository of [false, true])
		test(`tells the difference ${isRepository ? 'in a repository' : 'without a repository'}`, {
			timeout: 300_000,
		}, async () => {
			await fc.assert(
				fc.asyncProperty(fc.array(step, { maxLength: 12 }), rounds, async (first, story) => {
					const world = createScanWorld({ goOnMs: { least: 3_600_000, most: 3_600_000 } });
					let last: Map<string, Seen> | undefined;
					try {
						run(world.root, { steps: first, git: undefined });
						if (isRepository) {
							git(world.root, 'init', '-q');
							run(world.root, { steps: [], git: ['add', '-A'] });
							run(world.root, { steps: [], git: ['commit', '-qm', 'x', '--allow-empty'] });
						}
						for (const { between, during, goesOn } of story) {
							const only = isRepository ? {} : { git: undefined };
							run(world.root, { ...between, ...only });
							const before = (goesOn ? last : undefined) ?? look(world.root);
							const { changes, limits } = await world.around(() => run(world.root, { ...during, ...only }), {
								mayGoOn: goesOn,
							});
							assert.deepEqual(limits, { items: [], unavailable: undefined });
							last = look(world.root);
							await check(world, before, last, changes);
						}
					} finally {
						await world.dispose();
					}
				}),
				{ numRuns: 30 },
			);
		});
});
