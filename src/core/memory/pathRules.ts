/**
 * Rules that hold for some paths only: `paths:` in the frontmatter of a file in `.claude/rules`. Patterns are globs from the folder that
 * holds `.claude`. Pure.
 */
import { minimatch } from 'minimatch';
import { type FrontmatterValue, parseFrontmatter } from './frontmatter.ts';

export type PathRule = {
	/** Undefined: it holds always. */
	readonly paths: readonly string[] | undefined;
	/** Without the frontmatter. */
	readonly body: string;
};

/** A rule whose `paths` cannot be read holds for none, so that it is not said where it was not meant. */
export function pathRuleOf(text: string): PathRule {
	const frontmatter = parseFrontmatter(text);
	if (!frontmatter) return { paths: undefined, body: text };
	const body = text.slice(frontmatter.bodyOffset);
	const field = frontmatter.fields.get('paths');
	if (!field) return { paths: frontmatter.problems.length > 0 ? [] : undefined, body };
	return { paths: field.items.flatMap(patternsIn), body };
}

/** Whether one of the patterns covers the file; `rel` has `/` between its parts. A pattern with `!` takes away what others cover. */
export function isCovered(patterns: readonly string[], rel: string): boolean {
	const covers = (pattern: string) => minimatch(rel, pattern, { dot: true, nonegate: true, nocomment: true });
	const wanted = patterns.filter((pattern) => !pattern.startsWith('!'));
	const unwanted = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
	return wanted.some((one) => covers(normal(one))) && !unwanted.some((one) => covers(normal(one)));
}

/** From the folder on; the name of a folder covers what is in it. */
function normal(pattern: string): string {
	const rooted = pattern.replace(/^(?:\.?\/)+/, '');
	return rooted.endsWith('/') ? `${rooted}**` : rooted;
}

/** One text may hold several, with commas between them; commas in braces belong to the glob. */
function patternsIn({ value }: FrontmatterValue): readonly string[] {
	if (typeof value !== 'string') return [];
	return (value.match(/(?:\{[^}]*\}|[^,])+/g) ?? []).map((one) => one.trim()).filter((one) => one !== '');
}
