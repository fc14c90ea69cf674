/** A FileScanner that finds what the test says, and keeps what was asked of it in order. */
import type { FileScanner, FoundChange, ScanLimits } from '../../src/core/checkpoint/fileScanner.ts';

export type FakeScanner = FileScanner & {
	/** `prepare`, `begin`, `finish`, `cancel`. */
	readonly log: string[];
	/** Lets the first pictures that are held be ready. */
	ready(): void;
};

export function createFakeScanner(
	options: {
		/** In parts, as they come. A function may fail. */
		readonly found?: () => AsyncIterable<readonly FoundChange[]> | Iterable<readonly FoundChange[]>;
		readonly limits?: ScanLimits;
		/** The picture is ready only after `ready()`. */
		readonly isHeld?: boolean;
		readonly log?: string[];
	} = {},
): FakeScanner {
	const { found = () => [], limits = { items: [], unavailable: undefined } } = options;
	const log = options.log ?? [];
	let release: () => void = () => undefined;
	const held = options.isHeld ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve();
	return {
		log,
		ready: () => release(),
		prepare: () => void log.push('prepare'),
		begin() {
			log.push('begin');
			return {
				ready: held.then(() => limits),
				async *finish(signal) {
					log.push('finish');
					signal.throwIfAborted();
					yield* found();
				},
				cancel: () => void log.push('cancel'),
			};
		},
	};
}
