/** Roots and folders as the disk has them. */
import { type Dirent, lstatSync, readdirSync, realpathSync } from 'node:fs';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { slashed } from './fileScanTypes.ts';

export type ScanRoot = WorkspaceRoot & {
	/** Links resolved, with `/`; every path in the picture is below one of these. */
	readonly real: string;
};

/** Each real folder once, under the first name it is opened by. */
export function realRoots(
	roots: readonly WorkspaceRoot[],
	onFailure: (path: string, reason: string) => void,
): ScanRoot[] {
	const found: ScanRoot[] = [];
	for (const root of roots) {
		try {
			const real = slashed(realpathSync(root.path));
			if (!found.some((other) => other.real === real)) found.push({ name: root.name, path: root.path, real });
		} catch (error) {
			onFailure(root.path, unreadable(error));
		}
	}
	return found;
}

type Listed =
	| { readonly entries: readonly Dirent[]; readonly mtimeMs: number; readonly nowMs: number }
	| { readonly reason: string };

export function list(path: string): Listed {
	try {
		const nowMs = Date.now();
		// Its time first: what is added while it is read must show up later.
		const { mtimeMs } = lstatSync(path);
		return { entries: readdirSync(path, { withFileTypes: true }), mtimeMs, nowMs };
	} catch (error) {
		return { reason: unreadable(error) };
	}
}

export const canList = (path: string): boolean => 'entries' in list(path);

function unreadable(error: unknown): string {
	if (systemCode(error) === undefined) throw error;
	return `it cannot be read: ${describeFileError(error)}`;
}
