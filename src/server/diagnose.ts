/** Everything that is wrong with a document. */
import { isJsonKind } from '../protocol/contextFileKind.ts';
import { argumentProblems } from './argumentProblems.ts';
import { duplicateNames } from './duplicateNames.ts';
import { frontmatterProblems } from './frontmatterProblems.ts';
import { importProblems } from './importProblems.ts';
import { jsonProblems } from './jsonProblems.ts';
import type { Problem } from './problem.ts';
import type { ContextDocument, Surroundings } from './surroundings.ts';

export async function diagnose(document: ContextDocument, surroundings: Surroundings): Promise<readonly Problem[]> {
	if (isJsonKind(document.kind)) return await jsonProblems(document, surroundings);
	return [
		...(await importProblems(document, surroundings)),
		...(await frontmatterProblems(document, surroundings)),
		...argumentProblems(document),
		...(await duplicateNames(document, surroundings)),
	];
}
