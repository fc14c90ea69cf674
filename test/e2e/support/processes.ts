// Finds and ends single processes below a server that a test started, to see what a crash leaves. POSIX only.
import { execFileSync } from 'node:child_process';

/** Kills the extension hosts among the descendants of `serverPid`, without warning. Answers how many there were. */
export function killExtensionHosts(serverPid: number): number {
	const found = descendants(serverPid).filter(({ command }) => command.includes('--type=extensionHost'));
	for (const { pid } of found) process.kill(pid, 'SIGKILL');
	return found.length;
}

/** The processes below `serverPid` that run this file of the extension. */
export function processesOf(serverPid: number, file: string): readonly number[] {
	return descendants(serverPid)
		.filter(({ command }) => command.includes(file))
		.map(({ pid }) => pid);
}

interface Process {
	readonly pid: number;
	readonly parentPid: number;
	readonly command: string;
}

function descendants(rootPid: number): Process[] {
	const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
		.split('\n')
		.flatMap((line): Process[] => {
			const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
			return match ? [{ pid: Number(match[1]), parentPid: Number(match[2]), command: match[3] ?? '' }] : [];
		});
	const found: Process[] = [];
	let generation = [rootPid];
	while (generation.length > 0) {
		const children = all.filter(({ parentPid }) => generation.includes(parentPid));
		found.push(...children);
		generation = children.map(({ pid }) => pid);
	}
	return found;
}
