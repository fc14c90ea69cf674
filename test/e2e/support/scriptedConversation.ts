// Replies of the Messages API stand-in by what the user asked: each prompt has its list, one reply per step of its turn.
import type { ReplyScript } from '../../fakes/messagesApi/startMessagesApi.ts';

type Script = Exclude<ReplyScript, readonly unknown[]>;
export type Reply = NonNullable<Awaited<ReturnType<Script>>>;

/** Finds the newest prompt that has a list, and in it the reply for the step that the request stands at. */
export function repliesByPrompt(lists: Readonly<Record<string, readonly Reply[]>>): Script {
	return (request) => {
		const messages = Array.isArray(request.messages) ? request.messages : [];
		let step = 0;
		for (const message of [...messages].reverse()) {
			if (message.role === 'assistant') step++;
			const found = textsOf(message).findLast((text) => lists[text] !== undefined);
			if (message.role === 'user' && found !== undefined) return lists[found]?.[step];
		}
		return undefined;
	};
}

function textsOf(message: { readonly content?: unknown }): string[] {
	if (!Array.isArray(message.content)) return [];
	return message.content.flatMap((block) => (typeof block?.text === 'string' ? [block.text] : []));
}
