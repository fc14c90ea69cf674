/** Below the list of context items: what can be done with the chosen ones, and, before it is done, what that changes and costs. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { plural } from '../../src/base/text.ts';
import type { ContextOp, ContextPlan, PanelContextItem } from '../../src/protocol/contextItems.ts';
import { shortTokens } from '../../src/protocol/contextMeter.ts';
import { shortCost } from '../format.ts';
import { textButton } from '../views/parts.ts';
import { idsFor, nameOfAll } from './contextRows.ts';

export type ActionWishes = {
	/** Asks what it would cost; a pin costs nothing and is set at once. */
	act(op: ContextOp, ids: readonly string[]): void;
	confirm(plan: ContextPlan): void;
	cancel(): void;
	open(item: PanelContextItem): void;
};

const HINTS: Readonly<Record<ContextOp, string>> = {
	fold: 'Put a note of one line in its place. It can be unfolded again.',
	drop: 'Leave it out of what is sent. It can be put back again.',
	unfold: 'Send it again as it was.',
	pin: 'Keep it word for word when the conversation is summarized. Changes nothing in the next request.',
	unpin: 'It may be summarized like the rest. Changes nothing in the next request.',
};
const OP_NAMES: Readonly<Record<ContextOp, string>> = {
	fold: 'Fold',
	drop: 'Drop',
	unfold: 'Unfold',
	pin: 'Pin',
	unpin: 'Unpin',
};

export function itemActions(
	targets: readonly PanelContextItem[],
	busyReason: string | null,
	wishes: ActionWishes,
): TemplateResult {
	const [only] = targets.length === 1 ? targets : [];
	const button = (op: ContextOp) => {
		const ids = idsFor(targets, op);
		const hint = busyReason ?? (ids.length === 0 ? whyNot(targets, op) : HINTS[op]);
		const isDisabled = busyReason !== null || ids.length === 0;
		return textButton({ label: OP_NAMES[op], look: 'secondary', hint, isDisabled, onClick: () => wishes.act(op, ids) });
	};
	const has = (op: ContextOp) => idsFor(targets, op).length > 0;
	const isOff = only !== undefined && only.state !== 'whole';
	return html`<div class="item-actions" role="group" aria-label="Actions">
		<p class="item-target" title=${nameOfAll(targets)}>${nameOfAll(targets)}</p>
		${busyReason === null ? nothing : html`<p class="item-busy">${busyReason}</p>`}
		<div class="item-buttons">
			${isOff ? nothing : html`${button('fold')} ${button('drop')}`} ${has('unfold') ? button('unfold') : nothing}
			${has('unpin') && !has('pin') ? button('unpin') : button('pin')}
			${
				only === undefined
					? nothing
					: textButton({
							label: 'Open',
							look: 'secondary',
							hint: only.opens.length === 0 ? 'It stands in no file and in no message.' : 'Show where it comes from',
							isDisabled: only.opens.length === 0,
							onClick: () => wishes.open(only),
						})
			}
		</div>
	</div>`;
}

function whyNot(targets: readonly PanelContextItem[], op: ContextOp): string {
	if (targets.length === 0) return 'Choose something in the list first.';
	if (targets.every(({ kind }) => kind === 'tools' || kind === 'system' || kind === 'environment' || kind === 'memory'))
		return 'This is the start of every request and stays as it is for the whole session.';
	if (targets.every(({ kind }) => kind === 'thinking')) return 'Thinking cannot be changed by itself.';
	if (op === 'drop' && targets.every(({ kind }) => kind === 'summary'))
		return 'A summary stands for all that it replaced.';
	return 'This cannot be done with what is chosen.';
}

/** Takes the place of the actions until it is answered. */
export function planCard(
	plan: ContextPlan,
	targets: readonly PanelContextItem[],
	wishes: ActionWishes,
): TemplateResult {
	const what = `${OP_NAMES[plan.op]} ${nameOfAll(targets)}`;
	return html`<div class="item-actions item-plan" role="group" aria-label="What it changes">
		<p class="item-target" title=${what}>${what}</p>
		<ul id="context-plan-facts">
			${plan.refusal === null ? planFacts(plan).map((line) => html`<li>${line}</li>`) : html`<li>${plan.refusal}</li>`}
		</ul>
		<div class="item-buttons">
			<vscode-button appearance="secondary" @click=${() => wishes.cancel()}>Cancel</vscode-button>
			${
				plan.refusal === null
					? html`<vscode-button
							appearance="primary"
							data-plan-confirm
							aria-describedby="context-plan-facts"
							@click=${() => wishes.confirm(plan)}
							>${OP_NAMES[plan.op]}</vscode-button
						>`
					: nothing
			}
		</div>
	</div>`;
}

function planFacts(plan: ContextPlan): readonly string[] {
	const { tokensFreed, thinkingRemoved } = plan;
	const change =
		tokensFreed === 0
			? 'The next request stays as long as it is.'
			: tokensFreed > 0
				? `Frees ${shortTokens(tokensFreed)} tokens.`
				: `The next request grows by ${shortTokens(-tokensFreed)} tokens.`;
	const thinking =
		thinkingRemoved === 0 ? [] : [`Leaves out ${plural(thinkingRemoved, 'thinking block')} that came after it.`];
	return [change, ...thinking, ...priceLines(plan)];
}

function priceLines({ tokensToWrite, costUsd, savedUsd, isCacheCold }: ContextPlan): readonly string[] {
	const saved =
		savedUsd === null || savedUsd <= 0
			? []
			: [`Each request after it costs ${shortCost(savedUsd)} less while the cache is warm.`];
	if (isCacheCold) return ['Free: the cache is cold.', ...saved];
	if (tokensToWrite === 0) return ['Costs nothing: no byte that is in the cache changes.', ...saved];
	const cost = costUsd === null ? '' : costUsd <= 0 ? ', and it still costs less' : `: ${shortCost(costUsd)} more now`;
	return [`${shortTokens(tokensToWrite)} tokens are written to the cache anew${cost}.`, ...saved];
}
