/**
 * The lines of a Claude Code log as far as an import needs them. Tolerant: a line that cannot be read, or of a kind that is not known, is left
 * out and counted. Pure.
 */
import * as z from 'zod';

export type ClaudeMessage = {
	readonly id: string | undefined;
	readonly model: string | undefined;
	readonly content: string | readonly unknown[];
	readonly stopReason: string | undefined;
	readonly usage: z.infer<typeof usageSchema> | undefined;
};

/** A line that stands in the tree: it has an id, and usually a parent. */
export type ClaudeLine = {
	readonly type: string;
	readonly uuid: string;
	readonly parentUuid: string | null;
	/** Of a compaction: what came before it. */
	readonly logicalParentUuid: string | null;
	readonly timestampMs: number | undefined;
	readonly isSidechain: boolean;
	readonly agentId: string | undefined;
	readonly subtype: string | undefined;
	readonly isMeta: boolean;
	readonly isCompactSummary: boolean;
	readonly isApiError: boolean;
	readonly costUsd: number | undefined;
	readonly compact: z.infer<typeof compactSchema> | undefined;
	/** The subagent that a tool result came from. */
	readonly resultAgentId: string | undefined;
	readonly message: ClaudeMessage | undefined;
};

export type ClaudeLog = {
	/** In file order, each id once. */
	readonly lines: readonly ClaudeLine[];
	readonly titles: { readonly byUser?: string; readonly byModel?: string; readonly summary?: string };
	readonly leftOut: LeftOut;
};

/** What an import left out, e.g. `unreadable lines`, and how often. */
export type Loss = { readonly what: string; readonly count: number };

/** Counts what an import leaves out, by kind. */
export class LeftOut {
	readonly #counts = new Map<string, number>();

	add(what: string, count = 1): void {
		this.#counts.set(what, (this.#counts.get(what) ?? 0) + count);
	}

	get list(): readonly Loss[] {
		return [...this.#counts].map(([what, count]) => ({ what, count }));
	}
}

const text = z.string().optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);
const count = z.number().int().nonnegative().optional().catch(undefined);

const usageSchema = z.object({
	input_tokens: count,
	output_tokens: count,
	cache_read_input_tokens: count,
	cache_creation_input_tokens: count,
	cache_creation: z.object({ ephemeral_1h_input_tokens: count }).optional().catch(undefined),
});
const compactSchema = z.object({
	trigger: text,
	preTokens: count,
	postTokens: count,
	preservedSegment: z.object({ headUuid: text }).optional().catch(undefined),
	preservedMessages: z
		.object({ uuids: z.array(z.string()) })
		.optional()
		.catch(undefined),
});
const messageSchema = z.object({
	id: text,
	model: text,
	content: z.union([z.string(), z.array(z.unknown())]),
	stop_reason: z.string().nullish().catch(undefined),
	usage: usageSchema.optional().catch(undefined),
});
const lineSchema = z.object({
	type: z.string(),
	uuid: text,
	parentUuid: z.string().nullish().catch(undefined),
	logicalParentUuid: z.string().nullish().catch(undefined),
	timestamp: text,
	isSidechain: flag,
	agentId: text,
	subtype: text,
	isMeta: flag,
	isCompactSummary: flag,
	isApiErrorMessage: flag,
	costUSD: z.number().nonnegative().optional().catch(undefined),
	compactMetadata: compactSchema.optional().catch(undefined),
	toolUseResult: z.object({ agentId: text }).optional().catch(undefined),
	message: messageSchema.optional().catch(undefined),
	summary: text,
	aiTitle: text,
	customTitle: text,
});

/** Kinds that hold the program's own state and nothing that was said. */
const STATE_TYPES: ReadonlySet<string> = new Set([
	'agent-name',
	'attachment',
	'file-history-snapshot',
	'last-prompt',
	'mode',
	'permission-mode',
	'pr-link',
	'progress',
	'queue-operation',
	'system',
	'tag',
	'worktree-state',
]);

export function readClaudeLines(lines: readonly string[]): ClaudeLog {
	const leftOut = new LeftOut();
	const titles: { byUser?: string; byModel?: string; summary?: string } = {};
	const known = new Set<string>();
	const read: ClaudeLine[] = [];
	for (const [index, line] of lines.entries()) {
		if (line.trim() === '') continue;
		const parsed = parseLine(line);
		if (!parsed) {
			leftOut.add(index === lines.length - 1 ? 'lines that were cut off' : 'unreadable lines');
			continue;
		}
		if (parsed.type === 'summary' && parsed.summary) titles.summary = parsed.summary;
		else if (parsed.type === 'ai-title' && parsed.aiTitle) titles.byModel = parsed.aiTitle;
		else if (parsed.type === 'custom-title' && parsed.customTitle) titles.byUser = parsed.customTitle;
		else if (parsed.uuid === undefined) {
			if (!STATE_TYPES.has(parsed.type))
				leftOut.add(`lines of the unknown type ${JSON.stringify(parsed.type.slice(0, 40))}`);
		} else if (known.has(parsed.uuid)) leftOut.add('repeated lines');
		else {
			known.add(parsed.uuid);
			const isSaid = parsed.type === 'user' || parsed.type === 'assistant';
			if (isSaid && !parsed.message) leftOut.add('messages without content');
			else if (!isSaid && !STATE_TYPES.has(parsed.type))
				leftOut.add(`lines of the unknown type ${JSON.stringify(parsed.type.slice(0, 40))}`);
			read.push(lineOf(parsed, parsed.uuid));
		}
	}
	return { lines: read, titles, leftOut };
}

function parseLine(line: string): z.infer<typeof lineSchema> | undefined {
	try {
		const parsed = lineSchema.safeParse(JSON.parse(line.startsWith('\uFEFF') ? line.slice(1) : line));
		return parsed.success ? parsed.data : undefined;
	} catch (error) {
		if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
		throw error;
	}
}

function lineOf(line: z.infer<typeof lineSchema>, uuid: string): ClaudeLine {
	const timestampMs = line.timestamp === undefined ? Number.NaN : Date.parse(line.timestamp);
	const { message } = line;
	return {
		type: line.type,
		uuid,
		parentUuid: line.parentUuid ?? null,
		logicalParentUuid: line.logicalParentUuid ?? null,
		timestampMs: Number.isFinite(timestampMs) && timestampMs >= 0 ? timestampMs : undefined,
		isSidechain: line.isSidechain ?? false,
		agentId: line.agentId,
		subtype: line.subtype,
		isMeta: line.isMeta ?? false,
		isCompactSummary: line.isCompactSummary ?? false,
		isApiError: (line.isApiErrorMessage ?? false) || message?.model === '<synthetic>',
		costUsd: line.costUSD,
		compact: line.compactMetadata,
		resultAgentId: line.toolUseResult?.agentId,
		message: message && {
			id: message.id,
			model: message.model,
			content: message.content,
			stopReason: message.stop_reason ?? undefined,
			usage: message.usage,
		},
	};
}
