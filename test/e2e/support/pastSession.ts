// Puts a finished session into the storage of a workspace, as the extension itself writes it, so that a test starts with a past.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asUnixMs } from '../../../src/base/ids.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../../src/node/systemClock.ts';
import { until } from './until.ts';

/** One prompt and its answer, in a log whose path is returned. The window must be open: VS Code makes the storage of its workspace then. */
export async function writePastSession(
	userDataDir: string,
	cwd: string,
	prompt: string,
	answer: string,
	options: { readonly at?: number; readonly isPinned?: boolean } = {},
): Promise<string> {
	const root = join(userDataDir, 'User', 'workspaceStorage');
	const id = await until('VS Code makes the storage of the workspace', () => readdirSync(root)[0]);
	const folder = join(root, id, 'retrace.retrace');
	const trace = () => undefined;
	const session = await openSession({
		store: createFileSessionStore({ folder, window: 'a past one', trace }),
		blobs: createFileBlobStore(folder),
		clock: options.at === undefined ? systemClock : { ...systemClock, now: () => asUnixMs(options.at ?? 0) },
		ids: createIdSource(),
		defaults: { cwd, mode: 'ask', model: 'claude-opus-5-5', roots: [cwd], extensionVersion: '0.1.0' },
		trace,
	});
	session.append({ type: 'user', content: [{ type: 'text', text: prompt }] });
	session.append({ type: 'assistant', messageId: 'msg_past', index: 0, block: { type: 'text', text: answer } });
	session.append({
		type: 'assistantEnded',
		messageId: 'msg_past',
		requestId: null,
		model: 'claude-opus-5-5',
		stopReason: 'end_turn',
		usage: { inputTokens: 10, outputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 },
		costUsd: 0,
		timing: { queuedMs: 0, firstTokenMs: 1, totalMs: 1 },
	});
	session.append({ type: 'turnEnded', reason: 'endTurn', durationMs: 1 });
	if (options.isPinned) session.append({ type: 'state', isPinned: true });
	await session.sync();
	await session.close();
	return join(folder, 'sessions', `${session.id}.jsonl`);
}
