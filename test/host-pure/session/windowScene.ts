/** Windows on one storage folder, each with its own open sessions, in one process. Watching is by hand. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { SessionId } from '../../../src/base/ids.ts';
import type { Clock } from '../../../src/core/ports.ts';
import type { LogNow } from '../../../src/core/session/registry.ts';
import type { OpenSession } from '../../../src/host/session/openSession.ts';
import { OpenSessions } from '../../../src/host/session/openSessions.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { readOwner } from '../../../src/node/store/lease.ts';
import { createIdSource, systemClock } from '../../../src/node/systemClock.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';

export type TestWindow = {
	readonly sessions: OpenSessions;
	readonly errors: unknown[];
	/** What the file system would tell: looks at the log of this session now, and waits until what follows is done. */
	look(id: SessionId): Promise<void>;
	readonly watched: number;
	readonly attached: number;
};

export function createWindows(t: TestContext) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-windows-'));
	const windows: OpenSessions[] = [];
	t.after(async () => {
		for (const sessions of windows) await sessions.closeAll();
		rmSync(folder, { recursive: true, force: true });
	});
	const open = (window: string, clock: Clock = systemClock): TestWindow => {
		const errors: unknown[] = [];
		const watching = new Set<{ readonly id: SessionId; readonly tell: (now: LogNow) => Promise<void> }>();
		let attached = 0;
		const lookAt = (id: SessionId): LogNow => {
			const owner = readOwner(join(folder, 'sessions', `${id}.lease`), window);
			const size = statSync(join(folder, 'sessions', `${id}.jsonl`), { throwIfNoEntry: false })?.size ?? 0;
			return { holder: !owner?.isAlive ? 'nobody' : owner.isOurs ? 'us' : 'other', sizeBytes: size };
		};
		const sessions = new OpenSessions({
			stores: {
				sessions: createFileSessionStore({ folder, window, trace: () => undefined }),
				blobs: createMemoryBlobStore(),
				watchLog: (id, tell) => {
					const one = { id, tell };
					watching.add(one);
					return { dispose: () => void watching.delete(one) };
				},
			},
			outside: { clock, ids: createIdSource() },
			decider: { proposeEdit: async () => ({ verdict: 'reject' }) },
			defaults: () => ({ cwd: '/w', mode: 'ask', model: 'm', roots: ['/w'], extensionVersion: '0' }),
			relativePath: (absolute) => absolute,
			attach: () => {
				attached++;
				return { dispose: () => void attached-- };
			},
			trace: () => undefined,
			onError: (_, error) => errors.push(error),
		});
		windows.push(sessions);
		return {
			sessions,
			errors,
			async look(id) {
				const now = lookAt(id);
				for (const one of [...watching]) if (one.id === id) await one.tell(now);
			},
			get watched() {
				return watching.size;
			},
			get attached() {
				return attached;
			},
		};
	};
	return { folder, open };
}

export const say = ({ session }: OpenSession, text: string) =>
	session.append({ type: 'user', content: [{ type: 'text', text }] });
export const endTurn = ({ session }: OpenSession) =>
	session.append({ type: 'turnEnded', reason: 'endTurn', durationMs: 1 });
/** What a panel shows, in short. */
export const shown = (open: OpenSession) =>
	open.rows().map((row) => ('text' in row && row.kind !== 'turnEnd' ? `${row.kind}: ${row.text}` : row.kind));
