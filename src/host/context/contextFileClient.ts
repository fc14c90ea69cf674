/**
 * The client of the language server of context files: starts its process, restarts it after a crash, and tells it what the session knows. Loaded
 * with the first such file.
 */
import * as vscode from 'vscode';
import {
	CloseAction,
	type CloseHandlerResult,
	ErrorAction,
	type ErrorHandler,
	LanguageClient,
	RevealOutputChannelOn,
	State,
	TransportKind,
} from 'vscode-languageclient/node';
import type { MemoryWeights } from '../../core/memory/memoryTokens.ts';
import { fallbackModels } from '../../core/model/catalogue.ts';
import { toolFacts } from '../../core/tools/toolFacts.ts';
import type { ServerFacts } from '../../protocol/contextServer.ts';
import { WEIGHTS_NOTIFICATION } from '../../protocol/weightsNotification.ts';

export type ContextFileClient = {
	setWeights(weights: MemoryWeights): Promise<void>;
	stop(): Promise<void>;
};

/** As the library does it: more crashes in three minutes than this mean that another start would not help. */
const MOST_RESTARTS = 4;
const STOP_AFTER_MS = 2_000;
/** The server answers small questions: it is kept small rather than made fast. */
const SMALL =
	'--max-semi-space-size=1 --max-old-space-size=24 --max-lazy --no-opt --no-maglev --single-threaded --expose-gc'.split(
		' ',
	);

export async function startContextFileClient(serverFile: string): Promise<ContextFileClient> {
	const watched = ['**/*.{md,mdx,mdc,markdown,txt,rst,adoc}', '**/.claude/**', '**/.mcp.json'];
	const watchers = watched.map((pattern) => vscode.workspace.createFileSystemWatcher(pattern));
	const fork = {
		module: serverFile,
		transport: TransportKind.ipc,
		options: { execArgv: SMALL, env: withoutKeys(process.env) },
	};
	let weights: MemoryWeights | undefined;
	let isStopping = false;
	// A broken channel is followed by its end, which is what counts.
	const handler: ErrorHandler = {
		error: () => ({ action: ErrorAction.Continue, handled: true }),
		closed: () => closed(),
	};
	const client = new LanguageClient(
		'retrace.contextFiles',
		'Retrace Context Files',
		{ run: fork, debug: fork },
		{
			documentSelector: ['**/*.md', '**/.claude/settings*.json', '**/.mcp.json', '**/.vscode/mcp.json'].map(
				(pattern) => ({
					scheme: 'file',
					pattern,
				}),
			),
			synchronize: { fileEvents: watchers },
			initializationOptions: facts(),
			revealOutputChannelOn: RevealOutputChannelOn.Never,
			errorHandler: handler,
		},
	);
	let byDefault = client.createDefaultErrorHandler(MOST_RESTARTS);
	const closed = async (): Promise<CloseHandlerResult> => {
		if (isStopping) return { action: CloseAction.DoNotRestart, handled: true };
		const result = await byDefault.closed();
		if (result.action === CloseAction.DoNotRestart) void offerRestart();
		return { ...result, handled: true };
	};
	const offerRestart = async (): Promise<void> => {
		const text = `The help for context files stopped ${MOST_RESTARTS + 1} times in three minutes, so it is not started again by itself. Your files are untouched.`;
		if ((await vscode.window.showErrorMessage(text, 'Restart')) !== 'Restart') return;
		byDefault = client.createDefaultErrorHandler(MOST_RESTARTS);
		await client.start();
	};
	// A new process knows nothing of what the one before was told.
	const ready = client.onDidChangeState(({ newState }) => {
		if (newState === State.Running && weights) void tell(client, weights);
	});
	await client.start();
	return {
		async setWeights(next) {
			weights = next;
			if (client.isRunning()) await tell(client, next);
		},
		async stop() {
			isStopping = true;
			for (const one of [ready, ...watchers]) one.dispose();
			await client.dispose(STOP_AFTER_MS);
		},
	};
}

async function tell(client: LanguageClient, weights: MemoryWeights): Promise<void> {
	await client.sendNotification(WEIGHTS_NOTIFICATION, weights);
}

function facts(): ServerFacts {
	return {
		tools: toolFacts,
		models: fallbackModels.map(({ id, displayName }) => ({ id, displayName })),
	};
}

/** What is undefined is not passed on, and no child of ours is given a key. */
function withoutKeys(environment: NodeJS.ProcessEnv): Record<string, undefined> {
	const keys = Object.keys(environment).filter((name) => /^ANTHROPIC_/i.test(name));
	return Object.fromEntries(keys.map((name) => [name, undefined]));
}
