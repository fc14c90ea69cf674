/** What a document and each of its imports cost in tokens, written beside them. */
import type { InlayHint } from 'vscode-languageserver';
import { parseFrontmatter } from '../core/memory/frontmatter.ts';
import { memoryTokens } from '../core/memory/memoryTokens.ts';
import { isJsonKind } from '../protocol/contextFileKind.ts';
import { followDocument, sentText } from './importTreeOf.ts';
import { type ContextDocument, countWords, grouped, mayImport, type Surroundings, toRange } from './surroundings.ts';

const TOP = { line: 0, character: 0 };

export async function inlays(document: ContextDocument, surroundings: Surroundings): Promise<readonly InlayHint[]> {
	const { weights } = surroundings;
	const { path, kind, text } = document;
	if (isJsonKind(kind)) return [];
	if (!mayImport(document)) {
		const body = text.slice(parseFrontmatter(text)?.bodyOffset ?? 0);
		const used = kind === 'agent' ? 'when it works' : 'when it is used';
		return [hint(TOP, `${countWords(memoryTokens({ path, text: body }, weights))} ${used}`, 'paddingRight')];
	}
	const { direct, tree } = await followDocument(document, surroundings);
	const own = memoryTokens({ path, text: sentText(document) }, weights);
	const all = tree.files.reduce((sum, file) => sum + memoryTokens(file, weights), own);
	const top = tree.files.length === 0 ? countWords(own) : `${countWords(own)}, ${grouped(all)} with imports`;
	const imports = direct.flatMap(({ mention, target, text: brings, isRepeated }) => {
		const { end } = toRange(mention.range);
		if (isRepeated) return [hint(end, 'counted above', 'paddingLeft')];
		if (brings === undefined) return [];
		return [hint(end, countWords(memoryTokens({ path: target, text: brings }, weights)), 'paddingLeft')];
	});
	return [hint(TOP, top, 'paddingRight'), ...imports];
}

function hint(position: InlayHint['position'], label: string, padding: 'paddingLeft' | 'paddingRight'): InlayHint {
	return {
		position,
		label,
		[padding]: true,
		tooltip: 'What this costs in every request that carries it, as the context shows it.',
	};
}
