/**
 * How our reminders are sent: as a `system` message behind the user's, where the endpoint takes one there, else as text of the user's turn.
 * Asked once per endpoint and model, by counting a request of two words; remembered by the caller, and frozen in each session's prefix.
 */
import type { LoadedPrefix } from '../context/prefix.ts';
import { ModelError } from '../model/modelError.ts';
import type { ModelRequest, ReminderForm } from '../model/modelPort.ts';
import type { EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { TurnPorts } from './turnTypes.ts';

/** A question that nobody needs the answer of: the first prompt waits no longer for it. */
const PROBE_MS = 3_000;

/** Never rejects but when `signal` aborts. What could not be found out is asked again with the next prefix. */
export async function reminderFormFor(
	ports: Pick<TurnPorts, 'clock' | 'model' | 'modelInfo' | 'reminderForms'>,
	signal: AbortSignal,
): Promise<ReminderForm> {
	const { reminderForms: forms } = ports;
	const model = ports.modelInfo().id;
	const known = forms ? forms.known(model) : 'user';
	if (known !== undefined) return known;
	const own = new AbortController();
	const stop = AbortSignal.any([signal, own.signal]);
	try {
		const waited = ports.clock.sleep(PROBE_MS, stop).then(() => 'late' as const);
		// A refusal reads as `undefined`, and so does an endpoint that cannot count: both get what every endpoint takes.
		const tokens = await Promise.race([ports.model.countTokens(probe(model), stop), waited]);
		if (tokens === 'late') return 'user';
		const form = tokens === undefined ? 'user' : 'system';
		forms?.remember(model, form);
		return form;
	} catch {
		// No connection, no key: the prompt itself will say so.
		signal.throwIfAborted();
		return 'user';
	} finally {
		own.abort();
	}
}

/** A refusal that may be about a system message among the messages. */
export function isSystemRefused(thrown: unknown, request: ModelRequest): boolean {
	if (!(thrown instanceof ModelError) || thrown.kind !== 'badRequest') return false;
	return request.messages.some(({ role }) => role === 'system');
}

/** The same prefix, with reminders as text from here on. */
export function inUserForm(session: Session, prefix: LoadedPrefix): EntryOf<'prefix'> {
	const { tools, system, context, model, maxTokens, thinking, effort, betas } = prefix.entry;
	const { apiVersion, ttl, diagnostics, toolVersions, render } = prefix.entry;
	const [entry] = session.append({
		...{ type: 'prefix', tools, system, context, model, maxTokens, thinking, effort, betas },
		...{ apiVersion, ttl, reminderForm: 'user', diagnostics, toolVersions, render },
	});
	if (!entry) throw new Error('The session appended no prefix');
	return entry;
}

const probe = (model: string): ModelRequest => ({
	model,
	maxTokens: 1,
	system: [],
	tools: [],
	messages: [
		{ role: 'user', content: [{ type: 'text', text: 'Hello.' }] },
		{ role: 'system', content: 'Answer briefly.' },
	],
	thinking: null,
	effort: null,
	betas: [],
	previousMessageId: undefined,
});
