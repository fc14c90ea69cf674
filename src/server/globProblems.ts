/** Globs of rules that no file matches now. */
import { isCovered } from '../core/memory/pathRules.ts';

/** Whether any of these files (relative, with `/`) is covered. */
export function hasMatch(globs: readonly string[], files: readonly string[]): boolean {
	return files.some((file) => isCovered(globs, file));
}
