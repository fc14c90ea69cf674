/** What everything of a window is made with. Types only. */
import type * as vscode from 'vscode';
import type { DisposableStore } from '../../base/disposable.ts';
import type { OutsideWorld, Surfaces } from '../agentTypes.ts';
import type { TraceChannel } from './traceChannel.ts';

export type WindowStart = {
	readonly context: vscode.ExtensionContext;
	readonly surfaces: Surfaces;
	readonly outside: OutsideWorld;
	/** What is added to it ends with the window. */
	readonly store: DisposableStore;
	readonly channel: TraceChannel;
};
