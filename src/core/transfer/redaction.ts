/**
 * What leaves this machine in an export: credentials masked, and, unless it is kept as it is, the user's folders replaced by names.
 * A password without a known form is not found.
 */
import { maskSecrets } from '../agent/maskSecrets.ts';
import type { WorkspaceRoot } from '../ports.ts';
import { mapStrings, pathMap, type TextMap } from './mapText.ts';

/** A folder of the machine that exported: `from` is what stands for it in the texts. */
export type PathName = { readonly kind: 'root' | 'home'; readonly name: string; readonly from: string };

export type Redaction = {
	readonly isRedacted: boolean;
	readonly paths: readonly PathName[];
	text: TextMap;
	/** The same for every string of a JSON value. */
	value(value: unknown): unknown;
};

export type RedactionOptions = {
	/** False keeps paths and masks no credential but the ones below. */
	readonly isRedacted: boolean;
	readonly roots: readonly WorkspaceRoot[];
	readonly home: string;
	/** Credentials that are configured here. They leave in no export, redacted or not. */
	readonly knownSecrets: readonly string[];
};

/** Said wherever a redacted export is described. */
export const REDACTED_NOTE =
	'Credentials of known forms are masked and the paths of your folders are replaced by names. A session that is imported from it will therefore not repeat the same bytes in its requests.';

export function createRedaction(options: RedactionOptions): Redaction {
	const secrets = options.knownSecrets.filter((secret) => secret.length >= MIN_SECRET_CHARS);
	const maskKnown: TextMap = (text) => {
		let masked = text;
		for (const secret of secrets) for (const form of formsOf(secret)) masked = masked.split(form).join(MASK);
		return masked;
	};
	const folders = namedFolders(options);
	const mapPaths = pathMap(folders.map(({ path, from }) => ({ from: path, to: from })));
	const text: TextMap = options.isRedacted ? (words) => mapPaths(maskSecrets(maskKnown(words))) : maskKnown;
	return {
		isRedacted: options.isRedacted,
		paths: folders.map(({ kind, name, path, from }) => ({ kind, name, from: options.isRedacted ? from : path })),
		text,
		value: (value) => mapStrings(value, text),
	};
}

const MASK = '[masked: configured key]';
/** A shorter one would be found inside ordinary words. */
const MIN_SECRET_CHARS = 8;

/** As it is, and as it stands inside JSON text. */
function formsOf(secret: string): readonly string[] {
	const escaped = JSON.stringify(secret).slice(1, -1);
	return escaped === secret ? [secret] : [secret, escaped];
}

function namedFolders({ roots, home }: RedactionOptions) {
	const names = new Set<string>();
	const named = roots.map(({ name, path }) => {
		const plain = name.replace(/[^\w.-]+/g, '-') || 'folder';
		let unique = plain;
		for (let copy = 2; names.has(unique); copy++) unique = `${plain}-${copy}`;
		names.add(unique);
		return { kind: 'root' as const, name: unique, path, from: `{folder:${unique}}` };
	});
	return home === '' ? named : [...named, { kind: 'home' as const, name: 'home', path: home, from: '{home-folder}' }];
}
