// A workspace in memory for the features of the language server: files by their path below /project, and a document with a place in it.
import { priorWeights } from '../../src/core/memory/memoryTokens.ts';
import { contextFileKind } from '../../src/protocol/contextFileKind.ts';
import type { ContextDocument, ReadText, Surroundings } from '../../src/server/surroundings.ts';

export const ROOT = '/project';

/** What the registry and the catalogue would say, in short. */
const facts: Pick<Surroundings, 'tools' | 'models'> = {
	tools: [
		{ name: 'Agent', description: 'Hands on a task.', reach: 'name' },
		{ name: 'Bash', description: 'Runs a command.', reach: 'command' },
		{ name: 'Edit', description: 'Changes a file.', reach: 'path' },
		{ name: 'Grep', description: 'Searches.', reach: 'path' },
		{ name: 'Read', description: 'Reads a file.', reach: 'path' },
		{ name: 'Browser', description: 'Uses a page.', reach: 'host' },
		{ name: 'Recall', description: 'Finds what was said.', reach: 'none' },
		{ name: 'Skill', description: 'Loads a skill.', reach: 'name' },
		{ name: 'WebFetch', description: 'Fetches a page.', reach: 'host' },
		{ name: 'WebSearch', description: 'Searches the web.', reach: 'none' },
		{ name: 'Write', description: 'Writes a file.', reach: 'path' },
	],
	models: [{ id: 'claude-opus-5-5', displayName: 'Claude Opus 5.5' }],
};

export function smallProject(files: Readonly<Record<string, string>>, more: Partial<Surroundings> = {}): Surroundings {
	const paths = Object.keys(files);
	// The same object for the same file, as a real workspace gives.
	const reads = new Map(
		Object.entries(files).map(([rel, text]): [string, ReadText] => {
			const path = `${ROOT}/${rel}`;
			return [path, { kind: 'text', text, identity: path, sizeBytes: Buffer.byteLength(text) }];
		}),
	);
	return {
		...facts,
		roots: [ROOT],
		homeFolder: '/home/ada',
		weights: priorWeights,
		async read(path) {
			if (!path.startsWith(`${ROOT}/`)) return { kind: 'refused', reason: 'is outside the workspace' };
			return reads.get(path) ?? { kind: 'missing' };
		},
		async list(folder) {
			const below = paths.map((rel) => `${ROOT}/${rel}`).filter((path) => path.startsWith(`${folder}/`));
			const names = below.map((path) => path.slice(folder.length + 1).split('/'));
			const entries = new Map(names.map((parts) => [parts[0] ?? '', parts.length > 1]));
			return [...entries].map(([name, isFolder]) => ({ name, isFolder }));
		},
		async projectFiles() {
			const contextFiles = paths.flatMap((rel) => {
				const kind = contextFileKind(rel);
				return kind ? [{ path: `${ROOT}/${rel}`, kind }] : [];
			});
			return { contextFiles, all: paths };
		},
		...more,
	};
}

/** The file of the project as an open document. */
export async function documentIn(project: Surroundings, rel: string): Promise<ContextDocument> {
	const path = `${ROOT}/${rel}`;
	const read = await project.read(path);
	if (read.kind !== 'text') throw new Error(`${rel} is no file of this project.`);
	return { path, kind: contextFileKind(path) ?? 'imported', text: read.text };
}

/** What a range of the protocol covers of a text. */
export function textIn(
	text: string,
	range: { start: { line: number; character: number }; end: { line: number; character: number } },
) {
	const lines = text.split('\n');
	const offset = ({ line, character }: { line: number; character: number }) =>
		lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0) + character;
	return text.slice(offset(range.start), offset(range.end));
}
