import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../../src/base/errors.ts';
import { type Entry, isConversation } from '../../../src/core/session/entry.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { line, reply, rewind, SESSION, sessionOptions, turnEnded, user } from '../../core/session/sessionSupport.ts';

const idsOf = (entries: readonly Entry[]) => entries.map((entry) => entry.id);

function temporaryStore() {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-log-'));
	const storeOf = (window: string) => createFileSessionStore({ folder, window, trace: () => undefined });
	const store = storeOf('window 0');
	const path = join(folder, 'sessions', `${SESSION}.jsonl`);
	const read = () => (existsSync(path) ? readFileSync(path) : Buffer.alloc(0));
	return { store, storeOf, path, read, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

type Step =
	| { readonly kind: 'append'; readonly text: string; readonly isTurnEnd: boolean }
	| { readonly kind: 'ledger' }
	| { readonly kind: 'rewind'; readonly to: number }
	/** The window dies in the middle of a write: so many bytes of a line are in the file. */
	| { readonly kind: 'crash'; readonly bytes: number }
	| { readonly kind: 'reopen' }
	/** A second writer takes over; the first one tries to go on. */
	| { readonly kind: 'takeOver' }
	/** What a stale owner had begun to write arrives after all. */
	| { readonly kind: 'late'; readonly parent: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
	fc.oneof(
		fc.record({
			kind: fc.constant('append' as const),
			text: fc.string({ unit: 'grapheme', maxLength: 30 }),
			isTurnEnd: fc.boolean(),
		}),
		fc.record({ kind: fc.constant('ledger' as const) }),
		fc.record({ kind: fc.constant('rewind' as const), to: fc.nat(20) }),
		fc.record({ kind: fc.constant('crash' as const), bytes: fc.integer({ min: 1, max: 400 }) }),
		fc.record({ kind: fc.constant('reopen' as const) }),
		fc.record({ kind: fc.constant('takeOver' as const) }),
		fc.record({ kind: fc.constant('late' as const), parent: fc.nat(20) }),
	),
	{ maxLength: 14 },
);

test('whatever happens, a log only grows and a reopened session is the one that was left', async () => {
	await fc.assert(
		fc.asyncProperty(steps, async (plan) => {
			const { store, storeOf, path, read, remove } = temporaryStore();
			let options = { ...sessionOptions(store), id: SESSION };
			let session = await openSession(options);
			const open: Session[] = [session];
			let highestGen = 0;
			let lateCount = 0;
			let bytes = read();
			const reopen = async (takeOver = false) => {
				const before = { entries: idsOf(session.entries), branch: idsOf(session.branch()), leaf: session.leaf };
				const { mode, model, title, costUsd } = session;
				if (takeOver) options = { ...options, store: storeOf(`window ${open.length}`) };
				else await session.close();
				session = await openSession({ ...options, takeOver });
				open.push(session);
				assert.equal(session.leaf, before.leaf);
				assert.deepEqual(idsOf(session.branch()), before.branch);
				assert.deepEqual(
					idsOf(session.entries).filter((id) => !id.startsWith('late')),
					before.entries.filter((id) => !id.startsWith('late')),
				);
				assert.deepEqual([session.mode, session.model, session.title, session.costUsd], [mode, model, title, costUsd]);
				assert.equal(session.problems.filter((problem) => problem.kind === 'late').length, lateCount);
			};
			const run = async (step: Step) => {
				const conversation = session.entries.filter(isConversation);
				switch (step.kind) {
					case 'append':
						if (step.isTurnEnd) session.append<'user' | 'turnEnded'>(user(step.text), turnEnded);
						else session.append<'user' | 'assistant'>(user(step.text), reply(step.text));
						break;
					case 'ledger':
						session.append({ type: 'notice', level: 'info', code: 'x', text: 'y' });
						break;
					case 'rewind': {
						const target = conversation[step.to];
						session.append(rewind(target?.id ?? null));
						break;
					}
					case 'crash': {
						await session.close();
						if (session.entries.length > 0) {
							const whole = line('torn', session.leaf, 'reminder', { text: 'é'.repeat(100) });
							const bytes = Buffer.from(`\n${whole}`);
							// Without its last byte: a whole line that lacks its newline only would count.
							appendFileSync(path, bytes.subarray(0, Math.min(step.bytes, bytes.length - 1)));
						}
						await reopen();
						break;
					}
					case 'reopen':
						await reopen();
						break;
					case 'takeOver': {
						const old = session;
						await reopen(true);
						assert.throws(() => old.append(user('too late')), UserError);
						break;
					}
					case 'late': {
						if (highestGen < 2) break;
						lateCount++;
						const parent = conversation[step.parent]?.id ?? null;
						const text = line(`late-${lateCount}`, parent, 'reminder', { gen: highestGen - 1 });
						appendFileSync(path, `${read().at(-1) === 0x0a ? '' : '\n'}${text}\n`);
						await reopen();
						break;
					}
				}
			};
			try {
				for (const step of plan) {
					await run(step);
					highestGen = Math.max(highestGen, ...session.entries.map((entry) => entry.gen));
					const after = read();
					assert.ok(after.subarray(0, bytes.length).equals(bytes), `${step.kind} changed what was written`);
					bytes = after;
				}
				await reopen();
			} finally {
				for (const each of open) await each.close();
				remove();
			}
		}),
		{ numRuns: 60 },
	);
});

test('a log cut at any byte loses no whole line, and goes on after it', async () => {
	const source = temporaryStore();
	const written = await openSession({ ...sessionOptions(source.store), id: SESSION });
	written.append(user('é'));
	const first = written.leaf;
	written.append<'assistant' | 'rewind'>(reply('b'), rewind(first));
	written.append(user('c'));
	await written.close();
	const whole = source.read();
	source.remove();

	const target = temporaryStore();
	try {
		for (let length = 0; length <= whole.length; length++) {
			const cut = whole.subarray(0, length);
			mkdirSync(join(target.path, '..'), { recursive: true });
			writeFileSync(target.path, cut);
			const options = { ...sessionOptions(target.store), id: SESSION };
			options.ids.next = continued();
			const session = await openSession(options);
			const complete = written.entries.filter((entry) => cut.includes(JSON.stringify(entry)));
			assert.deepEqual(idsOf(session.entries), idsOf(complete));
			// Each way on costs a few flushes: all places near the end of a line, and some within.
			const isNearEnd = cut.subarray(-3).includes(0x0a) || whole.subarray(length, length + 3).includes(0x0a);
			if (!isNearEnd && length % 50 !== 0) continue;
			const [added] = session.append(user('after the crash'));
			await session.close();
			assert.ok(target.read().subarray(0, length).equals(cut));
			const resumed = await openSession(options);
			const ids = idsOf(resumed.entries);
			assert.deepEqual(ids.slice(0, complete.length), idsOf(complete));
			assert.equal(resumed.leaf, added?.id);
			assert.deepEqual(idsOf(resumed.branch()), idsOf(session.branch()));
			assert.equal(resumed.entries.filter((entry) => entry.type === 'header').length, 1);
		}
	} finally {
		target.remove();
	}
});

/** Ids that no entry of the cut log has. */
function continued(): () => string {
	let count = 0;
	return () => `continued-${++count}`;
}
