/** What in the life of a server happens later: after a time, taken together with others of its kind, or once something holds. */

type Changes = {
	/** Something is another than before. */
	tell(): void;
	/** Resolves when it holds, when the time is over or with the signal. */
	until(holds: () => boolean, timeoutMs: number, signal: AbortSignal): Promise<void>;
};

export function createChanges(): Changes {
	const looks = new Set<() => void>();
	return {
		tell() {
			for (const look of [...looks]) look();
		},
		async until(holds, timeoutMs, signal) {
			if (holds() || signal.aborted) return;
			await new Promise<void>((resolve) => {
				const end = () => {
					looks.delete(look);
					clearTimeout(timer);
					signal.removeEventListener('abort', end);
					resolve();
				};
				const look = () => {
					if (holds()) end();
				};
				const timer = setTimeout(end, timeoutMs);
				looks.add(look);
				signal.addEventListener('abort', end, { once: true });
			});
		},
	};
}

/** Runs it at most once per `everyMs`, and once more when it was asked for meanwhile. */
export function takenTogether(work: () => Promise<void>, everyMs: number, signal: AbortSignal): () => void {
	let isPlanned = false;
	let isAskedAgain = false;
	const run = async () => {
		isAskedAgain = false;
		await work().catch(() => undefined);
		isPlanned = false;
		if (isAskedAgain) plan();
	};
	const plan = () => {
		isAskedAgain = isPlanned;
		if (isPlanned) return;
		isPlanned = true;
		later(everyMs, signal, () => void run());
	};
	return plan;
}

/** Never keeps the process alive, and never comes after the signal. */
export function later(delayMs: number, signal: AbortSignal, work: () => void): void {
	if (signal.aborted) return;
	const onAbort = () => clearTimeout(timer);
	const timer = setTimeout(() => {
		signal.removeEventListener('abort', onAbort);
		work();
	}, delayMs);
	timer.unref();
	signal.addEventListener('abort', onAbort, { once: true });
}
