/** An agent that works for the session, as the row of its call shows it. */
import * as z from 'zod';

export const agentLaneSchema = z.object({
	/** Absent until it begins. */
	agentId: z.string().optional(),
	/** What kind it is: `explore`, `general` … */
	name: z.string(),
	/** `waiting`: others work, and it comes next. `asking`: it waits for the user. */
	state: z.enum(['waiting', 'running', 'asking', 'done', 'stopped', 'failed', 'limit', 'interrupted']),
	/** What it does now: `Read src/a.js`; empty when nothing is known. */
	step: z.string(),
	steps: z.number().int(),
	/** Of its newest request and reply; 0 = not known yet. */
	tokens: z.number().int(),
	/** 0 = not known. */
	windowTokens: z.number().int(),
	/** Null = its price is not known. */
	costUsd: z.number().nullable(),
	/** Unix ms; absent until it begins. */
	startedAt: z.number().optional(),
	/** Set once it is over. */
	durationMs: z.number().optional(),
	/** Files that it changed in all its runs so far. */
	changedFiles: z.number().int(),
});
export type AgentLane = z.infer<typeof agentLaneSchema>;

/** What the user does with an agent. */
export const agentActionSchema = z.enum(['stop', 'continue', 'takeBack', 'open']);
export type AgentAction = z.infer<typeof agentActionSchema>;
