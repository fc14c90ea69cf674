/** Finds the mention that is being typed. Pure. */

/** The mention that ends at the caret: where its `@` is, and what stands behind it. */
export function mentionAt(text: string, caret: number): { readonly start: number; readonly query: string } | undefined {
	const match = /(?:^|[\s(])@((?:\\ |[^\s#@()]){0,200})$/.exec(text.slice(0, caret));
	if (!match) return undefined;
	const query = match[1] ?? '';
	return { start: caret - query.length - 1, query };
}
