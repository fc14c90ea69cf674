/** The commands that run in the background for each open session: who keeps them, and that a rewind and the end of a session end them. */
import { UserError } from '../../base/errors.ts';
import { BackgroundCommands, type BackgroundWorld } from '../../core/background/backgroundCommands.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { OutsideWorld } from '../agentTypes.ts';
import type { OpenSession } from './openSession.ts';

export type BackgroundRunsWorld = Pick<BackgroundWorld, 'blobs' | 'clock' | 'trace'> & {
	readonly outside?: Pick<OutsideWorld, 'shell'>;
};

/** As long as the session is open; an object of its own for each time that it is. */
const kept = new WeakMap<Session, BackgroundCommands>();

/** Undefined where nothing can run in the background. */
export function backgroundOf(
	open: OpenSession,
	world: BackgroundRunsWorld,
	scanner: BackgroundWorld['scanner'],
): BackgroundCommands | undefined {
	const { session } = open;
	const known = kept.get(session);
	if (known || !world.outside) return known;
	const { blobs, clock, trace } = world;
	const made = new BackgroundCommands({ session, shell: world.outside.shell, scanner, blobs, clock, trace });
	// Ends with the session: nobody else holds it.
	made.onDidChange(() => open.headChanged());
	kept.set(session, made);
	return made;
}

export const backgroundIn = (session: Session): BackgroundCommands | undefined => kept.get(session);

/** Their effects are recorded when it resolves. */
export async function stopCommands(session: Session, by: 'rewind' | 'close'): Promise<void> {
	await kept.get(session)?.stopAll(by);
}

/** For what restores files and is no rewind: a command that runs would write over them, or into them. */
export function assertNoCommands(session: Session): void {
	const running = kept.get(session)?.running ?? [];
	if (running.length === 0) return;
	throw new UserError(
		'commands-running',
		`A command runs in the background (${running.map(({ command }) => command.split('\n', 1)[0]).join(', ')}), so the files stay as they are. Nothing was changed. Stop it first; it is listed above the input.`,
	);
}
