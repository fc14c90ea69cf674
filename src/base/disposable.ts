/** Lifetimes. Register at creation; what is added after disposal is disposed at once, so nothing can leak through a race. */
export interface Disposable {
	dispose(): void;
}

export function toDisposable(dispose: () => void): Disposable {
	let isDisposed = false;
	return {
		dispose() {
			if (isDisposed) return;
			isDisposed = true;
			dispose();
		},
	};
}

/** Owns disposables and disposes them in reverse order. Disposing twice does nothing. */
export class DisposableStore implements Disposable {
	readonly #items: Disposable[] = [];
	#isDisposed = false;

	add<T extends Disposable>(item: T): T {
		if (this.#isDisposed) item.dispose();
		else this.#items.push(item);
		return item;
	}

	dispose(): void {
		this.#isDisposed = true;
		for (const item of this.#items.splice(0).reverse()) item.dispose();
	}
}
