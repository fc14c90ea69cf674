/**
 * Keeps imports right when files move: what has to change in which file, for a rename of the file from one of its imports and for a move in
 * the explorer. Reads nothing by itself and moves nothing.
 */
import type { Range, TextEdit } from 'vscode-languageserver';
import { type ImportMention, importsIn, importTarget } from '../core/memory/imports.ts';
import { importGraph } from './importGraph.ts';
import { type ContextDocument, importAt, mayImport, type Surroundings, slashed, toRange } from './surroundings.ts';

/** From one absolute path to another; of a folder, everything in it moves. */
export type Move = { readonly from: string; readonly to: string };
export type FileEdits = { readonly path: string; readonly edits: readonly TextEdit[] };
export type RenamePlan = { readonly edits: readonly FileEdits[]; readonly move: Move | undefined };

/** The text of an import that can be renamed at an offset: its path, without the @. */
export function renameRange(
	document: ContextDocument,
	offset: number,
): { range: Range; placeholder: string } | undefined {
	const mention = mayImport(document) ? importAt(document.text, offset) : undefined;
	return mention && { range: pathRange(mention), placeholder: mention.path };
}

/**
 * What a new path for the import at an offset means: the file moves, and every import of it follows. A sentence when it cannot be. When there
 * is no such file, the text alone changes.
 */
export async function renameImport(
	document: ContextDocument,
	offset: number,
	newPath: string,
	surroundings: Surroundings,
): Promise<RenamePlan | string> {
	const mention = mayImport(document) ? importAt(document.text, offset) : undefined;
	if (!mention) return 'Only the path of an import can be renamed here.';
	const wanted = newPath.trim().replace(/^@/, '').replaceAll('\\ ', ' ');
	const { homeFolder, roots } = surroundings;
	const from = importTarget(mention.path, document.path, homeFolder);
	const to = wanted === '' ? undefined : importTarget(wanted, document.path, homeFolder);
	if (from === undefined || to === undefined) return 'Write the path of a file, as in the import.';
	if (importsIn(`@${written(wanted)}`)[0]?.path !== wanted) return `@${wanted} would not be read as an import.`;
	if (![from, to].every((path) => roots.some((root) => slashed(path).startsWith(`${slashed(root)}/`))))
		return 'Only files of the workspace are moved.';
	if (from === to) return { edits: [], move: undefined };
	if ((await surroundings.read(to)).kind !== 'missing') return `${wanted} is there already. Choose another name.`;
	if ((await surroundings.read(from)).kind === 'missing')
		return { edits: [{ path: document.path, edits: [edit(mention, wanted)] }], move: undefined };
	const edits = await editsForMoves([{ from, to }], surroundings);
	// In the document at hand the path stands as the person wrote it.
	const own = edits.map((file) =>
		file.path === document.path
			? { ...file, edits: file.edits.map((one) => (isAt(one, mention) ? edit(mention, wanted) : one)) }
			: file,
	);
	return { edits: own, move: { from, to } };
}

/** The imports that change when files move: those of what moves, and those in what moves. Paths are those of before. */
export async function editsForMoves(moves: readonly Move[], surroundings: Surroundings): Promise<readonly FileEdits[]> {
	const { homeFolder } = surroundings;
	const moved = (path: string): string => {
		for (const { from, to } of moves) {
			if (path === from) return to;
			if (slashed(path).startsWith(`${slashed(from)}/`)) return `${to}${path.slice(from.length)}`;
		}
		return path;
	};
	const found: FileEdits[] = [];
	for (const { path, imports } of await importGraph(surroundings)) {
		const edits: TextEdit[] = [];
		for (const { mention, target } of imports) {
			const [newPath, newTarget] = [moved(path), moved(target)];
			if (newTarget === target && (newPath === path || !isRelative(mention.path))) continue;
			if (importTarget(mention.path, newPath, homeFolder) === newTarget) continue;
			// `@name` is an import only where there is such a file.
			if (!mention.isCertain && (await surroundings.read(target)).kind === 'missing') continue;
			edits.push(edit(mention, pathFor(mention.path, newPath, newTarget, homeFolder)));
		}
		if (edits.length > 0) found.push({ path, edits });
	}
	return found;
}

/** In the form that the import has: from home, from the top, or from the file. */
function pathFor(old: string, file: string, target: string, homeFolder: string | undefined): string {
	if (/^~[\\/]/.test(old) && homeFolder !== undefined && slashed(target).startsWith(`${slashed(homeFolder)}/`))
		return `~${slashed(target).slice(homeFolder.length)}`;
	if (!isRelative(old)) return target;
	const from = slashed(file).split('/').slice(0, -1);
	const to = slashed(target).split('/');
	let shared = 0;
	while (shared < from.length && shared < to.length - 1 && from[shared] === to[shared]) shared++;
	const path = [...from.slice(shared).map(() => '..'), ...to.slice(shared)].join('/');
	const isPlain = /^\.[\\/]/.test(old) ? false : importsIn(`@${written(path)}`)[0]?.path === path;
	return path.startsWith('../') || isPlain ? path : `./${path}`;
}

const isRelative = (path: string): boolean => !/^(?:~?[\\/]|[A-Za-z]:[\\/])/.test(path);
const written = (path: string): string => path.replaceAll(' ', '\\ ');

function pathRange({ range }: ImportMention): Range {
	const { start, end } = toRange(range);
	return { start: { line: start.line, character: start.character + 1 }, end };
}

const edit = (mention: ImportMention, path: string): TextEdit => ({
	range: pathRange(mention),
	newText: written(path),
});

function isAt({ range }: TextEdit, mention: ImportMention): boolean {
	const { start } = pathRange(mention);
	return range.start.line === start.line && range.start.character === start.character;
}
