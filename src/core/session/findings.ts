/**
 * What can be found in a session store, in the words a person reads: how bad it is, what it means, and what can be done.
 * One row per kind; looking is done elsewhere.
 */

/** `error`: something cannot be read any more. `warning`: something is not as it should be, and is passed over. `info`: nothing to do. */
export type Severity = 'error' | 'warning' | 'info';
/** What the user is offered. */
export type Remedy = 'salvage' | 'rebuildIndex' | 'trash' | 'none';

type FindingWords = {
	readonly severity: Severity;
	readonly title: string;
	readonly meaning: string;
	readonly remedy: Remedy;
};

const SALVAGE = 'Salvage into a copy writes everything that can be read into a new session.';

export const FINDINGS = {
	badLine: {
		severity: 'error',
		title: 'Lines that cannot be read',
		meaning: `They were damaged after they were written, or come from a write that was cut off. They are left out; all other lines are used. ${SALVAGE}`,
		remedy: 'salvage',
	},
	missingParent: {
		severity: 'error',
		title: 'Entries whose parent is missing',
		meaning: `The line of the parent is damaged or gone. The conversation goes on at what came before it in the file. ${SALVAGE}`,
		remedy: 'salvage',
	},
	cycle: {
		severity: 'error',
		title: 'Entries that lead in a circle',
		meaning: `Retrace never writes this: the file was changed by something else. The way back from these entries stops where the circle closes. ${SALVAGE}`,
		remedy: 'salvage',
	},
	nothingReadable: {
		severity: 'error',
		title: 'Nothing in this log can be read',
		meaning: 'It opens as an empty session. It can be moved to the trash, where it stays as it is.',
		remedy: 'trash',
	},
	unreadableFile: {
		severity: 'error',
		title: 'A log that cannot be opened',
		meaning: 'The system refuses to read the file. Check its permissions.',
		remedy: 'none',
	},
	blobMissing: {
		severity: 'error',
		title: 'Stored contents that are missing',
		meaning:
			'Entries name them, and their files are gone from the blobs folder: outputs or earlier file contents that cannot be shown or restored. Put the files back from a backup if you have one; everything else works.',
		remedy: 'none',
	},
	blobDamaged: {
		severity: 'error',
		title: 'Stored contents that are damaged',
		meaning:
			'The bytes do not match the hash in the file’s name, so they are never used. When the same content is stored again, it is whole again.',
		remedy: 'none',
	},
	storageTwin: {
		severity: 'error',
		title: 'Sessions in a second storage folder',
		meaning:
			'VS Code gave another window of this workspace a folder of its own, and these sessions are in it. They are not listed. Close all windows and move the files into the sessions folder of this store.',
		remedy: 'none',
	},
	newerVersion: {
		severity: 'warning',
		title: 'Lines of a newer version of Retrace',
		meaning: 'The session opens read-only. Update Retrace to go on with it.',
		remedy: 'none',
	},
	parentLater: {
		severity: 'warning',
		title: 'Entries that stand before their parent',
		meaning: `Retrace always writes the parent first: lines were moved or files joined. They are read as they are. ${SALVAGE}`,
		remedy: 'salvage',
	},
	changedDuplicate: {
		severity: 'warning',
		title: 'Entries that come again with another content',
		meaning: 'The first one counts; the others stay in the file and are left out.',
		remedy: 'none',
	},
	foreignLine: {
		severity: 'warning',
		title: 'Lines of another session',
		meaning: 'Two logs were joined, or a file was renamed. The lines are read as if they were this session’s.',
		remedy: 'salvage',
	},
	missingHeader: {
		severity: 'warning',
		title: 'The first line is missing',
		meaning: 'What it says (folders, version) is known from other lines or not needed. The next entry writes it again.',
		remedy: 'none',
	},
	lostTarget: {
		severity: 'warning',
		title: 'Rewinds to an entry that is not there',
		meaning: 'They are passed over, so that they hide nothing.',
		remedy: 'none',
	},
	wrongTail: {
		severity: 'warning',
		title: 'Summaries that do not match their log',
		meaning: 'The list or a quick opening may show old values until the session is opened and used once.',
		remedy: 'none',
	},
	resultWithoutCall: {
		severity: 'warning',
		title: 'Tool results without their call',
		meaning: 'The line of the call is damaged or gone. They are shown, and left out of requests.',
		remedy: 'none',
	},
	secondResult: {
		severity: 'warning',
		title: 'Tool calls with more than one result',
		meaning: 'Two writers closed the same call. The model is sent one of them.',
		remedy: 'none',
	},
	epochOrder: {
		severity: 'warning',
		title: 'File operations out of order',
		meaning:
			'Two writers recorded changes at once. The preview of a rewind shows which files it would change; check it.',
		remedy: 'none',
	},
	indexWrong: {
		severity: 'warning',
		title: 'The list’s index does not match the logs',
		meaning: 'It is only a cache. Rebuild index reads all logs again.',
		remedy: 'rebuildIndex',
	},
	tornTail: {
		severity: 'info',
		title: 'A last line that was cut off',
		meaning:
			'The window or the machine stopped in the middle of a write. Nothing before it is affected; the next entry starts a new line.',
		remedy: 'none',
	},
	emptyLog: {
		severity: 'info',
		title: 'An empty log',
		meaning: 'A session was begun and nothing was written. It can be moved to the trash.',
		remedy: 'trash',
	},
	duplicate: {
		severity: 'info',
		title: 'Lines that stand twice',
		meaning: 'The same entry was written again. The first one counts.',
		remedy: 'none',
	},
	secondHeader: {
		severity: 'info',
		title: 'More than one first line',
		meaning: 'The first one counts.',
		remedy: 'none',
	},
	late: {
		severity: 'info',
		title: 'Entries of a window that had lost the session',
		meaning: 'They are kept as a branch of their own and never change the current one.',
		remedy: 'none',
	},
	unknownType: {
		severity: 'info',
		title: 'Entries of a kind this version does not know',
		meaning: 'Another version wrote them. They are kept and passed over.',
		remedy: 'none',
	},
	openCall: {
		severity: 'info',
		title: 'Tool calls that were running when the window closed',
		meaning: 'The next prompt closes them with an interrupted result.',
		remedy: 'none',
	},
	openFileOperation: {
		severity: 'info',
		title: 'File changes that were under way when the window closed',
		meaning: 'Opening the session looks at the files and records what happened.',
		remedy: 'none',
	},
	blobUnused: {
		severity: 'info',
		title: 'Stored contents that no session names',
		meaning:
			'They belong to sessions that were deleted for good, or to work that is not finished. Old ones are removed by themselves.',
		remedy: 'none',
	},
	leaseLeft: {
		severity: 'info',
		title: 'Leases of windows that are gone',
		meaning: 'A window did not close properly. The next one that writes takes over at once.',
		remedy: 'none',
	},
	temporaryFile: {
		severity: 'info',
		title: 'Temporary files',
		meaning: 'A write was cut off before it had its name. Nothing refers to them.',
		remedy: 'none',
	},
} as const satisfies Readonly<Record<string, FindingWords>>;

export type FindingKind = keyof typeof FINDINGS;
export const wordsOf = (kind: FindingKind): FindingWords => FINDINGS[kind];

/** One kind of finding in one place. */
export type Finding = {
	readonly kind: FindingKind;
	readonly count: number;
	/** The first few, 1-based; empty when it is not about lines. */
	readonly lineNumbers: readonly number[];
	/** More in words, e.g. the names of files. */
	readonly detail?: string;
};

const SHOWN_LINES = 5;

/** Collects findings, one per kind. */
export function createFindings() {
	const byKind = new Map<FindingKind, { count: number; lineNumbers: number[]; detail: string[] }>();
	return {
		add(kind: FindingKind, lineNumber?: number, detail?: string) {
			const found = byKind.get(kind) ?? { count: 0, lineNumbers: [], detail: [] };
			byKind.set(kind, found);
			found.count++;
			if (lineNumber !== undefined && found.lineNumbers.length < SHOWN_LINES) found.lineNumbers.push(lineNumber);
			if (detail !== undefined && found.detail.length < SHOWN_LINES && !found.detail.includes(detail))
				found.detail.push(detail);
		},
		/** In the order of the table, so worst first. */
		list(): Finding[] {
			const order = Object.keys(FINDINGS);
			return [...byKind]
				.sort(([left], [right]) => order.indexOf(left) - order.indexOf(right))
				.map(([kind, { count, lineNumbers, detail }]) => ({
					kind,
					count,
					lineNumbers,
					...(detail.length > 0 ? { detail: detail.join(', ') } : {}),
				}));
		},
	};
}
