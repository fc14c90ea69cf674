/** What the window and its settings say about the workspace, for sessions and restores. */
import * as vscode from 'vscode';
import type { WorkspaceRoot } from '../core/ports.ts';
import type { SessionDefaults } from '../core/session/sessionTypes.ts';
import { loadedTools } from '../core/tools/registry.ts';
import { setting } from './settings.ts';

export function workspaceRoots(): readonly WorkspaceRoot[] {
	const folders = vscode.workspace.workspaceFolders ?? [];
	return folders.filter((one) => one.uri.scheme === 'file').map((one) => ({ name: one.name, path: one.uri.fsPath }));
}

export function sessionDefaults(
	context: vscode.ExtensionContext,
	roots: readonly WorkspaceRoot[],
	cwd: string,
	model: string,
): SessionDefaults {
	const manifest: unknown = context.extension.packageJSON;
	const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
	return {
		cwd,
		mode: setting('mode'),
		model,
		roots: roots.map((root) => root.path),
		extensionVersion: hasVersion ? String(manifest.version) : '0.0.0',
		toolNames: loadedTools.map((tool) => tool.name),
	};
}

/** Why a rewind cannot restore files now. */
export function codeReason(): string | null {
	if (!setting('checkpoints.enabled')) return 'Checkpoints are turned off in the settings.';
	if (!vscode.workspace.isTrusted) return 'This folder is not trusted, so no file is written.';
	if (workspaceRoots().length === 0) return 'No folder is open.';
	return null;
}
