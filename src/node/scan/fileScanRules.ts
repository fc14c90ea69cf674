/** Which names are ignored: the rule files of the folders on the way, then those of the repository. Parsing is elsewhere. */
import { lstatSync, readFileSync } from 'node:fs';
import { systemCode } from '../files/systemErrors.ts';
import { type IgnoreRule, judge, parseIgnoreRules } from './fileScanIgnore.ts';
import type { ScanRoot } from './fileScanRead.ts';
import type { Repository } from './fileScanRepository.ts';

/** In which root and repository a path is. */
export type RulePlace = { readonly root: ScanRoot; readonly repository: Repository | undefined };

export type Rules = {
	/** Reads the folder's `.gitignore`, or that there is none. */
	load(folder: string, repository: Repository | undefined): void;
	/** True when the folder had rules. */
	drop(folder: string): boolean;
	/** Judges one name; whether a folder around it is ignored is the caller's to know. */
	isIgnored(path: string, isFolder: boolean, place: RulePlace): boolean;
	/** Whether the folder `path` or one between it and `top` is ignored. */
	isAnyIgnored(path: string, top: string, place: RulePlace): boolean;
};

/** The way from the top of the repository. */
export const wayIn = (repository: Repository, path: string): string => path.slice(repository.top.length + 1);

export function createRules(): Rules {
	const files = new Map<string, readonly IgnoreRule[]>();
	const isIgnored: Rules['isIgnored'] = (path, isFolder, { repository, root }) => {
		const outermost = (repository?.top ?? root.real).length;
		for (let end = path.lastIndexOf('/'); end >= outermost && end > 0; end = path.lastIndexOf('/', end - 1)) {
			const rules = files.get(path.slice(0, end));
			const verdict = rules && judge(rules, path.slice(end + 1), isFolder);
			if (verdict) return verdict === 'ignored';
		}
		if (!repository) return false;
		for (const rules of repository.rules) {
			const verdict = judge(rules, wayIn(repository, path), isFolder);
			if (verdict) return verdict === 'ignored';
		}
		return false;
	};
	return {
		load(folder, repository) {
			const rules = parseIgnoreRules(readRules(`${folder}/.gitignore`), repository?.isCaseIgnored ?? false);
			if (rules.length > 0) files.set(folder, rules);
			else files.delete(folder);
		},
		drop: (folder) => files.delete(folder),
		isIgnored,
		isAnyIgnored(path, top, place) {
			for (let end = path.length; end > top.length; end = path.lastIndexOf('/', end - 1))
				if (isIgnored(path.slice(0, end), true, place)) return true;
			return false;
		},
	};
}

/** Git does not follow a link here either. */
function readRules(path: string): string {
	try {
		return lstatSync(path).isFile() ? readFileSync(path, 'utf8') : '';
	} catch (error) {
		if (systemCode(error) === undefined) throw error;
		return '';
	}
}
