/** The arguments of bubblewrap, which holds a command on Linux by namespaces of its own. Pure. */
import { dirname } from 'node:path';
import type { SandboxMount } from './sandboxMounts.ts';

export type BubblewrapRequest = {
	readonly mounts: readonly SandboxMount[];
	readonly hasNetwork: boolean;
	readonly cwd: string;
	/** Stands in for the folders of temporary files. */
	readonly tmpFolder: string;
	/** Stands in for a file that is hidden. */
	readonly emptyFile: string;
	/** Folders of temporary files, and those where other programs listen; free of links. */
	readonly tmpPlaces: readonly string[];
	readonly runPlaces: readonly string[];
	/** What is in the latter and needed all the same. */
	readonly kept: readonly string[];
};

type Step = {
	readonly path: string;
	readonly kind: SandboxMount['kind'] | 'tmp' | 'run' | 'kept';
	readonly args: readonly string[];
};

/** All but the command itself. Later mounts lie over earlier ones, so what is nearer to the root comes first. */
export function bubblewrapArgs(request: BubblewrapRequest): readonly string[] {
	const { mounts, tmpFolder, emptyFile, hasNetwork, cwd } = request;
	const steps: Step[] = [
		...request.tmpPlaces.map((path) => ({ path, kind: 'tmp' as const, args: ['--bind', tmpFolder, path] })),
		// Whoever listens there would do for a command what it may not do itself.
		...request.runPlaces.map((path) => ({ path, kind: 'run' as const, args: ['--tmpfs', path] })),
		...request.kept.map((path) => ({ path, kind: 'kept' as const, args: ['--ro-bind', path, path] })),
		{ path: '/dev', kind: 'kept', args: ['--dev', '/dev'] },
		{ path: '/proc', kind: 'kept', args: ['--proc', '/proc'] },
		...mounts.map((mount) => ({ path: mount.path, kind: mount.kind, args: argsOf(mount, emptyFile) })),
	];
	const ordered = steps
		.map((step, index) => ({ step, index }))
		.sort((left, right) => depthOf(left.step.path) - depthOf(right.step.path) || left.index - right.index)
		.map(({ step }) => step);
	const held = ordered.filter((step) => isNeeded(step, ordered));
	const hiddenFolders = held.filter((step) => step.kind === 'hidden' && step.args[0] === '--tmpfs');
	return [
		...['--unshare-user-try', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
		...(hasNetwork ? [] : ['--unshare-net']),
		...['--ro-bind', '/', '/'],
		...held.flatMap(({ args }) => args),
		// Last, so that what lies in them could be mounted; and then nothing seems to be written there that is lost.
		...hiddenFolders.flatMap(({ path }) => ['--remount-ro', path]),
		...['--setenv', 'TMPDIR', request.tmpPlaces[0] ?? '/tmp'],
		...['--unsetenv', 'TMP', '--unsetenv', 'TEMP'],
		...['--chdir', cwd, '--'],
	];
}

function argsOf({ path, kind, isFolder }: SandboxMount, emptyFile: string): readonly string[] {
	if (kind === 'writable') return ['--bind', path, path];
	if (kind === 'readOnly') return ['--ro-bind', path, path];
	return isFolder ? ['--tmpfs', path] : ['--ro-bind', emptyFile, path];
}

/** What lies in something that is hidden or replaced is gone with it. */
function isNeeded({ path, kind }: Step, all: readonly Step[]): boolean {
	if (kind !== 'readOnly' && kind !== 'hidden') return true;
	let above = path;
	while (above !== dirname(above)) {
		above = dirname(above);
		const nearest = all.findLast((one) => one.path === above);
		if (nearest) return nearest.kind !== 'hidden' && nearest.kind !== 'tmp' && nearest.kind !== 'run';
	}
	return true;
}

const depthOf = (path: string): number => path.split('/').filter((segment) => segment !== '').length;
