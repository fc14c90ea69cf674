/** The fields of a `prefix` entry: the frozen start of every request. `tools`, `system` and `context` are blobs of the exact JSON text sent. */
import * as z from 'zod';
import { blobRefSchema } from './content.ts';

export const prefixFields = {
	tools: blobRefSchema,
	system: blobRefSchema,
	context: blobRefSchema,
	model: z.string(),
	maxTokens: z.number().int().positive(),
	thinking: z.unknown(),
	effort: z.string().nullable(),
	betas: z.array(z.string()),
	apiVersion: z.string(),
	ttl: z.enum(['5m', '1h']),
	reminderForm: z.enum(['system', 'user']),
	diagnostics: z.boolean(),
	toolVersions: z.record(z.string(), z.number().int()),
	render: z.number().int(),
} as const;
