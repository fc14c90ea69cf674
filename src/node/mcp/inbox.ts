/**
 * Messages of a server, one after the other. The library takes answers at once and notifications a moment later, so of two that came in
 * one piece progress would come behind the end of its call.
 */
import { messageOf } from '../../base/errors.ts';

export type Inbox<T> = { readonly add: (message: T) => void };

/** `take` is called at once for a message that comes alone. */
export function createInbox<T>(take: (message: T) => void, onError: (error: Error) => void): Inbox<T> {
	let waiting: T[] = [];
	return {
		add(message) {
			waiting.push(message);
			if (waiting.length === 1) void deliver();
		},
	};

	async function deliver(): Promise<void> {
		for (const message of waiting) {
			try {
				take(message);
			} catch (error) {
				onError(error instanceof Error ? error : new Error(messageOf(error)));
			}
			await Promise.resolve();
			await Promise.resolve();
		}
		waiting = [];
	}
}
