/** What a path that names nothing was probably meant to be: models put quotes around it, leave out folders, or remember another ending. */
import { UserError } from '../../base/errors.ts';
import { baseName, displayPath, parentOf } from './paths.ts';
import type { ToolContext } from './tool.ts';

const MAX_PATH_CHARS = 500;
const MAX_NAMED = 3;
const MAX_NEIGHBOURS = 500;

/** The next step, as a sentence. Looks inside the workspace only. */
export async function nextForMissing(path: string, context: ToolContext): Promise<string> {
	const glob = `Use Glob, e.g. **/${baseName(path)}, to find it.`;
	if (path.length > MAX_PATH_CHARS || /[\u0000-\u0008\u000e-\u001f]/.test(path)) return glob;
	try {
		const found = (await asMeant(path, context)) ?? (await sameName(path, context)) ?? (await neighbour(path, context));
		if (found === undefined) return glob;
		const names = found.slice(0, MAX_NAMED).map((absolute) => displayPath(absolute, context.cwd));
		return `Did you mean ${names.length === 1 ? '' : 'one of '}${names.join(', ')}?`;
	} catch (error) {
		if (error instanceof UserError) return glob;
		throw error;
	}
}

/** Without what does not belong to a path. */
const CLEANED: readonly ((path: string) => string)[] = [
	(path) => path.trim(),
	(path) => path.trim().replace(/^(["'`])(.*)\1$/s, '$2'),
	(path) => path.trim().replace(/^@/, ''),
	(path) => (/^file:\/\//i.test(path) ? decoded(path.replace(/^file:\/\/(?:localhost)?/i, '')) : path),
	(path) => path.replace(/(?::\d+(?:[:-]\d+)?|#L\d+(?:-L?\d+)?)$/, ''),
	(path) => path.replaceAll('\\ ', ' '),
	(path) => path.replaceAll('\\', '/'),
	(path) => path.replace(/^\/+/, ''),
	(path) => path.replace(/^\/[^/]+\//, ''),
];

async function asMeant(path: string, context: ToolContext): Promise<readonly string[] | undefined> {
	for (const meant of new Set(CLEANED.map((clean) => clean(path)))) {
		if (meant === path || meant === '') continue;
		const place = await context.files.resolve(meant);
		if (place.kind !== 'inside') continue;
		const { kind } = await context.files.read(place.absolute);
		if (kind !== 'absent' && kind !== 'special') return [place.absolute];
	}
	return undefined;
}

/** Files of this name elsewhere, those first whose folders fit best. */
async function sameName(path: string, context: ToolContext): Promise<readonly string[] | undefined> {
	const name = baseName(plain(path));
	if (name === '' || name === '.' || name === '..') return undefined;
	const { items } = await context.search.glob(`**/${escapeGlob(name)}`, rootOf(context), 20, context.signal);
	if (items.length === 0) return undefined;
	const wanted = plain(path).split('/').reverse();
	const fit = (absolute: string): number => {
		const parts = absolute.replaceAll('\\', '/').split('/').reverse();
		const differs = wanted.findIndex((part, at) => part !== parts[at]);
		return differs < 0 ? wanted.length : differs;
	};
	return [...items].sort((one, other) => fit(other) - fit(one));
}

/** In the same folder: the same name in other letters, or with another ending. */
async function neighbour(path: string, context: ToolContext): Promise<readonly string[] | undefined> {
	const place = await context.files.resolve(plain(path));
	if (place.kind !== 'inside') return undefined;
	const folder = parentOf(place.absolute);
	if ((await context.files.read(folder)).kind !== 'directory') return undefined;
	const { items } = await context.search.glob('/*', folder, MAX_NEIGHBOURS, context.signal);
	const wanted = folded(baseName(path));
	const same = items.filter((item) => folded(baseName(item)) === wanted);
	const similar = items.filter((item) => stem(folded(baseName(item))) === stem(wanted));
	const found = same.length > 0 ? same : similar;
	return found.length === 0 ? undefined : found;
}

const plain = (path: string): string =>
	CLEANED.slice(0, 5)
		.reduce((text, clean) => clean(text), path)
		.replaceAll('\\', '/');
const folded = (name: string): string => name.normalize('NFKC').toLowerCase();
const stem = (name: string): string => name.replace(/(?<=.)\.[^.]*$/, '');
const rootOf = ({ cwd, files }: ToolContext): string =>
	files.roots.find(({ path }) => cwd === path || cwd.startsWith(`${path}/`))?.path ?? cwd;

function decoded(path: string): string {
	try {
		return decodeURIComponent(path);
	} catch (error) {
		if (error instanceof URIError) return path;
		throw error;
	}
}

/** A name that is a pattern for itself alone. */
export const escapeGlob = (name: string): string => name.replace(/[\\*?[\]{}!]/g, '\\$&');
