/** Plans of a rewind for tests and pictures: every group, hunks, and very many files. */
import type { RewindFile, ToPanel } from '../../../src/protocol/toPanel.ts';
import type { TranscriptItem } from '../../../src/protocol/transcriptItem.ts';

export const rewindFile = (file: Partial<RewindFile> = {}): RewindFile => ({
	key: 'k',
	path: 'src/area.js',
	action: 'restore',
	isUnknownAuthor: false,
	hasHunks: true,
	addedLines: 0,
	removedLines: 1,
	status: 'ok',
	note: '',
	...file,
});

export const rewindPlan: Extract<ToPanel, { kind: 'rewind.plan' }> = {
	kind: 'rewind.plan',
	entryId: 'p1',
	promptText: 'Guard area against negatives',
	prompts: [],
	messageCount: 4,
	files: [
		rewindFile({ key: 'k1' }),
		rewindFile({
			key: 'k2',
			path: 'src/geometry/rectangles/perimeter.js',
			addedLines: 1,
			removedLines: 3,
			status: 'conflict',
			note: 'you changed the same lines since',
		}),
		rewindFile({ key: 'k3', path: 'notes.md', action: 'delete', removedLines: 12, hasHunks: false }),
		rewindFile({
			key: 'k4',
			path: 'README.md',
			addedLines: 2,
			removedLines: 2,
			status: 'merge',
			note: 'you changed it since; your changes are kept',
		}),
		rewindFile({
			key: 'k5',
			path: 'logo.png',
			hasHunks: false,
			removedLines: 0,
			status: 'blocked',
			note: 'there is no copy of it: larger than 50 MB',
		}),
		rewindFile({ key: 'k6', path: 'package-lock.json', isUnknownAuthor: true, addedLines: 120, removedLines: 4 }),
	],
	warnings: ['1 command may have done more than change files of the workspace, which stays: npm install'],
	codeReason: null,
};

/** One was moved. */
export const movedFiles = [
	rewindFile({ key: 'k1' }),
	rewindFile({ key: 'old', path: 'README.md', action: 'create', hasHunks: false }),
	rewindFile({ key: 'new', path: 'docs/GUIDE.md', action: 'delete', hasHunks: false, movedFrom: 'old' }),
];

export const rewindFileHunks: Extract<ToPanel, { kind: 'rewind.file' }> = {
	kind: 'rewind.file',
	key: 'k4',
	version: 'v1',
	moreHunks: 0,
	note: '',
	hunks: [
		{
			startLine: 3,
			addedLines: 1,
			removedLines: 1,
			isTruncated: false,
			lines: [
				{ kind: '-', lineNumber: 3, text: 'Area and perimeter of rectangles, guarded against negative sides.' },
				{ kind: '+', lineNumber: 3, text: 'Area and perimeter of rectangles.' },
			],
		},
		{
			startLine: 18,
			addedLines: 1,
			removedLines: 1,
			isTruncated: false,
			lines: [
				{ kind: '-', lineNumber: 18, text: '\tnpm run check' },
				{ kind: '+', lineNumber: 18, text: '\tnpm test' },
			],
		},
	],
};

/** So many that they are shown by folder. */
export const rewindMany: ToPanel = {
	...rewindPlan,
	files: Array.from({ length: 20_000 }, (_, index) =>
		rewindFile({
			key: `m${index}`,
			path: `${['packages/one/src', 'packages/two/lib', 'docs', 'dist/assets'][index % 4]}/f${index}.ts`,
			isUnknownAuthor: index % 4 === 3,
		}),
	),
};

export const rewound: Extract<TranscriptItem, { kind: 'rewound' }> = {
	id: 'r1',
	kind: 'rewound',
	text: 'Conversation rewound: 12 files restored, 1 kept, 2 conflicts, 1 not restored',
	canUndo: true,
	canRedo: false,
	restoreId: 'restore-1',
	details: [
		{ path: 'notes.md', what: 'kept', note: 'you kept it as it is' },
		{ path: 'src/area.js', what: 'conflict', note: 'you changed the same lines since' },
		{ path: 'src/geometry/rectangles/perimeter.js', what: 'conflict', note: 'you changed the same lines since' },
		{ path: 'logo.png', what: 'blocked', note: 'there is no copy of it: larger than 50 MB' },
	],
	moreDetails: 0,
	conflicts: [
		{ restoreId: 'restore-1', key: '/w\nsrc/area.js', path: 'src/area.js' },
		{
			restoreId: 'restore-1',
			key: '/w\nsrc/geometry/rectangles/perimeter.js',
			path: 'src/geometry/rectangles/perimeter.js',
		},
	],
};
