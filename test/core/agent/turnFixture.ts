/** A session in memory with everything a turn needs, for the tests of this folder. */
import { posix } from 'node:path';
import type { TraceEvent } from '../../../src/base/trace.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { Prompt, TurnEvent, TurnPorts } from '../../../src/core/agent/turnTypes.ts';
import type { FileScanner } from '../../../src/core/checkpoint/fileScanner.ts';
import type { ModelInfo, StreamModel } from '../../../src/core/model/modelPort.ts';
import type { PermissionAnswer, PermissionRequest } from '../../../src/core/permission/permissionRequest.ts';
import type { Clock, EditDecision, IdSource, ShellOutcome } from '../../../src/core/ports.ts';
import type { Entry, PermissionMode } from '../../../src/core/session/entry.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';
import { createMemoryWorkspace } from '../../fakes/memoryWorkspace.ts';

export type FixtureOptions = {
	readonly model: StreamModel | ((clock: Clock) => StreamModel);
	readonly files?: Readonly<Record<string, string>>;
	readonly mode?: PermissionMode;
	readonly isTrusted?: boolean;
	readonly rules?: Partial<ReturnType<TurnPorts['rules']>>;
	readonly permission?: (request: PermissionRequest, signal: AbortSignal) => Promise<PermissionAnswer>;
	readonly decision?: (proposed: string) => EditDecision;
	readonly shell?: (command: string, signal: AbortSignal) => Partial<ShellOutcome> | Promise<Partial<ShellOutcome>>;
	readonly scanner?: FileScanner;
	/** What else is known of the model. */
	readonly info?: Partial<ModelInfo>;
	readonly unsaved?: readonly string[];
	readonly ids?: IdSource;
	readonly limits?: Partial<ReturnType<TurnPorts['contextLimits']>>;
	/** Text of the one memory file, as it is on disk when it is read. */
	readonly projectContext?: () => string;
};

export async function createFixture(options: FixtureOptions) {
	const clock = createFakeClock();
	const ids = options.ids ?? createFakeIds();
	const blobs = createMemoryBlobStore();
	const workspace = createMemoryWorkspace(options.files ?? {}, { isTrusted: options.isTrusted ?? true });
	const events: TurnEvent[] = [];
	const traces: TraceEvent[] = [];
	const asked: PermissionRequest[] = [];
	const sessionRules: string[] = [];
	const commands: string[] = [];
	const store = createMemorySessionStore();
	const session = await openSession({
		store,
		blobs,
		clock,
		ids,
		defaults: {
			cwd: '/w',
			mode: options.mode ?? 'ask',
			model: 'claude-sonnet-5-5',
			roots: ['/w'],
			extensionVersion: '0',
		},
		trace: (event) => traces.push(event),
	});
	const ports: TurnPorts = {
		clock,
		ids,
		blobs,
		workspace,
		model: typeof options.model === 'function' ? options.model(clock) : options.model,
		shell: {
			async run({ command, cwd, onOutput }, signal) {
				commands.push(command);
				const outcome = {
					exitCode: 0,
					reason: 'exited' as const,
					output: '',
					cwd,
					durationMs: 1,
					...(await options.shell?.(command, signal)),
				};
				onOutput(outcome.output);
				return outcome;
			},
		},
		search: {
			async grep({ pattern, directory, maxMatches }) {
				const items = [...workspace.files.keys()]
					.filter((path) => path.startsWith(`${directory}/`))
					.flatMap((path) =>
						(workspace.text(path) ?? '')
							.split('\n')
							.map((line, index) => ({ path, lineNumber: index + 1, text: line }))
							.filter((match) => match.text.includes(pattern)),
					);
				return { items: items.slice(0, maxMatches), isComplete: items.length <= maxMatches };
			},
			async glob(pattern, directory) {
				const items = [...workspace.files.keys()].filter(
					(path) => path.startsWith(`${directory}/`) && posix.matchesGlob(path.slice(directory.length + 1), pattern),
				);
				return { items, isComplete: true };
			},
		},
		diagnostics: { list: async () => [] },
		approver: {
			async askPermission(request, signal) {
				asked.push(request);
				return (await options.permission?.(request, signal)) ?? { verdict: 'allowOnce' };
			},
			async proposeEdit({ proposed }) {
				return options.decision?.(proposed) ?? { verdict: 'accept', text: proposed };
			},
		},
		modelInfo: () => ({
			id: session.model,
			displayName: session.model,
			windowTokens: 200_000,
			maxOutputTokens: 32_000,
			isAdaptiveThinking: false,
			isDeprecated: false,
			...options.info,
		}),
		rules: () => ({ allow: [], ask: [], deny: [], ...options.rules }),
		addSessionRule: (rule) => sessionRules.push(rule),
		loadProjectContext: async () => ({
			memory: options.projectContext ? [{ path: 'CLAUDE.md', text: options.projectContext() }] : [],
			environment: [],
		}),
		contextLimits: () => ({ autoCompact: true, windowTokens: null, rotTokens: 300_000, ...options.limits }),
		messageTtl: '5m',
		...(options.scanner === undefined ? {} : { scanner: options.scanner }),
		...(options.unsaved === undefined ? {} : { unsavedFiles: () => options.unsaved ?? [] }),
		trace: (event) => traces.push(event),
	};
	const abort = new AbortController();
	return {
		session,
		store,
		ports,
		clock,
		blobs,
		workspace,
		events,
		traces,
		asked,
		sessionRules,
		commands,
		abort,
		/** Runs one turn to its end. */
		async run(prompt: string | Prompt) {
			const made = typeof prompt === 'string' ? { text: prompt, attachments: [] } : prompt;
			await runTurn(session, made, ports, (event) => events.push(event), abort.signal);
		},
		/** The log as short words, ledger types of the session's own bookkeeping left out. */
		log: () => session.entries.filter((entry) => !['header', 'title', 'tail'].includes(entry.type)).map(shortForm),
	};
}

export type Fixture = Awaited<ReturnType<typeof createFixture>>;

function shortForm(entry: Entry): string {
	switch (entry.type) {
		case 'user':
		case 'toolResult': {
			const words = entry.content.map((block) =>
				'text' in block ? String(block.text) : '$blob' in block ? '$blob' : 'image',
			);
			const error = entry.type === 'toolResult' && entry.isError ? '!' : '';
			return `${entry.type}${error} ${words.join('|')}`.trim();
		}
		case 'assistant': {
			const { block } = entry;
			const words = block.type === 'text' ? block.text : block.type === 'tool_use' ? block.name : '';
			return `assistant ${block.type}${entry.partial ? ' partial' : ''} ${String(words)}`.trim();
		}
		case 'assistantEnded':
			return `assistantEnded ${entry.stopReason}`;
		case 'turnEnded':
			return `turnEnded ${entry.reason}${entry.code === undefined ? '' : ` ${entry.code}`}`;
		case 'checkpoint':
			return `checkpoint ${entry.epoch}`;
		case 'permission':
			return `permission ${entry.verdict}${entry.rule === undefined ? '' : ` ${entry.rule}`}`;
		case 'interrupted':
			return `interrupted ${entry.reason}`;
		default:
			return entry.type;
	}
}
