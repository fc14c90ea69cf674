/** What stands at a recorded path now, as far as a restore may touch it. Reads only. */
import type { Workspace } from '../ports.ts';
import type { FilePath } from '../session/fileFields.ts';
import type { RecordedSnapshot } from './recordingWorkspace.ts';
import { pathKey } from './timeline.ts';

export type CurrentFile =
	| { readonly kind: 'found'; readonly absolute: string; readonly snapshot: RecordedSnapshot }
	| { readonly kind: 'blocked'; readonly absolute: string; readonly reason: string };

/** Above the largest file that a copy is made of. What is larger cannot be put aside, so it is not overwritten. */
const MAX_BYTES = 64_000_000;

export type LookOptions = {
	/** Its name must be written on the disk in just these letters; another case counts as no file. */
	readonly hasCaseTwin?: boolean;
	/** The session knows it as a link, so a link in its place is looked at itself. */
	readonly isLinkKnown?: boolean;
	/** A folder in its place goes with its files, so it counts as no file. */
	readonly mayBeFolder?: boolean;
};

/** What is at a recorded path now, when it is still an ordinary place inside the workspace. */
export async function currentFile(
	workspace: Workspace,
	file: FilePath,
	options: LookOptions = {},
): Promise<CurrentFile> {
	const place = await workspace.resolve(file.rel, file.root);
	const { absolute } = place;
	const blocked = (reason: string): CurrentFile => ({ kind: 'blocked', absolute, reason });
	const found = (snapshot: RecordedSnapshot): CurrentFile => ({ kind: 'found', absolute, snapshot });
	if (place.kind === 'outside') {
		const root = await workspace.read(file.root);
		return blocked(root.kind === 'absent' ? 'its workspace folder is gone' : 'it is outside the workspace now');
	}
	const { isLinkKnown: links = false } = options;
	if ((place.isLink && !links) || pathKey(place.file) !== pathKey(file))
		return blocked('it is reached through a link now');
	const snapshot = await workspace.read(absolute, { maxBytes: MAX_BYTES, links });
	switch (snapshot.kind) {
		case 'file':
			if (options.hasCaseTwin && !(await workspace.isExactName(absolute))) return found({ kind: 'absent' });
			return found(snapshot);
		case 'absent':
			return found(snapshot);
		case 'directory':
			return options.mayBeFolder ? found({ kind: 'absent' }) : blocked('it is a folder now');
		case 'special':
			return blocked(`it is ${snapshot.what} now`);
		case 'tooLarge':
			return blocked('it is too large now: no copy of it could be kept');
	}
}
