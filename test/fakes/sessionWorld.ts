/** A real session over memory ports, and an agent and a user who change its files. For tests of edits and restores. */
import { asToolUseId } from '../../src/base/ids.ts';
import { createRecordingWorkspace } from '../../src/core/checkpoint/recordingWorkspace.ts';
import { openSession } from '../../src/core/session/session.ts';
import type { Session } from '../../src/core/session/sessionTypes.ts';
import { createMemorySessionStore } from '../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from './fakeClock.ts';
import { createMemoryBlobStore, type MemoryBlobStore } from './memoryBlobStore.ts';
import { createMemoryWorkspace, type MemoryWorkspace } from './memoryWorkspace.ts';

export type SessionWorld = {
	readonly session: Session;
	readonly workspace: MemoryWorkspace;
	readonly blobs: MemoryBlobStore;
	/** Writes as a tool would; `undefined` deletes. Resolves with the epoch. */
	agent(path: string, text: string | undefined): Promise<number>;
};

export async function createSessionWorld(files: Readonly<Record<string, string>> = {}): Promise<SessionWorld> {
	const workspace = createMemoryWorkspace(files);
	const blobs = createMemoryBlobStore();
	const session = await openSession({
		store: createMemorySessionStore(),
		blobs,
		clock: createFakeClock(),
		ids: createFakeIds(),
		defaults: { cwd: '/w', mode: 'acceptEdits', model: 'm', roots: ['/w'], extensionVersion: '0' },
		trace: () => undefined,
	});
	const recording = createRecordingWorkspace({ session, workspace, blobs });
	return {
		session,
		workspace,
		blobs,
		async agent(path, text) {
			const before = await workspace.read(path);
			if (before.kind !== 'file' && before.kind !== 'absent') throw new Error(`${path} is a ${before.kind}`);
			const target = {
				file: { root: '/w', rel: path.slice('/w/'.length) },
				absolute: path,
				before,
				author: 'agent',
				toolUseId: asToolUseId(`call ${session.entries.length}`),
			} as const;
			const { epoch } =
				text === undefined
					? await recording.delete(target)
					: await recording.write({ ...target, bytes: new TextEncoder().encode(text), meta: { mode: 0o644 } });
			return epoch;
		},
	};
}
