/** A memory file: instructions that people keep in files, as it goes into the context. Types and the text it is sent as; reads nothing. */

/** Whom it speaks for: the user everywhere, folders above the project, the project, this machine only, or one folder or some paths of it. */
export type MemoryScope = 'user' | 'parent' | 'project' | 'local' | 'folder';

export type MemoryFile = {
	/** Absolute. */
	readonly path: string;
	/** As it is sent: at most 64 KB of it, credentials masked, without frontmatter. */
	readonly text: string;
	readonly scope?: MemoryScope;
	/** The memory file that brought it in. */
	readonly importedBy?: string;
	/** On the disk. */
	readonly sizeBytes?: number;
	/** The file of the project that was touched when this one came in. Of nested files and rules for paths only. */
	readonly cause?: string;
};

/** What was found, and what a person has to know about it. */
export type MemoryLoad = {
	/** From general to near: a later one wins. */
	readonly files: readonly MemoryFile[];
	/** Sentences about what was cut, left out or is wrong. */
	readonly notices: readonly string[];
	/** Imports that wait for the user to say whether they may be read. */
	readonly asked: readonly AskedImport[];
};

export type AskedImport = {
	/** The real place of what is imported. */
	readonly path: string;
	readonly importedBy: string;
	/** Why it is asked about, as a sentence part: “is outside the workspace”. */
	readonly reason: string;
};

/** The exact text that stands for this file in a request. */
export function memorySection({ path, text }: Pick<MemoryFile, 'path' | 'text'>): string {
	return `## ${oneLine(path)}\n\n${text.trim()}`;
}

/** The path that a section of `memorySection` stands for; undefined for another text. */
export function sectionPath(section: string): string | undefined {
	return /^## ([^\n]+)\n\n/.exec(section)?.[1];
}

/** A file's name may hold a line break, which must not look like a line of ours. */
const oneLine = (path: string): string => path.replaceAll(/\p{Cc}/gu, '?');
