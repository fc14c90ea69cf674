/** What the agent is told of servers whose tools it does not find now. In our own words, with nothing that a server wrote. Pure. */
import { plural } from '../../base/text.ts';
import type { McpServerState } from './mcpPorts.ts';

type ServerNow = {
	readonly declared: { readonly name: string };
	readonly consent: 'own' | 'approved' | 'refused' | 'open';
	readonly isOff: boolean;
	/** Why it cannot be started as it is written. */
	readonly hold?: { readonly kind: 'needsInputs' | 'unusable' };
	readonly server?: { readonly state: McpServerState };
	readonly held: readonly unknown[];
};

const MAX_TOLD = 10;

/** A sentence for each. What the user turned off or refused is not told. */
export function missingTools(servers: readonly ServerNow[]): readonly string[] {
	return servers.flatMap((server) => sentenceOf(server) ?? []).slice(0, MAX_TOLD);
}

function sentenceOf({ declared, consent, isOff, hold, server, held }: ServerNow): string | undefined {
	const name = `The server ${declared.name}`;
	if (isOff || consent === 'refused') return undefined;
	if (consent === 'open') return `${name} waits for the user, who has to allow it in the MCP Servers view.`;
	if (hold) return `${name} is not started: it waits for the user in the MCP Servers view.`;
	switch (server?.state.kind) {
		case 'starting':
			return `${name} is still starting; look again in a moment.`;
		case 'needsSignIn':
		case 'signingIn':
			return `${name} waits for the user, who has to sign in to it in the MCP Servers view.`;
		case 'failed':
			return `${name} could not be started; the MCP Servers view says why.`;
		default:
			return held.length === 0
				? undefined
				: `${plural(held.length, 'tool')} of the server ${declared.name} wait for the user, who has to look at what is new or changed.`;
	}
}
