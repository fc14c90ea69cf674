/** Symbols: where a name is defined and used, as the editor's language services know it. Text search is Grep's. */
import * as z from 'zod';
import { cutText, plural } from '../../base/text.ts';
import { decodeText, toLf } from '../edit/textFile.ts';
import { isSecretPath } from '../permission/protectedPaths.ts';
import { displayPath, failure, isInRoots, isOutcome, success, unreadable } from './paths.ts';
import type { SymbolPlace, SymbolPosition, Symbols } from './symbolsPort.ts';
import type { Tool, ToolContext, ToolOutcome } from './tool.ts';

const MAX_PLACES = 100;
const MAX_LINE_CHARS = 300;

const input = z.object({
	action: z.enum(['definition', 'references', 'workspace', 'outline']),
	name: z.string().min(1).optional().describe('The symbol; for workspace, a part of its name'),
	path: z.string().min(1).optional().describe('File in which name stands, or whose outline is wanted'),
	line: z.int().min(1).optional().describe('Line of path on which name stands'),
});
type Input = z.infer<typeof input>;

export const symbolsTool: Tool<Input> = {
	name: 'Symbols',
	version: 1,
	description:
		'Asks the language services of the editor for the definition or the references of a symbol (by name, or exactly by path, line and name), for symbols of the workspace, or for the outline of a file. Returns `path:line: text`. More exact than Grep where a language extension is installed.',
	input,
	effect: 'read',
	label: ({ action, name, path }) => ({ verb: VERBS[action], target: name ?? path ?? '' }),
	target: ({ path = '.' }) => ({ kind: 'path', path }),
	async run(wanted, context) {
		const symbols = context.services?.symbols;
		if (!symbols) return failure('There are no language services here. Use Grep.', 'no language services');
		return await answer(wanted, symbols, context, context.signal);
	},
};

const VERBS: Readonly<Record<Input['action'], string>> = {
	definition: 'Find definition of',
	references: 'Find uses of',
	workspace: 'Find symbol',
	outline: 'Outline',
};

async function answer(
	wanted: Input,
	symbols: Symbols,
	context: ToolContext,
	signal: AbortSignal,
): Promise<ToolOutcome> {
	const { action, name, path } = wanted;
	if (action === 'outline') {
		if (path === undefined) return failure('An outline needs path. Give the file.', 'no file given');
		const file = await fileAt(path, context);
		if (isOutcome(file)) return file;
		return await shown(await symbols.outline(file.absolute, signal), wanted, context);
	}
	if (name === undefined) return failure(`${action} needs name. Give the symbol.`, 'no name given');
	if (action === 'workspace') return await shown(await symbols.workspace(name, signal), wanted, context);
	const positions =
		path === undefined ? await named(name, symbols, context, signal) : await inFile(name, path, wanted.line, context);
	if (isOutcome(positions)) return positions;
	const places: SymbolPlace[] = [];
	for (const position of positions) {
		places.push(...(await symbols[action](position, signal)));
		if (places.length > 0) break;
	}
	return await shown(places, wanted, context);
}

/** Where symbols of exactly this name are defined. */
async function named(
	name: string,
	symbols: Symbols,
	context: ToolContext,
	signal: AbortSignal,
): Promise<readonly SymbolPosition[] | ToolOutcome> {
	const found = await symbols.workspace(name, signal);
	const exact = found.filter(({ label }) => lastWord(label) === name && label !== '');
	const positions: SymbolPosition[] = [];
	for (const { path, lineNumber } of exact.slice(0, 3)) {
		const columnIndex = (await linesOf(path, context))?.[lineNumber - 1]?.indexOf(name) ?? -1;
		if (columnIndex >= 0) positions.push({ absolute: path, lineNumber, columnIndex });
	}
	if (positions.length > 0) return positions;
	return failure(
		`No language service knows a symbol ${name} by its name alone. Give path and line of a place where it stands, or use Grep.`,
		'not known by name',
	);
}

async function inFile(
	name: string,
	path: string,
	line: number | undefined,
	context: ToolContext,
): Promise<readonly SymbolPosition[] | ToolOutcome> {
	const file = await fileAt(path, context);
	if (isOutcome(file)) return file;
	const { absolute, lines } = file;
	const first = line === undefined ? lines.findIndex((text) => wordAt(text, name) >= 0) + 1 : line;
	const columnIndex = wordAt(lines[first - 1] ?? '', name);
	if (columnIndex >= 0) return [{ absolute, lineNumber: first, columnIndex }];
	const where = line === undefined ? path : `line ${line} of ${path}`;
	return failure(`${name} does not stand in ${where}. Read the file for the right line.`, 'name not found there');
}

/** As a whole word where there is one. */
function wordAt(text: string, name: string): number {
	for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
		const around = [text.charAt(at - 1), text.charAt(at + name.length)];
		if (!around.some((char) => /[\p{L}\p{N}_$]/u.test(char))) return at;
	}
	return text.indexOf(name);
}

async function fileAt(
	path: string,
	context: ToolContext,
): Promise<{ absolute: string; lines: readonly string[] } | ToolOutcome> {
	const { absolute } = await context.files.resolve(path);
	const snapshot = await context.files.read(absolute);
	if (snapshot.kind === 'absent') return failure(`${path} does not exist. Use Glob to find the file.`, 'no such file');
	if (snapshot.kind !== 'file') return unreadable(path, snapshot);
	const lines = await linesOf(absolute, context);
	return lines ? { absolute, lines } : failure(`${path} is no text, so it has no symbols.`, 'not a text file');
}

async function linesOf(absolute: string, { files }: ToolContext): Promise<readonly string[] | undefined> {
	const snapshot = await files.read(absolute);
	if (snapshot.kind !== 'file') return undefined;
	const decoded = decodeText(snapshot.bytes, snapshot.meta.encoding);
	return decoded.kind === 'text' ? toLf(decoded.file.text).split('\n') : undefined;
}

async function shown(
	places: readonly SymbolPlace[],
	{ action, name, path }: Input,
	context: ToolContext,
): Promise<ToolOutcome> {
	const what = action === 'outline' ? path : name;
	if (places.length === 0)
		return success(
			`The language services know nothing here (${action} of ${what}): there may be none for this language, or it is not that name. Use Grep.`,
			'nothing known',
		);
	const texts = new Map<string, readonly string[] | undefined>();
	const lines: string[] = [];
	for (const place of places.slice(0, MAX_PLACES)) {
		// What lies elsewhere, such as a library, is named and not shown.
		const isShown = isInRoots(place.path, context.files.roots) && !isSecretPath(place.path);
		if (isShown && !texts.has(place.path)) texts.set(place.path, await linesOf(place.path, context));
		context.signal.throwIfAborted();
		const text = isShown ? (texts.get(place.path)?.[place.lineNumber - 1] ?? '').trim() : '';
		lines.push(lineOf(place, text, action, context.cwd));
	}
	if (places.length > MAX_PLACES) lines.push(`(${places.length - MAX_PLACES} more; narrow it down, or use Grep)`);
	return success(lines.join('\n'), plural(places.length, 'place'));
}

function lineOf(
	{ path, lineNumber, label, depth = 0 }: SymbolPlace,
	text: string,
	action: Input['action'],
	cwd: string,
): string {
	const said = action === 'outline' || text === '' ? label : text;
	const cut = said.length > MAX_LINE_CHARS ? `${cutText(said, MAX_LINE_CHARS)}…` : said;
	const where = action === 'outline' ? `${'  '.repeat(depth)}${lineNumber}` : `${displayPath(path, cwd)}:${lineNumber}`;
	return cut === '' ? where : `${where}: ${cut}`;
}

const lastWord = (label: string): string => label.slice(label.lastIndexOf(' ') + 1).replace(/\(.*$/, '');
