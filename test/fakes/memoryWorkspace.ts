/** A Workspace in memory: files by absolute path, one root `/w` unless said otherwise. Links are entries of `links`. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { UserError } from '../../src/base/errors.ts';
import { asSha256 } from '../../src/base/ids.ts';
import type { Workspace, WorkspaceRoot, WriteOptions } from '../../src/core/ports.ts';
import type { ContentHash } from '../../src/core/session/fileFields.ts';

export type MemoryFile = {
	bytes: Uint8Array<ArrayBuffer>;
	mode: number;
	isDirty: boolean;
	isReadOnly: boolean;
	/** What is on the disk while `isDirty`; undefined: nobody asks. */
	saved?: Uint8Array<ArrayBuffer> | undefined;
};
export type MemoryWorkspace = Workspace & {
	readonly files: Map<string, MemoryFile>;
	/** Absolute path of a link → where it points. */
	readonly links: Map<string, string>;
	/** Writes and deletes in order, e.g. `write /w/a.js`. */
	readonly log: string[];
	set(path: string, text: string, more?: Partial<MemoryFile>): void;
	text(path: string): string | undefined;
};

export function createMemoryWorkspace(
	initial: Readonly<Record<string, string>> = {},
	options: { readonly roots?: readonly WorkspaceRoot[]; readonly isTrusted?: boolean } = {},
): MemoryWorkspace {
	const roots = options.roots ?? [{ name: 'w', path: '/w' }];
	const files = new Map<string, MemoryFile>();
	const links = new Map<string, string>();
	const log: string[] = [];
	const encode = (text: string) => new TextEncoder().encode(text);
	const bytesAt = (path: string): Uint8Array<ArrayBuffer> | undefined => {
		const link = links.get(path);
		return link === undefined ? files.get(path)?.bytes : encode(link);
	};
	const hashOf = (path: string): ContentHash => {
		const bytes = bytesAt(path);
		return bytes ? asSha256(createHash('sha256').update(bytes).digest('hex')) : 'absent';
	};
	const isFolder = (path: string) => [...files.keys(), ...links.keys()].some((one) => one.startsWith(`${path}/`));
	const check = (path: string, { expected, wasLink = false, ignoresReadOnly = false }: WriteOptions) => {
		if (expected !== undefined && hashOf(path) !== expected)
			throw new UserError('changed-meanwhile', `${path} was changed meanwhile. Nothing was written. Read it again.`);
		if (links.has(path) !== wasLink) throw new UserError('write-failed', `${path} is a link. Nothing was changed.`);
		if (isFolder(path)) throw new UserError('write-failed', `${path} is a folder. Nothing was changed.`);
		if (files.get(path)?.isReadOnly && !ignoresReadOnly)
			throw new UserError('read-only', `${path} is read-only. Nothing was written.`);
	};
	const workspace: MemoryWorkspace = {
		files,
		links,
		log,
		roots,
		isTrusted: options.isTrusted ?? true,
		set(path, text, more = {}) {
			files.set(path, {
				bytes: new TextEncoder().encode(text),
				mode: 0o644,
				isDirty: false,
				isReadOnly: false,
				...more,
			});
		},
		text(path) {
			const file = files.get(path);
			return file && new TextDecoder().decode(file.bytes);
		},
		async resolve(path, cwd) {
			let absolute = posix.resolve(cwd, path);
			const isLink = links.has(absolute);
			for (const [from, to] of links)
				if (absolute.startsWith(`${from}/`))
					absolute = posix.resolve(posix.dirname(from), to) + absolute.slice(from.length);
			const root = roots.find((candidate) => absolute === candidate.path || absolute.startsWith(`${candidate.path}/`));
			if (!root) return { kind: 'outside', absolute };
			return { kind: 'inside', file: { root: root.path, rel: posix.relative(root.path, absolute) }, absolute, isLink };
		},
		async read(absolute, { maxBytes = 10_000_000, links: asFile = false } = {}) {
			const link = links.get(absolute);
			if (link !== undefined && asFile)
				return { kind: 'file', bytes: encode(link), meta: { link: true }, isDirty: false };
			if (link !== undefined && !files.has(absolute)) return { kind: 'special', what: `a link to ${link}` };
			const file = files.get(absolute);
			if (file && file.bytes.length > maxBytes) return { kind: 'tooLarge', sizeBytes: file.bytes.length };
			if (file)
				return { kind: 'file', bytes: new Uint8Array(file.bytes), meta: { mode: file.mode }, isDirty: file.isDirty };
			return { kind: isFolder(absolute) ? 'directory' : 'absent' };
		},
		async write(absolute, bytes, writeOptions) {
			check(absolute, writeOptions);
			log.push(`write ${absolute}`);
			const old = files.get(absolute);
			links.delete(absolute);
			files.delete(absolute);
			if (writeOptions.link) links.set(absolute, new TextDecoder().decode(bytes));
			else
				files.set(absolute, {
					bytes: new Uint8Array(bytes),
					mode: writeOptions.mode ?? old?.mode ?? 0o644,
					isDirty: old?.isDirty ?? false,
					isReadOnly: false,
					...(old?.isDirty && old.saved ? { saved: old.saved } : {}),
				});
			return { after: hashOf(absolute), isSaved: !(old?.isDirty ?? false) };
		},
		async delete(absolute, writeOptions) {
			check(absolute, { ...writeOptions, ignoresReadOnly: true });
			log.push(`delete ${absolute}`);
			files.delete(absolute);
			links.delete(absolute);
		},
		async setMode(absolute, mode, writeOptions) {
			check(absolute, { ...writeOptions, ignoresReadOnly: true });
			log.push(`chmod ${absolute}`);
			const file = files.get(absolute);
			if (file) files.set(absolute, { ...file, mode });
		},
		/** Folders are not kept here: one without files is not there. */
		removeEmptyFolder: () => Promise.resolve(false),
		isExactName: (absolute) => Promise.resolve(files.has(absolute) || links.has(absolute)),
	};
	for (const [path, text] of Object.entries(initial)) workspace.set(path, text);
	return workspace;
}
