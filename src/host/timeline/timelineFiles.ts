/**
 * Files of the time line in the editor: one as it was, two versions of it as a diff, all files of two points, and the step from one version
 * to the next. Everything is read-only; looking restores nothing.
 */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import { asSessionId } from '../../base/ids.ts';
import { contentAt, differencesBetween } from '../../core/checkpoint/branchFiles.ts';
import type { Point } from '../../core/checkpoint/checkpoints.ts';
import { type FileVersion, fileVersions, versionAt } from '../../core/checkpoint/fileHistory.ts';
import type { TimelineOperation } from '../../core/checkpoint/timeline.ts';
import type { Workspace } from '../../core/ports.ts';
import type { FilePath, RecordedHash } from '../../core/session/fileFields.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { branchDocumentOf, branchUri, type FileVersionName } from '../branch/branchUri.ts';
import type { OpenSessions } from '../session/openSessions.ts';
import type { SessionTimeline, TimelineReader } from './timelineReader.ts';
import { authorText, nameAt, nameOf } from './timelineRow.ts';

/** A file at a point. */
export type PointFile = { readonly timeline: SessionTimeline; readonly point: Point; readonly key: string };

function operationsOf({ timeline, key }: Pick<PointFile, 'timeline' | 'key'>): readonly TimelineOperation[] {
	const operations = timeline.timeline.get(key);
	if (!operations) throw notRecorded();
	return operations;
}

/** What the file held once the point was over. */
function contentOf({ timeline, point, key }: PointFile): RecordedHash {
	const change = point.files.find((file) => file.key === key);
	return change ? change.after : contentAt(operationsOf({ timeline, key }), point.epoch);
}

export async function openAt(file: PointFile): Promise<void> {
	const versions = fileVersions(operationsOf(file));
	const content = contentOf(file);
	const index = versions.findLastIndex(
		(version, position) =>
			version.content === content && position <= Math.max(0, versionAt(versions, file.point.epoch)),
	);
	const version = versions[index];
	if (content === 'absent' || !version)
		throw new UserError(
			'no-such-file',
			'The file did not exist at that point. *Show Change* shows what was there before.',
		);
	if (content === 'notCaptured') throw notCaptured(file);
	await showVersion(file, version, file.point.label, undefined);
}

export async function showChange(file: PointFile): Promise<void> {
	const change = file.point.files.find(({ key }) => key === file.key);
	if (!change) throw notRecorded();
	const { rel } = change.file;
	const title = `${nameOf(rel)} (at ${file.point.label})`;
	const name = nameAt(rel, file.point.label);
	await diff(side(change.before, `before/${name}`), side(change.after, name), title);
}

export async function compareWithNow(file: PointFile): Promise<void> {
	const [first] = operationsOf(file);
	if (!first) throw notRecorded();
	const content = contentOf(file);
	if (content === 'notCaptured') throw notCaptured(file);
	const { rel } = first.file;
	const left = side(content, nameAt(rel, file.point.label));
	await diff(left, await nowUri(first.file), `${nameOf(rel)} (at ${file.point.label}) ↔ now`);
}

export async function compareWithPoint(file: PointFile, other: Point): Promise<void> {
	const [first] = operationsOf(file);
	if (!first) throw notRecorded();
	const { rel } = first.file;
	const [left, right] = [file.point, other].sort((a, b) => a.epoch - b.epoch);
	if (!left || !right) return;
	const uriOf = (point: Point) => side(contentOf({ ...file, point }), nameAt(rel, point.label));
	await diff(uriOf(left), uriOf(right), `${nameOf(rel)}: ${left.label} ↔ ${right.label}`);
}

/** Every file that differs; `other` undefined = as the files are now. */
export async function compareAll(
	timeline: SessionTimeline,
	point: Point,
	other: Point | undefined,
	world: { readonly workspace: Workspace; readonly blobs: BlobStore },
): Promise<void> {
	const resources = other ? between(timeline, point, other) : await againstNow(timeline, point, world);
	if (resources.length === 0) throw new UserError('no-difference', 'No file of this session differs between the two.');
	await vscode.commands.executeCommand('vscode.changes', `${point.label} ↔ ${other?.label ?? 'now'}`, resources);
}

type Resources = (readonly [vscode.Uri, vscode.Uri | undefined, vscode.Uri | undefined])[];

function between(timeline: SessionTimeline, a: Point, b: Point): Resources {
	const [left, right] = a.epoch <= b.epoch ? [a, b] : [b, a];
	return differencesBetween(timeline.timeline, left.epoch, right.epoch).map((one) => [
		fileUri(one.file),
		contentUri(one.left, one.file.rel),
		contentUri(one.right, one.file.rel),
	]);
}

async function againstNow(
	timeline: SessionTimeline,
	point: Point,
	{ workspace, blobs }: { readonly workspace: Workspace; readonly blobs: BlobStore },
): Promise<Resources> {
	const resources: Resources = [];
	for (const operations of timeline.timeline.values()) {
		const [first] = operations;
		if (!first) continue;
		const { file } = first;
		const then = contentAt(operations, point.epoch);
		const place = await workspace.resolve(file.rel, file.root);
		const now = place.kind === 'inside' ? await workspace.read(place.absolute) : undefined;
		if (now?.kind !== 'file' && now?.kind !== 'absent') continue;
		const hash = now.kind === 'absent' ? 'absent' : blobs.hash(now.bytes);
		if (hash === then) continue;
		const uri = fileUri(file);
		resources.push([uri, contentUri(then, file.rel), hash === 'absent' ? undefined : uri]);
	}
	return resources.sort((a, b) => (a[0].path < b[0].path ? -1 : 1));
}

// ---- stepping through the versions of a file

export type StepWorld = { readonly sessions: Pick<OpenSessions, 'open'>; readonly reader: TimelineReader };

/** The version that a document shows; undefined for every other document. */
export function versionOf(uri: vscode.Uri | undefined): FileVersionName | undefined {
	const document = uri && branchDocumentOf(uri);
	return document?.kind === 'file' ? document.version : undefined;
}

/** Shows the version before or after the one in the active editor, in its place. */
export async function step(by: -1 | 1, world: StepWorld): Promise<void> {
	const editor = vscode.window.activeTextEditor;
	const shown = versionOf(editor?.document.uri);
	if (!editor || !shown)
		throw new UserError(
			'no-version',
			'Open a file as it was from the *Time Line* view first, then step through its versions.',
		);
	const { session } = await world.sessions.open(asSessionId(shown.sessionId));
	const timeline = await world.reader.read(session);
	const operations = operationsOf({ timeline, key: shown.file });
	const versions = fileVersions(operations).filter(({ content }) => content !== 'absent' && content !== 'notCaptured');
	const index = versions.findIndex((version) => momentOf(version) === shown.moment);
	const next = versions[index + by];
	if (index < 0 || !next) {
		void vscode.window.setStatusBarMessage(
			by < 0 ? 'This is the first version.' : 'This is the newest version.',
			STATUS_MS,
		);
		return;
	}
	const { label } = pointOfVersion(timeline, next);
	const who = next.author === undefined ? 'found so' : authorText(next.author);
	const place = `Version ${index + by + 1} of ${versions.length} · ${who} · ${label}`;
	await showVersion({ timeline, key: shown.file }, next, label, editor);
	void vscode.window.setStatusBarMessage(place, STATUS_MS);
}

const STATUS_MS = 6_000;
const momentOf = ({ side: which, epoch }: FileVersion): string => `${which === 'after' ? 'a' : 'b'}${epoch}`;

/** Of what an operation found, the words say so: it is older than that. */
function pointOfVersion(timeline: SessionTimeline, version: FileVersion): { readonly label: string } {
	const id = timeline.pointOf.get(version.epoch);
	const point = id === undefined ? undefined : timeline.byId.get(id);
	const label = point?.label ?? 'an earlier point';
	return { label: version.side === 'before' ? `before ${label}` : label };
}

async function showVersion(
	{ timeline, key }: Pick<PointFile, 'timeline' | 'key'>,
	version: FileVersion,
	label: string,
	instead: vscode.TextEditor | undefined,
): Promise<void> {
	const [first] = operationsOf({ timeline, key });
	if (!first) throw notRecorded();
	const name = { sessionId: timeline.session.id, file: key, moment: momentOf(version) };
	const uri = branchUri({ kind: 'file', sha256: version.content, version: name }, nameAt(first.file.rel, label));
	const top = instead?.visibleRanges[0]?.start;
	const shown = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), {
		preview: true,
		...(instead?.viewColumn === undefined ? {} : { viewColumn: instead.viewColumn }),
		...(instead === undefined ? {} : { selection: instead.selection }),
	});
	if (top) shown.revealRange(new vscode.Range(top, top), vscode.TextEditorRevealType.AtTop);
}

// ---- addresses

const fileUri = (file: FilePath): vscode.Uri => vscode.Uri.joinPath(vscode.Uri.file(file.root), file.rel);

/** For a multi-file diff, where no file is no document, and another name would read as a rename. */
const contentUri = (content: RecordedHash, name: string): vscode.Uri | undefined =>
	content === 'absent' || content === 'notCaptured' ? undefined : branchUri({ kind: 'file', sha256: content }, name);

/** For a diff of one file, which wants both sides. */
const side = (content: RecordedHash, name: string): vscode.Uri =>
	branchUri({ kind: 'file', sha256: content === 'notCaptured' ? 'absent' : content }, name);

async function nowUri(file: FilePath): Promise<vscode.Uri> {
	const uri = fileUri(file);
	try {
		await vscode.workspace.fs.stat(uri);
		return uri;
	} catch (error) {
		if (error instanceof vscode.FileSystemError) return side('absent', `${nameOf(file.rel)} (not there now)`);
		throw error;
	}
}

async function diff(left: vscode.Uri, right: vscode.Uri, title: string): Promise<void> {
	await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true });
}

const notRecorded = () =>
	new UserError('no-such-file', 'This session has no record of that file. Choose one of the files in its time line.');

function notCaptured(file: PointFile): UserError {
	const reason = file.point.files.find(({ key }) => key === file.key)?.reason;
	return new UserError(
		'not-captured',
		`There is no copy of the file as it was then${reason === undefined ? '' : `: ${reason}`}. Nothing was changed.`,
	);
}
