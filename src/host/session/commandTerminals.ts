/**
 * Commands and terminals: a terminal that shows what a running command prints (nothing can be typed into it), and running a command once
 * more in a terminal of the user's own, of which the agent learns nothing.
 */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import { isToolUseBlock } from '../../core/session/content.ts';
import { namedCall } from '../../core/tools/namedCall.ts';
import type { RunningCommand } from '../../protocol/runningCommand.ts';
import { notice } from '../transcript/noticeRows.ts';
import { backgroundIn } from './backgroundRuns.ts';
import type { OpenSession } from './openSession.ts';

/** A shell that has this reports itself within a second or two. */
const INTEGRATION_WAIT_MS = 3_000;
const MAX_NAME_CHARS = 40;

export async function actOnCommand(
	open: OpenSession,
	id: string,
	action: 'stop' | 'terminal' | 'runInTerminal',
): Promise<void> {
	switch (action) {
		case 'stop': {
			if (await backgroundIn(open.session)?.stop(id, 'user')) return;
			throw new UserError('command-over', 'This command is over already. Nothing was stopped.');
		}
		case 'terminal':
			return mirrorOf(open, id);
		case 'runInTerminal':
			return await runInTerminal(open, id);
	}
}

/** What runs in the background now, for the panel. */
export function runningCommands(open: OpenSession): readonly RunningCommand[] {
	const running = backgroundIn(open.session)?.running ?? [];
	return running.map(({ toolUseId, id, command, startedAt }) => ({ id: toolUseId, name: id, command, startedAt }));
}

/** What a command has printed, what it prints, and how it ends. `listen` returns what ends the listening. */
type Printed = {
	readonly soFar: string;
	listen(onText: (text: string) => void, onEnd: (how: string) => void): () => void;
};

function mirrorOf(open: OpenSession, id: string): void {
	const command = commandOf(open, id);
	const printed = inBackground(open, id) ?? inForeground(open, id);
	if (!printed) throw new UserError('command-over', 'This command is over already. Its output is in its row.');
	vscode.window.createTerminal({ name: shortName(command), pty: mirror(command, printed) }).show(true);
}

function inBackground(open: OpenSession, id: string): Printed | undefined {
	const output = backgroundIn(open.session)?.outputOf(id);
	return (
		output && {
			soFar: output.whole,
			listen(onText, onEnd) {
				let isListening = true;
				const heard = output.onDidPrint(onText);
				void output.done.then(({ exitCode, isStopped }) => {
					if (isListening) onEnd(isStopped ? 'stopped' : `ended with exit code ${exitCode ?? 'unknown'}`);
				});
				return () => {
					isListening = false;
					heard.dispose();
				};
			},
		}
	);
}

function inForeground(open: OpenSession, id: string): Printed | undefined {
	const row = open.rows().find((one) => one.id === id);
	if (row?.kind !== 'tool' || row.state !== 'running') return undefined;
	return {
		soFar: row.preview,
		listen(onText, onEnd) {
			const heard = open.onDidChange((change) => {
				if (change.kind === 'delta' && change.id === id) onText(change.text);
				if (change.kind === 'item' && change.item.id === id && change.item.kind === 'tool')
					if (change.item.state !== 'running') onEnd(`ended: ${change.item.summary}`);
			});
			return () => heard.dispose();
		},
	};
}

/** It ends with 0 whatever the command did: any other code is shown as a terminal that could not be started. */
function mirror(command: string, printed: Printed): vscode.Pseudoterminal {
	const written = new vscode.EventEmitter<string>();
	const closed = new vscode.EventEmitter<number>();
	let stopListening: (() => void) | undefined;
	let isOver = false;
	const write = (text: string) => written.fire(text.replace(/\r?\n/g, '\r\n'));
	return {
		onDidWrite: written.event,
		onDidClose: closed.event,
		open() {
			write(`${DIM}$ ${command}${PLAIN}\n${printed.soFar}`);
			stopListening = printed.listen(write, (how) => {
				isOver = true;
				write(`\n${DIM}[${how}; press a key to close]${PLAIN}`);
			});
		},
		handleInput() {
			if (isOver) closed.fire(0);
		},
		close() {
			stopListening?.();
			written.dispose();
			closed.dispose();
		},
	};
}

const DIM = '\u001b[2m';
const PLAIN = '\u001b[0m';

async function runInTerminal(open: OpenSession, id: string): Promise<void> {
	const command = commandOf(open, id);
	const terminal = vscode.window.createTerminal({ name: shortName(command), cwd: open.session.cwd });
	terminal.show();
	const integration = await integrationOf(terminal);
	if (!integration) {
		terminal.sendText(command);
		return say(open, 'Its shell does not report to VS Code, so how it ended is not known here.', command);
	}
	const execution = integration.executeCommand(command);
	const ended = vscode.window.onDidEndTerminalShellExecution((event) => {
		if (event.execution !== execution) return;
		ended.dispose();
		const code = event.exitCode;
		say(
			open,
			code === undefined ? 'It ended; with which exit code is not known.' : `It ended with exit code ${code}.`,
			command,
		);
	});
}

/** The agent knows nothing of it: what should count is the user's to add. */
function say(open: OpenSession, how: string, command: string): void {
	const text = `${shortName(command)} ran in your terminal. ${how} The agent has not seen its output: add it to your next message when it should.`;
	open.notify(notice('local:terminal', 'info', text));
}

function integrationOf(terminal: vscode.Terminal): Promise<vscode.TerminalShellIntegration | undefined> {
	if (terminal.shellIntegration) return Promise.resolve(terminal.shellIntegration);
	return new Promise((resolve) => {
		const finish = (found: vscode.TerminalShellIntegration | undefined) => {
			clearTimeout(timer);
			heard.dispose();
			resolve(found);
		};
		const timer = setTimeout(() => finish(undefined), INTEGRATION_WAIT_MS);
		const heard = vscode.window.onDidChangeTerminalShellIntegration((event) => {
			if (event.terminal === terminal) finish(event.shellIntegration);
		});
	});
}

/** The command of a call of Bash, as it was made. */
function commandOf({ session }: OpenSession, id: string): string {
	for (const entry of session.entries) {
		const run = entry.type === 'user' && entry.command?.runs?.find(({ toolUseId }) => toolUseId === id);
		if (run) return run.command;
		if (entry.type !== 'assistant' || !isToolUseBlock(entry.block) || entry.block.id !== id) continue;
		const { input } = namedCall(entry.block);
		if (typeof input === 'object' && input !== null && 'command' in input && typeof input.command === 'string')
			return input.command;
	}
	throw new UserError('no-command', 'This row is about no command.');
}

function shortName(command: string): string {
	const [line = ''] = command.trim().split('\n', 1);
	return line.length > MAX_NAME_CHARS ? `${line.slice(0, MAX_NAME_CHARS - 1)}…` : line;
}
