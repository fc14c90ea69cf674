// What the scripts say on the terminal: one line per step with its time. Decides nothing.

/** Prints a line that belongs to a step. @param {string} text */
export function say(text) {
	process.stdout.write(`${text}\n`);
}

/**
 * Runs a step and prints its name and duration when it is over, also when it fails.
 * @template T @param {string} name @param {() => Promise<T>} run @returns {Promise<T>}
 */
export async function step(name, run) {
	const startedMs = performance.now();
	say(`> ${name}`);
	try {
		return await run();
	} finally {
		say(`  ${name}: ${seconds(performance.now() - startedMs)}`);
	}
}

/** @param {number} durationMs */
export function seconds(durationMs) {
	return `${(durationMs / 1000).toFixed(1)} s`;
}

/** Ends the process with a message for people: what happened and what to do. @param {string} text @returns {never} */
export function stop(text) {
	process.stderr.write(`\n${text}\n`);
	process.exit(1);
}
