/**
 * The commands of the time line: look at a file as it was, compare, step, go to the message. Each takes a row of the view, or asks which
 * point and file are meant. None of them changes a file; those that do are in checkpointCommands.ts.
 */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import { asEntryId, asSessionId, type SessionId } from '../../base/ids.ts';
import type { Point } from '../../core/checkpoint/checkpoints.ts';
import { filesAt } from '../../core/checkpoint/fileHistory.ts';
import { pathKey } from '../../core/checkpoint/timeline.ts';
import type { TimelineNode } from '../agentTypes.ts';
import { plainLabel } from '../plainLabel.ts';
import type { RewindWorld } from '../rewind/rewindFlow.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { OpenSessions } from '../session/openSessions.ts';
import type { Command } from '../window/commands.ts';
import {
	compareAll,
	compareWithNow,
	compareWithPoint,
	openAt,
	type PointFile,
	showChange,
	step,
} from './timelineFiles.ts';
import type { SessionTimeline, TimelineReader } from './timelineReader.ts';
import { describePoint, pointIcon } from './timelineRow.ts';

export type TimelineCommandWorld = RewindWorld & {
	readonly reader: TimelineReader;
	readonly sessions: Pick<OpenSessions, 'open' | 'all'>;
	readonly view: Pick<vscode.TreeView<TimelineNode>, 'selection'>;
	shown(): OpenSession;
	reload(): Promise<void>;
	showMore(): void;
	say(text: string, level: 'info' | 'warning'): void;
	/** Shows the message in the chat. */
	reveal(sessionId: SessionId, entryId: string): Promise<void>;
	/** Opens the rewind dialog at this prompt. */
	rewindTo(sessionId: SessionId, entryId: string): Promise<void>;
};

/** By name without `retrace.`. */
export function createTimelineCommands(world: TimelineCommandWorld): Readonly<Record<string, Command>> {
	const onFile = (title: string, run: (file: PointFile) => Promise<void>) => async (target: unknown) => {
		const file = await fileOf(target, world, title);
		if (file) await run(file);
	};
	return {
		showTimeline: async () => {
			await vscode.commands.executeCommand('retrace.timeline.focus');
			await world.reload();
		},
		showMorePoints: () => world.showMore(),
		openFileAtPoint: onFile('Open File as It Was', openAt),
		showPointChange: onFile('Show Change', showChange),
		compareFileWithNow: onFile('Compare File with Now', compareWithNow),
		compareFileWithPoint: onFile('Compare File with Another Point', async (file) => {
			const other = await pickPoint(file.timeline, 'Compare with', { except: file.point });
			if (other && other !== 'now') await compareWithPoint(file, other);
		}),
		comparePoints: async (target) => {
			const found = await pointOf(target, world, 'Compare All Files');
			if (!found) return;
			const other = await pickPoint(found.timeline, 'Compare with', { except: found.point, hasNow: true });
			if (other) await compareAll(found.timeline, found.point, other === 'now' ? undefined : other, world);
		},
		revealPoint: async (target) => {
			const found = await pointOf(target, world, 'Show in Chat');
			if (found) await world.reveal(found.timeline.session.id, found.point.id);
		},
		previousPoint: () => step(-1, world),
		nextPoint: () => step(1, world),
	};
}

export type FoundPoint = { readonly open: OpenSession; readonly timeline: SessionTimeline; readonly point: Point };

/** The point of a row, else the one that is picked. Undefined when nothing is. */
export async function pointOf(
	target: unknown,
	world: TimelineCommandWorld,
	title: string,
	accepts: (point: Point) => boolean = () => true,
): Promise<FoundPoint | undefined> {
	if (isPointNode(target)) {
		const open = await world.sessions.open(asSessionId(target.sessionId));
		const timeline = await world.reader.read(open.session);
		const point = timeline.byId.get(asEntryId(target.point));
		if (!point)
			throw new UserError('no-such-point', 'This point is not in the session’s log any more. Nothing was changed.');
		return { open, timeline, point };
	}
	const open = world.shown();
	const timeline = await world.reader.read(open.session);
	const point = await pickPoint(timeline, title, { accepts });
	return point && point !== 'now' ? { open, timeline, point } : undefined;
}

function isPointNode(value: unknown): value is Exclude<TimelineNode, { kind: 'morePoints' }> {
	if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
	return value.kind === 'point' || value.kind === 'pointFile';
}

async function fileOf(target: unknown, world: TimelineCommandWorld, title: string): Promise<PointFile | undefined> {
	if (isPointNode(target) && target.kind === 'pointFile') {
		const found = await pointOf(target, world, title);
		return found && { ...found, key: target.key };
	}
	// Of the file in the editor only the points that changed it.
	const active = isPointNode(target) ? undefined : activeKey(world, vscode.window.activeTextEditor?.document.uri);
	const { session } = world.shown();
	const isKnown = active !== undefined && (await world.reader.read(session)).timeline.has(active);
	const accepts = (point: Point) => !isKnown || point.files.some(({ key }) => key === active);
	const found = await pointOf(target, world, title, accepts);
	if (!found) return undefined;
	const key = isKnown && active !== undefined ? active : await pickFile(found, title);
	return key === undefined ? undefined : { ...found, key };
}

/** The `pathKey` of a file of the workspace; undefined for any other document. */
export function activeKey(
	{ workspace }: Pick<TimelineCommandWorld, 'workspace'>,
	uri: vscode.Uri | undefined,
): string | undefined {
	if (uri?.scheme !== 'file') return undefined;
	const { fsPath } = uri;
	const root = workspace.roots.find(({ path }) => fsPath.startsWith(`${path}/`) || fsPath.startsWith(`${path}\\`));
	return root && pathKey({ root: root.path, rel: fsPath.slice(root.path.length + 1).replaceAll('\\', '/') });
}

async function pickFile({ timeline, point }: FoundPoint, title: string): Promise<string | undefined> {
	const files = filesAt(timeline.timeline, point.epoch);
	if (files.length === 0)
		throw new UserError('no-file', 'The session had not changed any file by then, so there is none to show.');
	const items = files.map(({ key, file, content }) => ({
		label: plainLabel(file.rel),
		description: content === 'notCaptured' ? 'no copy' : '',
		key,
	}));
	const picked = await vscode.window.showQuickPick(items, {
		title,
		placeHolder: `File at “${plainLabel(point.label)}”`,
	});
	return picked?.key;
}

/** What pick lists can hold without a person being lost. */
const MAX_PICKED = 1_000;

async function pickPoint(
	timeline: SessionTimeline,
	title: string,
	options: { readonly except?: Point; readonly hasNow?: boolean; readonly accepts?: (point: Point) => boolean },
): Promise<Point | 'now' | undefined> {
	const { except, hasNow, accepts = () => true } = options;
	const nowMs = Date.now();
	const points = timeline.points.filter((point) => point !== except && accepts(point));
	const items = points
		.slice(-MAX_PICKED)
		.reverse()
		.map((point) => ({
			label: `$(${pointIcon(point.kind)}) ${plainLabel(point.label)}`,
			description: describePoint(point, { counts: undefined, isElsewhere: false, nowMs }),
			point: point as Point | 'now',
		}));
	if (hasNow) items.unshift({ label: '$(circle-filled) Now', description: 'the files as they are', point: 'now' });
	if (items.length === 0)
		throw new UserError('no-point', 'The time line of this session has no point for that yet. Send a prompt first.');
	const picked = await vscode.window.showQuickPick(items, {
		title,
		placeHolder: 'Choose a point',
		matchOnDescription: true,
	});
	return picked?.point;
}
