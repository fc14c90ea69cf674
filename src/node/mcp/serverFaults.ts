/** What can go wrong with a server, in words for people: from errors of the library, the network and processes to a code and a next step. */
import { messageOf, UserError } from '../../base/errors.ts';
import type { McpServerState } from '../../core/mcp/mcpPorts.ts';
import { plainLine } from '../../core/mcp/readOffers.ts';
import type { McpSdk } from './mcpSdk.ts';

const MAX_REASON_CHARS = 300;

/** A failure that is understood. Its message is a sentence for people. */
export class McpFault extends Error {
	readonly code: string;
	constructor(code: string, reason: string, options?: ErrorOptions) {
		super(plainLine(reason, MAX_REASON_CHARS), options);
		this.name = 'McpFault';
		this.code = code;
	}
}

/** A transport that knows why it ended. */
export type EndedTransport = { fault(): McpFault | undefined };

/** The data of the error that a request gets whose answer cannot come any more. No server can send this very object. */
export const BROKE_OFF: Readonly<Record<string, unknown>> = Object.freeze({});

/** The server forgot the session, so it did nothing of what was asked. */
export const forgotSession = ({ code }: McpFault): boolean =>
	code === 'mcp-no-endpoint' || code === 'mcp-forgot-session';

const NEXT_STEPS: Readonly<Record<string, string>> = {
	'mcp-not-found': 'Install it, or correct the command in the configuration.',
	'mcp-ended': 'Look at its log, then start it again.',
	'mcp-flood': 'Look at its log, and tell its author.',
	'mcp-timeout': 'Look at its log, then start it again.',
	'mcp-bad-reply': 'Update the server, or ask its author.',
	'mcp-unreachable': 'Check the address and that the server runs, then start it again.',
	'mcp-no-endpoint': 'Check the address: the path may be another one.',
	'mcp-forgot-session': 'Start it again.',
	'mcp-refused': 'Check the headers or the rights in the configuration.',
	'mcp-server-error': 'Try again later.',
	'mcp-sign-in': 'Sign in again.',
};
const FORGOT_SESSION = /session/i;
const LOOK_AT_LOG = 'Look at its log, then start it again.';

/** Any thrown value as a fault. `ended` is why the connection ended, if it did. */
export function faultOf(thrown: unknown, sdk: McpSdk, ended: McpFault | undefined): McpFault {
	if (thrown instanceof McpFault) return thrown;
	if (ended) return ended;
	// A server that was started anew knows no session of before; many say so with 400, where the protocol wants 404.
	if (thrown instanceof sdk.StreamableHTTPError && thrown.code === 400 && FORGOT_SESSION.test(thrown.message))
		return new McpFault('mcp-forgot-session', 'It knows no session of before (HTTP 400).', { cause: thrown });
	if (thrown instanceof sdk.StreamableHTTPError || thrown instanceof sdk.SseError)
		return httpFault(thrown.code, thrown);
	if (thrown instanceof sdk.McpError && thrown.data === BROKE_OFF)
		return new McpFault('mcp-broke-off', 'The connection broke off before the answer came.', { cause: thrown });
	// Servers use the codes that the library gives to closed connections and late answers, so codes say nothing.
	if (thrown instanceof sdk.McpError)
		return new McpFault('mcp-error', withoutPrefix(thrown.message), { cause: thrown });
	if (isNetworkFailure(thrown))
		return new McpFault('mcp-unreachable', `It cannot be reached: ${networkReason(thrown)}.`, { cause: thrown });
	if (thrown instanceof Error && 'issues' in thrown)
		return new McpFault('mcp-bad-reply', 'It answered with something that is not as the protocol says.', {
			cause: thrown,
		});
	return new McpFault('mcp-failed', messageOf(thrown), { cause: thrown });
}

function httpFault(status: number | undefined, cause: unknown): McpFault {
	if (status === 401) return new McpFault('mcp-refused', 'It refused the credentials (HTTP 401).', { cause });
	if (status === 403) return new McpFault('mcp-refused', 'It refused the request (HTTP 403).', { cause });
	if (status === 404 || status === 405)
		return new McpFault('mcp-no-endpoint', `There is no server at this address (HTTP ${status}).`, { cause });
	if (status !== undefined && status >= 400)
		return new McpFault('mcp-server-error', `It answered with an error (HTTP ${status}).`, { cause });
	return new McpFault('mcp-bad-reply', messageOf(cause), { cause });
}

export function failedState(fault: McpFault): Extract<McpServerState, { kind: 'failed' }> {
	return { kind: 'failed', code: fault.code, reason: fault.message, nextStep: NEXT_STEPS[fault.code] ?? LOOK_AT_LOG };
}

/** What a call, a read or the like rejects with. `mcp-error` is the server's own answer, which needs no advice. */
export function callError(server: string, fault: McpFault): UserError {
	const name = plainLine(server, 80);
	if (fault.code === 'mcp-error')
		return new UserError('mcp-error', `${name} answered with an error: ${fault.message}`, { cause: fault });
	if (fault.code === 'mcp-ended')
		return new UserError(
			'mcp-ended',
			`${name} ended before it answered; what was asked may have taken effect in part. ${fault.message}`,
			{
				cause: fault,
			},
		);
	if (fault.code === 'mcp-broke-off')
		return new UserError(
			fault.code,
			`${name}: ${fault.message} What was asked may have taken effect; look before you ask again.`,
			{ cause: fault },
		);
	return new UserError(fault.code, `${name}: ${fault.message} ${NEXT_STEPS[fault.code] ?? LOOK_AT_LOG}`, {
		cause: fault,
	});
}

const withoutPrefix = (message: string): string => message.replace(/^MCP error -?\d+: /, '');

function isNetworkFailure(thrown: unknown): thrown is Error {
	return thrown instanceof TypeError && /fetch failed|terminated|network/i.test(thrown.message);
}

/** `fetch failed` says nothing; its cause does. */
function networkReason(thrown: Error): string {
	const { cause } = thrown;
	if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
	return cause instanceof Error ? cause.message : thrown.message;
}
