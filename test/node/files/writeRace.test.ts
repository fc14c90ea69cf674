/**
 * A folder on the way to a file is exchanged for a link in the moment between the check and the opening. The exchange hangs on the
 * system's `open`, so that it comes at exactly that moment, every time.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fileSystemNow, {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	renameSync,
	rmSync,
	symlinkSync,
	unlinkSync,
	writeFileSync,
} from 'node:fs';
import fileSystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { asSha256 } from '../../../src/base/ids.ts';
import { createDiskWorkspace } from '../../../src/node/files/diskWorkspace.ts';

let base = '';
let folder = '';
let outside = '';
beforeEach(() => {
	base = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-race-')));
	folder = join(base, 'w', 'src');
	outside = join(base, 'outside');
	mkdirSync(folder, { recursive: true });
	mkdirSync(outside);
	writeFileSync(join(folder, 'a.js'), 'one\n');
	writeFileSync(join(outside, 'a.js'), 'not ours\n');
});
afterEach(() => {
	mock.restoreAll();
	syncBuiltinESMExports();
	rmSync(base, { recursive: true, force: true });
});

const exchange = () => {
	renameSync(folder, join(base, 'w', 'aside'));
	symlinkSync(outside, folder);
};
const exchangeBack = () => {
	unlinkSync(folder);
	renameSync(join(base, 'w', 'aside'), folder);
};

/** Calls `before` and `after` around the next opening of a file, of whichever kind. */
function aroundOpen(before: () => void, after: () => void): void {
	const { open } = fileSystem;
	const { openSync } = fileSystemNow;
	let isDone = false;
	mock.method(fileSystemNow, 'openSync', (...args: Parameters<typeof openSync>) => {
		if (isDone) return openSync(...args);
		isDone = true;
		before();
		try {
			return openSync(...args);
		} finally {
			after();
		}
	});
	mock.method(fileSystem, 'open', async (...args: Parameters<typeof open>) => {
		if (isDone) return await open(...args);
		isDone = true;
		before();
		try {
			return await open(...args);
		} finally {
			after();
		}
	});
	syncBuiltinESMExports();
}

const write = (name: string) =>
	createDiskWorkspace({ roots: () => [{ name: 'w', path: join(base, 'w') }], isTrusted: () => true }).write(
		join(folder, name),
		new TextEncoder().encode('from the agent\n'),
		{},
	);
const isRefused = (error: unknown) => error instanceof UserError && error.code === 'write-failed';

for (const [how, after] of [
	['and stays', () => undefined],
	['and is exchanged back', exchangeBack],
] as const)
	describe(`a folder that becomes a link ${how}`, () => {
		test('lets no existing file outside be changed', async () => {
			aroundOpen(exchange, after);
			await assert.rejects(write('a.js'), isRefused);
			assert.equal(readFileSync(join(outside, 'a.js'), 'utf8'), 'not ours\n');
		});

		test('lets no text get into a new file outside', async () => {
			aroundOpen(exchange, after);
			await assert.rejects(write('new.js'), isRefused);
			// Where the way there was exchanged back, the empty file can no longer be named, let alone removed.
			for (const made of readdirSync(outside))
				assert.equal(readFileSync(join(outside, made), 'utf8'), made === 'a.js' ? 'not ours\n' : '');
			if (how === 'and stays') assert.deepEqual(readdirSync(outside), ['a.js']);
		});
	});

test('without an exchange both are written', async () => {
	aroundOpen(
		() => undefined,
		() => undefined,
	);
	await write('a.js');
	await write('new.js');
	assert.equal(readFileSync(join(folder, 'a.js'), 'utf8'), 'from the agent\n');
	assert.equal(readFileSync(join(folder, 'new.js'), 'utf8'), 'from the agent\n');
});

test('a delete looks once more after it has read the file', async () => {
	const workspace = createDiskWorkspace({ roots: () => [{ name: 'w', path: join(base, 'w') }], isTrusted: () => true });
	writeFileSync(join(outside, 'a.js'), 'one\n');
	const read = await workspace.read(join(folder, 'a.js'));
	assert.equal(read.kind, 'file');
	aroundOpen(() => undefined, exchange);
	const expected = asSha256(createHash('sha256').update('one\n').digest('hex'));
	await assert.rejects(workspace.delete(join(folder, 'a.js'), { expected }), isRefused);
	assert.ok(existsSync(join(outside, 'a.js')));
});
