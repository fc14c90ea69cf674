/** A minimal event source. Events tell what has happened; they never steer. */
import { type Disposable, toDisposable } from './disposable.ts';

export type Event<T> = (listener: (value: T) => void) => Disposable;

/** Listeners run synchronously in the order they were added; one that throws does not keep the others from hearing. */
export class Emitter<T> implements Disposable {
	readonly #listeners = new Set<(value: T) => void>();
	readonly #onError: (error: unknown) => void;

	/** `onError` receives what a listener throws; by default it is rethrown after all listeners ran. */
	constructor(onError?: (error: unknown) => void) {
		this.#onError =
			onError ??
			((error) => {
				throw error;
			});
	}

	readonly event: Event<T> = (listener) => {
		const own = (value: T) => listener(value);
		this.#listeners.add(own);
		return toDisposable(() => this.#listeners.delete(own));
	};

	fire(value: T): void {
		const errors: unknown[] = [];
		for (const listener of [...this.#listeners]) {
			try {
				listener(value);
			} catch (error) {
				errors.push(error);
			}
		}
		for (const error of errors) this.#onError(error);
	}

	dispose(): void {
		this.#listeners.clear();
	}
}
