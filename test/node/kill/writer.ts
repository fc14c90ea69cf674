/**
 * A writer that is meant to be killed: opens a session and writes without an end, and tells each fact only after it holds.
 * Waits for one line `<folder> <session id> <seed>` first, so that starting the process is not part of its life. Holds no test.
 */
import { readSync, writeSync } from 'node:fs';
import { asEntryId, asSessionId, asToolUseId, type EntryId } from '../../../src/base/ids.ts';
import { closeOpenCalls } from '../../../src/core/session/closeOpenCalls.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../../src/node/systemClock.ts';

/** What a reader of the output may rely on from then on. */
export type Told = {
	/** These entries are in the log, in this order. */
	readonly appended?: readonly string[];
	/** The length of the log that was on the disk when this was said. */
	readonly syncedBytes?: number;
	readonly blob?: string;
};

const LONG_TEXT_BYTES = 1_000_000;

const [folder = '', id = '', seed = '1'] = firstLine().split(' ');
const random = randomFrom(Number(seed));
const tell = (told: Told) => writeSync(1, `${JSON.stringify(told)}\n`);
const blobs = createFileBlobStore(folder);
const session = await openSession({
	store: createFileSessionStore({ folder, window: 'killed', trace: () => undefined }),
	blobs,
	id: asSessionId(id),
	clock: systemClock,
	ids: createIdSource(),
	defaults: { cwd: '/w', mode: 'ask', model: 'm', roots: ['/w'], extensionVersion: '0' },
	trace: () => undefined,
});
const closed = closeOpenCalls(session);
if (closed.length > 0) tell({ appended: closed.map((entry) => entry.id) });

const points: EntryId[] = [];
for (let turn = 0; ; turn++) {
	const name = `${process.pid}-${turn}`;
	append({ type: 'user', content: [{ type: 'text', text: textOf() }] });
	if (random(4) === 0) append(await attachment());
	for (let step = 0; step < random(3); step++) {
		const toolUseId = asToolUseId(`toolu-${name}-${step}`);
		const block = { type: 'tool_use' as const, id: toolUseId, name: 'Bash', input: { command: textOf() } };
		append({ type: 'assistant', messageId: `m-${name}-${step}`, index: 0, block });
		append({ type: 'toolStarted', toolUseId });
		await sync();
		append({
			type: 'toolResult',
			toolUseId,
			isError: false,
			content: [{ type: 'text', text: textOf() }],
			durationMs: 1,
		});
	}
	append(
		{ type: 'assistant', messageId: `m-${name}`, index: 0, block: { type: 'text', text: textOf() } },
		{ type: 'turnEnded', reason: 'endTurn', durationMs: 1 },
	);
	if (session.leaf !== null) points.push(session.leaf);
	await sync();
	const to = points[random(points.length)];
	if (random(3) === 0 && to !== undefined) append({ type: 'rewind', to, from: session.leaf, why: 'rewind' });
}

function append(...drafts: EntryDraft[]) {
	tell({ appended: session.append(...drafts).map((entry) => entry.id) });
}

async function sync() {
	const syncedBytes = session.sizeBytes;
	await session.sync();
	tell({ syncedBytes });
}

async function attachment(): Promise<EntryDraft<'attachment'>> {
	const bytes = new TextEncoder().encode(`${process.pid} ${random(1e9)} ${textOf()}`);
	const blob = await blobs.put(bytes, 'text/plain');
	tell({ blob: blob.$blob });
	return { type: 'attachment', name: asEntryId('pasted'), content: [blob] };
}

/** Mostly short. Writing a long one takes a while, so that a kill can fall into the middle of it. */
function textOf(): string {
	if (random(12) > 0) return 'é'.repeat(random(100));
	tell({});
	return 'x'.repeat(random(LONG_TEXT_BYTES));
}

function randomFrom(start: number): (below: number) => number {
	let state = start >>> 0 || 1;
	return (below) => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) % Math.max(1, below);
	};
}

function firstLine(): string {
	const bytes = Buffer.alloc(4096);
	return bytes.toString('utf8', 0, readSync(0, bytes)).trim();
}
