/** What a hook gets on its standard input, under the names that Claude Code gives it. Pure. */
import type { PermissionMode } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { HookPoint, Hooks } from './hookTypes.ts';

const MODES: Readonly<Record<PermissionMode, string>> = {
	plan: 'plan',
	ask: 'default',
	acceptEdits: 'acceptEdits',
	auto: 'bypassPermissions',
};

/** What is said about this one occasion, by point. */
export type HookDetails = Readonly<Record<string, unknown>>;

export function hookInput(
	point: HookPoint,
	details: HookDetails,
	session: Pick<Session, 'id' | 'cwd' | 'mode'>,
	{ transcriptPath, agent }: Pick<Hooks, 'transcriptPath' | 'agent'>,
): string {
	return JSON.stringify({
		session_id: session.id,
		transcript_path: transcriptPath,
		cwd: session.cwd,
		permission_mode: MODES[session.mode],
		hook_event_name: point,
		...(agent ? { agent_id: agent.id, agent_type: agent.type } : {}),
		...details,
	});
}

/** Names that hooks of before know a tool by. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
	Agent: ['Task'],
	AskUser: ['AskUserQuestion'],
	Plan: ['ExitPlanMode'],
	KillBash: ['KillShell'],
	TaskList: ['TodoWrite'],
};

export const toolSubjects = (tool: string): readonly string[] => [tool, ...(OTHER_NAMES[tool] ?? [])];

/** The input with the path of its file made absolute, as hooks expect it. */
export function hookToolInput(input: unknown, cwd: string): unknown {
	if (typeof input !== 'object' || input === null || !('file_path' in input)) return input;
	const path = input.file_path;
	if (typeof path !== 'string' || /^(?:[/\\]|[A-Za-z]:)/.test(path)) return input;
	return { ...input, file_path: `${cwd.replace(/[/\\]$/, '')}/${path.replace(/^(?:\.\/)+/, '')}` };
}
