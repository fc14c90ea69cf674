/**
 * Follows the imports of a memory file through the files they name: each file once, at most five deep, cycles found and named.
 * Reads through the function it is given and decides nothing about who may be read.
 */
import { type ImportMention, importsIn, importTarget } from './imports.ts';

/** As deep as others in the field go. */
const MAX_IMPORT_DEPTH = 5;
/** Of one memory file; more is a mistake, such as an import of a whole folder by many names. */
const MAX_IMPORTED_FILES = 100;

export type ImportedText =
	/** `identity` is the same for every name of one file. */
	| { readonly kind: 'text'; readonly text: string; readonly identity: string }
	| { readonly kind: 'missing'; readonly isFolder?: boolean }
	/** There, and not read. `reason` is a sentence part such as “is no text file”. */
	| { readonly kind: 'refused'; readonly reason: string };

export type ImportedFile = {
	readonly path: string;
	readonly text: string;
	/** The file that names it. */
	readonly importedBy: string;
	/** From 1. */
	readonly depth: number;
};

export type ImportProblem = {
	readonly kind: 'missing' | 'cycle' | 'tooDeep' | 'tooMany' | 'refused';
	/** The file with the import. */
	readonly file: string;
	readonly mention: ImportMention;
	/** What the import means. */
	readonly target: string;
	/** Of a cycle: the files from the target back to it. */
	readonly chain?: readonly string[];
	/** Of a refusal, and of a folder. */
	readonly reason?: string;
};

export type ImportTree = { readonly files: readonly ImportedFile[]; readonly problems: readonly ImportProblem[] };

type Visited = { readonly path: string; readonly text: string; readonly identity: string };

/**
 * The imports of `start` in the order they are met, each right behind the file that names it first. Identities are added to `included`,
 * and what is in there already is not read again. Rejects with what `read` rejects with.
 */
export async function followImports(
	start: Visited,
	options: {
		readonly read: (absolute: string) => Promise<ImportedText>;
		readonly homeFolder: string | undefined;
		readonly included?: Set<string>;
	},
): Promise<ImportTree> {
	const files: ImportedFile[] = [];
	const problems: ImportProblem[] = [];
	const included = options.included ?? new Set();
	included.add(start.identity);

	const follow = async (chain: readonly Visited[]): Promise<void> => {
		const from = chain.at(-1);
		if (!from) return;
		for (const mention of importsIn(from.text)) {
			const target = importTarget(mention.path, from.path, options.homeFolder);
			if (target === undefined) continue;
			const tell = (kind: ImportProblem['kind'], more: Pick<ImportProblem, 'chain' | 'reason'> = {}) =>
				problems.push({ kind, file: from.path, mention, target, ...more });
			const found = await options.read(target);
			if (found.kind === 'missing') {
				if (mention.isCertain) tell('missing', found.isFolder ? { reason: FOLDER } : {});
				continue;
			}
			if (found.kind === 'refused') {
				tell('refused', { reason: found.reason });
				continue;
			}
			const before = chain.findIndex(({ identity }) => identity === found.identity);
			if (before >= 0) tell('cycle', { chain: [...chain.slice(before).map(({ path }) => path), target] });
			else if (included.has(found.identity)) continue;
			else if (chain.length > MAX_IMPORT_DEPTH) tell('tooDeep');
			else if (files.length >= MAX_IMPORTED_FILES) tell('tooMany');
			else {
				included.add(found.identity);
				files.push({ path: target, text: found.text, importedBy: from.path, depth: chain.length });
				await follow([...chain, { path: target, text: found.text, identity: found.identity }]);
			}
		}
	};
	await follow([start]);
	return { files, problems };
}

const FOLDER = 'is a folder, and only files are imported';

/** What is wrong with an import, for a person. */
export function importProblemText({ kind, mention, chain, reason }: ImportProblem): string {
	switch (kind) {
		case 'missing':
			return `@${mention.path} ${reason ?? 'is not there'}.`;
		case 'cycle':
			return `@${mention.path} imports itself: ${(chain ?? []).join(' → ')}.`;
		case 'tooDeep':
			return `@${mention.path} is more than ${MAX_IMPORT_DEPTH} imports deep, so it is left out.`;
		case 'tooMany':
			return `@${mention.path} is left out: one memory file brings in at most ${MAX_IMPORTED_FILES} others.`;
		case 'refused':
			return `@${mention.path} ${reason ?? 'was not read'}.`;
	}
}
