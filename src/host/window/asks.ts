/**
 * Calls the user when a session waits for an answer and no view shows it: a badge on the view and a notification.
 * Also sets the context key `retrace.isRunning`. Answers nothing itself but what the notification's buttons say.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { ChatViews } from '../panel/chatViews.ts';
import { plainMessage } from '../plainLabel.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { SessionHost } from '../session/sessionHost.ts';

export function tellOfAsks(host: SessionHost, views: ChatViews): Disposable {
	const store = new DisposableStore();
	let isRunning = false;
	const update = () => {
		views.side.setBadge(host.sessions.all.reduce((sum, open) => sum + open.approvals.waitingCount, 0));
		if (host.current.isRunning === isRunning) return;
		isRunning = host.current.isRunning;
		void vscode.commands.executeCommand('setContext', 'retrace.isRunning', isRunning);
	};
	store.add(
		host.onDidChange(({ open, change }) => {
			if (change.kind === 'head') update();
			if (change.kind === 'asks' && !host.isSeen(open)) void notify(views, open, change.what);
		}),
	);
	store.add(host.onDidShow(update));
	return store;
}

/** Never rejects: showing a message and a view has no failure that could be told. */
async function notify(views: ChatViews, open: OpenSession, what: string): Promise<void> {
	const picked = await vscode.window.showInformationMessage(
		plainMessage(`Retrace asks in “${open.session.title}”: ${what}`),
		'Show',
	);
	if (picked !== 'Show') return;
	await views.open(open.session.id);
}
