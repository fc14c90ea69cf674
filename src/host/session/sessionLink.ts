/**
 * Links into the extension: `vscode://retrace.retrace/session/<id>?prompt=<text>` shows a session of this folder and puts the text
 * into its input. Sends nothing: what a link says is a stranger's word until the user sends it.
 */
import type * as vscode from 'vscode';
import * as z from 'zod';
import { UserError } from '../../base/errors.ts';
import { asSessionId, type SessionId } from '../../base/ids.ts';
import type { SessionStore } from '../../core/session/storePort.ts';
import type { ChatViews } from '../panel/chatViews.ts';
import type { SessionHost } from './sessionHost.ts';

export type SessionLink = { readonly id: SessionId; readonly prompt: string };

const MAX_PROMPT_CHARS = 20_000;
const linkSchema = z.object({
	path: z.string().regex(/^\/session\/[0-9A-Za-z][0-9A-Za-z_-]{0,127}$/),
	prompt: z.string().max(MAX_PROMPT_CHARS),
});

export async function openSessionLink(
	uri: vscode.Uri,
	world: { readonly host: SessionHost; readonly views: ChatViews; readonly sessions: SessionStore },
): Promise<void> {
	const { id, prompt } = parseSessionLink(uri.path, uri.query);
	const isKnown = world.host.sessions.find(id) !== undefined || (await world.sessions.reader(id).size()) > 0;
	if (!isKnown)
		throw new UserError(
			'no-such-session',
			'The session that the link names is not in this folder. Open the folder it was made in and follow the link again.',
		);
	await world.views.open(id);
	if (prompt !== '') world.views.say({ kind: 'input', text: prompt, how: 'append' });
}

/** Throws UserError `bad-link`. */
export function parseSessionLink(path: string, query: string): SessionLink {
	const parsed = linkSchema.safeParse({ path, prompt: new URLSearchParams(query).get('prompt') ?? '' });
	if (!parsed.success)
		throw new UserError(
			'bad-link',
			'The link names no session, or its prompt is too long. Nothing was opened. It must read vscode://retrace.retrace/session/<id>.',
		);
	return { id: asSessionId(parsed.data.path.slice('/session/'.length)), prompt: parsed.data.prompt };
}
