/** A FileScanner that finds what the test says, and keeps what was asked of it in order. */
import type { FileScanner, FoundChange, ScanLimits } from '../../src/core/checkpoint/fileScanner.ts';

export type FakeScanner = FileScanner & {
	/** `prepare`, `begin`, `goOn`, `finish`, `cancel`. */
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
		/** A run that may go on where the last one ended does. */
		readonly goesOn?: boolean;
	} = {},
): FakeScanner {
	const { found = () => [], limits = { items: [], unavailable: undefined } } = options;
	const log = options.log ?? [];
	let release: () => void = () => undefined;
	const held = options.isHeld ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve();
	let isJustOver = false;
	return {
		log,
		ready: () => release(),
		prepare: () => void log.push('prepare'),
		begin(_session, { mayGoOn = false } = {}) {
			const goesOn = options.goesOn === true && mayGoOn && isJustOver;
			isJustOver = false;
			log.push(goesOn ? 'goOn' : 'begin');
			return {
				goesOn,
				ready: held.then(() => limits),
				async *finish(signal) {
					log.push('finish');
					signal.throwIfAborted();
					yield* found();
					isJustOver = true;
				},
				cancel: () => void log.push('cancel'),
			};
		},
	};
}
