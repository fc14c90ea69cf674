import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { canonicalStorageFolder } from '../../../src/node/store/storageFolder.ts';

test('every window on a workspace gets the folder of the first one', (t) => {
	const root = mkdtempSync(join(tmpdir(), 'retrace-storage-'));
	t.after(() => rmSync(root, { recursive: true }));
	const storage = join(root, 'workspaceStorage');
	for (const name of ['abc123', 'abc123-1', '1700000000-2']) mkdirSync(join(storage, name), { recursive: true });
	const check = (given: string, expected: string) => assert.equal(canonicalStorageFolder(given), expected);
	check(join(storage, 'abc123', 'retrace.retrace'), join(storage, 'abc123', 'retrace.retrace'));
	check(join(storage, 'abc123-1', 'retrace.retrace'), join(storage, 'abc123', 'retrace.retrace'));
	check(join(storage, 'abc123-27', 'retrace.retrace'), join(storage, 'abc123', 'retrace.retrace'));
	// An id that looks like a suffix, without a folder that it could belong to.
	check(join(storage, '1700000000-2', 'retrace.retrace'), join(storage, '1700000000-2', 'retrace.retrace'));
	check(join(storage, 'abc123-x', 'retrace.retrace'), join(storage, 'abc123-x', 'retrace.retrace'));
	check(join(root, 'globalStorage', 'retrace.retrace'), join(root, 'globalStorage', 'retrace.retrace'));
	mkdirSync(join(root, 'other', 'abc123'), { recursive: true });
	check(join(root, 'other', 'abc123-1', 'retrace.retrace'), join(root, 'other', 'abc123-1', 'retrace.retrace'));
	assert.deepEqual(readdirSync(join(storage, 'abc123')), []);
});
