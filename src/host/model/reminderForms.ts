/** What is known of endpoints: whether they take our reminders as system messages. Kept for all windows of this user. */
import * as z from 'zod';
import type { ReminderForms } from '../../core/model/modelPort.ts';

/** As VS Code's `Memento`. */
export type KeptState = { get(key: string): unknown; update(key: string, value: unknown): PromiseLike<void> };

const KEY = 'retrace.reminderForms';
/** More endpoints and models than anybody uses; the oldest is asked again. */
const MAX_KEPT = 200;
const shape = z.array(z.tuple([z.string(), z.enum(['system', 'user'])]));

/** `endpoint` is the address that requests go to now. */
export function createReminderForms(state: KeptState, endpoint: () => string): ReminderForms & { forget(): void } {
	// What an older or newer version kept may be of another form: then it is asked again.
	const kept = () => new Map(shape.safeParse(state.get(KEY)).data ?? []);
	const nameOf = (model: string) => `${endpoint()} ${model}`;
	return {
		/** What is known of all models of the endpoint. */
		forget() {
			const others = [...kept()].filter(([name]) => !name.startsWith(`${endpoint()} `));
			void Promise.resolve(state.update(KEY, others)).catch(() => undefined);
		},
		known: (model) => kept().get(nameOf(model)),
		remember(model, form) {
			const all = kept();
			all.delete(nameOf(model));
			all.set(nameOf(model), form);
			// Worth no word when it cannot be kept: it is asked again.
			void Promise.resolve(state.update(KEY, [...all].slice(-MAX_KEPT))).catch(() => undefined);
		},
	};
}
