/** *Refresh Context*: shows what a new start of the requests would change and cost, and takes it when the user says so. */
import * as vscode from 'vscode';
import { applyRefresh, planRefresh, type RefreshPlan } from '../../core/agent/refreshContext.ts';
import { shortTokens } from '../../protocol/contextMeter.ts';
import { requireFree } from '../session/compactFlow.ts';
import type { OpenSession } from '../session/openSession.ts';
import { portsFor, type TurnWorld } from '../session/turnRunner.ts';
import { PRICES } from '../transcript/costWords.ts';

const REFRESH = 'Refresh';

export async function refreshContext(open: OpenSession, world: TurnWorld): Promise<void> {
	requireFree(open);
	const { session } = open;
	const plan = await planRefresh(session, portsFor(open, world));
	const options = { modal: true, detail: refreshText(plan) };
	const chosen = await vscode.window.showInformationMessage(
		'Take what changed into this session’s context?',
		options,
		REFRESH,
	);
	if (chosen !== REFRESH) return;
	requireFree(open);
	await open.alone(() => applyRefresh(session, plan));
}

/** What changes, and what it costs. */
function refreshText(plan: RefreshPlan): string {
	const thinking =
		plan.strip.length > 0 ? ['Earlier thinking is not sent any more, since it is bound to the old start.'] : [];
	return [...plan.changes, ...thinking, '', priceText(plan)].join('\n');
}

function priceText({ isCacheWarm, rewrittenTokens, extraUsd }: RefreshPlan): string {
	const tokens = shortTokens(rewrittenTokens);
	if (!isCacheWarm)
		return `The prompt cache holds nothing of this conversation now, so it costs nothing extra (${tokens} tokens are written in any case).`;
	const what = `The next request writes about ${tokens} tokens to the prompt cache anew`;
	if (extraUsd === null) return `${what}. The price of this model is not known.`;
	const amount = extraUsd < 0.005 ? 'less than $0.01' : `about $${extraUsd.toFixed(2)}`;
	return `${what}: ${amount} more than without. ${PRICES}.`;
}
