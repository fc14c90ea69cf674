/** How fast a server may talk: what is more than its share in a slice of time waits for the next one, so that the window stays usable. */
export type Inflow = {
	/** Counts what came; the milliseconds to wait before more is read, 0 for none. */
	taken(bytes: number, messages: number): number;
};

const SLICE_MS = 100;
const BYTES_PER_SLICE = 4 * 1024 * 1024;
const MESSAGES_PER_SLICE = 500;

export function createInflow(now: () => number): Inflow {
	let sliceFrom = now();
	let bytesTaken = 0;
	let messagesTaken = 0;
	return {
		taken(bytes, messages) {
			const at = now();
			if (at - sliceFrom >= SLICE_MS) {
				sliceFrom = at;
				bytesTaken = 0;
				messagesTaken = 0;
			}
			bytesTaken += bytes;
			messagesTaken += messages;
			const slices = Math.max(bytesTaken / BYTES_PER_SLICE, messagesTaken / MESSAGES_PER_SLICE);
			return slices <= 1 ? 0 : Math.ceil(slices * SLICE_MS - (at - sliceFrom));
		},
	};
}
