/** Which files of the workspace import which: memory files and rules, and whatever they bring in, however deep. */
import { type ImportMention, importsIn, importTarget } from '../core/memory/imports.ts';
import { mayImport, type ReadText, type Surroundings } from './surroundings.ts';

export type ImportingFile = {
	readonly path: string;
	readonly imports: readonly { readonly mention: ImportMention; readonly target: string }[];
};

// A file that did not change is read as the same object, and its imports are looked for once.
const known = new WeakMap<ReadText, readonly ImportMention[]>();

/** Files with at least one import, by path. */
export async function importGraph(surroundings: Surroundings): Promise<readonly ImportingFile[]> {
	const { contextFiles } = await surroundings.projectFiles();
	const waiting = contextFiles.filter(mayImport).map(({ path }) => path);
	const seen = new Set(waiting);
	const found: ImportingFile[] = [];
	for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
		const file = path;
		const imports = mentionsOf(await surroundings.read(file)).flatMap((mention) => {
			const target = importTarget(mention.path, file, surroundings.homeFolder);
			return target === undefined ? [] : [{ mention, target }];
		});
		if (imports.length === 0) continue;
		found.push({ path: file, imports });
		for (const { target } of imports) {
			if (seen.has(target)) continue;
			seen.add(target);
			waiting.push(target);
		}
	}
	return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Everything that is imported anywhere. */
export async function importedPaths(surroundings: Surroundings): Promise<ReadonlySet<string>> {
	const graph = await importGraph(surroundings);
	return new Set(graph.flatMap(({ imports }) => imports.map(({ target }) => target)));
}

function mentionsOf(read: ReadText): readonly ImportMention[] {
	if (read.kind !== 'text') return [];
	let mentions = known.get(read);
	if (!mentions) {
		mentions = importsIn(read.text);
		known.set(read, mentions);
	}
	return mentions;
}
