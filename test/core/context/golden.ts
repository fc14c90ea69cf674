/** Compares a value with `test/golden/context/<name>.json`. `UPDATE_GOLDEN=1` rewrites it; a mismatch leaves `<name>.json.actual`. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const folder = new URL('../../golden/context/', import.meta.url);

export function checkGolden(name: string, value: unknown): void {
	const file = new URL(`${name}.json`, folder);
	const actualFile = new URL(`${name}.json.actual`, folder);
	const actual = `${JSON.stringify(value, null, 2)}\n`;
	if (process.env.UPDATE_GOLDEN === '1' || !existsSync(file)) writeFileSync(file, actual);
	if (readFileSync(file, 'utf8') === actual) {
		rmSync(actualFile, { force: true });
		return;
	}
	writeFileSync(actualFile, actual);
	assert.equal(actual, readFileSync(file, 'utf8'), `${name}: see ${actualFile.pathname}; UPDATE_GOLDEN=1 accepts it`);
}
