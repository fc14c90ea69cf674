/**
 * Collects skills and custom commands: those of the workspace folders, then the user's own. Must be called in trusted workspaces only.
 * Never rejects for what the files hold or lack.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { type InstructionFile, instructionFile, isInstructionName } from '../../core/skills/instructionFile.ts';
import { readMemory, realPathOf } from './memoryReader.ts';

const MAX_FILES = 300;
const MAX_DEPTH = 4;

type Place = Pick<InstructionFile, 'kind' | 'name' | 'folder' | 'scope'> & {
	readonly path: string;
	readonly area: string;
};

/** Those of the project first, by name within each folder. */
export async function loadInstructionFiles(
	roots: readonly WorkspaceRoot[],
	homeFolder?: string,
): Promise<readonly InstructionFile[]> {
	const areas = [
		...roots.map(({ path }) => ({ path, scope: 'project' as const })),
		...(homeFolder === undefined ? [] : [{ path: homeFolder, scope: 'user' as const }]),
	];
	const places = await Promise.all(areas.map(({ path, scope }) => placesIn(path, scope)));
	const read = await Promise.all(
		places.flat().map(async ({ path, area, ...place }): Promise<InstructionFile | undefined> => {
			const file = await readMemory(path, [area]);
			return file.kind === 'text' ? instructionFile(place, file.text) : undefined;
		}),
	);
	const seen = new Set<string>();
	return read.flatMap((file) => {
		// A folder may be opened that is the home folder, or several may have the same command.
		if (!file || seen.has(`${file.kind}:${file.name}`)) return [];
		seen.add(`${file.kind}:${file.name}`);
		return [file];
	});
}

async function placesIn(folder: string, scope: InstructionFile['scope']): Promise<readonly Place[]> {
	const area = await realPathOf(folder);
	if (area === undefined) return [];
	const found: Place[] = [];
	const skills = join(folder, '.claude', 'skills');
	for (const { name } of await entriesOf(skills))
		if (isInstructionName(name))
			found.push({
				kind: 'skill',
				name,
				folder: join(skills, name),
				path: join(skills, name, 'SKILL.md'),
				scope,
				area,
			});
	const look = async (at: string, names: readonly string[]): Promise<void> => {
		for (const entry of await entriesOf(at)) {
			if (entry.isDirectory()) {
				if (names.length < MAX_DEPTH) await look(join(at, entry.name), [...names, entry.name]);
				continue;
			}
			const name = [...names, entry.name.replace(/\.md$/i, '')].join(':');
			if (/\.md$/i.test(entry.name) && isInstructionName(name))
				found.push({ kind: 'command', name, folder: at, path: join(at, entry.name), scope, area });
		}
	};
	await look(join(folder, '.claude', 'commands'), []);
	return found.slice(0, MAX_FILES);
}

async function entriesOf(folder: string) {
	const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
	return entries.sort((left, right) => (left.name < right.name ? -1 : 1));
}
