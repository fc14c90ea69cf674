/** Reads the files that describe agents: `.claude/agents/*.md` of the folders and of the user. What they say is the core's. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { isSecretPath } from '../../core/permission/protectedPaths.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { type AgentDefinition, type FoundAgents, parseAgentFile } from '../../core/subagents/agentDefinition.ts';
import { wayBelow } from '../files/realPath.ts';
import { systemCode } from '../files/systemErrors.ts';

/** A description of an agent is a page or two. */
const MAX_FILE_BYTES = 256 * 1024;
const MAX_FILES = 100;

/** Never rejects for what is wrong with a file: that is among the problems. Of two with the same name the first one counts. */
export async function readAgentFiles(roots: readonly WorkspaceRoot[], homeFolder: string): Promise<FoundAgents> {
	const definitions: AgentDefinition[] = [];
	const problems: string[] = [];
	const places = [
		...roots.map(({ path }) => ({ area: path, folder: join(path, '.claude', 'agents'), source: 'project' as const })),
		{ area: homeFolder, folder: join(homeFolder, '.claude', 'agents'), source: 'user' as const },
	];
	for (const { area, folder, source } of places) {
		for (const name of (await namesIn(folder)).slice(0, MAX_FILES)) {
			try {
				const path = join(folder, name);
				const { size } = await stat(path);
				if (size > MAX_FILE_BYTES) throw new Error('it is too large');
				const real = await realpath(path);
				if (wayBelow(await realpath(area), real) === undefined)
					throw new Error('it is a link that leads out of its folder');
				if (isSecretPath(real)) throw new Error('it is a link to a file that may hold secrets');
				const parsed = parseAgentFile(await readFile(real, 'utf8'), name, source);
				if ('problem' in parsed) problems.push(parsed.problem);
				else definitions.push(parsed);
			} catch (error) {
				problems.push(`${name}: ${messageOf(error)}`);
			}
		}
	}
	return { definitions, problems };
}

/** Sorted, so that the same files give the same list. A folder that is not there, or may not be read, is empty. */
async function namesIn(folder: string): Promise<readonly string[]> {
	try {
		const names = await readdir(folder);
		return names.filter((name) => name.toLowerCase().endsWith('.md')).sort();
	} catch (error) {
		if (systemCode(error) === undefined) throw error;
		return [];
	}
}
