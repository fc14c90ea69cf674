/**
 * The tree of a Claude Code log in steps of a conversation: a prompt, a whole reply with the results of its calls, a compaction. There, each
 * block of a reply and each result is a line of its own, parallel results are branches, and a parent may be a line that was never written.
 * Pure.
 */
import type { ClaudeLine, LeftOut } from './claudeLines.ts';

export type ClaudeResult = { readonly block: Readonly<Record<string, unknown>>; readonly line: ClaudeLine };
export type ClaudeStep = {
	readonly kind: 'prompt' | 'note' | 'reply' | 'compaction' | 'interrupted';
	/** A reply has one line per block or more; everything else has one, a compaction one per part of its summary. */
	readonly lines: ClaudeLine[];
	/** By tool_use id. Of a reply only. */
	readonly results: Map<string, ClaudeResult>;
	/** Set for a compaction: the line that marks it. */
	boundary: ClaudeLine | undefined;
	parent: ClaudeStep | null;
};
export type ClaudeTree = {
	/** Parents before children, else in file order. */
	readonly steps: readonly ClaudeStep[];
	/** The step of the newest line that was said. */
	readonly leaf: ClaudeStep | null;
	/** The step that a line became part of. */
	stepOf(uuid: string): ClaudeStep | undefined;
};

export function claudeTree(lines: readonly ClaudeLine[], leftOut: LeftOut): ClaudeTree {
	const sorter = new LineSorter(leftOut);
	for (const line of lines) sorter.collectCalls(line);
	for (const line of lines) sorter.add(line);
	const { steps, stepOf, before } = sorter;
	const byUuid = new Map(lines.map((line) => [line.uuid, line]));
	for (const step of steps) step.parent = parentOf(step, byUuid, stepOf, before);
	const kept = joinSummaries(steps, stepOf);
	const last = lines.findLast((line) => stepOf.has(line.uuid));
	return {
		steps: parentsFirst(kept),
		leaf: (last && stepOf.get(last.uuid)) ?? null,
		stepOf: (uuid) => stepOf.get(uuid),
	};
}

export const blocksOf = (line: ClaudeLine): readonly unknown[] =>
	typeof line.message?.content === 'string'
		? [{ type: 'text', text: line.message.content }]
		: (line.message?.content ?? []);

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** The text of a line whose content is text alone. */
export function lineText(line: ClaudeLine): string {
	return blocksOf(line)
		.flatMap((block) => (isRecord(block) && typeof block.text === 'string' ? [block.text] : []))
		.join('\n');
}

const INTERRUPTED = /^\[Request interrupted by user(?: for tool use)?\]$/;
/** What a command of the program itself printed, and the remark that goes with it: never meant for the model. */
const LOCAL_OUTPUT = /^\s*<(?:local-command-(?:stdout|stderr|caveat)|command-(?:stdout|stderr))>/;

class LineSorter {
	readonly steps: ClaudeStep[] = [];
	readonly stepOf = new Map<string, ClaudeStep>();
	/** The newest step before a line, for parents that are not there. */
	readonly before = new Map<string, ClaudeStep | null>();
	readonly #leftOut: LeftOut;
	readonly #replies = new Map<string, ClaudeStep>();
	/** The message that made each call. */
	readonly #messageOfCall = new Map<string, string>();

	constructor(leftOut: LeftOut) {
		this.#leftOut = leftOut;
	}

	/** First, because a result may stand before a later block of the same reply, or before the call itself. */
	collectCalls(line: ClaudeLine): void {
		if (line.type !== 'assistant' || line.isApiError) return;
		for (const block of blocksOf(line))
			if (isRecord(block) && block.type === 'tool_use' && typeof block.id === 'string')
				this.#messageOfCall.set(block.id, messageIdOf(line));
	}

	add(line: ClaudeLine): void {
		this.before.set(line.uuid, this.steps.at(-1) ?? null);
		if (!line.message) return;
		if (line.type === 'assistant') {
			if (line.isApiError) this.#leftOut.add('error messages');
			else this.#reply(messageIdOf(line)).lines.push(this.#put(line, this.#reply(messageIdOf(line))));
		} else if (line.type === 'user') this.#addUser(line);
	}

	#addUser(line: ClaudeLine): void {
		const blocks = blocksOf(line);
		const results = blocks.filter(isToolResult);
		const text = lineText(line).trim();
		if (line.isCompactSummary) this.#add('compaction', line);
		else if (results.length > 0) this.#addResults(line, results, blocks.length > results.length);
		else if (INTERRUPTED.test(text)) this.#add('interrupted', line);
		else if (LOCAL_OUTPUT.test(text)) this.#leftOut.add('outputs of local commands');
		else this.#add(line.isMeta ? 'note' : 'prompt', line);
	}

	#addResults(line: ClaudeLine, results: readonly ClaudeResult['block'][], hasMore: boolean): void {
		for (const block of results) {
			const id = String(block.tool_use_id);
			const message = this.#messageOfCall.get(id);
			if (message === undefined) {
				this.#leftOut.add('results without a call');
				continue;
			}
			const reply = this.#reply(message);
			if (reply.results.has(id)) this.#leftOut.add('repeated results');
			else reply.results.set(id, { block, line });
			this.stepOf.set(line.uuid, reply);
		}
		// Words that came with a result, e.g. why the user refused.
		if (hasMore && !INTERRUPTED.test(lineText(line).trim())) this.#add('note', line);
	}

	#reply(messageId: string): ClaudeStep {
		const known = this.#replies.get(messageId);
		if (known) return known;
		const made = this.#step('reply');
		this.#replies.set(messageId, made);
		return made;
	}

	#add(kind: ClaudeStep['kind'], line: ClaudeLine): void {
		const step = this.#step(kind);
		step.lines.push(this.#put(line, step));
	}

	#step(kind: ClaudeStep['kind']): ClaudeStep {
		const step: ClaudeStep = { kind, lines: [], results: new Map(), boundary: undefined, parent: null };
		this.steps.push(step);
		return step;
	}

	#put(line: ClaudeLine, step: ClaudeStep): ClaudeLine {
		this.stepOf.set(line.uuid, step);
		return line;
	}
}

const messageIdOf = (line: ClaudeLine): string => line.message?.id ?? line.uuid;

const isToolResult = (block: unknown): block is ClaudeResult['block'] =>
	isRecord(block) && block.type === 'tool_result' && typeof block.tool_use_id === 'string';

/**
 * Through lines that say nothing, up to the next step. A parent that was never written, which happens there, is taken to be what stood
 * before in the file.
 */
function parentOf(
	step: ClaudeStep,
	byUuid: ReadonlyMap<string, ClaudeLine>,
	stepOf: ReadonlyMap<string, ClaudeStep>,
	before: ReadonlyMap<string, ClaudeStep | null>,
): ClaudeStep | null {
	const [first] = step.lines;
	if (!first) return null;
	const seen = new Set<string>();
	let at: ClaudeLine = first;
	while (!seen.has(at.uuid)) {
		seen.add(at.uuid);
		const isBoundary = at.subtype === 'compact_boundary';
		if (isBoundary && step.kind === 'compaction') step.boundary ??= at;
		const next = isBoundary ? (at.logicalParentUuid ?? at.parentUuid) : at.parentUuid;
		if (next === null) {
			// A summary stands for what came before it, wherever it hangs.
			return isBoundary || at.isCompactSummary ? (before.get(at.uuid) ?? null) : null;
		}
		const found = stepOf.get(next);
		if (found && found !== step) return found;
		const line = byUuid.get(next);
		if (!line) return before.get(at.uuid) ?? null;
		at = line;
	}
	return null;
}

/** A summary in several messages is one. */
function joinSummaries(steps: readonly ClaudeStep[], stepOf: Map<string, ClaudeStep>): readonly ClaudeStep[] {
	const joined = new Map<ClaudeStep, ClaudeStep>();
	for (const step of steps) {
		if (step.parent) step.parent = joined.get(step.parent) ?? step.parent;
		const { parent } = step;
		if (step.kind !== 'compaction' || parent?.kind !== 'compaction' || step.boundary !== undefined) continue;
		parent.lines.push(...step.lines);
		for (const line of step.lines) stepOf.set(line.uuid, parent);
		joined.set(step, parent);
	}
	return steps.filter((step) => !joined.has(step) && step.lines.length > 0);
}

/** In file order but for parents that stand later; a step in a circle loses its parent. */
function parentsFirst(steps: readonly ClaudeStep[]): readonly ClaudeStep[] {
	const kept = new Set(steps);
	const done = new Set<ClaudeStep>();
	const ordered: ClaudeStep[] = [];
	for (const step of steps) {
		const way: ClaudeStep[] = [];
		const onWay = new Set<ClaudeStep>();
		for (let at: ClaudeStep | null = step; at !== null && !done.has(at); at = at.parent) {
			way.push(at);
			onWay.add(at);
			if (at.parent !== null && (onWay.has(at.parent) || !kept.has(at.parent))) at.parent = null;
		}
		for (const one of way.reverse()) {
			done.add(one);
			ordered.push(one);
		}
	}
	return ordered;
}
