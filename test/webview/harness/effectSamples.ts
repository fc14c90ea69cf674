/** Rows and cards about what commands change, for the pictures and the tests of the panel. */
import type { TranscriptItem } from '../../../src/protocol/transcriptItem.ts';

const run = (id: string, target: string, more: Partial<Extract<TranscriptItem, { kind: 'tool' }>>): TranscriptItem => ({
	id,
	kind: 'tool',
	verb: 'Run',
	target,
	state: 'done',
	summary: 'exit 0',
	durationMs: 1_420,
	preview: '',
	isTruncated: false,
	...more,
});

const limits = {
	items: [
		{ path: 'node_modules/', reason: 'ignored by git' },
		{ path: 'media/introduction-to-the-floor-planner.mp4', reason: 'larger than 50 MB' },
		{ path: 'dist/', reason: 'ignored by git' },
		{ path: 'vendor/geometry/', reason: 'a repository of its own' },
		{ path: '.env.local', reason: 'ignored by git' },
	],
	more: 0,
};

export const effectItems: TranscriptItem[] = [
	{ id: 'p1', kind: 'prompt', entryId: 'p1', text: 'Format and build', attachments: [], timestamp: 0 },
	run('c1', 'npx prettier --write .', {
		limits,
		changes: {
			fileCount: 6,
			lostCount: 1,
			addedLines: 31,
			removedLines: 12,
			items: [
				{
					key: 'k1',
					path: 'src/area.js',
					op: 'change',
					addedLines: 10,
					removedLines: 2,
					note: '',
					hasDiff: true,
				},
				{
					key: 'k2',
					path: 'src/geometry/polygons/intersections.js',
					op: 'create',
					addedLines: 21,
					removedLines: 0,
					note: '',
					hasDiff: true,
				},
				{ key: 'k3', path: 'notes.md', op: 'delete', addedLines: 0, removedLines: 10, note: '', hasDiff: true },
				{
					key: 'k4',
					path: 'src/shapes.js',
					from: 'src/shape.js',
					op: 'rename',
					addedLines: 0,
					removedLines: 0,
					note: 'may have been changed by something else meanwhile',
					hasDiff: true,
				},
				{ key: 'k5', path: 'run.sh', op: 'chmod', note: 'mode 644 → 755', hasDiff: false },
				{
					key: 'k6',
					path: 'media/introduction.mp4',
					op: 'change',
					note: 'cannot be taken back: larger than 50 MB',
					hasDiff: false,
				},
			],
		},
	}),
	run('c2', 'npm test', {
		limits: { items: [], more: 0, unavailable: 'checkpoints are turned off in the settings' },
	}),
	run('c3', 'npm run generate', {
		changes: { fileCount: 20_000, lostCount: 0, items: [] },
	}),
	run('c4', 'npm run build', { limits, state: 'running', summary: '', durationMs: 0 }),
	{
		id: 'permission:c5',
		kind: 'permission',
		tool: 'Bash',
		target: 'npm run release -- --dry-run',
		cause: 'No rule allows this command yet',
		rule: 'Bash(npm run release:*)',
		limits,
		unsaved: ['src/area.js'],
		state: 'asking',
	},
];
