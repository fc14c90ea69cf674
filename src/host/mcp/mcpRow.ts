/** What the row of an MCP server says and offers. Pure. */
import { plural } from '../../base/text.ts';
import type { McpServer } from '../../core/mcp/mcpPorts.ts';
import type { ServerView } from './mcpServers.ts';

export type McpAction =
	| 'approve'
	| 'start'
	| 'stop'
	| 'restart'
	| 'signIn'
	| 'signOut'
	| 'review'
	| 'log'
	| 'disable'
	| 'enable'
	| 'forget';

export type McpRow = {
	readonly description: string;
	readonly icon: string;
	readonly color?: string;
	/** What can be done now. */
	readonly actions: readonly McpAction[];
	/** More words than fit into a row. */
	readonly details: readonly string[];
	/** It waits for something that only the user can do. */
	readonly needsYou: boolean;
};

const WARNING = 'list.warningForeground';
const ERROR = 'list.errorForeground';
const GOOD = 'charts.green';

export function mcpRow(view: ServerView, isAwake: boolean): McpRow {
	const row = stateRow(view, isAwake);
	const { source, transport } = view.declared;
	const asks = JSON.stringify(transport).includes('{input:');
	const isSettled = !row.actions.includes('approve') && !row.actions.includes('enable');
	const signOut = transport.kind !== 'stdio' && view.server?.state.kind === 'ready' ? (['signOut'] as const) : [];
	const more: readonly McpAction[] = isSettled ? [...signOut, ...(asks ? (['forget'] as const) : []), 'disable'] : [];
	const from = source === 'user' ? 'Of your settings' : `Of ${view.declared.file}, line ${view.declared.line}`;
	return { ...row, actions: [...row.actions, ...more], details: [...row.details, from] };
}

function stateRow({ consent, isOff, hold, server, held }: ServerView, isAwake: boolean): McpRow {
	const quiet = { details: [], needsYou: false };
	if (isOff) return { ...quiet, description: 'disabled', icon: 'circle-slash', actions: ['enable'] };
	if (consent === 'refused')
		return { ...quiet, description: 'not allowed', icon: 'circle-slash', actions: ['approve'] };
	if (consent === 'open')
		return {
			...{ description: 'needs your approval', icon: 'shield', color: WARNING, actions: ['approve'] },
			...{ details: ['Nothing of it runs before you allow it.'], needsYou: true },
		};
	if (hold?.kind === 'needsInputs')
		return {
			...{ description: 'needs an answer', icon: 'key', color: WARNING, actions: ['start'] },
			...{ details: [`Asks you for: ${hold.ids.join(', ')}`], needsYou: true },
		};
	if (hold?.kind === 'unusable')
		return {
			...{ description: hold.problem, icon: 'error', color: ERROR, actions: ['start'] },
			...{ details: [hold.problem], needsYou: false },
		};
	if (!server) {
		const description = isAwake ? 'starting…' : 'starts with the next prompt';
		return { ...quiet, description, icon: 'circle-large-outline', actions: ['start'] };
	}
	return runningRow(server, held);
}

function runningRow(server: McpServer, held: ServerView['held']): McpRow {
	const { state } = server;
	const quiet = { details: [], needsYou: false };
	switch (state.kind) {
		case 'off':
		case 'waitsForApproval':
			return { ...quiet, description: 'stopped', icon: 'debug-stop', actions: ['start', 'log'] };
		case 'starting':
			return { ...quiet, description: 'starting…', icon: 'loading~spin', actions: ['stop', 'log'] };
		case 'ready': {
			const details = [nameOf(server), ...server.problems];
			if (held.length > 0)
				return {
					...{ description: heldWords(held), icon: 'warning', color: WARNING },
					...{ actions: ['review', 'stop', 'restart', 'log'], needsYou: true },
					details: ['What is new or changed is kept from the agent until you looked at it.', ...details],
				};
			return {
				...{ description: offersOf(server), icon: 'circle-filled', color: GOOD },
				...{ actions: ['stop', 'restart', 'log'], details, needsYou: false },
			};
		}
		case 'reconnecting':
			return {
				...{
					description: `reconnecting (${state.attempt} of ${state.maxAttempts})`,
					icon: 'sync~spin',
					color: WARNING,
				},
				...{ actions: ['start', 'stop', 'log'], details: [state.reason], needsYou: false },
			};
		case 'needsSignIn':
			return {
				...{ description: 'sign in needed', icon: 'sign-in', color: WARNING, actions: ['signIn', 'stop', 'log'] },
				...{ details: [state.reason], needsYou: true },
			};
		case 'signingIn':
			return { ...quiet, description: 'waiting for the browser…', icon: 'loading~spin', actions: ['stop', 'log'] };
		case 'failed':
			return {
				...{ description: state.reason, icon: 'error', color: ERROR, actions: ['start', 'log'] },
				...{ details: [state.reason, state.nextStep], needsYou: false },
			};
	}
}

function heldWords(held: ServerView['held']): string {
	const added = held.filter(({ isNew }) => isNew).length;
	const changed = held.length - added;
	const parts = [
		...(changed > 0 ? [`${plural(changed, 'tool')} changed`] : []),
		...(added > 0 ? [plural(added, 'new tool')] : []),
	];
	return parts.join(' · ');
}

function nameOf({ title, name, version }: McpServer): string {
	return `${title ?? name}${version === undefined ? '' : ` ${version}`}`;
}

function offersOf({ tools, resources, resourceTemplates, prompts }: McpServer): string {
	const counts = [
		[tools.length, 'tool'],
		[resources.length + resourceTemplates.length, 'resource'],
		[prompts.length, 'prompt'],
	] as const;
	const words = counts.filter(([count]) => count > 0).map(([count, noun]) => plural(count, noun));
	return words.length === 0 ? 'offers nothing' : words.join(' · ');
}
