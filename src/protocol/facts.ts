/** The facts of a session as the panel shows them, and what the user may do with them. */
import * as z from 'zod';

const factKindSchema = z.enum(['decision', 'cause', 'constraint']);
export type PanelFactKind = z.infer<typeof factKindSchema>;

const panelFactSchema = z.object({
	id: z.string(),
	kind: factKindSchema,
	topic: z.string(),
	text: z.string(),
	isPinned: z.boolean(),
	/** The user worded it. */
	isOwn: z.boolean(),
	/** Where it was said can be shown. */
	canOpen: z.boolean(),
});
export type PanelFact = z.infer<typeof panelFactSchema>;

export const panelFactsSchema = z.object({
	facts: z.array(panelFactSchema),
	/** What goes with the next prompt because the user changed facts; 0 = nothing. */
	pendingTokens: z.number().int().nonnegative(),
});
export type PanelFacts = z.infer<typeof panelFactsSchema>;

const words = { factKind: factKindSchema, topic: z.string().max(1_000), text: z.string().max(10_000) };

export const factActSchema = z.discriminatedUnion('op', [
	z.object({ op: z.literal('add'), ...words }),
	z.object({ op: z.literal('change'), id: z.string(), ...words }),
	z.object({ op: z.enum(['delete', 'pin', 'unpin']), id: z.string() }),
	z.object({ op: z.literal('open'), id: z.string() }),
]);
export type FactAct = z.infer<typeof factActSchema>;
