/** Waits for what others do without being held up by it: a stop is heard at once. Does not end what it waits for. */

/** As the promise, unless the signal aborts first: then it rejects with the reason of that. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
	return new Promise((resolve, reject) => {
		const abort = () => reject(signal.reason);
		promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
		if (signal.aborted) abort();
		else signal.addEventListener('abort', abort, { once: true });
	});
}
