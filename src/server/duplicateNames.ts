/** Agents and skills that go by a name that another one has too. */
import { parseFrontmatter } from '../core/memory/frontmatter.ts';
import type { Problem } from './problem.ts';
import { type ContextDocument, type Surroundings, shownPath, slashed, toRange } from './surroundings.ts';

const TOP = { start: { line: 0, character: 0 }, end: { line: 0, character: 3 } };

export async function duplicateNames(
	document: ContextDocument,
	surroundings: Surroundings,
): Promise<readonly Problem[]> {
	const { kind, path, text } = document;
	if (kind !== 'agent' && kind !== 'skill') return [];
	const own = nameOf(path, kind, text);
	const { contextFiles } = await surroundings.projectFiles();
	const rivals: string[] = [];
	for (const other of contextFiles) {
		// Those of another project folder have their own names.
		if (other.kind !== kind || other.path === path || placeOf(other.path) !== placeOf(path)) continue;
		const read = await surroundings.read(other.path);
		if (read.kind === 'text' && nameOf(other.path, kind, read.text).name === own.name) rivals.push(other.path);
	}
	if (rivals.length === 0) return [];
	const shown = rivals.map((rival) => shownPath(rival, surroundings.roots)).join(', ');
	return [
		{
			code: 'name-twice',
			level: 'warning',
			range: own.range ?? TOP,
			message: `${own.name} is the name of ${shown} too: only one of them is found by it.`,
			related: rivals.map((rival) => ({ path: rival, range: TOP, message: `Also called ${own.name}` })),
		},
	];
}

/** The folder that holds `.claude`. */
const placeOf = (path: string): string => slashed(path).replace(/\/\.claude\/.*$/s, '');

function nameOf(path: string, kind: 'agent' | 'skill', text: string) {
	const field = parseFrontmatter(text)?.fields.get('name');
	if (typeof field?.value === 'string' && field.value !== '') return { name: field.value, range: toRange(field.range) };
	const parts = slashed(path).split('/');
	const name = kind === 'skill' ? parts.at(-2) : parts.at(-1)?.replace(/\.md$/i, '');
	return { name: name ?? path, range: undefined };
}
