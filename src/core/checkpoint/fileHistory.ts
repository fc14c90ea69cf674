/**
 * One file through a session: every content it is known to have had, in order, with who left it so. And all files of the session at a
 * moment. Pure; contents are hashes.
 */
import type { Author, FilePath, RecordedHash } from '../session/fileFields.ts';
import { contentAt } from './branchFiles.ts';
import type { Timeline, TimelineOperation } from './timeline.ts';

export type FileVersion = {
	/** An operation left it (`after`), or found it (`before`): then the user, or something nobody saw, made it. */
	readonly side: 'before' | 'after';
	/** Of that operation. */
	readonly epoch: number;
	readonly content: RecordedHash;
	/** Undefined: not a change of the session's. */
	readonly author: Author | undefined;
};

/** The versions of a file, oldest first; two in a row are never the same. `operations` are all on it, in order. */
export function fileVersions(operations: readonly TimelineOperation[]): readonly FileVersion[] {
	const versions: FileVersion[] = [];
	const add = (version: FileVersion) => {
		const last = versions.at(-1);
		if (last && last.content === version.content && version.content !== 'notCaptured') return;
		versions.push(version);
	};
	for (const { epoch, before, after, author } of operations) {
		add({ side: 'before', epoch, content: before, author: undefined });
		add({ side: 'after', epoch, content: after, author });
	}
	return versions;
}

/** The version in force at an epoch: an index into `fileVersions`. What the user made of it until the next operation counts. */
export function versionAt(versions: readonly FileVersion[], epoch: number): number {
	const last = versions.findLastIndex((version) => version.epoch <= epoch);
	return versions[last + 1]?.side === 'before' ? last + 1 : last;
}

export type FileAt = { readonly key: string; readonly file: FilePath; readonly content: RecordedHash };

/** The files of the session as they were at an epoch, sorted by path; those that did not exist then are left out. */
export function filesAt(timeline: Timeline, epoch: number): readonly FileAt[] {
	const files: FileAt[] = [];
	for (const [key, operations] of timeline) {
		const [first] = operations;
		const content = contentAt(operations, epoch);
		if (first && content !== 'absent') files.push({ key, file: first.file, content });
	}
	return files.sort((a, b) => (`${a.file.root}/${a.file.rel}` < `${b.file.root}/${b.file.rel}` ? -1 : 1));
}
