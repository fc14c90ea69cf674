/** The suggestion above the input does not nag: one at a time, each cause once per session, none while a turn runs, and it can be turned off. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../../src/base/emitter.ts';
import { asSessionId, type SessionId } from '../../../src/base/ids.ts';
import type { Entry } from '../../../src/core/session/entry.ts';
import { Suggestions } from '../../../src/host/panel/suggestions.ts';
import type { ContextMeter } from '../../../src/protocol/contextMeter.ts';
import { entryBuilder, text } from '../../fakes/entries.ts';

const ROOM: ContextMeter = {
	usedTokens: 10_000,
	maxTokens: 200_000,
	triggerTokens: 167_000,
	rotTokens: 120_000,
	estimatedTokens: 0,
	layers: [],
	costUsd: 0,
	cacheShare: null,
	turnsLeft: 10,
};
const NEW_TASK = 'Write a migration that gives customers several postal addresses';

type Open = {
	isRunning: boolean;
	/** How often its head changed. */
	heads: number;
	readonly session: { readonly id: SessionId; readOnlyReason: string | undefined; branch(): readonly Entry[] };
	headChanged(): void;
};

function scene() {
	const kept = new Map<string, unknown>();
	const state = {
		get: (key: string) => kept.get(key),
		update: async (key: string, value: unknown) => void kept.set(key, value),
	};
	const settings = { 'context.suggestions': true, 'context.autoCompact': true };
	let meter = ROOM;
	const create = () => {
		const changed = new Emitter<{ open: Open; change: { kind: 'head' } }>();
		const suggestions = new Suggestions<Open>({
			host: { onDidChange: changed.event },
			state,
			clock: { now: () => Number.MAX_SAFE_INTEGER },
			setting: (key) => settings[key],
			meterOf: () => meter,
			onError: (_, error) => assert.ifError(error),
		});
		const session = (id: string) => {
			const open: Open = {
				isRunning: false,
				heads: 0,
				session: { id: asSessionId(id), readOnlyReason: undefined, branch: talk },
				headChanged() {
					open.heads++;
					changed.fire({ open, change: { kind: 'head' } });
				},
			};
			return open;
		};
		return { suggestions, session, turnEnds: (open: Open) => changed.fire({ open, change: { kind: 'head' } }) };
	};
	return {
		...create(),
		reload: create,
		settings,
		setMeter: (more: Partial<ContextMeter>) => (meter = { ...ROOM, ...more }),
	};
}
/** One turn about the price of windows. */
const talk = (): readonly Entry[] => {
	const entries = entryBuilder();
	entries.user('What is the price of a window?');
	entries.reply([text('It is 24.5 euros.')]);
	entries.turnEnded();
	return entries.branch();
};

test('a cause is told once per session, also after a reload, and again in another session', () => {
	const { suggestions, session, turnEnds, setMeter, reload } = scene();
	const open = session('a');
	turnEnds(open);
	assert.equal(suggestions.of(open), null);
	setMeter({ usedTokens: 130_000 });
	turnEnds(open);
	assert.deepEqual([suggestions.of(open)?.cause, suggestions.of(open)?.action], ['rot', 'compact']);
	assert.match(suggestions.of(open)?.text ?? '', /130k/);
	suggestions.dismiss(open, 'newTask');
	assert.equal(suggestions.of(open)?.cause, 'rot', 'another one was meant');
	suggestions.dismiss(open, 'rot');
	turnEnds(open);
	assert.equal(suggestions.of(open), null);
	const other = session('b');
	turnEnds(other);
	assert.equal(suggestions.of(other)?.cause, 'rot');
	const later = reload();
	const again = later.session('a');
	later.turnEnds(again);
	assert.equal(later.suggestions.of(again), null);
});

test('it goes while a turn runs, and with its reason', () => {
	const { suggestions, session, turnEnds, setMeter } = scene();
	const open = session('a');
	setMeter({ usedTokens: 130_000 });
	turnEnds(open);
	setMeter({ usedTokens: 20_000 });
	turnEnds(open);
	assert.equal(suggestions.of(open), null, 'compacted meanwhile');
	suggestions.drafted(open, NEW_TASK);
	assert.equal(suggestions.of(open)?.cause, 'newTask');
	suggestions.drafted(open, `${NEW_TASK}, and more`);
	assert.equal(suggestions.of(open)?.cause, 'newTask', 'typing on leaves it');
	open.isRunning = true;
	turnEnds(open);
	assert.equal(suggestions.of(open), null);
});

test('nothing is said where nothing can be done, and when it is turned off; what is said changes the head once', () => {
	const { suggestions, session, turnEnds, setMeter, settings } = scene();
	setMeter({ usedTokens: 130_000 });
	const reader = session('a');
	reader.session.readOnlyReason = 'Open elsewhere.';
	turnEnds(reader);
	assert.equal(suggestions.of(reader), null);
	settings['context.suggestions'] = false;
	const open = session('b');
	turnEnds(open);
	assert.equal(suggestions.of(open), null);
	settings['context.suggestions'] = true;
	turnEnds(open);
	turnEnds(open);
	assert.equal(suggestions.of(open)?.cause, 'rot');
	assert.equal(open.heads, 1);
});
