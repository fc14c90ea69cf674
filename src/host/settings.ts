/**
 * The user's settings, parsed. Application-scoped ones are taken from the user's own settings and never from a workspace.
 * A wrong value falls back to its default; writing settings is left to VS Code, but for the provider chosen in the first-run card.
 */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { PermissionRules } from '../core/agent/turnTypes.ts';
import { DEFAULT_WINDOW_TURNS } from '../core/context/strategies.ts';
import { effortLevels } from '../core/model/modelTuning.ts';
import { strategySchema } from '../core/session/compactionFields.ts';
import { permissionModeSchema } from '../core/session/entry.ts';

const rulesSchema = z.object({
	allow: z.array(z.string()).default([]),
	ask: z.array(z.string()).default([]),
	deny: z.array(z.string()).default([]),
});

/** Read where the window says so; the others are the user's alone. */
const WINDOW_SCOPED: ReadonlySet<string> = new Set(['model', 'context.windowTokens', 'context.rotTokens']);

const shape = {
	provider: z.enum(['anthropic', 'vscodeLm', 'demo']).catch('anthropic'),
	// A wrong address stays what it is: prompts and keys must not go to an address that nobody chose.
	baseUrl: z.string().trim().catch('https://api.anthropic.com'),
	apiKeyHeader: z.enum(['authorization', 'x-api-key', 'none']).catch('authorization'),
	model: z.string().min(1).catch('claude-opus-5-5'),
	mode: permissionModeSchema.catch('ask'),
	effort: z.enum(['default', ...effortLevels]).catch('default'),
	thinking: z.boolean().catch(true),
	'browser.path': z.string().trim().catch(''),
	maxConcurrentRequests: z.number().int().min(1).max(50).catch(4),
	permissions: rulesSchema.catch({ allow: [], ask: [], deny: [] }),
	secretFiles: z.array(z.string().trim().min(1)).catch([]),
	'context.windowTokens': z.number().int().min(10_000).nullable().catch(null),
	'context.rotTokens': z.number().int().min(10_000).catch(300_000),
	'context.autoCompact': z.boolean().catch(true),
	'context.microcompaction': z.boolean().catch(true),
	'context.strategy': strategySchema.catch('summarize'),
	'context.rollingWindowTurns': z.number().int().min(1).max(200).catch(DEFAULT_WINDOW_TURNS),
	'context.suggestions': z.boolean().catch(true),
	'compaction.preview': z.enum(['always', 'manual', 'never']).catch('manual'),
	'cache.messageTtl': z.enum(['5m', '1h']).catch('5m'),
	'sessions.persist': z.boolean().catch(true),
	/** A wrong value moves nothing. */
	'sessions.cleanupPeriodDays': z.number().min(0).catch(0),
	'sessions.modelTitles': z.boolean().catch(true),
	'branches.summarize': z.boolean().catch(false),
	'checkpoints.enabled': z.boolean().catch(true),
	'checkpoints.maxStoreMb': z.number().min(16).catch(1024),
	/** What is in it is read by core/hooks, which says what is wrong. */
	hooks: z.record(z.string(), z.unknown()).catch({}),
	'limits.steps': z.number().int().min(1).nullable().catch(200),
	'limits.costUsd': z.number().positive().nullable().catch(null),
	'limits.minutes': z.number().positive().nullable().catch(null),
	'agents.maxParallel': z.number().int().min(1).max(10).catch(3),
	/** Names of tools that other extensions offer. */
	'tools.vscode': z.array(z.string()).catch([]),
	/** It was a yes or a no once. */
	'sandbox.network': z
		.union([z.enum(['off', 'ask', 'all']), z.boolean().transform((isOn) => (isOn ? 'all' : 'off'))])
		.catch('ask'),
	'sandbox.runWithoutAsking': z.boolean().catch(false),
	'sandbox.writableFolders': z.array(z.string().trim().min(1)).catch([]),
	'lineOrigin.hover': z.boolean().catch(true),
	/** What is in it is read by core/mcp, which says what is wrong. */
	'mcp.servers': z.record(z.string(), z.unknown()).catch({}),
	trace: z.boolean().catch(false),
} as const;

type Key = keyof typeof shape;
type Value<K extends Key> = z.infer<(typeof shape)[K]>;

/** The value in force now. Never throws. */
export function setting<K extends Key>(key: K): Value<K>;
export function setting(key: Key): unknown {
	return shape[key].parse(rawValue(key));
}

export function permissionRules(): PermissionRules {
	return setting('permissions');
}

/** Whose wish it is that commands run in a sandbox: the settings of a project may turn it on, and never off. */
export function sandboxWish(): 'user' | 'project' | undefined {
	const inspected = vscode.workspace.getConfiguration('retrace').inspect('sandbox.enabled');
	if (inspected?.globalValue === true) return 'user';
	return inspected?.workspaceValue === true || inspected?.workspaceFolderValue === true ? 'project' : undefined;
}

/** Where replies come from. `RETRACE_PROVIDER=demo` in the environment counts while the user has chosen nothing. */
export function chosenProvider(environment: NodeJS.ProcessEnv = process.env): Value<'provider'> {
	const inspected = vscode.workspace.getConfiguration('retrace').inspect('provider');
	if (inspected?.globalValue === undefined && environment.RETRACE_PROVIDER === 'demo') return 'demo';
	return setting('provider');
}

export async function chooseProvider(provider: Value<'provider'>): Promise<void> {
	await vscode.workspace.getConfiguration('retrace').update('provider', provider, vscode.ConfigurationTarget.Global);
}

function rawValue(key: Key): unknown {
	const configuration = vscode.workspace.getConfiguration('retrace');
	if (WINDOW_SCOPED.has(key)) return configuration.get(key);
	const inspected = configuration.inspect(key);
	return inspected?.globalValue ?? inspected?.defaultValue;
}
