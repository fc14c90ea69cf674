/** A limit of time for work that has none of its own. */
import { CancelledError } from '../../base/errors.ts';

export class LateError extends Error {}

/** Rejects with LateError when it takes longer, and with CancelledError at once when it is stopped; what runs is then left to itself. */
export async function within<T>(limitMs: number, run: () => Promise<T>, signal?: AbortSignal): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	let stop: (() => void) | undefined;
	const left = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new LateError(`it took longer than ${limitMs / 1000} s`)), limitMs);
		stop = () => reject(new CancelledError());
		signal?.addEventListener('abort', stop, { once: true });
	});
	try {
		return await Promise.race([run(), left]);
	} finally {
		clearTimeout(timer);
		if (stop) signal?.removeEventListener('abort', stop);
	}
}
