/** Which other extensions may use Retrace: asked once each, kept for this user, and taken back by command. Knows no window. */
import type * as vscode from 'vscode';
import * as z from 'zod';
import { Emitter, type Event } from '../../base/emitter.ts';

const STATE_KEY = 'retrace.apiAccess';
const stateSchema = z.record(z.string(), z.enum(['allowed', 'denied'])).catch({});

export type ApiConsent = {
	/** The remembered answer, else the user's. Two questions about one extension at a time are one. */
	isAllowed(extensionId: string): Promise<boolean>;
	/** All that were asked about, by name. */
	readonly answers: Readonly<Record<string, 'allowed' | 'denied'>>;
	/** Asks again the next time. */
	forget(extensionId: string): Promise<void>;
	readonly onDidForget: Event<string>;
};

/** `ask` shows the question; undefined = not answered, which counts as no for now and is asked again. */
export function createApiConsent(
	state: Pick<vscode.Memento, 'get' | 'update'>,
	ask: (extensionId: string) => Promise<'allowed' | 'denied' | undefined>,
): ApiConsent {
	const forgotten = new Emitter<string>();
	const asking = new Map<string, Promise<boolean>>();
	const answers = () => stateSchema.parse(state.get<unknown>(STATE_KEY) ?? {});
	// Identifiers of extensions mean the same in any case.
	const keyOf = (extensionId: string) => extensionId.toLowerCase();

	async function askNow(key: string, extensionId: string): Promise<boolean> {
		const answer = await ask(extensionId);
		if (answer !== undefined) await state.update(STATE_KEY, { ...answers(), [key]: answer });
		return answer === 'allowed';
	}

	return {
		get answers() {
			return answers();
		},
		async isAllowed(extensionId) {
			const key = keyOf(extensionId);
			const known = answers()[key];
			if (known !== undefined) return known === 'allowed';
			const running = asking.get(key) ?? askNow(key, extensionId).finally(() => asking.delete(key));
			asking.set(key, running);
			return await running;
		},
		async forget(extensionId) {
			const { [keyOf(extensionId)]: _gone, ...others } = answers();
			await state.update(STATE_KEY, others);
			forgotten.fire(keyOf(extensionId));
		},
		onDidForget: forgotten.event,
	};
}
