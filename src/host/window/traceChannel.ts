/**
 * The *Retrace* output channel: one JSON object per line (time, session, event, duration, code). Errors always,
 * the rest while `retrace.trace` is on. Never contents, never keys.
 */
import * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { codeOf } from '../../base/errors.ts';
import type { Trace, TraceEvent } from '../../base/trace.ts';
import { setting } from '../settings.ts';

/** What the user wanted is no error. */
const STOPPED: ReadonlySet<string> = new Set(['CancelledError', 'AbortError', 'Canceled', 'stopped']);

export type TraceChannel = Disposable & {
	readonly trace: Trace;
	/** Each line, whether it is shown or not. */
	readonly onDidTrace: Event<TraceEvent>;
	/** Logs something thrown, with its stack when it is no UserError. */
	failed(event: string, thrown: unknown, sessionId?: string): void;
	show(): void;
};

export function createTraceChannel(): TraceChannel {
	const channel = vscode.window.createOutputChannel('Retrace', { log: true });
	// Kept, since asking VS Code for a setting takes longer than most of what is traced.
	let isOn = setting('trace');
	const listening = vscode.workspace.onDidChangeConfiguration((event) => {
		if (event.affectsConfiguration('retrace.trace')) isOn = setting('trace');
	});
	const told = new Emitter<TraceEvent>((error) => channel.error(String(error)));
	const write = (line: TraceEvent) => {
		told.fire(line);
		const isError = line.code !== undefined && !STOPPED.has(line.code);
		if (!isError && !isOn) return;
		const text = JSON.stringify({ time: new Date().toISOString(), ...line });
		if (isError) channel.error(text);
		else channel.info(text);
	};
	return {
		trace: write,
		onDidTrace: told.event,
		failed(event, thrown, sessionId) {
			write({ event, code: codeOf(thrown), ...(sessionId === undefined ? {} : { sessionId }) });
			if (thrown instanceof Error && thrown.name !== 'UserError') channel.error(thrown.stack ?? thrown.message);
		},
		show: () => channel.show(),
		dispose() {
			listening.dispose();
			channel.dispose();
		},
	};
}
