/** Undo and redo of rewinds, read from the log alone, against a plain list of what was done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asEntryId, asSha256 } from '../../../src/base/ids.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { hiddenRewinds, redoableRewind, undoableRewind } from '../../../src/host/rewind/rewindHistory.ts';
import { entryBuilder } from '../../fakes/entries.ts';

const plan = { $blob: asSha256('a'.repeat(64)), size: 1, mediaType: 'application/json', head: '' };

/** A log that is written as rewindFlow.ts writes it. */
function createLog() {
	const builder = entryBuilder();
	const append = (draft: EntryDraft): string => builder.add(draft).id;
	const restore = (undoOf?: string) =>
		asEntryId(
			append({
				...{ type: 'restore', plan, files: [], safety: 0 },
				...(undoOf === undefined ? {} : { undoOf: asEntryId(undoOf) }),
			}),
		);
	/** `name` tells apart where rewinds go to. */
	const rewind = (why: 'rewind' | 'undo', name: number, restoreId?: string) =>
		append({
			...{
				type: 'rewind',
				to: asEntryId(`10000000-0000-7000-8000-${String(name).padStart(12, '0')}`),
				from: null,
				why,
			},
			...(restoreId === undefined ? {} : { restore: asEntryId(restoreId) }),
		});
	return { entries: builder.entries, append, restore, rewind };
}

type Done = { name: number; hasFiles: boolean; hasConversation: boolean; restore?: string };

test('whatever is rewound, undone and made again, the log says what comes next', () => {
	const step = fc.oneof(
		{ weight: 4, arbitrary: fc.constantFrom('both', 'code', 'conversation') },
		{ weight: 4, arbitrary: fc.constant('undo') },
		{ weight: 3, arbitrary: fc.constant('redo') },
		{ weight: 1, arbitrary: fc.constant('say') },
	);
	fc.assert(
		fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
			const { entries, append, restore, rewind } = createLog();
			let done: Done[] = [];
			let undone: (Done & { undoing?: string })[] = [];
			steps.forEach((one, name) => {
				if (one === 'say') {
					append({ type: 'user', content: [{ type: 'text', text: 'x' }] });
					done = [];
					undone = [];
				} else if (one === 'undo') {
					const last = done.pop();
					if (!last) return;
					const undoing = last.hasFiles ? restore(last.restore) : undefined;
					if (last.hasConversation) rewind('undo', last.name);
					undone.push({ ...last, ...(undoing === undefined ? {} : { undoing }) });
				} else if (one === 'redo') {
					const last = undone.pop();
					if (!last) return;
					const again = last.hasFiles ? restore(last.undoing) : undefined;
					if (last.hasConversation) rewind('rewind', last.name, again);
					done.push({ ...last, ...(again === undefined ? {} : { restore: again }) });
				} else {
					const hasFiles = one !== 'conversation';
					const made = hasFiles ? restore() : undefined;
					if (one !== 'code') rewind('rewind', name, made);
					done.push({
						name,
						hasFiles,
						hasConversation: one !== 'code',
						...(made === undefined ? {} : { restore: made }),
					});
					undone = [];
				}
				const [undo, redo] = [undoableRewind(entries), redoableRewind(entries)];
				const shape = (action: { restore?: { id: string }; rewind?: unknown } | undefined) =>
					action && [action.restore?.id, action.rewind !== undefined];
				const wanted = (action: Done | undefined) => action && [action.restore, action.hasConversation];
				assert.deepEqual(shape(undo), wanted(done.at(-1)));
				assert.deepEqual(shape(redo), wanted(undone.at(-1)));
				assert.equal(redo?.undoing?.id, undone.at(-1)?.undoing);
			});
			const hidden = hiddenRewinds(entries);
			for (const action of done) if (action.restore) assert.ok(!hidden.has(action.restore));
			for (const action of undone) if (action.restore) assert.ok(hidden.has(action.restore));
		}),
		{ numRuns: 500 },
	);
});
