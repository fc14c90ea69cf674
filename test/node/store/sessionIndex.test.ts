import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
	appendFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import { asSessionId } from '../../../src/base/ids.ts';
import { createSessionLister } from '../../../src/node/store/listSessions.ts';
import { createTrashFolder } from '../../../src/node/store/trashFolder.ts';
import { line } from '../../core/session/sessionSupport.ts';

const TAIL = {
	leaf: null,
	counts: { entries: 1, prompts: 3, tools: 0 },
	costUsd: 1,
	state: 'idle',
	lastPrompt: 'p',
	pinned: false,
	extents: [],
};

function scene(t?: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-index-'));
	const remove = () => rmSync(folder, { recursive: true, force: true });
	t?.after(remove);
	mkdirSync(join(folder, 'sessions'));
	const events: string[] = [];
	const lister = () => createSessionLister({ folder, window: 'here', trace: (event) => events.push(event.event) });
	const log = (id: string) => join(folder, 'sessions', `${id}.jsonl`);
	const titles = async (from = lister()) => (await from.list()).sessions.map(({ title }) => title);
	const index = join(folder, 'index.json');
	const write = (id: string, title: string, timestamp = 1000) => {
		const start = existsSync(log(id)) ? statSync(log(id)).size : 0;
		appendFileSync(log(id), `${line(`${start}`, null, 'tail', { ...TAIL, title, upTo: start, timestamp })}\n`);
	};
	const save = async () => {
		const one = lister();
		await one.list();
		await one.index.save();
	};
	return { folder, lister, log, titles, index, write, save, events, remove };
}

test('the index is written whole and privately, and is not needed', async (t) => {
	const { folder, index, write, save, titles, lister } = scene(t);
	for (let count = 0; count < 30; count++) write(`s${count}`, `Title “${count}”`, count);
	const plain = await titles();
	assert.equal(existsSync(index), false);
	await save();
	if (process.platform !== 'win32') assert.equal(statSync(index).mode & 0o777, 0o600);
	assert.equal(Object.keys(JSON.parse(readFileSync(index, 'utf8')).rows).length, 30);
	assert.deepEqual(readdirSync(folder).sort(), ['index.json', 'sessions']);
	assert.deepEqual(await titles(), plain);
	const again = lister();
	assert.deepEqual((await again.list({ newest: 5 })).sessions.length, 5);
	assert.deepEqual((await again.list({ newest: 5 })).onDisk, 30);
});

test('a row is taken from the index while its file is as it was, and from the file when it is not', async (t) => {
	const { log, write, save, titles, index } = scene(t);
	write('a', 'First');
	await save();
	const changed = readFileSync(index, 'utf8').replace('"First"', '"Index"');
	writeFileSync(index, changed);
	assert.deepEqual(await titles(), ['First'], 'an index that was changed is not believed');
	const rows = changed.slice(0, changed.lastIndexOf(']'));
	writeFileSync(index, `${rows}],"sha256":"${createHash('sha256').update(rows).digest('hex')}"}`);
	assert.deepEqual(await titles(), ['Index'], 'a whole one is used');
	const { size } = statSync(log('a'));
	writeFileSync(log('a'), readFileSync(log('a'), 'utf8').replace('First', 'Other'));
	assert.equal(statSync(log('a')).size, size);
	assert.deepEqual(await titles(), ['Other']);
	utimesSync(log('a'), 1, 1);
	await save();
	write('a', 'Second');
	assert.deepEqual(await titles(), ['Second']);
});

test('rows that are unchanged are not read again', async (t) => {
	const { log, write, lister } = scene(t);
	write('a', 'First');
	const one = lister();
	const row = (await one.list()).sessions[0];
	assert.equal(row?.title, 'First');
	rmSync(log('a'));
	assert.deepEqual(await one.list(), { sessions: [], onDisk: 0 });
	await one.index.save();
	write('a', 'Again');
	assert.equal((await one.list()).sessions[0]?.title, 'Again');
});

test('an index of any other form costs time only', async (t) => {
	const { index, write, save, titles, events } = scene(t);
	write('a', 'A');
	await save();
	const good = readFileSync(index, 'utf8');
	const hostile = [
		'',
		'{}',
		'null',
		'{"rows":[{"id":"a"}]}',
		good.slice(0, -1),
		good.slice(0, good.length / 2),
		good.replace('"version":1', '"version":0'),
		`${good}\n`,
		good.replace(/"title":"A"/, '"title":5'),
		'\0'.repeat(1000),
	];
	for (const text of hostile) {
		writeFileSync(index, text);
		assert.deepEqual(await titles(), ['A'], text.slice(0, 60));
	}
	rmSync(index);
	mkdirSync(index);
	assert.deepEqual(await titles(), ['A']);
	assert.ok(events.includes('sessionIndex.readFailed'));
	await save();
	assert.ok(events.includes('sessionIndex.writeFailed'));
	assert.deepEqual(await titles(), ['A']);
});

test('what a crash left of writing it is removed by the next write, but not what another window writes now', async (t) => {
	const { folder, index, write, save } = scene(t);
	write('a', 'A');
	writeFileSync(`${index}.1.old.tmp`, 'half');
	utimesSync(`${index}.1.old.tmp`, 1, 1);
	writeFileSync(`${index}.1.new.tmp`, 'half');
	await save();
	assert.deepEqual(readdirSync(folder).sort(), ['index.json', 'index.json.1.new.tmp', 'sessions']);
});

test('windows that write it at once leave one whole index', async (t) => {
	const { lister, write, titles, index, events } = scene(t);
	for (let count = 0; count < 40; count++) write(`s${count}`, `T${count}`, count);
	const windows = Array.from({ length: 6 }, lister);
	await Promise.all(windows.map((one) => one.list()));
	await Promise.all([...windows, ...windows].map((one) => one.index.save()));
	assert.equal(JSON.parse(readFileSync(index, 'utf8')).rows.length, 40);
	assert.equal((await titles()).length, 40);
	assert.deepEqual(events, []);
});

/** What happens to a store, by whichever of two windows. */
type Step =
	| { readonly kind: 'write' | 'rename' | 'trash' | 'restore' | 'pin'; readonly id: string; readonly gen: number }
	| { readonly kind: 'corrupt'; readonly at: number; readonly byte: number }
	| { readonly kind: 'list'; readonly window: 0 | 1; readonly newest: number | undefined }
	| { readonly kind: 'save' | 'reopen'; readonly window: 0 | 1 };

const id = fc.constantFrom('a', 'b', 'c', 'd');
const window = fc.constantFrom<0 | 1>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
	fc.record({
		kind: fc.constantFrom('write', 'write', 'rename', 'trash', 'restore', 'pin'),
		id,
		gen: fc.integer({ min: 1, max: 3 }),
	}),
	fc.record({ kind: fc.constant('corrupt'), at: fc.nat(), byte: fc.nat(255) }),
	fc.record({ kind: fc.constant('list'), window, newest: fc.option(fc.nat(4), { nil: undefined }) }),
	fc.record({ kind: fc.constantFrom('save', 'save', 'reopen'), window }),
);

test('a list with an index says what a list without one says, whatever happened before', async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
			const { folder, lister, log, index, write, remove } = scene();
			try {
				const trash = createTrashFolder({ folder, window: 'here', trace: () => undefined });
				const windows = [lister(), lister()];
				let clock = 1000;
				for (const one of steps) {
					clock++;
					switch (one.kind) {
						case 'write':
							write(one.id, `Title ${clock}`, clock);
							break;
						case 'rename':
						case 'pin': {
							const fields = one.kind === 'pin' ? { isPinned: true } : { title: `Renamed ${clock}`, by: 'user' };
							const type = one.kind === 'pin' ? 'state' : 'title';
							const entry = line(`e${clock}`, null, type, { ...fields, gen: one.gen, timestamp: clock });
							appendFileSync(log(one.id), `${entry}\n`);
							break;
						}
						case 'trash':
							await trash.trash(asSessionId(one.id));
							break;
						case 'restore':
							if (!existsSync(log(one.id)) && existsSync(join(folder, 'trash', `${one.id}.jsonl`)))
								await trash.restore(one.id);
							break;
						case 'corrupt': {
							if (!existsSync(index)) break;
							const bytes = readFileSync(index);
							bytes[one.at % bytes.length] = one.byte;
							writeFileSync(index, bytes);
							break;
						}
						case 'list':
							await windows[one.window]?.list(one.newest === undefined ? {} : { newest: one.newest });
							break;
						case 'save':
							await windows[one.window]?.index.save();
							break;
						case 'reopen':
							windows[one.window] = lister();
					}
				}
				const kept = [...windows, lister()];
				await kept[2]?.index.load();
				rmSync(index, { force: true });
				const fresh = await lister().list();
				for (const one of kept) assert.deepEqual(await one.list(), fresh);
				assert.equal(fresh.sessions.length, fresh.onDisk);
			} finally {
				remove();
			}
		}),
		{ numRuns: 60 },
	);
});
