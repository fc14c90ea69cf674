/**
 * Runs the hooks of one point beside each other and gives what they say as one. Files that they change are recorded as effects of their
 * own; what they said, held up or broke is a `hook` entry each. Decides nothing about what comes of it.
 */
import { cutText } from '../../base/text.ts';
import { maskSecrets } from '../agent/maskSecrets.ts';
import type { TurnPorts } from '../agent/turnTypes.ts';
import { withRecordedEffects } from '../checkpoint/recordChanges.ts';
import type { EntryDraft } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { type HookDetails, hookInput } from './hookInput.ts';
import type { Hook, HookPoint, HookRun, Hooks } from './hookTypes.ts';
import { type HooksOutcome, type HookVerdict, mergeVerdicts, NOTHING_SAID, verdictOf } from './hookVerdict.ts';
import { hooksFor } from './parseHooks.ts';

/** Of the output in a log line; a person reads it in the transcript. */
const MAX_LOGGED_CHARS = 8_000;

export type HookWorld = {
	readonly session: Session;
	readonly ports: Pick<TurnPorts, 'clock' | 'hooks' | 'scanner' | 'trace'>;
};

export type HookOccasion = {
	readonly point: HookPoint;
	/** What matchers are about: the tool, the source, the cause. */
	readonly subjects: readonly string[];
	readonly details: HookDetails;
	/** Right behind the effects of a call. */
	readonly mayGoOn?: boolean;
	readonly toolUseId?: EntryDraft<'toolStarted'>['toolUseId'];
	/** Beside what goes on: changes of files are not looked for, since others may be made at the same time. */
	readonly isApart?: boolean;
};

/** Whether any hook would run: asked before anything is made ready for it. */
export function hasHooks(hooks: Hooks | undefined, point: HookPoint, subjects: readonly string[]): boolean {
	return hooks !== undefined && hooksFor(hooks.list(), point, subjects).length > 0;
}

/** Rejects with CancelledError's kin when the signal aborts, and when the log cannot be written; a hook that fails is an outcome. */
export async function runHooks(occasion: HookOccasion, world: HookWorld, signal: AbortSignal): Promise<HooksOutcome> {
	const { hooks } = world.ports;
	const chosen = hooks ? hooksFor(hooks.list(), occasion.point, occasion.subjects) : [];
	if (!hooks || chosen.length === 0) return NOTHING_SAID;
	signal.throwIfAborted();
	const run = async () => await runChosen(chosen, hooks, occasion, world, signal);
	// Two pictures of one session at a time would tell the same change twice.
	const { runs, changedFiles } = occasion.isApart
		? { runs: await run(), changedFiles: 0 }
		: await oneByOne(world, () => recorded(run, occasion, world, signal));
	const verdicts = runs.map((one) => verdictOf(occasion.point, one));
	const outcome = mergeVerdicts(verdicts);
	const drafts = chosen.flatMap((hook, index): EntryDraft<'hook'>[] => {
		const [one, verdict] = [runs[index], verdicts[index]];
		if (!one || !verdict) return [];
		world.ports.trace({
			event: 'hook',
			sessionId: world.session.id,
			durationMs: one.durationMs,
			...(verdict.failure === undefined ? {} : { code: one.reason === 'exited' ? `exit ${one.exitCode}` : one.reason }),
			detail: { point: occasion.point, source: hook.source },
		});
		return entryOf(hook, one, verdict, occasion, index === 0 ? changedFiles : 0);
	});
	// One that was sent off when the session closes may come back to a log that is closed.
	if (drafts.length > 0 && world.session.state !== 'closed') world.session.append<'hook'>(...drafts);
	signal.throwIfAborted();
	return outcome;
}

async function runChosen(
	chosen: readonly Hook[],
	hooks: Hooks,
	{ point, details }: HookOccasion,
	{ session }: HookWorld,
	signal: AbortSignal,
): Promise<readonly HookRun[]> {
	const input = hookInput(point, details, session, hooks);
	const { cwd } = session;
	return await Promise.all(
		chosen.map(({ command, projectDir, timeoutMs }) =>
			hooks.run({ command, cwd, projectDir, input, timeoutMs }, signal),
		),
	);
}

/** With what they changed in files, which is in the log when it resolves. */
async function recorded<T>(
	run: () => Promise<T>,
	{ mayGoOn = false }: HookOccasion,
	{ session, ports }: HookWorld,
	signal: AbortSignal,
): Promise<{ readonly runs: T; readonly changedFiles: number }> {
	const before = session.entries.length;
	const { clock, trace, scanner } = ports;
	const runs = await withRecordedEffects({ session, scanner, mayGoOn, clock, trace }, async (effects) => {
		await effects.start(signal);
		return await run();
	});
	const changes = session.entries
		.slice(before)
		.filter((entry) => entry.type === 'fileOperation' && entry.state === 'done');
	return { runs, changedFiles: changes.length };
}

const lines = new WeakMap<Session, Promise<unknown>>();

async function oneByOne<T>({ session }: HookWorld, work: () => Promise<T>): Promise<T> {
	const before = lines.get(session) ?? Promise.resolve();
	const mine = before.then(work, work);
	lines.set(
		session,
		mine.catch(() => undefined),
	);
	return await mine;
}

/** None for a hook that had nothing to say and did nothing. */
function entryOf(
	hook: Hook,
	run: HookRun,
	verdict: HookVerdict,
	{ point, toolUseId }: HookOccasion,
	changedFiles: number,
): EntryDraft<'hook'>[] {
	const isBlocked = verdict.isBlocked === true || verdict.permission === 'deny' || verdict.stop !== undefined;
	const note =
		verdict.failure ?? verdict.stop ?? (isBlocked ? verdict.reason : undefined) ?? verdict.message ?? verdict.reason;
	const output = verdict.isQuiet ? '' : [run.stdout.trim(), run.stderr.trim()].filter((text) => text !== '').join('\n');
	const isSilent = output === '' && note === undefined && !isBlocked && changedFiles === 0;
	if (isSilent) return [];
	return [
		{
			type: 'hook',
			point,
			command: maskSecrets(cutText(hook.command, MAX_LOGGED_CHARS)),
			exitCode: run.exitCode,
			durationMs: Math.round(run.durationMs),
			output: maskSecrets(cutText(output, MAX_LOGGED_CHARS)),
			outcome: verdict.failure !== undefined ? 'failed' : isBlocked ? 'blocked' : 'ok',
			...(toolUseId === undefined ? {} : { toolUseId }),
			...(note === undefined ? {} : { note: maskSecrets(note) }),
			...(changedFiles === 0 ? {} : { changedFiles }),
			...(verdict.updatedInput === undefined ? {} : { updatedInput: verdict.updatedInput }),
		},
	];
}
