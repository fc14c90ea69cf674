/** What a lease file holds (`<uuid>.lease/<generation>`). Who may write, and when a lease is stale, is the store's. */
import * as z from 'zod';

const leaseFileSchema = z.object({
	host: z.string(),
	/** Names one start of that machine. */
	bootId: z.string(),
	pid: z.number().int(),
	/** A name for the window that a person may recognise. */
	window: z.string(),
	/** Unix ms. */
	claimedAt: z.number(),
});
export type LeaseFile = z.infer<typeof leaseFileSchema>;

/** Undefined for a file that is being written or is damaged. */
export function parseLeaseFile(text: string): LeaseFile | undefined {
	try {
		return leaseFileSchema.parse(JSON.parse(text));
	} catch (error) {
		if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
		throw error;
	}
}
