/** A session on real files with the real scanner, and what a test of restores wants to do with it. */
import { readFileSync } from 'node:fs';
import { asSessionId, asToolUseId } from '../../src/base/ids.ts';
import { withRecordedEffects } from '../../src/core/checkpoint/recordChanges.ts';
import { applyRestore, type RestoreReport } from '../../src/core/checkpoint/restore.ts';
import { planRestore, type RestorePlan } from '../../src/core/checkpoint/restorePlan.ts';
import type { Workspace } from '../../src/core/ports.ts';
import { openSession } from '../../src/core/session/session.ts';
import type { Session } from '../../src/core/session/sessionTypes.ts';
import type { BlobStore } from '../../src/core/session/storePort.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { createScanWorld, type ScanWorldFixture } from './scan/fileScanWorld.ts';

const { signal } = new AbortController();

export type DiskWorld = ScanWorldFixture & {
	readonly session: Session;
	readonly workspace: Workspace;
	/** Runs it as a command of the session: what it changes is recorded. */
	command(run: () => void): Promise<void>;
	plan(toEpoch?: number): Promise<RestorePlan>;
	apply(plan: RestorePlan, overwrite?: readonly string[]): Promise<RestoreReport>;
	text(rel: string): string;
};

export async function createDiskWorld(given: { readonly blobs?: BlobStore } = {}): Promise<DiskWorld> {
	const world = createScanWorld();
	const { root, storage, scanner } = world;
	const { blobs = world.blobs } = given;
	const roots = [{ name: 'project', path: root }];
	const workspace = createDiskWorkspace({ roots: () => roots, isTrusted: () => true });
	const ids = createIdSource();
	const session = await openSession({
		store: createFileSessionStore({ folder: storage, window: 'w', trace: () => undefined }),
		...{ blobs, clock: systemClock, ids, trace: () => undefined, id: asSessionId(ids.next()) },
		defaults: { cwd: root, mode: 'acceptEdits', model: 'm', roots: [root], extensionVersion: '0' },
	});
	let commands = 0;
	return {
		...world,
		blobs,
		session,
		workspace,
		async command(run) {
			const toolUseId = asToolUseId(`command ${++commands}`);
			const effects = { session, scanner, toolUseId, clock: systemClock, trace: () => undefined };
			await withRecordedEffects(effects, async ({ start }) => {
				await start(signal);
				session.append<'toolStarted'>({ type: 'toolStarted', toolUseId });
				run();
			});
		},
		plan: (toEpoch = 0) => planRestore({ session, workspace, blobs, toEpoch }, signal),
		apply: (plan, overwrite = []) => applyRestore({ session, workspace, blobs, plan, overwrite }, signal),
		text: (rel) => readFileSync(world.at(rel), 'utf8'),
		async dispose() {
			await session.close();
			await world.dispose();
		},
	};
}

/** `path: reason`, sorted. */
export const reasons = (reports: RestoreReport['failed']): string[] =>
	reports.map(({ file, reason }) => `${file.rel}: ${reason}`).sort();
