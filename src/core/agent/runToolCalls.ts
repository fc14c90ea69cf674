/** The tool calls of one reply: read-only neighbours beside each other, the others one by one; results in the order of the calls. */
import type { ToolUseBlock } from '../session/content.ts';
import type { EntryDraft } from '../session/entry.ts';
import type { LateTools } from '../tools/lateTools.ts';
import { isReadOnlyCall, resolveCall } from './resolveCall.ts';
import { runToolCall, type TurnContext } from './runToolCall.ts';

/** Enough to hide latencies, few enough not to flood the disk. */
const MAX_PARALLEL = 8;

/** Every call gets its result, also after a stop. Rejects only when the log cannot be written. */
export async function runToolCalls(calls: readonly ToolUseBlock[], turn: TurnContext): Promise<void> {
	turn.session.setState('runningTool');
	const { lateTools, oneAtATime } = turn.ports;
	// A session that goes on knows tools of servers that are only starting again.
	if (calls.some((call) => resolveCall(call, lateTools).kind === 'unknown')) await lateTools?.settle?.(turn.signal);
	for (const group of groupsOf(calls, lateTools)) {
		const mayChange = group.some((call) => !isReadOnlyCall(call, lateTools));
		if (mayChange && oneAtATime) await oneAtATime(() => runGroup(group, turn), turn.signal);
		else await runGroup(group, turn);
	}
}

function groupsOf(calls: readonly ToolUseBlock[], late: LateTools | undefined): ToolUseBlock[][] {
	const groups: ToolUseBlock[][] = [];
	let open: ToolUseBlock[] | undefined;
	for (const call of calls) {
		if (!isReadOnlyCall(call, late)) {
			groups.push([call]);
			open = undefined;
		} else if (open && open.length < MAX_PARALLEL) open.push(call);
		else {
			open = [call];
			groups.push(open);
		}
	}
	return groups;
}

async function runGroup(calls: readonly ToolUseBlock[], turn: TurnContext): Promise<void> {
	const results: (EntryDraft<'toolResult'> | undefined)[] = calls.map(() => undefined);
	let appended = 0;
	const running = calls.map(async (call, index) => {
		results[index] = await runToolCall(call, turn);
		for (let next = results[appended]; next; next = results[appended]) {
			appended++;
			turn.session.append(next);
		}
	});
	const failed = (await Promise.allSettled(running)).find((one) => one.status === 'rejected');
	if (failed) throw failed.reason;
}
