/**
 * Ends a child process with all that it started: it must lead a group of its own (`detached`). What left the group is found by its mark,
 * where it has one. Starts nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { markedProcesses, type newMark } from './markedProcesses.ts';

/** What a process gets to end by itself after SIGTERM. */
const KILL_AFTER_MS = 2_000;
/** How often a killed group is asked whether it is gone. */
const GONE_POLL_MS = 25;

/** SIGTERM to the whole group, SIGKILL when any of it is left after a while. Resolves when it is gone or was killed. */
export async function endGroup(
	child: ChildProcess,
	killAfterMs = KILL_AFTER_MS,
	mark?: ReturnType<typeof newMark>,
): Promise<void> {
	const { pid } = child;
	if (pid === undefined) return;
	if (process.platform === 'win32') {
		spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).on('error', () =>
			child.kill(),
		);
		return;
	}
	const left = () => (mark ? markedProcesses(mark) : []);
	await endAll((isLate) => {
		if (!isGroupAlive(pid)) return left();
		// The group first, so that none of it is told twice.
		return isLate ? [-pid, ...left()] : [-pid];
	}, killAfterMs);
}

/** At once, for one that hangs: a process that leads a group, with all in it. */
export function killGroup(pid: number): void {
	if (process.platform === 'win32')
		spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).on(
			'error',
			() => undefined,
		);
	else signal(-pid, 'SIGKILL');
}

/** Ends what commands of this host left behind. */
export async function endLeftProcesses(killAfterMs = KILL_AFTER_MS): Promise<number> {
	const left = markedProcesses();
	if (left.length > 0) await endAll(() => markedProcesses(), killAfterMs);
	return left.length;
}

/** SIGTERM, and SIGKILL for what is left after a while. `alive` names processes, and groups as negative numbers. */
async function endAll(alive: (isLate: boolean) => readonly number[], killAfterMs: number): Promise<void> {
	const told = new Set<number>();
	const until = performance.now() + killAfterMs;
	for (;;) {
		const isLate = performance.now() >= until;
		const left = alive(isLate);
		if (left.length === 0) return;
		for (const id of left) {
			// What was started meanwhile is told as well.
			if (isLate || !told.has(id)) signal(id, isLate ? 'SIGKILL' : 'SIGTERM');
			told.add(id);
		}
		if (isLate) return;
		await new Promise((resolve) => setTimeout(resolve, GONE_POLL_MS));
	}
}

/** Whether the process, or the group of a negative number, was there to get the signal. */
function signal(id: number, name: NodeJS.Signals | 0): boolean {
	try {
		return process.kill(id, name);
	} catch {
		// ESRCH: all of it is gone. EPERM (macOS): only zombies are left.
		return false;
	}
}

/** Whether any process of the group still runs. A zombie that nobody collects (in containers) does not count where we can see it. */
function isGroupAlive(pid: number): boolean {
	if (!signal(-pid, 0)) return false;
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
