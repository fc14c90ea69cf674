/** No host name is looked up but the configured endpoint's, in a network of its own in which each look would be heard. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

const TURN = join(import.meta.dirname, 'quietTurn.ts');
/** A network with nothing but this machine, and a resolver that is ours. Arguments: file of the resolver, then what to run. */
const IN_OWN_NETWORK = 'ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"';
const canHaveOwn = spawnSync('unshare', ['-rnm', 'ip', 'link', 'set', 'lo', 'up']).status === 0;

async function turn(...args: readonly string[]): Promise<Record<string, unknown>> {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-resolver-'));
	const resolver = join(folder, 'resolv.conf');
	writeFileSync(resolver, 'nameserver 127.0.0.1\noptions timeout:20 attempts:1\n');
	try {
		const inside = ['-rnm', 'bash', '-c', IN_OWN_NETWORK, resolver, process.execPath, TURN, ...args];
		const { stdout } = await promisify(execFile)('unshare', inside);
		return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

describe('host names that a turn looks up', {
	skip: canHaveOwn ? false : 'this system gives no network of its own (unshare)',
}, () => {
	it('only the endpoint’s', async () => {
		assert.deepEqual(await turn(), { names: ['endpoint.test'], reason: 'endTurn', results: 5, problems: [] });
	});
	it('another one would be heard', async () => {
		assert.deepEqual((await turn('elsewhere.test')).names, ['endpoint.test', 'elsewhere.test']);
	});
});
