// Writes a session of Claude Code under a home folder, in the shapes that its versions write: a tree of lines with a subagent in a file of its
// own, a compaction, state that is no conversation, and a last line that was cut.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const sessionId = 'b0c4a1de-53a2-4a1f-9d5e-0a1b2c3d4e5f';
export const subagentId = 'a4f19c2';

/** Answers the path of the log. */
export function writeClaudeCodeLog(home: string, cwd: string): string {
	const project = join(home, '.claude', 'projects', cwd.replace(/[^A-Za-z0-9]/g, '-'));
	const agents = join(project, sessionId, 'subagents');
	mkdirSync(agents, { recursive: true });
	const path = join(project, `${sessionId}.jsonl`);
	writeFileSync(path, `${mainLines(cwd).join('\n')}\n{"parentUuid":"u-9","type":"assist`);
	writeFileSync(join(agents, `agent-${subagentId}.jsonl`), `${agentLines(cwd).join('\n')}\n`);
	return path;
}

type Fields = Readonly<Record<string, unknown>>;

/** Gives each line an id, the one before as its parent, and a time. */
function chain(cwd: string, prefix: string, more: Fields) {
	let count = 0;
	let parentUuid: string | null = null;
	return (fields: Fields): string => {
		const uuid = `${prefix}-${++count}`;
		const line = {
			parentUuid,
			isSidechain: false,
			userType: 'external',
			cwd,
			sessionId,
			version: '2.1.90',
			gitBranch: 'main',
			...more,
			uuid,
			timestamp: new Date(Date.UTC(2026, 10, 20, 9, 0, count)).toISOString(),
			...fields,
		};
		parentUuid = uuid;
		return JSON.stringify(line);
	};
}

const user = (content: unknown, more: Fields = {}): Fields => ({
	type: 'user',
	message: { role: 'user', content },
	...more,
});

const assistant = (id: string, block: Fields, stopReason: string | null = null): Fields => ({
	type: 'assistant',
	requestId: `req_${id}`,
	message: {
		id: `msg_${id}`,
		type: 'message',
		role: 'assistant',
		model: 'claude-opus-5-5',
		content: [block],
		stop_reason: stopReason,
		usage: { input_tokens: 4, output_tokens: 30, cache_read_input_tokens: 900, cache_creation_input_tokens: 120 },
	},
});

const result = (id: string, content: unknown, more: Fields = {}): Fields =>
	user([{ type: 'tool_result', tool_use_id: id, content }], more);

function mainLines(cwd: string): string[] {
	const line = chain(cwd, 'u', {});
	return [
		JSON.stringify({ type: 'summary', summary: 'Prices of the floor planner', leafUuid: 'u-9' }),
		JSON.stringify({ type: 'file-history-snapshot', messageId: 'u-1', snapshot: {}, isSnapshotUpdate: false }),
		line(user('Where is the price set?')),
		line(assistant('1', { type: 'thinking', thinking: 'I look for it.', signature: 'c2lnbmF0dXJl' })),
		line(assistant('1', { type: 'text', text: 'I ask somebody to look.' })),
		line(
			assistant(
				'1',
				{
					type: 'tool_use',
					id: 'toolu_task',
					name: 'Task',
					input: { description: 'Find the price', prompt: 'Find it', subagent_type: 'Explore' },
				},
				'tool_use',
			),
		),
		line(
			result('toolu_task', [{ type: 'text', text: 'It is in src/invoice.js.' }], {
				toolUseResult: { agentId: subagentId, status: 'completed' },
			}),
		),
		line(assistant('2', { type: 'text', text: 'The price stands in src/invoice.js.' }, 'end_turn')),
		line({
			type: 'system',
			subtype: 'compact_boundary',
			content: 'Conversation compacted',
			parentUuid: null,
			logicalParentUuid: 'u-6',
			compactMetadata: { trigger: 'manual', preTokens: 1024 },
		}),
		line(
			user('This session goes on from one that was compacted. The price is in src/invoice.js.', {
				isCompactSummary: true,
				isVisibleInTranscriptOnly: true,
			}),
		),
		line(user('And where is the area?')),
		line(assistant('3', { type: 'text', text: 'The area stands in src/area.js.' }, 'end_turn')),
		JSON.stringify({ type: 'a-kind-of-tomorrow', sessionId, payload: {} }),
	];
}

function agentLines(cwd: string): string[] {
	const line = chain(cwd, 's', { isSidechain: true, agentId: subagentId });
	return [
		line(user('Find it')),
		line(
			assistant('a1', { type: 'tool_use', id: 'toolu_grep', name: 'Grep', input: { pattern: 'price' } }, 'tool_use'),
		),
		line(result('toolu_grep', 'src/invoice.js:3: const price = 24.5;')),
		line(assistant('a2', { type: 'text', text: 'It is in src/invoice.js.' }, 'end_turn')),
	];
}
