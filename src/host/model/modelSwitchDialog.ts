/** What is asked before a session goes on with a model whose window is too small for its conversation. Pure. */
import { shortTokens } from '../../protocol/contextMeter.ts';

type Measured = { readonly usedTokens: number; readonly maxTokens: number; readonly triggerTokens: number };

export type ModelSwitch = {
	/** Names of the models, as a person reads them. */
	readonly from: string;
	readonly to: string;
	/** The next request with the model as it is, and with the other one. */
	readonly now: Measured;
	readonly after: Measured;
	/** There is a reply, so there is something to summarize. */
	readonly hasReply: boolean;
	readonly autoCompact: boolean;
};

export type ModelSwitchDialog = { readonly message: string; readonly detail: string };

/** Undefined when nothing need be asked: the window is no smaller, or the conversation stays below its line. */
export function modelSwitchDialog(change: ModelSwitch): ModelSwitchDialog | undefined {
	const { from, to, now, after, hasReply, autoCompact } = change;
	if (!hasReply || after.maxTokens >= now.maxTokens || after.usedTokens < after.triggerTokens) return undefined;
	const used = shortTokens(after.usedTokens);
	const fits = after.usedTokens > after.maxTokens ? 'does not fit into' : 'nearly fills';
	const anyway = autoCompact
		? `Switch anyway: before your next prompt is sent, ${to} summarizes as much of the conversation as fits, at full price.`
		: `Switch anyway: the next prompt may be refused as too long until you compact, since that is turned off in the settings.`;
	return {
		message: `This conversation ${fits} the window of ${to}: ${used} of ${shortTokens(after.maxTokens)} tokens.`,
		detail: `Compact first: ${from} summarizes the conversation, which it reads from its cache while that is warm.\n\n${anyway}\n\nNothing is deleted either way.`,
	};
}
