/**
 * The profile of sandbox-exec, which holds a command on macOS. Pure. Of two rules that fit, the later one counts, so what is nearer to
 * the root comes first.
 */
import type { SandboxMount } from './sandboxMounts.ts';

export type SeatbeltRequest = {
	readonly mounts: readonly SandboxMount[];
	readonly absent: readonly string[];
	readonly hasNetwork: boolean;
	/** Of our proxy on this machine: the one thing that may be reached without the network. */
	readonly proxyPort?: number | undefined;
	/** Free of links. */
	readonly tmpFolder: string;
};

export function seatbeltProfile({ mounts, absent, hasNetwork, proxyPort, tmpFolder }: SeatbeltRequest): string {
	const byDepth = mounts.toSorted((left, right) => left.path.length - right.path.length);
	const lines = [
		'(version 1)',
		'(allow default)',
		'(deny file-write*)',
		`(allow file-write* (subpath "/dev") (subpath ${quoted(tmpFolder)}))`,
		...byDepth.flatMap(linesOf),
		// Other than by mounts, what is not there can be held here.
		...absent.map((path) => `(deny file-write* (subpath ${quoted(path)}))`),
		// What others would do for the command in its place.
		'(deny appleevent-send)',
		'(deny lsopen)',
		'(deny job-creation)',
		...(hasNetwork ? [] : ['(deny network*)']),
		...(hasNetwork || proxyPort === undefined ? [] : [`(allow network-outbound (remote ip "localhost:${proxyPort}"))`]),
	];
	return `${lines.join('\n')}\n`;
}

function linesOf({ path, kind }: SandboxMount): readonly string[] {
	const place = `(subpath ${quoted(path)})`;
	if (kind === 'writable') return [`(allow file-read* file-write* ${place})`];
	if (kind === 'readOnly') return [`(deny file-write* ${place})`];
	return [`(deny file-read* file-write* ${place})`];
}

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
