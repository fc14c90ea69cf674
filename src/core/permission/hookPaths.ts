/**
 * Files that hooks name in their commands. Whoever agreed to a hook agreed to its words, so a change of what they run is asked about, as a
 * change of the hook itself is. A guard against haste, not a sandbox: what such a file calls in turn is not known. Pure.
 */
import type { ReadPart } from './readCommand.ts';
import { programName } from './shellUnwrap.ts';

/** Relative to the folder of their project, without those that lie elsewhere. */
export function hookPaths(
	hooks: readonly { readonly command: string; readonly projectDir: string }[],
): readonly string[] {
	const found = new Set<string>();
	for (const { command, projectDir } of hooks) {
		const folder = `${plain(projectDir).replace(/\/+$/, '')}/`;
		const text = plain(command.replace(/["']/g, '').replace(/\$\{?(?:CLAUDE|RETRACE)_PROJECT_DIR\}?/g, '.'));
		for (const word of text.split(/[\s;&|<>`$(){}=,]+/)) {
			// Any other word is a program or an argument far more often than a file.
			if (word.startsWith('-') || word.includes('://') || !PATH_LIKE.test(word)) continue;
			const path = below(word.startsWith(folder) ? word.slice(folder.length) : word);
			if (path !== undefined) found.add(path);
		}
	}
	return [...found];
}

/** `rel` is below a root of the workspace. */
export function hookFileCause(rel: string, paths: readonly string[]): string | undefined {
	return paths.includes(plain(rel)) ? `${rel} is a file that ${WHY}` : undefined;
}

/** Of a text that nothing is known about but what it says. */
export function hookTextCause(text: string, paths: readonly string[]): string | undefined {
	const said = plain(text.replace(/["']/g, ''));
	const path = paths.find((one) => holds(said, one));
	return path === undefined ? undefined : `It names ${path}, which ${WHY}`;
}

/** Of one command: one that only looks at such a file, or only runs it, changes nothing of it. */
export function hookPartCause(part: ReadPart, paths: readonly string[]): string | undefined {
	if (paths.length === 0) return undefined;
	const written = [...part.looksAt, ...part.redirects].filter(({ access }) => access === 'write');
	const words = [...written.map(({ word }) => word), ...(part.table.kind === 'looks' ? [] : argumentsOf(part))];
	for (const { value, source } of words) {
		const said = plain(value ?? source);
		const path = paths.find((one) => holds(said, one) || said.split('=').some((piece) => isSame(piece, one)));
		if (path !== undefined) return `It names ${path}, which ${WHY}`;
	}
	return undefined;
}

const WHY = 'a hook that you agreed to runs or reads';
const PATH_LIKE = /\/|\.[a-z]\w*$/;
const RUNNERS = /^(?:ba|z|da|k|fi)?sh$|^(?:node|deno|bun|tsx|ts-node|python[\d.]*|ruby|perl|php|pwsh|source|\.)$/;

/** Without the script that it runs. */
function argumentsOf({ command: { words } }: ReadPart) {
	const args = words.slice(1);
	return RUNNERS.test(programName(words[0]) ?? '') && !args[0]?.value?.startsWith('-') ? args.slice(1) : args;
}

/** As a name of its own: `a.js` is not named by `data.json`. */
const holds = (text: string, path: string): boolean =>
	new RegExp(`(?<![\\w.-])${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-]|\\.\\w)`).test(text);

/** From another folder a path has another beginning. */
function isSame(said: string, path: string): boolean {
	const name = said.replace(/^(?:\.{1,2}\/)+/, '');
	return PATH_LIKE.test(name) && path.endsWith(`/${name}`);
}

function below(path: string): string | undefined {
	if (/^(?:\/|~|[a-z]:)/.test(path)) return undefined;
	const parts: string[] = [];
	for (const part of path.split('/')) {
		if (part === '' || part === '.') continue;
		if (part !== '..') parts.push(part);
		else if (parts.pop() === undefined) return undefined;
	}
	return parts.length === 0 ? undefined : parts.join('/');
}

/** Case does not matter, and Windows has another separator. */
const plain = (text: string): string => text.normalize('NFC').replaceAll('\\', '/').toLowerCase();
