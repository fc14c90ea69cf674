/** Work on a session that comes one by one, such as rewinds: what is asked for meanwhile waits, and so does a turn. */

export class OneByOne {
	readonly #onEnd: () => void;
	#free: Promise<void> = Promise.resolve();
	#isBusy = false;

	/** `onEnd` is called after each work, before whoever asked for it goes on. It must not throw. */
	constructor(onEnd: () => void) {
		this.#onEnd = onEnd;
	}

	get isBusy(): boolean {
		return this.#isBusy;
	}

	/** Runs `work` after all that was asked for before. */
	async run<T>(work: () => Promise<T>): Promise<T> {
		const done = this.#free.then(async () => {
			this.#isBusy = true;
			try {
				return await work();
			} finally {
				this.#isBusy = false;
				this.#onEnd();
			}
		});
		const onSettled = () => undefined;
		this.#free = done.then(onSettled, onSettled);
		return await done;
	}

	/** Resolves when nothing runs or waits. */
	async whenFree(): Promise<void> {
		let awaited: Promise<void> | undefined;
		while (awaited !== this.#free) {
			awaited = this.#free;
			await awaited;
		}
	}
}
