/**
 * A long scripted session against a simulated prompt cache: tool calls alone and many at once, pauses, a reload, a resume that reads the
 * log in part, a fork, an update of the extension, and a summary at the end. For the bench, and in small for the tests.
 */
import { draftSummary } from '../../src/core/agent/compact.ts';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import type { TurnPorts } from '../../src/core/agent/turnTypes.ts';
import { freezePrefix } from '../../src/core/context/prefix.ts';
import type { AssistantBlock } from '../../src/core/session/content.ts';
import { forkSession } from '../../src/core/session/fork.ts';
import { openSession } from '../../src/core/session/session.ts';
import type { Session } from '../../src/core/session/sessionTypes.ts';
import { loadedTools, toolDefinitions } from '../../src/core/tools/registry.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import { createCachedModel } from './cachedModel.ts';
import { call, text } from './scriptedModel.ts';

export type CacheRunPlan = {
	/** Calls of each step of each turn: `[1, 24]` calls one tool, then 24 at once, then answers. */
	readonly turns: readonly (readonly number[])[];
	/** Before a turn. `reload` reads the log anew, `resume` only what the context needs. */
	readonly events: ReadonlyMap<number, 'reload' | 'resume' | 'fork'>;
	/** Minutes that nothing is sent before a turn; one otherwise. */
	readonly pauses: ReadonlyMap<number, number>;
	readonly fileChars: number;
};

const FILES = 40;
const MINUTE_MS = 60_000;

export async function runCachePlan(plan: CacheRunPlan) {
	const steps = plan.turns.flatMap((calls, turn) => [...calls.map((count) => ({ turn, count })), { turn, count: 0 }]);
	const clock: { advance(ms: number): void; now(): number }[] = [];
	let model: ReturnType<typeof createCachedModel> | undefined;
	const fixture = await createFixture({
		model: (own) => {
			const time = own as typeof own & { advance(ms: number): void };
			clock.push(time);
			model = createCachedModel(time, (index) => blocksOf(index, steps[index]));
			return model;
		},
		files: Object.fromEntries(
			Array.from({ length: FILES }, (_, file) => [`/w/f${file}.js`, contentOf(file, plan.fileChars)]),
		),
		limits: { autoCompact: false, windowTokens: 10_000_000 },
		projectContext: () => 'Use tabs. Run the tests before you say that it works.',
	});
	if (!model) throw new Error('no model');
	let session: Session = fixture.session;
	const { store, blobs } = fixture;
	const { ids } = fixture.ports;
	const defaults = { cwd: '/w', mode: 'ask', model: session.model, roots: ['/w'], extensionVersion: '1' } as const;
	const options = { store, blobs, clock: fixture.ports.clock, ids, defaults, trace: () => undefined };
	const ports = (): TurnPorts => ({ ...fixture.ports, loadedTexts: new Map(), modelInfo: fixture.ports.modelInfo });
	let current = ports();
	await freezeOlder(session, current);

	for (const turn of plan.turns.keys()) {
		for (const time of clock) time.advance((plan.pauses.get(turn) ?? 1) * MINUTE_MS);
		const event = plan.events.get(turn);
		if (event) {
			const { id } = session;
			const old = session;
			if (event === 'fork') session = await forkSession(old, old.leaf, options);
			await old.close();
			if (event !== 'fork')
				session = await openSession({ ...options, id, ...(event === 'resume' ? { wholeUpToBytes: 1 } : {}) });
			current = ports();
		}
		await runTurn(session, promptOf(turn), current, () => undefined, new AbortController().signal);
	}
	const turns = model.sent.length;
	for (const time of clock) time.advance(MINUTE_MS);
	const draft = await draftSummary(
		session,
		{ scope: { kind: 'all' }, by: 'manual' },
		current,
		() => undefined,
		new AbortController().signal,
	);
	const ended = session.entries.filter(({ type }) => type === 'turnEnded');
	return {
		sent: model.sent.slice(0, turns),
		divergences: model.divergences,
		coldDivergences: model.coldDivergences,
		/** Of the request for a summary. */
		summaryCacheShare: draft.cacheShare,
		toolCalls: plan.turns.flat().reduce((sum, count) => sum + count, 0),
		failedTurns: ended.filter((entry) => entry.type === 'turnEnded' && entry.reason !== 'endTurn').length,
	};
}

/** The prefix as an older version of the extension froze it: other words, an older tool. */
async function freezeOlder(session: Session, ports: TurnPorts): Promise<void> {
	const tools = toolDefinitions(loadedTools).map((tool) =>
		tool.name === 'Read' ? { ...tool, description: 'Reads a file, as it was described before.' } : tool,
	);
	session.append(
		await freezePrefix({
			blobs: ports.blobs,
			tools,
			toolVersions: Object.fromEntries(loadedTools.map(({ name, version }) => [name, version - 1])),
			project: await ports.loadProjectContext(),
			model: ports.modelInfo(),
			isOfficialEndpoint: true,
		}),
	);
}

const promptOf = (turn: number) => ({
	text: `Turn ${turn}: ${'look at the next files and say what they do. '.repeat(4)}`,
	attachments: [],
});

function blocksOf(
	index: number,
	step: { readonly turn: number; readonly count: number } | undefined,
): readonly AssistantBlock[] {
	// Past the plan comes the summary.
	if (!step) return [text('<summary>It was all read.</summary>')];
	if (step.count === 0)
		return [text(`What I found in turn ${step.turn}. ${'They hold functions that add numbers. '.repeat(10)}`)];
	return [
		text('I look at them.'),
		...Array.from({ length: step.count }, (_, one) =>
			call('Read', { file_path: `/w/f${(index * 7 + one) % FILES}.js` }, `toolu_${index}_${one}`),
		),
	];
}

function contentOf(file: number, chars: number): string {
	let content = '';
	for (let line = 0; content.length < chars; line++)
		content += `export const add${file}_${line} = (a, b) => a + b + ${line * file};\n`;
	return content;
}
