import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { applyRestore } from '../../../src/core/checkpoint/restore.ts';
import { planRestore } from '../../../src/core/checkpoint/restorePlan.ts';
import { newestEpoch, undoableRestore } from '../../../src/core/checkpoint/timeline.ts';
import { createSessionWorld } from '../../fakes/sessionWorld.ts';

const { signal } = new AbortController();
const PATHS = ['/w/a', '/w/b', '/w/c'] as const;
type Files = Map<string, string>;

const path = fc.constantFrom(...PATHS);
const text = fc
	.array(fc.constantFrom('1\n', '2\n', '3\n', '4\n', '5\n', 'x\n'), { maxLength: 6 })
	.map((lines) => lines.join(''));
const step = fc.oneof(
	{ weight: 5, arbitrary: fc.record({ kind: fc.constant('agent' as const), path, text }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('agentDelete' as const), path }) },
	{ weight: 2, arbitrary: fc.record({ kind: fc.constant('user' as const), path, text }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('userDelete' as const), path }) },
	{
		weight: 2,
		arbitrary: fc.record({ kind: fc.constant('restore' as const), share: fc.nat(100), overwrite: fc.boolean() }),
	},
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('undo' as const) }) },
);

test('property: whatever agent, user and restores do, restores bring back what was and lose nothing of the user', async () => {
	let exact = 0;
	let kept = 0;
	await fc.assert(
		fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 20, size: 'max' }), async (steps) => {
			const world = await createSessionWorld({ '/w/a': '1\n2\n3\n', '/w/b': '1\n' });
			const { workspace, session, blobs, agent } = world;
			const now = (): Files => new Map([...workspace.files.keys()].map((key) => [key, workspace.text(key) ?? '']));
			/** The model: the files right before each operation, by the epoch before it. */
			const history = new Map<string, { epoch: number; before: string | undefined }[]>();
			/** What the agent (or a restore) last left, by path. */
			const left = new Map<string, string | undefined>();
			/** Epochs before which the user had changed what was left. */
			const edited = new Map<string, number[]>();
			const remember = (key: string, epoch: number, before: string | undefined) => {
				if (before === workspace.text(key)) return;
				if (left.has(key) && left.get(key) !== before) edited.set(key, [...(edited.get(key) ?? []), epoch]);
				history.set(key, [...(history.get(key) ?? []), { epoch, before }]);
				left.set(key, workspace.text(key));
			};
			const restore = async (toEpoch: number, overwriteAll: boolean, undoOf?: typeof session.leaf) => {
				const before = now();
				const plan = await planRestore({ ...world, toEpoch, ...(undoOf ? { undoOf } : {}) }, signal);
				const overwrite = overwriteAll ? plan.files.map((file) => file.key) : [];
				const firstEpoch = newestEpoch(session.entries);
				const report = await applyRestore({ ...world, plan, overwrite }, signal);
				assert.deepEqual(report.failed, []);
				for (const key of PATHS) {
					const then = history.get(key)?.find((one) => one.epoch > toEpoch);
					const planned = plan.files.find((file) => file.absolute === key);
					assert.equal(
						planned !== undefined,
						then !== undefined,
						`${key} is planned when the session changed it since`,
					);
					const was = before.get(key);
					const is = workspace.text(key);
					if (!then || !planned) {
						assert.equal(is, was, `${key} was not the session's to restore`);
						continue;
					}
					const isAsLeft = was === left.get(key) && !edited.get(key)?.some((epoch) => epoch > then.epoch);
					if (isAsLeft || was === then.before) {
						assert.equal(is, then.before, `${key} is as it was`);
						exact++;
					} else if (planned.status === 'conflict') {
						assert.equal(is, overwriteAll ? then.before : was, `${key} stays, or goes back because it was ticked`);
						kept++;
					} else if (is !== then.before) assert.notEqual(planned.note, '', `${key} says that it was merged`);
				}
				// Whatever was there before can be read again.
				for (const content of before.values()) {
					const bytes = new TextEncoder().encode(content);
					const isStillThere = [...now().values()].includes(content);
					assert.ok(isStillThere || blobs.stored.has(blobs.hash(bytes)), 'no content is lost');
				}
				for (const entry of session.entries)
					if (entry.type === 'fileOperation' && entry.epoch > firstEpoch)
						remember(`/w/${entry.path.rel}`, entry.epoch, before.get(`/w/${entry.path.rel}`));
				return { before, report };
			};

			for (const one of steps) {
				switch (one.kind) {
					case 'agent': {
						const before = workspace.text(one.path);
						remember(one.path, await agent(one.path, one.text), before);
						break;
					}
					case 'agentDelete': {
						const before = workspace.text(one.path);
						if (before !== undefined) remember(one.path, await agent(one.path, undefined), before);
						break;
					}
					case 'user':
						workspace.set(one.path, one.text);
						break;
					case 'userDelete':
						workspace.files.delete(one.path);
						break;
					case 'restore': {
						const toEpoch = Math.floor((newestEpoch(session.entries) * one.share) / 100);
						const { before, report } = await restore(toEpoch, one.overwrite);
						if (report.restore === undefined) break;
						const last = undoableRestore(session.entries);
						assert.equal(last?.restore, report.restore);
						// Undone at once, everything is exactly as it was, also what was merged or overwritten.
						await restore(report.safety, false, report.restore);
						assert.deepEqual(now(), before);
						break;
					}
					case 'undo': {
						const last = undoableRestore(session.entries);
						if (last) await restore(last.safety, false, last.restore);
						break;
					}
				}
			}
		}),
		{ numRuns: 120 },
	);
	assert.ok(exact > 50 && kept > 5, `the property saw restores (${exact}) and conflicts (${kept})`);
});
