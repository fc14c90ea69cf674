/** Whether a request starts with the whole content of an earlier one, and if not, where they part. */
import { canonicalJson, type Json, piecesOf } from './canonical.ts';

export type PrefixBreak = { readonly what: 'model' | 'system' | 'tools' | 'messages'; readonly where: string };

export function prefixBreak(before: Json, after: Json): PrefixBreak | undefined {
	if (before.model !== after.model)
		return { what: 'model', where: `model ${String(before.model)} became ${String(after.model)}` };
	for (const layer of ['tools', 'system'] as const) {
		const [old, now] = [textsOf(before, layer), textsOf(after, layer)];
		const index = old.findIndex((text, position) => text !== now[position]);
		if (index >= 0 || old.length !== now.length)
			return { what: layer, where: describe(layer, index < 0 ? old.length : index, old, now) };
	}
	for (const key of ['thinking', 'output_config', 'tool_choice'])
		if (canonicalJson(before[key]) !== canonicalJson(after[key])) return { what: 'messages', where: `${key} changed` };
	const [old, now] = [textsOf(before, 'messages'), textsOf(after, 'messages')];
	const index = old.findIndex((text, position) => text !== now[position]);
	return index < 0 ? undefined : { what: 'messages', where: describe('messages', index, old, now) };
}

function textsOf(request: Json, layer: string): readonly string[] {
	return piecesOf(request).flatMap((piece) => (piece.layer === layer ? [piece.text] : []));
}

function describe(layer: string, index: number, old: readonly string[], now: readonly string[]): string {
	const short = (text: string | undefined) => (text === undefined ? 'nothing' : text.slice(0, 300));
	return `${layer} block ${index}: was ${short(old[index])}, is ${short(now[index])}`;
}
