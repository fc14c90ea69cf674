/** *Edit Memory…*: all memory files that hold now, each with its scope, size and tokens; opens one, or begins one that is missing. Writes nothing. */
import * as vscode from 'vscode';
import { utf8Length } from '../../base/text.ts';
import type { ProjectContext } from '../../core/agent/turnTypes.ts';
import type { AskedImport, MemoryLoad, MemoryScope } from '../../core/memory/memoryFile.ts';
import { type MemoryWeights, memoryTokens } from '../../core/memory/memoryTokens.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import { shortTokens } from '../../protocol/contextMeter.ts';
import { plainLabel } from '../plainLabel.ts';
import type { MemoryImports } from './memoryImports.ts';

export type MemoryCommandWorld = {
	readonly ports: {
		loadProjectContext(): Promise<ProjectContext>;
		loadNestedMemory(touched: readonly string[]): Promise<MemoryLoad>;
	};
	readonly imports: Pick<MemoryImports, 'askAgain'>;
	readonly homeFolder: string;
	roots(): readonly WorkspaceRoot[];
	session(): Session;
	/** What memory files cost in the session, as the context dialog shows it. */
	weights(): Promise<MemoryWeights>;
	relativePath(absolute: string): string;
};

type Item = vscode.QuickPickItem & { readonly act?: () => Thenable<unknown> };

const SCOPES: Readonly<Record<MemoryScope, string>> = {
	user: 'user',
	parent: 'above this folder',
	project: 'project',
	local: 'local',
	folder: 'with its folder',
};

export async function editMemory(world: MemoryCommandWorld): Promise<void> {
	const picked = await vscode.window.showQuickPick<Item>(memoryItems(world), {
		title: 'Edit Memory',
		placeHolder: 'Instructions that every request carries: a later one wins',
		matchOnDescription: true,
	});
	await picked?.act?.();
}

async function memoryItems(world: MemoryCommandWorld): Promise<Item[]> {
	const { ports, session, relativePath } = world;
	const project = await ports.loadProjectContext();
	const nested = await ports.loadNestedMemory(causesOf(session()));
	const shown = [...project.memory, ...nested.files];
	const weights = await world.weights();
	const items = shown.map((file): Item => {
		const by = file.importedBy === undefined ? '' : ` · imported by ${relativePath(file.importedBy)}`;
		const size = file.sizeBytes ?? utf8Length(file.text);
		return {
			label: `$(file) ${plainLabel(relativePath(file.path))}`,
			description: `${SCOPES[file.scope ?? 'project']} · ${sizeText(size)} · ${shortTokens(memoryTokens(file, weights))} tokens${plainLabel(by)}`,
			act: () => openFile(file.path),
		};
	});
	const asked = [...(project.asked ?? []), ...nested.asked].map((one) => askedItem(one, world));
	const missing = missingItems(world, project);
	return [...withTitle('In effect', items), ...withTitle('Not imported', asked), ...withTitle('Create', missing)];
}

function withTitle(title: string, items: readonly Item[]): readonly Item[] {
	return items.length === 0 ? [] : [{ label: title, kind: vscode.QuickPickItemKind.Separator }, ...items];
}

/** Files that brought in others by being touched on this branch. */
function causesOf(session: Session): readonly string[] {
	const causes = session
		.branch()
		.flatMap((entry) => (entry.type === 'attachment' && entry.memory?.cause ? [entry.memory.cause] : []));
	return [...new Set(causes)];
}

function askedItem(one: AskedImport, { imports, relativePath }: MemoryCommandWorld): Item {
	return {
		label: `$(circle-slash) ${plainLabel(relativePath(one.path))}`,
		description: `${one.reason} · imported by ${plainLabel(relativePath(one.importedBy))}`,
		act: () => imports.askAgain(one),
	};
}

function missingItems(
	{ roots, homeFolder, relativePath }: MemoryCommandWorld,
	project: ProjectContext,
): readonly Item[] {
	const known = new Set(project.memory.map(({ path }) => path));
	const items: Item[] = [];
	const offer = (path: string, what: string) => {
		if (!known.has(path))
			items.push({ label: `$(add) ${plainLabel(relativePath(path))}`, description: what, act: () => openNew(path) });
	};
	const places = roots();
	for (const { path, name } of places) {
		const of = places.length > 1 ? ` of ${plainLabel(name)}` : '';
		const hasOwn = ['AGENTS.md', 'CLAUDE.md'].some((file) => known.has(join(path, file)));
		if (!hasOwn) offer(join(path, 'CLAUDE.md'), `project${of}: shared with the team`);
		offer(join(path, 'CLAUDE.local.md'), `local${of}: for you, in this folder (keep it out of version control)`);
	}
	offer(join(homeFolder, '.claude', 'CLAUDE.md'), 'user: for you, in every folder');
	return items;
}

/** One that exists but is empty is no memory file yet: it is opened as it is. */
async function openNew(path: string): Promise<void> {
	const uri = vscode.Uri.file(path);
	const isThere = await vscode.workspace.fs.stat(uri).then(
		() => true,
		() => false,
	);
	// An unsaved document: nothing is written before the user saves it.
	if (isThere) await openFile(path);
	else await vscode.window.showTextDocument(uri.with({ scheme: 'untitled' }));
}

async function openFile(path: string): Promise<void> {
	await vscode.window.showTextDocument(vscode.Uri.file(path));
}

function sizeText(bytes: number): string {
	return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KB`;
}

const join = (folder: string, ...names: string[]): string =>
	vscode.Uri.joinPath(vscode.Uri.file(folder), ...names).fsPath;
