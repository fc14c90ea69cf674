/** Ends a child process with all that it started: it must lead a group of its own (`detached`). Starts nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What a process gets to end by itself after SIGTERM. */
const KILL_AFTER_MS = 2_000;
/** How often a killed group is asked whether it is gone. */
const GONE_POLL_MS = 25;

/** SIGTERM to the whole group, SIGKILL when any of it is left after a while. Resolves when it is gone or was killed. */
export async function endGroup(child: ChildProcess, killAfterMs = KILL_AFTER_MS): Promise<void> {
	const { pid } = child;
	if (pid === undefined) return;
	if (process.platform === 'win32') {
		spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).on('error', () =>
			child.kill(),
		);
		return;
	}
	signalGroup(pid, 'SIGTERM');
	const until = performance.now() + killAfterMs;
	while (performance.now() < until) {
		await new Promise((resolve) => setTimeout(resolve, GONE_POLL_MS));
		if (!isGroupAlive(pid)) return;
	}
	signalGroup(pid, 'SIGKILL');
}

/** Whether the group was there to get the signal. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
	try {
		return process.kill(-pid, signal);
	} catch {
		// ESRCH: all of it is gone. EPERM (macOS): only zombies are left.
		return false;
	}
}

/** Whether any process of the group still runs. A zombie that nobody collects (in containers) does not count where we can see it. */
function isGroupAlive(pid: number): boolean {
	if (!signalGroup(pid, 0)) return false;
	if (process.platform !== 'linux') return true;
	return readdirSync('/proc').some((name) => {
		if (!/^\d+$/.test(name)) return false;
		try {
			const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
			// After the name in brackets: state, parent, group.
			const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
			return group === String(pid) && state !== 'Z' && state !== 'X';
		} catch {
			// It ended while we looked.
			return false;
		}
	});
}
