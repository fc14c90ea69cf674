/** The imports of one document, followed, and the text that stands for the document itself in a request. */

import { type ImportMention, importsIn, importTarget } from '../core/memory/imports.ts';
import { followImports, type ImportProblem, type ImportTree } from '../core/memory/importTree.ts';
import { pathRuleOf } from '../core/memory/pathRules.ts';
import type { ContextDocument, Surroundings } from './surroundings.ts';

export type DirectImport = {
	readonly mention: ImportMention;
	readonly target: string;
	/** What it brings in itself; undefined when it brings in nothing, such as a name that was imported above. */
	readonly text: string | undefined;
	/** It is a file that a mention above brought in already. */
	readonly isRepeated: boolean;
	readonly problem: ImportProblem | undefined;
};

export type FollowedImports = {
	/** The imports in the document itself, in its order; what only looks like one is left out. */
	readonly direct: readonly DirectImport[];
	readonly tree: ImportTree;
};

/** Without frontmatter where that is not sent. */
export function sentText({ kind, text }: Pick<ContextDocument, 'kind' | 'text'>): string {
	return kind === 'rule' ? pathRuleOf(text).body : text;
}

export async function followDocument(document: ContextDocument, surroundings: Surroundings): Promise<FollowedImports> {
	const { path, text } = document;
	const own = await surroundings.read(path);
	const identity = own.kind === 'text' ? own.identity : path;
	const { homeFolder } = surroundings;
	const tree = await followImports(
		{ path, text, identity },
		{ read: (target) => surroundings.read(target), homeFolder },
	);
	const direct: DirectImport[] = [];
	const seen = new Set<string>();
	for (const mention of importsIn(text)) {
		const target = importTarget(mention.path, path, homeFolder);
		if (target === undefined) continue;
		const startsAt = mention.range.startOffset;
		const problem = tree.problems.find((one) => one.file === path && one.mention.range.startOffset === startsAt);
		const file = tree.files.find((one) => one.path === target);
		if (!problem && !file && (await surroundings.read(target)).kind !== 'text') continue;
		const isFirst = file?.importedBy === path && !seen.has(target);
		seen.add(target);
		const brings = problem || !isFirst ? undefined : file?.text;
		direct.push({ mention, target, text: brings, isRepeated: !problem && !isFirst, problem });
	}
	return { direct, tree };
}

/** The import of the document that leads to `file`, be it by way of others. */
export function leadsTo(file: string, document: string, tree: ImportTree): string | undefined {
	let at = file;
	// As many steps as there are files at most: each is named by one that came before it.
	for (let step = 0; step <= tree.files.length; step++) {
		const found = tree.files.find((one) => one.path === at);
		if (!found) return undefined;
		if (found.importedBy === document) return at;
		at = found.importedBy;
	}
	return undefined;
}
