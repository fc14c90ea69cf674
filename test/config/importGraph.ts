// Reads the imports of a set of source files, given as text by path. Does not touch the disk and judges nothing.

/** Text of each file by its path from the project root, with forward slashes. */
export type SourceFiles = ReadonlyMap<string, string>;

export interface Import {
	readonly from: string;
	/** As it is written. */
	readonly specifier: string;
	/** The path of the file for a relative import, else undefined. */
	readonly target: string | undefined;
	readonly isReExport: boolean;
	/** What stands between `import` and `from`. */
	readonly clause: string;
}

const importStatement = /^[ \t]*import\s+(?:([^;'"`]*?)\bfrom\s*)?(['"])([^'"\n]+)\2/gm;
const exportStatement = /^[ \t]*export\s+(?:type\s+)?(\*[^;'"]*?|\{[^}]*\}\s*)from\s*(['"])([^'"\n]+)\2/gm;
const call = /\b(?:import|require)\(\s*(['"])([^'"\n]+)\1/g;

/** Every import of a file, types included. */
export function importsOf(path: string, text: string): Import[] {
	const code = withoutComments(text);
	const found: Import[] = [];
	for (const [isReExport, pattern] of [
		[false, importStatement],
		[true, exportStatement],
	] as const) {
		for (const [, clause = '', , specifier = ''] of code.matchAll(pattern)) {
			found.push({ from: path, specifier, target: resolve(path, specifier), isReExport, clause: clause.trim() });
		}
	}
	for (const [, , specifier = ''] of code.matchAll(call)) {
		found.push({ from: path, specifier, target: resolve(path, specifier), isReExport: false, clause: '' });
	}
	return found;
}

/** The name of the package of a bare specifier: `@a/b` for `@a/b/c`, `node:` for Node's own modules. */
export function packageOf(specifier: string): string {
	if (specifier.startsWith('node:')) return 'node:';
	const parts = specifier.split('/');
	return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

/** One cycle of files that import each other, or undefined. */
export function findCycle(imports: readonly Import[]): string[] | undefined {
	const targets = new Map<string, string[]>();
	for (const { from, target } of imports) {
		if (target !== undefined) targets.set(from, [...(targets.get(from) ?? []), target]);
	}
	const done = new Set<string>();
	const path: string[] = [];
	const visit = (file: string): string[] | undefined => {
		if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
		if (done.has(file)) return undefined;
		path.push(file);
		for (const target of targets.get(file) ?? []) {
			const cycle = visit(target);
			if (cycle) return cycle;
		}
		path.pop();
		done.add(file);
		return undefined;
	};
	for (const file of targets.keys()) {
		const cycle = visit(file);
		if (cycle) return cycle;
	}
	return undefined;
}

/** Comments become spaces; strings stay, because the specifiers are strings. */
export function withoutComments(text: string): string {
	return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, blank).replace(/(^|\s)\/\/.*$/gm, blank);
}

function blank(text: string): string {
	return text.replace(/[^\n]/g, ' ');
}

function resolve(from: string, specifier: string): string | undefined {
	if (!specifier.startsWith('.')) return undefined;
	const parts = from.split('/').slice(0, -1);
	for (const part of specifier.split('/')) {
		if (part === '..') parts.pop();
		else if (part !== '.') parts.push(part);
	}
	return parts.join('/');
}
