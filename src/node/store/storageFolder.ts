/**
 * Where the store of a workspace is. A second window on the same folder is given `workspaceStorage/<id>-1` by the editor,
 * and would lose sight of every session: all windows use `<id>`.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * `storagePath` is the extension's own folder, `…/workspaceStorage/<id>/<publisher.name>`. Returned as it is unless
 * `<id>` ends with `-<number>` and the folder without that ending exists. Creates nothing.
 */
export function canonicalStorageFolder(storagePath: string): string {
	const workspaceFolder = dirname(storagePath);
	const parent = dirname(workspaceFolder);
	if (basename(parent) !== 'workspaceStorage') return storagePath;
	const match = /^(.+)-\d+$/.exec(basename(workspaceFolder));
	if (!match?.[1]) return storagePath;
	const canonical = join(parent, match[1]);
	return existsSync(canonical) ? join(canonical, basename(storagePath)) : storagePath;
}
