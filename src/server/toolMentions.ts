/** Names of tools where files name them. */
import type { FrontmatterField } from '../core/memory/frontmatter.ts';

export type ToolMention = { readonly name: string; readonly startOffset: number; readonly endOffset: number };

/** `Read, Bash(git:*)`, a list, or names with spaces between them. */
export function toolMentions(field: FrontmatterField, text: string): readonly ToolMention[] {
	return field.items.flatMap(({ range }) => {
		const raw = text.slice(range.startOffset, range.endOffset);
		return [...raw.matchAll(/([A-Za-z_][\w-]*)(?:\([^)\n]*\))?/g)].map((match) => {
			const startOffset = range.startOffset + match.index;
			return { name: match[1] ?? '', startOffset, endOffset: startOffset + (match[1] ?? '').length };
		});
	});
}
