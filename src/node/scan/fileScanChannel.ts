/** Calls between two threads over a message port: each side offers functions, the other awaits their results. */
import type { MessagePort, TransferListItem, Worker } from 'node:worker_threads';
import { messageOf } from '../../base/errors.ts';

type Offered = { readonly [name: string]: (...args: never[]) => unknown };
type Message =
	| { readonly call: number; readonly name: string; readonly args: readonly never[] }
	| { readonly reply: number; readonly value: unknown }
	| { readonly reply: number; readonly failure: string };
type Waiting = { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void };

export type Channel<Remote extends Offered> = {
	call<Name extends keyof Remote & string>(
		name: Name,
		args: Parameters<Remote[Name]>,
		transfer?: readonly TransferListItem[],
	): Promise<Awaited<ReturnType<Remote[Name]>>>;
	/** Fails every call that waits for its result, and all that follow. */
	fail(error: Error): void;
};

/** `own` is what the other side may call. Errors arrive as plain ones, with their message. */
export function openChannel<Remote extends Offered>(port: MessagePort | Worker, own: Offered): Channel<Remote> {
	let calls = 0;
	let failure: Error | undefined;
	const waiting = new Map<number, Waiting>();
	const answer = async ({ call, name, args }: Extract<Message, { call: number }>) => {
		try {
			port.postMessage({ reply: call, value: await own[name]?.(...args) });
		} catch (error) {
			port.postMessage({ reply: call, failure: messageOf(error) });
		}
	};
	port.on('message', (message: Message) => {
		if ('call' in message) {
			void answer(message);
			return;
		}
		const waiter = waiting.get(message.reply);
		waiting.delete(message.reply);
		if ('failure' in message) waiter?.reject(new Error(message.failure));
		else waiter?.resolve(message.value as never);
	});
	return {
		call: (name, args, transfer = []) =>
			new Promise((resolve, reject) => {
				if (failure) return reject(failure);
				const call = ++calls;
				waiting.set(call, { resolve, reject });
				port.postMessage({ call, name, args }, [...transfer]);
			}),
		fail(error) {
			failure = error;
			for (const { reject } of waiting.values()) reject(error);
			waiting.clear();
		},
	};
}
