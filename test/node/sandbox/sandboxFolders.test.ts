/** Folders of temporary files that windows with a sandbox have left: those of crashed ones go, and nothing else does. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
	chownSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSandboxMaker } from '../../../src/node/sandbox/sandboxMaker.ts';
import { thisProcess } from '../../../src/node/store/lease.ts';
import { whyNoSandbox } from './sandboxFixture.ts';

const skip = await whyNoSandbox();
const SCRIPT = fileURLToPath(new URL('crashedWindow.ts', import.meta.url));

describe('what windows leave in the folder of temporary files', { skip }, () => {
	const base = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-left-')));
	const [root, home, tmp] = [join(base, 'work'), join(base, 'home'), join(base, 'tmp')];
	for (const folder of [root, home, tmp]) mkdirSync(folder);
	writeFileSync(join(root, 'a.txt'), 'a');
	const before = process.env.TMPDIR;
	process.env.TMPDIR = tmp;
	const maker = createSandboxMaker({ homeFolder: home, workspaceFolders: () => [root], tmpPlaces: [home] });
	const windows: ChildProcess[] = [];
	after(() => {
		for (const window of windows) window.kill('SIGKILL');
		maker.dispose();
		if (before === undefined) delete process.env.TMPDIR;
		else process.env.TMPDIR = before;
		rmSync(base, { recursive: true, force: true });
	});

	/** Resolves when its command has ended; `exited` when it has. */
	const startWindow = async (ending: 'crash' | 'stay') => {
		const child = spawn(process.execPath, [SCRIPT, root, home, ending], { stdio: ['pipe', 'pipe', 'inherit'] });
		windows.push(child);
		const exited = new Promise<string | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
		const said = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))));
		assert.equal(said, 'ended with 0 \n');
		return { child, exited };
	};
	/** One as a window of long ago would have left it, but for what is given. */
	const imposter = (name: string, owner: object | string | undefined) => {
		mkdirSync(join(tmp, name));
		writeFileSync(join(tmp, name, 'kept'), 'kept');
		const text = typeof owner === 'string' ? owner : JSON.stringify({ window: 'sandbox', claimedAt: 1, ...owner });
		if (owner !== undefined) writeFileSync(join(tmp, name, 'owner.json'), text);
		return name;
	};

	test('goes when one of them crashed, and stays as long as it lives', async () => {
		const crashed = await startWindow('crash');
		assert.equal(await crashed.exited, 'SIGKILL');
		const [left = ''] = readdirSync(tmp);
		assert.ok(existsSync(join(tmp, left, 'tmp', 'made', 'file')));
		const living = await startWindow('stay');
		const names = readdirSync(tmp);
		assert.equal(names.length, 2);
		await maker.removeLeft();
		assert.deepEqual(
			readdirSync(tmp),
			names.filter((name) => name !== left),
		);
		assert.equal(readFileSync(join(root, 'a.txt'), 'utf8'), 'a', 'a link in it is not followed');
		living.child.kill('SIGKILL');
		await living.exited;
		await maker.removeLeft();
		assert.deepEqual(readdirSync(tmp), []);
	});
	test('stays where it is our own, also when this process starts another agent', async () => {
		maker.hold({ writable: [root], hasNetwork: false }, root);
		const names = readdirSync(tmp);
		assert.equal(names.length, 1);
		await maker.removeLeft();
		assert.deepEqual(readdirSync(tmp), names);
		maker.dispose();
		assert.deepEqual(readdirSync(tmp), []);
	});
	test('is removed only where it is known to be ours, and its window to be gone', async () => {
		// A process that has been, and whose number is not given again so soon.
		const { child, exited } = await startWindow('stay');
		child.kill('SIGKILL');
		await exited;
		await maker.removeLeft();
		const { host, bootId } = thisProcess();
		const gone = { host, bootId, pid: child.pid };
		const [start = '', ...space] = bootId.split(' ');
		const earlier = [start.replace(/^./, (char) => (char === '0' ? '1' : '0')), ...space].join(' ');
		imposter('retrace-sandbox-gone01', gone);
		imposter('retrace-sandbox-boot01', { ...gone, bootId: earlier, pid: process.pid });
		const kept = [
			imposter('retrace-sandbox-none01', undefined),
			imposter('retrace-sandbox-half01', '{"host":"'),
			imposter('retrace-sandbox-host01', { ...gone, host: `${host}-other` }),
			imposter('retrace-sandbox-spac01', { ...gone, bootId: `${start} pid:[1]` }),
			imposter('retrace-sandbox-lives1', { ...gone, pid: process.pid }),
			imposter('retrace-sandbox-large1', JSON.stringify({ window: 'w'.repeat(5_000), claimedAt: 1, ...gone })),
			imposter('retrace-sandboxed-name01', gone),
			imposter('retrace-sandbox-longer-name', gone),
			imposter('linked', gone),
			imposter('retrace-sandbox-owner1', undefined),
			'retrace-sandbox-link01',
			'retrace-sandbox-file01',
		];
		symlinkSync(join(tmp, 'linked'), join(tmp, 'retrace-sandbox-link01'));
		symlinkSync(join(tmp, 'linked', 'owner.json'), join(tmp, 'retrace-sandbox-owner1', 'owner.json'));
		writeFileSync(join(tmp, 'retrace-sandbox-file01'), '');
		if (process.getuid?.() === 0) {
			kept.push(imposter('retrace-sandbox-user01', gone), imposter('retrace-sandbox-user02', gone));
			chownSync(join(tmp, 'retrace-sandbox-user01'), 65_534, 65_534);
			chownSync(join(tmp, 'retrace-sandbox-user02', 'owner.json'), 65_534, 65_534);
		}
		await maker.removeLeft();
		assert.deepEqual(readdirSync(tmp).sort(), kept.sort());
		assert.ok(existsSync(join(tmp, 'linked', 'kept')));
	});
	test('is nothing where the folder cannot be read', async () => {
		process.env.TMPDIR = join(base, 'gone');
		await maker.removeLeft();
		process.env.TMPDIR = tmp;
	});
});
