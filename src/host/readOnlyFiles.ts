/** A file system whose documents are made on demand and never change. Small: it is registered at start, before anything else loads. */
import * as vscode from 'vscode';

/** `read` rejects when there is no such document; the editor then says so in the tab. */
export function readOnlyFiles(read: (uri: vscode.Uri) => Promise<Uint8Array>): vscode.FileSystemProvider {
	const refuse = (uri: vscode.Uri) => {
		throw vscode.FileSystemError.NoPermissions(uri);
	};
	return {
		onDidChangeFile: () => new vscode.Disposable(() => undefined),
		watch: () => new vscode.Disposable(() => undefined),
		stat: async (uri) => ({
			...{ type: vscode.FileType.File, ctime: 0, mtime: 0, permissions: vscode.FilePermission.Readonly },
			size: (await read(uri)).length,
		}),
		readFile: read,
		readDirectory: () => [],
		createDirectory: refuse,
		writeFile: refuse,
		delete: refuse,
		rename: refuse,
	};
}
