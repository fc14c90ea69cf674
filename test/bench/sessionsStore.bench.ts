/** What the session store costs on this machine: appending, the size of the log, listing, and storing a before-image. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asSha256, asToolUseId } from '../../src/base/ids.ts';
import { utf8Encode, utf8Length } from '../../src/base/text.ts';
import type { EntryDraft } from '../../src/core/session/entry.ts';
import { type OpenSessionOptions, openSession } from '../../src/core/session/session.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { type Figure, median } from './figure.ts';
import { listing } from './sessionList.ts';

const APPENDS = 5_000;
const EDITS = 100;
/** The file that an edit changes: a longer source file. */
const EDITED_BYTES = 20_000;

export async function run(): Promise<Figure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-bench-'));
	try {
		return [...(await appending(folder)), await beforeImage(folder), ...(await listing(folder, optionsIn))];
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function optionsIn(folder: string): OpenSessionOptions {
	const trace = () => undefined;
	return {
		store: createFileSessionStore({ folder, window: 'bench', trace }),
		blobs: createFileBlobStore(folder),
		clock: systemClock,
		ids: createIdSource(),
		defaults: {
			cwd: '/home/user/project',
			mode: 'ask',
			model: 'm',
			roots: ['/home/user/project'],
			extensionVersion: '0',
		},
		trace,
	};
}

const block = (index: number): EntryDraft<'assistant'> => ({
	type: 'assistant',
	messageId: `msg_${index}`,
	index: 0,
	block: { type: 'text', text: `Line ${index} of a reply. `.repeat(10) },
});

async function appending(folder: string): Promise<Figure[]> {
	const options = optionsIn(folder);
	const session = await openSession(options);
	session.append({ type: 'user', content: [{ type: 'text', text: 'Go' }] });
	let contentBytes = 0;
	const startedAt = performance.now();
	for (let index = 0; index < APPENDS; index++) {
		const draft = block(index);
		contentBytes += utf8Length(JSON.stringify(draft));
		session.append(draft);
	}
	const totalMs = performance.now() - startedAt;
	const syncs: number[] = [];
	for (let index = 0; index < 20; index++) {
		session.append(block(index));
		contentBytes += utf8Length(JSON.stringify(block(index)));
		const syncedAt = performance.now();
		await session.sync();
		syncs.push(performance.now() - syncedAt);
	}
	const entries = session.entries.length;
	await session.close();
	const [row] = (await options.store.list()).sessions;
	const openedAt = performance.now();
	const again = await openSession({ ...options, id: session.id });
	const openMs = performance.now() - openedAt;
	await again.close();
	return [
		{
			name: 'append one entry',
			value: totalMs / APPENDS,
			unit: 'ms',
			bound: 0.5,
			note: `${APPENDS} entries, no flush`,
		},
		{ name: 'flush after an append', value: median(syncs), unit: 'ms', bound: 50, note: 'median; the disk, not us' },
		{
			name: 'log beyond content, per entry',
			value: ((row?.sizeBytes ?? Number.NaN) - contentBytes) / entries,
			unit: 'bytes',
			bound: 400,
			note: 'tails included',
		},
		{ name: `open a session of ${entries} entries`, value: openMs, unit: 'ms', bound: 500 },
	];
}

async function beforeImage(folder: string): Promise<Figure> {
	const options = optionsIn(folder);
	const session = await openSession(options);
	session.append({ type: 'user', content: [{ type: 'text', text: 'Go' }] });
	const times: number[] = [];
	for (let epoch = 1; epoch <= EDITS; epoch++) {
		const bytes = utf8Encode(`// ${epoch}\n${'const value = compute(index);\n'.repeat(EDITED_BYTES / 30)}`);
		const startedAt = performance.now();
		const before = await options.blobs.put(bytes, 'text/plain');
		session.append<'fileOperation' | 'fileOperationDone'>({
			type: 'fileOperation',
			epoch,
			op: 'change',
			path: { root: '/home/user/project', rel: 'src/file.ts' },
			before,
			after: asSha256('0'.repeat(64)),
			meta: {},
			author: 'agent',
			toolUseId: asToolUseId(`t${epoch}`),
			state: 'intended',
		});
		session.append({ type: 'fileOperationDone', epoch, after: asSha256('0'.repeat(64)) });
		times.push(performance.now() - startedAt);
	}
	await session.close();
	return {
		name: "an edit's before-image and log",
		value: median(times),
		unit: 'ms',
		bound: 2,
		note: `median of ${EDITS}, ${EDITED_BYTES / 1000} KB each`,
	};
}
