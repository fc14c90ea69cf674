/**
 * A request taken apart into comparable pieces: tools, system blocks and message blocks in order, cache marks aside.
 * Two requests share a prefix exactly when their pieces do.
 */
import { createHash } from 'node:crypto';

export type Json = { readonly [key: string]: unknown };
export type Mark = { readonly ttl: '5m' | '1h' };
/** One piece. `kind` is what it is counted as, `text` its canonical JSON, `mark` its cache breakpoint. */
export type Piece = {
	readonly layer: 'tools' | 'system' | 'messages';
	readonly kind: string;
	readonly text: string;
	readonly block: Json;
	readonly mark: Mark | undefined;
};

export function isRecord(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asList(value: unknown): readonly unknown[] {
	return Array.isArray(value) ? value : [];
}

/** A text content is the same as one text block. */
export function blocksOf(content: unknown): readonly Json[] {
	if (typeof content === 'string') return [{ type: 'text', text: content }];
	return asList(content).filter(isRecord);
}

/** JSON with every `cache_control` left out, at any depth. */
export function canonicalJson(value: unknown): string {
	return JSON.stringify(value, (key, inner: unknown) => (key === 'cache_control' ? undefined : inner)) ?? 'null';
}

export function hashOf(...texts: readonly string[]): string {
	const hash = createHash('sha256');
	for (const text of texts) hash.update(`${text.length}:`).update(text);
	return hash.digest('base64');
}

export function piecesOf(request: Json): readonly Piece[] {
	const pieces: Piece[] = [];
	for (const tool of asList(request.tools).filter(isRecord))
		pieces.push({ layer: 'tools', kind: 'tools', text: canonicalJson(tool), block: tool, mark: markOf(tool) });
	for (const block of blocksOf(request.system))
		pieces.push({ layer: 'system', kind: 'system', text: canonicalJson(block), block, mark: markOf(block) });
	for (const [index, message] of asList(request.messages).filter(isRecord).entries())
		for (const block of blocksOf(message.content))
			pieces.push({
				layer: 'messages',
				kind: `${String(message.role)}:${String(block.type)}`,
				text: `${index} ${String(message.role)} ${canonicalJson(block)}`,
				block,
				mark: markOf(block) ?? innerMark(block),
			});
	return pieces;
}

/** What a thinking block is bound to: everything before its message, with cache marks and thinking left out. */
export function bindingHash(request: Json, messages: readonly Json[]): string {
	const bare = messages.map((message) => ({
		role: message.role,
		content: blocksOf(message.content).filter((block) => !isThinking(block)),
	}));
	return hashOf(canonicalJson(request.tools ?? []), canonicalJson(blocksOf(request.system)), canonicalJson(bare));
}

export function isThinking(block: Json): boolean {
	return block.type === 'thinking' || block.type === 'redacted_thinking';
}

function markOf(block: Json): Mark | undefined {
	if (!isRecord(block.cache_control)) return undefined;
	return { ttl: block.cache_control.ttl === '1h' ? '1h' : '5m' };
}

function innerMark(block: Json): Mark | undefined {
	if (block.type !== 'tool_result') return undefined;
	return blocksOf(block.content)
		.map(markOf)
		.findLast((mark) => mark !== undefined);
}
