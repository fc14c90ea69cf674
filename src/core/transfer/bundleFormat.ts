/**
 * The portable bundle, version 1: a zip file `.retrace` with logs, the blobs that their conversation names and a manifest; and the same in
 * one JSON document. What is here is the format; writing and reading it are files of their own.
 */
import * as z from 'zod';
import { asSessionId } from '../../base/ids.ts';
import { isAgentId } from '../session/agentLog.ts';
import type { Entry, EntryType } from '../session/entry.ts';
import type { ArchiveLimits } from './transferPorts.ts';

export const BUNDLE_VERSION = 1;
export const BUNDLE_FORMAT = 'retrace-bundle';
export const JSON_FORMAT = 'retrace-session';
export const MANIFEST_NAME = 'manifest.json';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const AGENT_ID = '[0-9A-Za-z][0-9A-Za-z_-]{0,127}';
const LOG_NAME = new RegExp(`^sessions/${UUID}\\.jsonl$`);
const AGENT_NAME = new RegExp(`^sessions/${UUID}/agents/${AGENT_ID}\\.jsonl$`);
const BLOB_NAME = /^blobs\/[0-9a-f]{64}$/;

export const logName = (sessionId: string): string => `sessions/${sessionId}.jsonl`;
export const agentLogName = (sessionId: string, agentId: string): string =>
	`sessions/${sessionId}/agents/${agentId}.jsonl`;
export const blobName = (sha256: string): string => `blobs/${sha256}`;

const MB = 1024 * 1024;
export const BUNDLE_LIMITS: ArchiveLimits = {
	maxParts: 20_000,
	maxPartBytes: 256 * MB,
	maxTotalBytes: 512 * MB,
	isKnownName: (name) => name === MANIFEST_NAME || LOG_NAME.test(name) || AGENT_NAME.test(name) || BLOB_NAME.test(name),
};

const agentIdSchema = z.string().refine(isAgentId);
const uuidSchema = z.string().regex(new RegExp(`^${UUID}$`));
const bundledSessionIdSchema = uuidSchema.transform(asSessionId);
const shaSchema = z.string().regex(/^[0-9a-f]{64}$/);
const pathNameSchema = z.object({
	kind: z.enum(['root', 'home']),
	name: z.string().min(1).max(200),
	/** What stands for the folder in the texts: `{folder:name}`, or its path when nothing was redacted. */
	from: z.string().min(2).max(4096),
});

export const manifestSchema = z.object({
	format: z.literal(BUNDLE_FORMAT),
	version: z.literal(BUNDLE_VERSION),
	createdAt: z.number(),
	extensionVersion: z.string().max(100),
	isRedacted: z.boolean(),
	note: z.string().max(1000).optional(),
	sessions: z
		.array(
			z.object({
				id: bundledSessionIdSchema,
				title: z.string().max(1000),
				agents: z.array(agentIdSchema).max(1000),
			}),
		)
		.min(1)
		.max(100),
	paths: z.array(pathNameSchema).max(100),
	/** Every other part of the archive. */
	parts: z
		.array(z.object({ name: z.string(), sizeBytes: z.number().int().nonnegative(), sha256: shaSchema }))
		.max(BUNDLE_LIMITS.maxParts),
	/** Contents that were missing or damaged already where the bundle was made. */
	missingBlobs: z.array(shaSchema).max(BUNDLE_LIMITS.maxParts),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The whole session in one document: `entries` are the lines of the log. */
export const jsonExportSchema = z.object({
	format: z.literal(JSON_FORMAT),
	version: z.literal(BUNDLE_VERSION),
	createdAt: z.number(),
	extensionVersion: z.string().max(100),
	isRedacted: z.boolean(),
	note: z.string().max(1000).optional(),
	paths: z.array(pathNameSchema).max(100),
	session: z.object({ id: bundledSessionIdSchema, title: z.string().max(1000) }),
	/** By hash: the text, or the bytes as base64. */
	blobs: z.record(shaSchema, z.union([z.object({ text: z.string() }), z.object({ base64: z.string() })])),
	/** Contents that were missing, damaged or beyond the size that is inlined. */
	missingBlobs: z.array(shaSchema),
	entries: z.array(z.unknown()),
	agents: z.record(agentIdSchema, z.array(z.unknown())),
});

/**
 * What an import takes over. Everything else is left out: rules, modes, models and the frozen prefix of the other machine, and whatever
 * says what happened to its files.
 */
const TAKEN_TYPES: ReadonlySet<string> = new Set<EntryType>([
	'user',
	'attachment',
	'assistant',
	'assistantEnded',
	'toolResult',
	'reminder',
	'compaction',
	'contextEdit',
	'subagentReturned',
	'interrupted',
	'turnEnded',
	'rewind',
	'branchLabel',
	'title',
	'taskList',
	'subagent',
]);
export const isTaken = (entry: Entry): boolean => TAKEN_TYPES.has(entry.type);
