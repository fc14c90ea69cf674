/** Opens links of the transcript: http(s) in the browser, files inside the folders of this window in an editor. Nothing else. */
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';
import type { Workspace } from '../core/ports.ts';
import { type LinkTarget, parseLink } from './linkTarget.ts';

/** Rejects with UserError `link-refused`. */
export async function openLink(href: string, workspace: Workspace, cwd: string): Promise<void> {
	const target: LinkTarget = parseLink(href);
	if (target.kind === 'web') {
		await vscode.env.openExternal(vscode.Uri.parse(target.url, true));
		return;
	}
	if (target.kind === 'refused') throw refused(href);
	const resolved = await workspace.resolve(target.path, cwd);
	// A link may lead out, and the editor would follow it.
	if (resolved.kind === 'outside' || resolved.isLink) throw refused(href);
	const uri = vscode.Uri.file(resolved.absolute);
	const line = target.lineNumber === undefined ? undefined : target.lineNumber - 1;
	const options = line === undefined ? {} : { selection: new vscode.Range(line, 0, line, 0) };
	await vscode.commands.executeCommand('vscode.open', uri, { preview: true, ...options });
}

function refused(href: string): UserError {
	return new UserError(
		'link-refused',
		`This link was not opened: ${href}. Only web addresses and files inside the folders of this window can be opened from here.`,
	);
}
