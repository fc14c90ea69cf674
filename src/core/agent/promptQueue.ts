/** Prompts typed while a turn runs, in order. Holds them only: when the next one is sent is its owner's decision. */
import { Emitter, type Event } from '../../base/emitter.ts';
import type { IdSource } from '../ports.ts';
import type { Prompt } from './turnTypes.ts';

type QueuedPrompt = { readonly id: string; readonly prompt: Prompt };

export type PromptQueue = {
	readonly items: readonly QueuedPrompt[];
	add(prompt: Prompt): QueuedPrompt;
	/** Takes it out, to be dropped or edited. Undefined when it is not there any more. */
	take(id: string): Prompt | undefined;
	/** Takes out the next to send. */
	takeNext(): Prompt | undefined;
	/** Before the one that is before it now. False when it is not there any more, or is the first. */
	moveUp(id: string): boolean;
	/** *Send now*: moves it to the front. False when it is not there any more. */
	moveToFront(id: string): boolean;
	readonly onDidChange: Event<readonly QueuedPrompt[]>;
};

export function createPromptQueue(ids: IdSource): PromptQueue {
	let items: readonly QueuedPrompt[] = [];
	const changed = new Emitter<readonly QueuedPrompt[]>();
	const set = (next: readonly QueuedPrompt[]) => {
		items = next;
		changed.fire(items);
	};
	const take = (id: string): Prompt | undefined => {
		const found = items.find((item) => item.id === id);
		if (found) set(items.filter((item) => item !== found));
		return found?.prompt;
	};
	return {
		get items() {
			return items;
		},
		add(prompt) {
			const item = { id: ids.next(), prompt };
			set([...items, item]);
			return item;
		},
		take,
		takeNext() {
			const [first] = items;
			return first && take(first.id);
		},
		moveUp(id) {
			const index = items.findIndex((item) => item.id === id);
			const [before, found] = [items[index - 1], items[index]];
			if (!before || !found) return false;
			set([...items.slice(0, index - 1), found, before, ...items.slice(index + 1)]);
			return true;
		},
		moveToFront(id) {
			const found = items.find((item) => item.id === id);
			if (!found) return false;
			set([found, ...items.filter((item) => item !== found)]);
			return true;
		},
		onDidChange: changed.event,
	};
}
