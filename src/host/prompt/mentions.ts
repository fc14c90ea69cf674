/** `@path`, `@path#L3` and `@path#L3-L9` in a prompt. Pure; whether such a file exists is not asked here. */

export type FileMention = { readonly path: string; readonly startLine?: number; readonly endLine?: number };

const MENTION = /(?:^|[\s(])@((?:\\ |[^\s#@()])+)(?:#L(\d+)(?:-L?(\d+))?)?/g;

/** The mentions in order, each once. A path ends before a full stop or comma that ends a sentence. */
export function mentionsIn(text: string): readonly FileMention[] {
	const found = new Map<string, FileMention>();
	for (const match of text.matchAll(MENTION)) {
		const hasLines = match[2] !== undefined;
		const raw = match[1] ?? '';
		const path = (hasLines ? raw : raw.replace(/[.,;:!?]+$/, '')).replaceAll('\\ ', ' ');
		if (path === '') continue;
		const startLine = hasLines ? Number(match[2]) : undefined;
		const endLine = match[3] === undefined ? startLine : Number(match[3]);
		const mention = {
			path,
			...(startLine === undefined ? {} : { startLine }),
			...(endLine === undefined ? {} : { endLine }),
		};
		found.set(JSON.stringify(mention), mention);
	}
	return [...found.values()];
}

/** How *Add to Chat* names a file or a range of 1-based inclusive lines. */
export function mentionOf(path: string, startLine?: number, endLine?: number): string {
	const name = `@${path.replaceAll(' ', '\\ ')}`;
	if (startLine === undefined) return name;
	return endLine === undefined || endLine === startLine ? `${name}#L${startLine}` : `${name}#L${startLine}-L${endLine}`;
}
