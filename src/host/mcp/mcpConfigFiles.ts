/**
 * Where MCP servers are declared: `.mcp.json` and `.vscode/mcp.json` of the folders, and the user's setting. Reads them, and tells when one
 * is another than before. Reads and watches nothing in a workspace that is not trusted; starts no server.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { type ConfigText, joinServers, readServers, type ServerConfig } from '../../core/mcp/declaredServers.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { setting } from '../settings.ts';

export const SERVERS_SETTING = 'retrace.mcp.servers';
const FILES = [
	{ name: '.mcp.json', source: 'project' },
	{ name: '.vscode/mcp.json', source: 'vscode' },
] as const;
const MAX_FILE_BYTES = 4_000_000;
/** An editor that saves writes a file in several steps. */
const SETTLE_MS = 150;

export type McpConfigFiles = Disposable & {
	/** Never rejects for what the files hold or lack. */
	read(): Promise<ServerConfig>;
	readonly onDidChange: Event<void>;
};

export function createMcpConfigFiles(world: {
	roots(): readonly WorkspaceRoot[];
	isTrusted(): boolean;
}): McpConfigFiles {
	const store = new DisposableStore();
	const changed = store.add(new Emitter<void>());
	let watching = new DisposableStore();
	let watched = '';
	let timer: ReturnType<typeof setTimeout> | undefined;
	const later = () => {
		clearTimeout(timer);
		timer = setTimeout(() => changed.fire(), SETTLE_MS);
	};
	const watch = (roots: readonly WorkspaceRoot[]) => {
		const key = JSON.stringify(roots);
		if (key === watched) return;
		watched = key;
		watching.dispose();
		watching = new DisposableStore();
		for (const { path } of roots)
			for (const { name } of FILES) {
				const pattern = new vscode.RelativePattern(vscode.Uri.file(path), name);
				const watcher = watching.add(vscode.workspace.createFileSystemWatcher(pattern));
				for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete]) watching.add(event(later));
			}
	};
	store.add(vscode.workspace.onDidChangeWorkspaceFolders(later));
	store.add(vscode.workspace.onDidGrantWorkspaceTrust(later));
	store.add(
		vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration(SERVERS_SETTING) && later()),
	);
	return {
		onDidChange: changed.event,
		async read() {
			if (!world.isTrusted()) return { servers: [], inputs: [], problems: [] };
			const roots = world.roots();
			watch(roots);
			const found = await Promise.all(
				roots.flatMap((root) =>
					FILES.map(async ({ name, source }): Promise<ConfigText | undefined> => {
						const text = await readText(vscode.Uri.joinPath(vscode.Uri.file(root.path), name));
						const file = roots.length > 1 ? `${root.name}/${name}` : name;
						return text === undefined ? undefined : { source, file, folder: root.path, text };
					}),
				),
			);
			const own: ConfigText = { source: 'user', file: SERVERS_SETTING, text: JSON.stringify(setting('mcp.servers')) };
			return joinServers([...found.flatMap((one) => one ?? []), own].map(readServers));
		},
		dispose() {
			clearTimeout(timer);
			watching.dispose();
			store.dispose();
		},
	};
}

/** Undefined for what is no file that can be read. */
async function readText(uri: vscode.Uri): Promise<string | undefined> {
	try {
		const { type, size } = await vscode.workspace.fs.stat(uri);
		if ((type & vscode.FileType.File) === 0) return undefined;
		// Far more than is parsed: what is read then says that it is too large.
		if (size > MAX_FILE_BYTES) return ' '.repeat(MAX_FILE_BYTES);
		return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
	} catch (error) {
		if (error instanceof vscode.FileSystemError) return undefined;
		throw error;
	}
}
