/**
 * A Claude Code session as a session of this workspace: its tree of messages, its compactions, its subagents. The original is only read.
 * Nothing of what it allowed or changed is taken over. Pure.
 */

import { UserError } from '../../base/errors.ts';
import { asEntryId, asSessionId, asToolUseId, type UnixMs } from '../../base/ids.ts';
import { cutText } from '../../base/text.ts';
import type { IdSource } from '../ports.ts';
import { type Entry, type EntryDraft, makeEntry } from '../session/entry.ts';
import { plainName, promptText, titleFromPrompt } from '../session/titles.ts';
import { claudeEntries } from './claudeEntries.ts';
import { type ClaudeLine, type ClaudeLog, type LeftOut, readClaudeLines } from './claudeLines.ts';
import { blocksOf, type ClaudeStep, claudeTree, isRecord, lineText } from './claudeTree.ts';
import { type ImportedSession, importedBase } from './importedSession.ts';
import type { ClaudeCodeFiles } from './transferPorts.ts';

export type ClaudePlace = { readonly ids: IdSource; readonly cwd: string; readonly now: UnixMs };

/** Throws UserError `nothing-to-import` when no line of it was said by anybody. */
export function importClaude(files: ClaudeCodeFiles, place: ClaudePlace): ImportedSession {
	const log = readClaudeLines(files.lines);
	const id = asSessionId(place.ids.next());
	const tree = claudeTree(
		log.lines.filter((line) => !line.isSidechain),
		log.leftOut,
	);
	const agents = agentsOf(files, log);
	const startedBy = matchAgents(agents, tree.steps);
	const ledgerOf = (step: ClaudeStep): readonly EntryDraft<'subagent'>[] =>
		[...startedBy].flatMap(([agent, start]) => (start.step === step ? [subagentDraft(agent, start)] : []));
	const common = { sessionId: id, cwd: place.cwd, ids: place.ids, leftOut: log.leftOut, now: place.now };
	const entries = [...claudeEntries({ ...common, tree, agentId: 'main', ledgerOf })];
	const prompt = entries.find((entry) => entry.type === 'user');
	const last = entries.at(-1);
	if (!last) {
		throw new UserError('nothing-to-import', 'This Claude Code session holds no messages. Nothing was imported.');
	}
	const add = (draft: EntryDraft, parentId: Entry['parentId']) =>
		entries.push(
			makeEntry(
				{
					...importedBase(id, 'main', place.cwd),
					id: asEntryId(place.ids.next()),
					parentId,
					timestamp: last.timestamp,
				},
				draft,
			),
		);
	const leaf = last.type === 'rewind' ? last.to : last.type === 'subagent' ? last.parentId : last.id;
	for (const agent of agents) if (!startedBy.has(agent)) add(subagentDraft(agent, undefined), leaf);
	const { byUser, byModel, summary } = log.titles;
	const title = cutText(
		plainName(
			byUser ?? byModel ?? summary ?? (prompt?.type === 'user' ? titleFromPrompt(promptText(prompt.content)) : ''),
		) || 'Claude Code session',
		200,
	);
	const by = byUser !== undefined ? 'user' : (byModel ?? summary) === undefined ? 'prompt' : 'model';
	add({ type: 'title', title, by }, leaf);
	return {
		id,
		title,
		entries,
		agents: agents.map(({ agentId, lines }) => ({
			agentId,
			entries: claudeEntries({ ...common, tree: claudeTree(lines, log.leftOut), agentId }),
		})),
		outputs: new Map(),
		source: 'Claude Code',
		leftOut: log.leftOut.list,
	};
}

type Agent = {
	readonly agentId: string;
	readonly claudeId: string;
	readonly prompt: string;
	readonly lines: readonly ClaudeLine[];
};
type Start = { readonly step: ClaudeStep; readonly call: Readonly<Record<string, unknown>> };

/** Its own files, and side chains inside the main one, as older versions wrote them. */
function agentsOf(files: ClaudeCodeFiles, log: ClaudeLog): readonly Agent[] {
	const groups = new Map<string, ClaudeLine[]>();
	const rootOf = sideRoots(log.lines);
	for (const line of log.lines) {
		if (!line.isSidechain) continue;
		const key = line.agentId ?? rootOf(line);
		const group = groups.get(key);
		if (group) group.push(line);
		else groups.set(key, [line]);
	}
	for (const { name, lines } of files.agents) {
		const read = readClaudeLines(lines);
		takeOver(read.leftOut, log.leftOut);
		const key = read.lines.find((line) => line.agentId !== undefined)?.agentId ?? name.replace(/^agent-/, '');
		if (read.lines.length > 0 && !groups.has(key)) groups.set(key, [...read.lines]);
	}
	const names = new Set<string>();
	return [...groups]
		.filter(([, lines]) => lines.some((line) => line.message !== undefined))
		.map(([claudeId, lines]) => {
			const plain =
				claudeId
					.replace(/[^0-9A-Za-z_-]+/g, '-')
					.replace(/^[-_]+/, '')
					.slice(0, 56) || 'agent';
			let agentId = plain;
			for (let copy = 2; names.has(agentId) || agentId === 'main'; copy++) agentId = `${plain}-${copy}`;
			names.add(agentId);
			const first = lines.find((line) => line.type === 'user');
			return { agentId, claudeId, prompt: first ? lineText(first) : '', lines };
		});
}

function takeOver(from: LeftOut, to: LeftOut): void {
	for (const { what, count } of from.list) to.add(what, count);
}

/** The id of the first line of each side chain. Parents stand before children; where one does not, a new chain begins. */
function sideRoots(lines: readonly ClaudeLine[]): (line: ClaudeLine) => string {
	const roots = new Map<string, string>();
	for (const line of lines) {
		if (!line.isSidechain) continue;
		const root = line.parentUuid === null ? undefined : roots.get(line.parentUuid);
		roots.set(line.uuid, root ?? line.uuid);
	}
	return (line) => roots.get(line.uuid) ?? line.uuid;
}

/** Which call started which: its result says so, or it has the very same prompt. */
function matchAgents(agents: readonly Agent[], steps: readonly ClaudeStep[]): ReadonlyMap<Agent, Start> {
	const starts = new Map<Agent, Start>();
	for (const step of steps) {
		if (step.kind !== 'reply') continue;
		for (const call of step.lines.flatMap(blocksOf)) {
			if (!isRecord(call) || call.type !== 'tool_use' || typeof call.id !== 'string') continue;
			const resultAgentId = step.results.get(call.id)?.line.resultAgentId;
			const prompt = isRecord(call.input) ? call.input.prompt : undefined;
			const agent =
				agents.find((one) => resultAgentId !== undefined && one.claudeId === resultAgentId) ??
				agents.find((one) => !starts.has(one) && typeof prompt === 'string' && prompt !== '' && one.prompt === prompt);
			if (agent && !starts.has(agent)) starts.set(agent, { step, call });
		}
	}
	return starts;
}

function subagentDraft(agent: Agent, start: Start | undefined): EntryDraft<'subagent'> {
	const input = start && isRecord(start.call.input) ? start.call.input : {};
	const name = typeof input.subagent_type === 'string' && input.subagent_type !== '' ? input.subagent_type : 'subagent';
	const base = { type: 'subagent' as const, subagentId: agent.agentId, name: cutText(name, 200), prompt: agent.prompt };
	return start ? { ...base, toolUseId: asToolUseId(String(start.call.id)) } : base;
}
