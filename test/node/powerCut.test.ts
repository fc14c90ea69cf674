/**
 * What a power cut leaves: every state that the disk could be in after any number of the recorded changes is opened. What was flushed
 * is there, contents that entries name are whole or reported, the session opens and goes on. Each flush is proven to be needed:
 * without it the same check fails.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeOf } from '../../src/base/errors.ts';
import type { EntryId } from '../../src/base/ids.ts';
import type { FoundChange } from '../../src/core/checkpoint/fileScanner.ts';
import { isBlobRef } from '../../src/core/session/content.ts';
import { isType } from '../../src/core/session/entry.ts';
import type { Session } from '../../src/core/session/sessionTypes.ts';
import { reply, SESSION, sessionOptions, turnEnded, user } from '../core/session/sessionSupport.ts';
import { createFakeClock } from '../fakes/fakeClock.ts';
import { leaveBehind, type NameOrder, randomFrom, recorder } from '../fakes/faultyDisk.ts';
import { createMemoryWorkspace } from '../fakes/memoryWorkspace.ts';

// After the import above: these get the recording disk.
const { openSession } = await import('../../src/core/session/session.ts');
const { recordFound } = await import('../../src/core/checkpoint/recordChanges.ts');
const { createRecordingWorkspace } = await import('../../src/core/checkpoint/recordingWorkspace.ts');
const { createFileBlobStore } = await import('../../src/node/store/fileBlobStore.ts');
const { createFileSessionStore } = await import('../../src/node/store/fileSessionStore.ts');

type Step =
	| { readonly kind: 'append'; readonly chars: number; readonly isTurnEnd: boolean }
	| { readonly kind: 'attach'; readonly chars: number }
	| { readonly kind: 'sync' }
	/** Written while a flush is under way. */
	| { readonly kind: 'syncAside' }
	| { readonly kind: 'reopen' }
	/** A file of the user is changed, as a tool does it. */
	| { readonly kind: 'edit'; readonly text: string }
	/** Files that a command changed are copied, all at the same time, and recorded. */
	| { readonly kind: 'command'; readonly texts: readonly string[] };
const chars = fc.oneof({ weight: 4, arbitrary: fc.nat(200) }, { weight: 1, arbitrary: fc.nat(20_000) });
const steps: fc.Arbitrary<Step[]> = fc.array(
	fc.oneof(
		fc.record({ kind: fc.constant('append' as const), chars, isTurnEnd: fc.boolean() }),
		fc.record({ kind: fc.constant('attach' as const), chars }),
		fc.record({ kind: fc.constant('sync' as const) }),
		fc.record({ kind: fc.constant('syncAside' as const) }),
		fc.record({ kind: fc.constant('reopen' as const) }),
		fc.record({ kind: fc.constant('edit' as const), text: fc.string({ maxLength: 300 }) }),
		fc.record({
			kind: fc.constant('command' as const),
			texts: fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 3 }),
		}),
	),
	{ minLength: 1, maxLength: 12 },
);
/** What holds from this point of the trace on. */
type Promise_ = { readonly entries: readonly EntryId[] };
type Setting = {
	readonly isFirstSession?: boolean;
	readonly forgets?: 'logFlush' | 'blobFlush' | 'folderFlush';
	readonly isEditUnsynced?: boolean;
};

const CUTS_PER_RUN = 8;

async function survives(plan: readonly Step[], seed: number, order: NameOrder, setting: Setting): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-cut-'));
	const random = randomFrom(seed);
	const store = join(folder, 'store');
	try {
		recorder.start(setting.forgets);
		if (!setting.isFirstSession) recorder.hadFolder(join(store, 'sessions'));
		await write(plan, store, setting);
		recorder.stop();
		const { trace } = recorder;
		for (let cut = 0; cut < CUTS_PER_RUN; cut++) {
			const at = cut === 0 ? trace.length : Math.floor(random() * (trace.length + 1));
			const left = join(folder, `left-${cut}`);
			leaveBehind(trace, store, left, { at, order, random });
			const promised = trace.slice(0, at).flatMap((event) => (event.kind === 'mark' ? [event.mark as Promise_] : []));
			await check(left, promised.at(-1)?.entries ?? [], order);
		}
	} finally {
		recorder.stop();
		rmSync(folder, { recursive: true, force: true });
	}
}

async function write(plan: readonly Step[], folder: string, setting: Setting) {
	const blobs = createFileBlobStore(folder);
	const options = {
		...sessionOptions(createFileSessionStore({ folder, window: 'w', trace: () => undefined })),
		...{ id: SESSION, blobs },
	};
	let session = await openSession(options);
	const files = createMemoryWorkspace({ '/w/a.txt': 'as it was' });
	const promise = (entries: readonly EntryId[]) => recorder.mark({ entries } satisfies Promise_);
	const all = () => session.entries.map((entry) => entry.id);
	for (const step of plan) {
		switch (step.kind) {
			case 'append': {
				const text = 'é'.repeat(step.chars / 2);
				if (step.isTurnEnd) session.append<'user' | 'turnEnded'>(user(text), turnEnded);
				else session.append<'user' | 'assistant'>(user(text), reply(text));
				break;
			}
			case 'attach': {
				const bytes = new TextEncoder().encode(`${session.entries.length} ${'x'.repeat(step.chars)}`);
				const content = [await blobs.put(bytes, 'text/plain')];
				session.append({ type: 'attachment', name: 'pasted', content });
				break;
			}
			case 'sync': {
				const before = all();
				await session.sync();
				promise(before);
				break;
			}
			case 'syncAside': {
				const before = all();
				const flushed = session.sync();
				session.append(user('meanwhile'));
				await flushed;
				promise(before);
				break;
			}
			case 'reopen': {
				const before = all();
				await session.close();
				promise(before);
				session = await openSession(options);
				break;
			}
			case 'command': {
				await recordCommand(step.texts, session, blobs);
				promise(all());
				break;
			}
			case 'edit':
				await edit(step.text, session, files, blobs, setting);
		}
	}
	const before = all();
	await session.close();
	promise(before);
}

async function edit(
	text: string,
	session: Session,
	files: ReturnType<typeof createMemoryWorkspace>,
	blobs: ReturnType<typeof createFileBlobStore>,
	setting: Setting,
) {
	const absolute = '/w/a.txt';
	const before = await files.read(absolute);
	assert.ok(before.kind === 'file');
	const workspace = {
		...files,
		roots: files.roots,
		isTrusted: true,
		write: async (...request: Parameters<typeof files.write>) => {
			// The user's file changes from here on: whoever looks after a cut must find what it was.
			const operation = session.entries.findLast((entry) => isType(entry, 'fileOperation'));
			assert.ok(operation);
			recorder.mark({ entries: [operation.id] } satisfies Promise_);
			return await files.write(...request);
		},
	};
	const recording = createRecordingWorkspace({
		session: setting.isEditUnsynced ? withoutSync(session) : session,
		...{ workspace, blobs },
	});
	const bytes = new TextEncoder().encode(text);
	await recording.write({ file: { root: '/w', rel: 'a.txt' }, absolute, before, author: 'agent', bytes, meta: {} });
}

/** What its files were and are is stored before the entries say so. */
async function recordCommand(
	texts: readonly string[],
	session: Session,
	blobs: ReturnType<typeof createFileBlobStore>,
) {
	const put = (text: string) => blobs.put(new TextEncoder().encode(text), 'application/octet-stream');
	const copies = texts.map(async (text, index): Promise<FoundChange> => {
		const [before, after] = await Promise.all([put(text), put(`${session.newestEpoch} ${index} ${text}`)]);
		const file = { root: '/w', rel: `${index}.txt` };
		return { op: 'change', file, before, after: after.$blob, meta: {}, author: 'shell' };
	});
	const found = async function* () {
		yield await Promise.all(copies);
	};
	await recordFound(found(), { session, scanner: undefined, clock: createFakeClock(), trace: () => undefined });
}

/** As if the one line that waits for the disk were not there. */
function withoutSync(session: Session): Session {
	return new Proxy(session, {
		get(target, key) {
			if (key === 'sync') return async () => undefined;
			const value: unknown = Reflect.get(target, key, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});
}

async function check(folder: string, promised: readonly EntryId[], order: NameOrder) {
	const blobs = createFileBlobStore(folder);
	const options = {
		...sessionOptions(createFileSessionStore({ folder, window: 'after', trace: () => undefined })),
		...{ id: SESSION, blobs, takeOver: true },
	};
	options.ids.next = continued();
	const session = await openSession(options);
	const there = new Set(session.entries.map((entry) => entry.id));
	assert.deepEqual(
		promised.filter((id) => !there.has(id)),
		[],
		'what was flushed is there',
	);
	for (const entry of session.entries) {
		const refs = isType(entry, 'attachment')
			? entry.content.filter(isBlobRef)
			: isType(entry, 'fileOperation')
				? [
						...(typeof entry.before === 'string' ? [] : [entry.before]),
						// Of a tool's write, what it is to become is in the model's reply.
						...(entry.state === 'done' && entry.after !== 'absent' && entry.after !== 'notCaptured'
							? [{ $blob: entry.after }]
							: []),
					]
				: [];
		for (const ref of refs) {
			const code = await blobs.get(ref).then(() => undefined, codeOf);
			if (code === undefined) continue;
			assert.equal(code, 'blob-missing', 'a content that has its name is whole');
			assert.equal(order, 'loose', 'where names keep their order, every content that is named is there');
		}
	}
	const [added] = session.append(user('after the cut'));
	await session.close();
	const again = await openSession({ ...options, takeOver: false });
	assert.ok(again.entries.some((entry) => entry.id === added?.id));
	assert.ok(promised.every((id) => again.find(id)));
	await again.close();
}

function continued(): () => string {
	let count = 0;
	return () => `continued-${++count}`;
}

const property = (order: NameOrder, setting: Setting = {}) =>
	fc.asyncProperty(steps, fc.integer({ min: 1 }), (plan, seed) => survives(plan, seed, order, setting));

test('with names that keep their order, a power cut takes nothing that was flushed', async () => {
	await fc.assert(property('journal'), { numRuns: 60 });
});

test('with names that are only as safe as their folder, a power cut takes nothing that was flushed', async () => {
	await fc.assert(property('loose'), { numRuns: 60 });
});

test('the same for the first session of a workspace, whose folder is new', {}, async () => {
	await fc.assert(property('loose', { isFirstSession: true }), { numRuns: 60 });
});

const NEEDED: readonly { readonly what: string; readonly order: NameOrder; readonly setting: Setting }[] = [
	{ what: 'the log', order: 'journal', setting: { forgets: 'logFlush' } },
	{ what: 'a content', order: 'journal', setting: { forgets: 'blobFlush' } },
	{ what: 'the folder of a new log', order: 'loose', setting: { forgets: 'folderFlush' } },
	{ what: 'the log before an edit', order: 'journal', setting: { isEditUnsynced: true } },
];
for (const { what, order, setting } of NEEDED) {
	test(`without the flush of ${what}, the same check fails`, async () => {
		const result = await fc.check(property(order, setting), { numRuns: 60, endOnFailure: true });
		assert.ok(result.failed);
		const cause = result.errorInstance;
		assert.ok(cause instanceof assert.AssertionError, String(cause));
	});
}
