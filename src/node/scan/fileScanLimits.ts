/** Puts into words what could not be brought back, the worst first: files without a copy, then what is left out on purpose. Pure. */
import type { ScanLimit, ScanLimits } from '../../core/checkpoint/fileScanner.ts';
import type { Folders } from './fileScanFolders.ts';

const MAX_ITEMS = 50;
/** More files than these with one reason are told by folder. */
const MAX_SINGLE = 10;
const IGNORED = /^ignored by |^made by |^the store of /;

/** `uncopied` are watched files of which there is no copy, by their path in the picture. */
export function limitsOf(folders: Folders, uncopied: readonly (readonly [path: string, reason: string])[]): ScanLimits {
	const left = [...folders.leftOut()].map(([path, reason]) => [shownPath(folders, path), reason] as const);
	const isIgnored = ([, reason]: readonly [string, string]) => IGNORED.test(reason);
	const isFolder = ([path]: readonly [string, string]) => path.endsWith('/');
	const ignored = left.filter(isIgnored);
	const all = [
		...grouped(uncopied.map(([path, reason]) => [shownPath(folders, path), reason] as const)),
		...grouped(left.filter((one) => !isIgnored(one))),
		...grouped(ignored.filter(isFolder)),
		...grouped(ignored.filter((one) => !isFolder(one))),
	];
	const items = all.slice(0, MAX_ITEMS);
	return {
		items,
		unavailable: undefined,
		...(all.length > items.length ? { more: all.length - items.length } : {}),
	};
}

/** Many with one reason become one line for each folder at the top. */
function grouped(found: readonly (readonly [path: string, reason: string])[]): ScanLimit[] {
	const byReason = groupBy(found, ([, reason]) => reason);
	const items: ScanLimit[] = [];
	for (const [reason, ones] of byReason) {
		if (ones.length <= MAX_SINGLE) {
			for (const [path] of ones) items.push({ path, reason });
			continue;
		}
		const byFolder = groupBy(ones, ([path]) => path.slice(0, path.indexOf('/') + 1));
		for (const [folder, inside] of byFolder) {
			const [first] = inside;
			if (inside.length === 1 && first) items.push({ path: first[0], reason });
			else
				items.push({
					path: folder === '' ? '../' : folder,
					reason: `${inside.length.toLocaleString('en')} in it: ${reason}`,
				});
		}
	}
	return items;
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
	const groups = new Map<string, T[]>();
	for (const one of all) {
		const group = groups.get(keyOf(one));
		if (group) group.push(one);
		else groups.set(keyOf(one), [one]);
	}
	return groups;
}

/** As the user knows it: with the name of its root where there are several. */
function shownPath(folders: Folders, path: string): string {
	const root = folders.rootOf(path);
	if (!root) return path;
	const rel = path.slice(root.real.length + 1);
	const shown = folders.roots.length > 1 ? `${root.name}/${rel}` : rel;
	return shown === '' ? '../' : shown;
}
