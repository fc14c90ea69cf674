/**
 * Finds the processes of a command wherever they went: each one started by it has a mark in its environment, which it keeps when it leaves
 * the group, the session or its parent. Linux only. What starts with an environment of its own making is not found.
 */
import { readdirSync, readFileSync } from 'node:fs';

const MARK_NAME = 'RETRACE_COMMAND';
/** Tells this host from one of before with the same number. */
const HOST_MARK = `${process.pid}.${Date.now().toString(36)}`;

let commands = 0;

/** The variable to start a command with. Each command has another one. */
export function newMark(): { readonly [MARK_NAME]: string } {
	return { [MARK_NAME]: `${HOST_MARK}.${++commands}.` };
}

/** Those with this mark, zombies left out; of all commands of this host when none is given. */
export function markedProcesses(mark?: { readonly [MARK_NAME]: string }): readonly number[] {
	if (process.platform !== 'linux') return [];
	const wanted = `${MARK_NAME}=${mark?.[MARK_NAME] ?? `${HOST_MARK}.`}`;
	return readdirSync('/proc').flatMap((name) => {
		if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
		try {
			const variables = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
			// Of a zombie it is empty.
			return variables.some((one) => one.startsWith(wanted)) ? [Number(name)] : [];
		} catch {
			// It ended while we looked, or is another user's.
			return [];
		}
	});
}
