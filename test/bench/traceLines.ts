// What the packaged extension wrote into its output channel while `retrace.trace` was on: one object per line, in order.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface TraceLine {
	/** When, as an ISO date with milliseconds. */
	readonly time: string;
	readonly event: string;
	readonly durationMs?: number;
}

/** Of every window that this user-data-dir has seen, older windows first. */
export function traceLines(userDataDir: string): readonly TraceLine[] {
	const logs = join(userDataDir, 'logs');
	if (!existsSync(logs)) return [];
	return readdirSync(logs, { recursive: true, encoding: 'utf8' })
		.filter((path) => path.endsWith('Retrace.log'))
		.map((path) => join(logs, path))
		.sort((a, b) => statSync(a).birthtimeMs - statSync(b).birthtimeMs)
		.flatMap((path) => readFileSync(path, 'utf8').split('\n'))
		.flatMap((line) => {
			const json = /\{"time".*\}$/.exec(line)?.[0];
			return json === undefined ? [] : [JSON.parse(json)];
		});
}
