/** What the log says of the worktree that a session works in: a copy of the workspace, in whose place its folders stand. */
import * as z from 'zod';

export const worktreeRefSchema = z.object({
	id: z.string().regex(/^[0-9a-z-]{1,64}$/),
	/** `path` stands for the workspace folder `from`. */
	roots: z.array(z.object({ name: z.string(), path: z.string(), from: z.string() })),
});
export type WorktreeRef = z.infer<typeof worktreeRefSchema>;
