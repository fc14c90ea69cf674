/**
 * Where a turn asks whether to go on: after so many steps, so much money or so much time since its prompt. Each *Go on* gives as much again.
 * Ends nothing itself; what the user said is in the log.
 */
import { plural } from '../../base/text.ts';
import type { TurnContext } from './runToolCall.ts';
import type { TurnEnd } from './turnFailure.ts';
import type { TurnLimits } from './turnTypes.ts';

/** A turn that has not ended by then may go round in circles. */
const DEFAULT_LIMITS: TurnLimits = { steps: 200, costUsd: null, minutes: null };
const MINUTE_MS = 60_000;

type Limit = {
	readonly code: 'steps' | 'costUsd' | 'minutes';
	readonly each: number;
	used(): number;
	/** `200 steps`, `$2.00`. */
	words(amount: number): string;
};

/** Looked at before each step: resolves with how the turn ends, or undefined when it goes on. Rejects when it is stopped meanwhile. */
export function createTurnLimits(turn: TurnContext): (stepsDone: number) => Promise<TurnEnd | undefined> {
	const { session, ports } = turn;
	const limits = ports.turnLimits?.() ?? DEFAULT_LIMITS;
	const startedAt = ports.clock.now();
	const paidBefore = session.costUsd;
	const waitedBefore = turn.waits.totalMs;
	let steps = 0;
	const known: readonly (Omit<Limit, 'each'> & { readonly each: number | null })[] = [
		{ code: 'steps', each: limits.steps, used: () => steps, words: (amount) => plural(amount, 'step') },
		{
			code: 'costUsd',
			each: limits.costUsd,
			used: () => session.costUsd - paidBefore,
			words: (amount) => `$${amount.toFixed(2)}`,
		},
		{
			code: 'minutes',
			each: limits.minutes,
			used: () => (ports.clock.now() - startedAt - (turn.waits.totalMs - waitedBefore)) / MINUTE_MS,
			words: (amount) => plural(Math.round(amount), 'minute'),
		},
	];
	const set = known.flatMap(({ each, ...limit }): Limit[] => (each === null ? [] : [{ ...limit, each }]));
	const allowed = new Map(set.map(({ code, each }) => [code, each]));

	// Agents of the turn ask nobody themselves: they end, and the turn asks with its next step.
	if (turn.budget)
		turn.budget.usedUp = (besideUsd) => {
			const over = set.find((limit) => {
				if (limit.code === 'steps') return false;
				return limit.used() + (limit.code === 'costUsd' ? besideUsd : 0) >= (allowed.get(limit.code) ?? limit.each);
			});
			return over?.words(allowed.get(over.code) ?? over.each);
		};

	return async (stepsDone) => {
		steps = stepsDone;
		for (const limit of set) {
			const { code, each } = limit;
			const until = allowed.get(code) ?? each;
			if (limit.used() < until) continue;
			const reached = limit.words(until);
			if (!(await asksToGoOn(turn, reached, limit.words(each)))) return limitEnd(code, reached);
			// One step can cost more than several of them.
			allowed.set(code, Math.max(until, limit.used()) + each);
			session.append({
				type: 'notice',
				level: 'info',
				code: 'turn-limit',
				text: `This turn came to ${reached}. You let it go on for ${limit.words(each)} more.`,
			});
		}
		return undefined;
	};
}

async function asksToGoOn(turn: TurnContext, reached: string, more: string): Promise<boolean> {
	const { session, ports, signal, waits } = turn;
	const since = ports.clock.now();
	waits.count++;
	session.setState('awaitingUser');
	try {
		const answer = await ports.approver.askPermission(
			{
				toolUseId: `turn-limit-${ports.ids.next()}`,
				tool: 'Turn',
				target: `This turn has come to ${reached} since your message.`,
				cause: 'What was done is saved either way',
				goOn: `Go on (${more} more)`,
			},
			signal,
		);
		return answer.verdict !== 'deny';
	} finally {
		waits.totalMs += Math.max(0, ports.clock.now() - since);
		waits.count--;
		session.setState('streaming');
	}
}

function limitEnd(code: Limit['code'], reached: string): TurnEnd {
	return {
		reason: 'stepLimit',
		code,
		message: `Stopped after ${reached}, as you said. What was done is saved. Send a message to go on, or say what to do differently.`,
	};
}
