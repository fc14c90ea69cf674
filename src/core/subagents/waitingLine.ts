/** Who may go on when only so many may: the others wait in the order in which they came. */
import { CancelledError } from '../../base/errors.ts';

export type WaitingLine = {
	/** Runs `work` when there is room. Rejects with CancelledError when `signal` aborts before that. */
	run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
};

/** `room` is asked each time somebody comes or leaves. */
export function createWaitingLine(room: () => number): WaitingLine {
	const waiting = new Set<() => void>();
	let inside = 0;
	const letIn = () => {
		for (const enter of waiting) {
			if (inside >= Math.max(1, room())) return;
			waiting.delete(enter);
			inside++;
			enter();
		}
	};
	return {
		async run(work, signal) {
			await new Promise<void>((resolve, reject) => {
				if (signal.aborted) return reject(new CancelledError());
				const leave = () => {
					waiting.delete(enter);
					reject(new CancelledError());
				};
				const enter = () => {
					signal.removeEventListener('abort', leave);
					resolve();
				};
				signal.addEventListener('abort', leave, { once: true });
				waiting.add(enter);
				letIn();
			});
			try {
				return await work();
			} finally {
				inside--;
				letIn();
			}
		},
	};
}
