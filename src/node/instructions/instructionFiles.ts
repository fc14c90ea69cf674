/**
 * Collects skills and custom commands of the user and of the workspace folders. Must be called in trusted workspaces only.
 * Never rejects for what the files hold or lack.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { type InstructionFile, instructionFile, isInstructionName } from '../../core/skills/instructionFile.ts';
import { readMemory, realPathOf } from './memoryReader.ts';

const MAX_FILES = 300;
const MAX_DEPTH = 4;

type Place = Pick<InstructionFile, 'kind' | 'name' | 'folder' | 'scope' | 'projectFolder'> & {
	readonly path: string;
	readonly area: string;
};

/**
 * Of the same name the first is the one that is meant: a skill before a command, and the user's own before those of a project, which so cannot
 * put its words in the place of theirs. By name within each folder.
 */
export async function loadInstructionFiles(
	roots: readonly WorkspaceRoot[],
	homeFolder?: string,
): Promise<readonly InstructionFile[]> {
	const areas = [
		...(homeFolder === undefined ? [] : [{ path: homeFolder, scope: 'user' as const, project: roots[0]?.path }]),
		...roots.map(({ path }) => ({ path, scope: 'project' as const, project: path })),
	];
	const places = (await Promise.all(areas.map(placesIn))).flat();
	const isSkill = ({ kind }: Place) => kind === 'skill';
	const read = await Promise.all(
		[...places.filter(isSkill), ...places.filter((place) => !isSkill(place))].map(
			async ({ path, area, ...place }): Promise<InstructionFile | undefined> => {
				const file = await readMemory(path, [area]);
				return file.kind === 'text' ? instructionFile(place, file.text) : undefined;
			},
		),
	);
	const seen = new Set<string>();
	return read.flatMap((file) => {
		// A folder may be opened that is the home folder, or several may have the same command.
		if (!file || seen.has(`${file.kind}:${file.name}`)) return [];
		seen.add(`${file.kind}:${file.name}`);
		return [file];
	});
}

type Area = { readonly path: string; readonly scope: InstructionFile['scope']; readonly project: string | undefined };

async function placesIn({ path: folder, scope, project }: Area): Promise<readonly Place[]> {
	const area = await realPathOf(folder);
	if (area === undefined) return [];
	const shared = { scope, area, ...(project === undefined ? {} : { projectFolder: project }) };
	const found: Place[] = [];
	const skills = join(folder, '.claude', 'skills');
	for (const { name } of await entriesOf(skills))
		if (isInstructionName(name))
			found.push({
				kind: 'skill',
				name,
				folder: join(skills, name),
				path: join(skills, name, 'SKILL.md'),
				...shared,
			});
	const look = async (at: string, names: readonly string[]): Promise<void> => {
		for (const entry of await entriesOf(at)) {
			if (entry.isDirectory()) {
				if (names.length < MAX_DEPTH) await look(join(at, entry.name), [...names, entry.name]);
				continue;
			}
			const name = [...names, entry.name.replace(/\.md$/i, '')].join(':');
			if (/\.md$/i.test(entry.name) && isInstructionName(name))
				found.push({ kind: 'command', name, folder: at, path: join(at, entry.name), ...shared });
		}
	};
	await look(join(folder, '.claude', 'commands'), []);
	return found.slice(0, MAX_FILES);
}

async function entriesOf(folder: string) {
	const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
	return entries.sort((left, right) => (left.name < right.name ? -1 : 1));
}
