/** The time line of a window, put together: its view, its commands, and the key that says a version of a file is shown. Decides nothing. */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Stores, TimelineNode } from '../agentTypes.ts';
import { showStorage, startStorageLimit } from '../list/storage.ts';
import type { ChatViews } from '../panel/chatViews.ts';
import { revealHit } from '../search/revealHit.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import type { SessionHostWorld } from '../session/sessionView.ts';
import { createTranscriptInputs } from '../transcript/transcriptInputs.ts';
import type { Command } from '../window/commands.ts';
import { createCheckpointCommands } from './checkpointCommands.ts';
import { registerLineHover, showLineOrigin } from './lineOrigin.ts';
import { createProvenance } from './provenance.ts';
import { createTimelineCommands } from './timelineCommands.ts';
import { createLineCounter } from './timelineCounts.ts';
import { versionOf } from './timelineFiles.ts';
import { createTimelineReader } from './timelineReader.ts';
import { TimelineTree } from './timelineTree.ts';

export type TimelineWorld = SessionHostWorld & {
	readonly stores: Stores;
	readonly host: SessionHost;
	readonly views: ChatViews;
	readonly view: vscode.TreeView<TimelineNode>;
};

/** While the active editor shows a file as it was. */
const IS_VERSION = 'retrace.isTimelineDocument';

export class Timeline implements Disposable {
	readonly tree: TimelineTree;
	readonly commands: Readonly<Record<string, Command>>;
	readonly #store = new DisposableStore();

	constructor(world: TimelineWorld) {
		const { host, views } = world;
		const { label } = createTranscriptInputs(() => undefined, world.relativePath);
		const reader = createTimelineReader(label);
		const shown = () => host.current;
		this.tree = this.#store.add(
			new TimelineTree({
				...{ view: world.view, reader, counter: createLineCounter(world.blobs), shown, onError: world.onError },
				...{ onDidShow: host.onDidShow, onDidChange: host.onDidChange },
			}),
		);
		const commandWorld = {
			...{ workspace: world.workspace, blobs: world.blobs, codeReason: world.codeReason, reader, shown },
			sessions: host.sessions,
			view: world.view,
			reload: () => this.tree.reload(),
			showMore: () => this.tree.showMore(),
			say: (text: string, level: 'info' | 'warning') => views.say({ kind: 'toast', level, text }),
			reveal: (sessionId: Parameters<typeof revealHit>[0], entryId: string) =>
				revealHit(sessionId, { entryId, agentId: 'main' }, undefined, {
					open: (id) => views.open(id),
					current: shown,
					say: (message) => views.say(message),
				}),
			async rewindTo(sessionId: Parameters<typeof revealHit>[0], entryId: string) {
				await views.open(sessionId);
				views.say(await host.previewRewind(entryId));
			},
		};
		const provenance = createProvenance(reader, world.blobs);
		const lineWorld = { ...commandWorld, provenance, onError: world.onError };
		this.#store.add(registerLineHover(lineWorld));
		const storageWorld = {
			...{ stores: world.stores, shown, trace: world.trace, onError: world.onError },
			openIds: () =>
				new Set([...host.sessions.all.map(({ session }) => session.id), ...host.views.map((one) => one.sessionId)]),
			isBusy: () => host.sessions.all.some((open) => open.isRunning),
		};
		this.#store.add(startStorageLimit(storageWorld));
		this.commands = {
			...createTimelineCommands(commandWorld),
			...createCheckpointCommands(commandWorld),
			showStorage: () => showStorage(storageWorld),
			showLineOrigin: (argument) => showLineOrigin(argument, lineWorld),
		};
		this.#store.add(vscode.window.onDidChangeActiveTextEditor(() => void tellVersion()));
		void tellVersion();
	}

	dispose(): void {
		this.#store.dispose();
	}
}

async function tellVersion(): Promise<void> {
	const isVersion = versionOf(vscode.window.activeTextEditor?.document.uri) !== undefined;
	await vscode.commands.executeCommand('setContext', IS_VERSION, isVersion);
}
