/** What is wrong with the imports of a document, and with those of the files that they bring in. */
import { importProblemText } from '../core/memory/importTree.ts';
import { followDocument, leadsTo } from './importTreeOf.ts';
import type { Problem } from './problem.ts';
import { type ContextDocument, mayImport, type Surroundings, shownPath, toRange } from './surroundings.ts';

export async function importProblems(
	document: ContextDocument,
	surroundings: Surroundings,
): Promise<readonly Problem[]> {
	if (!mayImport(document)) return [];
	const { direct, tree } = await followDocument(document, surroundings);
	return tree.problems.flatMap((problem): Problem[] => {
		const code = `import-${problem.kind}`;
		const message = shownPaths(importProblemText(problem), problem.chain ?? [], surroundings.roots);
		if (problem.file === document.path) {
			const level = problem.kind === 'refused' ? 'note' : problem.kind === 'missing' ? 'error' : 'warning';
			return [{ code, range: toRange(problem.mention.range), message, level }];
		}
		const by = leadsTo(problem.file, document.path, tree);
		const mention = direct.find((one) => one.target === by && !one.isRepeated)?.mention;
		if (!mention) return [];
		const place = { path: problem.file, range: toRange(problem.mention.range), message };
		return [
			{
				code,
				range: toRange(mention.range),
				message: `${shownPath(problem.file, surroundings.roots)}: ${message}`,
				level: problem.kind === 'tooDeep' || problem.kind === 'cycle' ? 'warning' : 'note',
				related: [place],
			},
		];
	});
}

function shownPaths(text: string, paths: readonly string[], roots: readonly string[]): string {
	let shown = text;
	for (const path of paths) shown = shown.replaceAll(path, shownPath(path, roots));
	return shown;
}
