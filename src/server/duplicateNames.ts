/** Agents, skills and commands that go by a name that another one has too, and names that nothing goes by. */
import { parseFrontmatter } from '../core/memory/frontmatter.ts';
import type { Problem } from './problem.ts';
import { type ContextDocument, type Surroundings, shownPath, slashed, toRange } from './surroundings.ts';

const TOP = { start: { line: 0, character: 0 }, end: { line: 0, character: 3 } };

export async function duplicateNames(
	document: ContextDocument,
	surroundings: Surroundings,
): Promise<readonly Problem[]> {
	if (document.kind === 'agent') return await sameAgents(document, surroundings);
	if (document.kind !== 'skill' && document.kind !== 'command') return [];
	return [...otherName(document), ...(await sameCalls(document, surroundings))];
}

async function sameAgents({ path, text }: ContextDocument, surroundings: Surroundings): Promise<readonly Problem[]> {
	const own = agentName(path, text);
	const { contextFiles } = await surroundings.projectFiles();
	const rivals: string[] = [];
	for (const other of contextFiles) {
		// Those of another project folder have their own names.
		if (other.kind !== 'agent' || other.path === path || placeOf(other.path) !== placeOf(path)) continue;
		const read = await surroundings.read(other.path);
		if (read.kind === 'text' && agentName(other.path, read.text).name === own.name) rivals.push(other.path);
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

/** A skill and a command that are typed alike: it is the skill that is meant. */
async function sameCalls({ kind, path }: ContextDocument, surroundings: Surroundings): Promise<readonly Problem[]> {
	const name = callName(path);
	const { contextFiles } = await surroundings.projectFiles();
	const rival = contextFiles.find(
		(other) =>
			(other.kind === 'skill' || other.kind === 'command') &&
			other.kind !== kind &&
			placeOf(other.path) === placeOf(path) &&
			callName(other.path) === name,
	);
	if (!rival || name === undefined) return [];
	const shown = shownPath(rival.path, surroundings.roots);
	return [
		{
			code: 'name-twice',
			level: kind === 'command' ? 'warning' : 'note',
			range: TOP,
			message:
				kind === 'command'
					? `/${name} is the skill ${shown}: of the same name the skill is meant, so this command is not reached.`
					: `/${name} is this skill: the command ${shown} of the same name is not reached.`,
			related: [{ path: rival.path, range: TOP, message: `Also called /${name}` }],
		},
	];
}

/** What stands under `name` is for people; a file is called by its place. */
function otherName({ kind, path, text }: ContextDocument): readonly Problem[] {
	const field = parseFrontmatter(text)?.fields.get('name');
	const name = callName(path);
	if (!field || name === undefined || typeof field.value !== 'string' || field.value === name) return [];
	const by = kind === 'skill' ? 'folder' : 'file';
	const message = `This ${kind} is called /${name}, by the name of its ${by}.`;
	return [{ code: 'name-unused', level: 'note', range: toRange(field.range), message }];
}

/** The folder that holds `.claude`. */
const placeOf = (path: string): string => slashed(path).replace(/\/\.claude\/.*$/s, '');

/** As it is typed behind a slash; undefined for a file that is not where skills and commands are. */
function callName(path: string): string | undefined {
	const [, skill, command] =
		/\/\.claude\/(?:skills\/([^/]+)\/SKILL\.md|commands\/(.+)\.md)$/is.exec(slashed(path)) ?? [];
	return skill ?? command?.replaceAll('/', ':');
}

function agentName(path: string, text: string) {
	const field = parseFrontmatter(text)?.fields.get('name');
	if (typeof field?.value === 'string' && field.value !== '') return { name: field.value, range: toRange(field.range) };
	return { name: slashed(path).split('/').at(-1)?.replace(/\.md$/i, '') ?? path, range: undefined };
}
