/** The rules of suggestions, on both sides of each edge: they must not nag. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
	isForecastShort,
	isInRotZone,
	isNewTask,
	type SuggestionMoment,
} from '../../../src/core/context/suggestions.ts';
import type { Entry } from '../../../src/core/session/entry.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from '../agent/turnFixture.ts';

const MINUTE = 60_000;

/** A conversation about the price of windows, three turns long, that ended at `endedAt`. */
async function conversation(): Promise<{ readonly branch: readonly Entry[]; readonly endedAt: number }> {
	const model = createScriptedModel([
		{ blocks: [call('Read', { file_path: 'src/invoiceTotals.js' })] },
		{ blocks: [text('The invoice adds up every window at 24.5 euros.')] },
		{ blocks: [text('Rounded to full cents now.')] },
		{ blocks: [text('Seven percent.')] },
	]);
	const { session, run } = await createFixture({ model, files: { '/w/src/invoiceTotals.js': 'x\n' } });
	await run('What is the price of a window?');
	await run('Round it');
	await run('And the tax?');
	const branch = session.branch();
	return { branch, endedAt: branch.at(-1)?.timestamp ?? 0 };
}

async function moment(more: Partial<SuggestionMoment> & { pauseMs?: number; usedTokens?: number } = {}) {
	const { branch, endedAt } = await conversation();
	const { pauseMs = 45 * MINUTE, usedTokens = 10_000, ...rest } = more;
	const meter = { usedTokens, maxTokens: 200_000, triggerTokens: 167_000, rotTokens: 120_000, turnsLeft: 10 };
	return { branch, draft: '', meter, autoCompact: true, nowMs: endedAt + pauseMs, ...rest };
}

const NEW = 'Write a migration that gives customers several postal addresses';

test('a draft about something else, after a long pause or in a large context', async () => {
	assert.equal(isNewTask(await moment({ draft: NEW })), true);
	assert.equal(isNewTask(await moment({ draft: NEW, pauseMs: 30 * MINUTE })), true);
	assert.equal(isNewTask(await moment({ draft: NEW, pauseMs: 30 * MINUTE - 1 })), false, 'a short pause');
	assert.equal(isNewTask(await moment({ draft: NEW, pauseMs: 0, usedTokens: 83_500 })), true);
	assert.equal(isNewTask(await moment({ draft: NEW, pauseMs: 0, usedTokens: 83_499 })), false, 'not large');
});

test('one shared word or path is enough to say nothing', async () => {
	const drafts = {
		'a word of an old prompt': `${NEW} and windows`,
		'a word of an answer': `${NEW} in euros`,
		'a part of a path': `${NEW} like totals.sql`,
		'the same file': `${NEW} in src/invoiceTotals.js`,
		'another form of it': `${NEW} with priced shipping`,
	};
	for (const [what, draft] of Object.entries(drafts)) assert.equal(isNewTask(await moment({ draft })), false, what);
});

test('what refers back, leads on, says too little or is no sentence is no new task', async () => {
	const drafts = [
		'',
		'Yes, please',
		'Go on',
		'Migrate customers',
		`Now ${NEW.toLowerCase()}`,
		`Also: ${NEW}`,
		'Turn that into a migration for customers with several postal addresses',
		'为客户编写一个迁移脚本并增加多个邮政地址',
		`/compact ${NEW}`,
		'Please fix the failing test of the function in this file and update the code',
	];
	for (const draft of drafts) assert.equal(isNewTask(await moment({ draft })), false, draft);
});

test('a session in which nothing ended has nothing to leave', async () => {
	assert.equal(isNewTask({ ...(await moment({ draft: NEW })), branch: [] }), false);
});

test('the rot zone counts from its first token, and not where there is none', async () => {
	const { meter, ...rest } = await moment();
	const at = (usedTokens: number, rotTokens = 120_000) =>
		isInRotZone({ ...rest, meter: { ...meter, usedTokens, rotTokens } });
	assert.deepEqual([at(119_999), at(120_000), at(190_000)], [false, true, true]);
	assert.equal(at(200_000, 200_000), false);
});

test('a forecast of at most three turns, from three turns of pace and half of the room on', async () => {
	const base = await moment();
	const at = (usedTokens: number, turnsLeft: number | null, more: Partial<SuggestionMoment> = {}) =>
		isForecastShort({ ...base, ...more, meter: { ...base.meter, usedTokens, turnsLeft } });
	assert.deepEqual([at(100_000, 3), at(100_000, 0), at(100_000, 4), at(100_000, null)], [true, true, false, false]);
	assert.deepEqual([at(83_500, 3), at(83_499, 3)], [true, false], 'half of the room');
	assert.equal(at(167_000, 0), false, 'past the line it happens by itself');
	assert.equal(at(167_000, 0, { autoCompact: false }), true);
	const lastEnd = base.branch.findLastIndex(({ type }) => type === 'turnEnded');
	assert.equal(at(100_000, 3, { branch: base.branch.slice(0, lastEnd) }), false, 'two turns are no pace');
});
