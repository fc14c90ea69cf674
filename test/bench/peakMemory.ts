// The most memory that this process ever held at once, since it was idle: its resident size, as the system counts it.
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export type PeakMemory = { readonly idleMb: number; stop(): { readonly overIdleMb: number; readonly keptMb: number } };

const SAMPLE_MS = 5;
const MB = 1_000_000;

/** Starts from what is left when everything that can go went. */
export function watchPeakMemory(): PeakMemory {
	collectGarbage();
	const idle = process.memoryUsage.rss();
	const isExact = resetHighWater();
	let sampled = idle;
	const timer = setInterval(() => {
		sampled = Math.max(sampled, process.memoryUsage.rss());
	}, SAMPLE_MS);
	return {
		idleMb: idle / MB,
		stop() {
			clearInterval(timer);
			const peak = Math.max(sampled, process.memoryUsage.rss(), isExact ? highWater() : 0);
			collectGarbage();
			return { overIdleMb: (peak - idle) / MB, keptMb: (process.memoryUsage.rss() - idle) / MB };
		},
	};
}

function collectGarbage(): void {
	setFlagsFromString('--expose-gc');
	const collect: () => void = runInNewContext('gc');
	collect();
	collect();
}

/** Linux keeps the highest value itself; elsewhere the samples must do. */
function resetHighWater(): boolean {
	try {
		writeFileSync('/proc/self/clear_refs', '5');
		return true;
	} catch {
		return false;
	}
}

function highWater(): number {
	return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
}
