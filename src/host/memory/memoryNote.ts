/**
 * `#` in the input: keeps a note in a memory file that the user chooses, and takes it back when they say so. The file stays as it is
 * but for the one line; an open document is edited, so that its own undo works too.
 */
import * as vscode from 'vscode';
import * as z from 'zod';
import { codeOf, messageOf, UserError } from '../../base/errors.ts';
import { decodeText, encodeText } from '../../core/edit/textFile.ts';
import { addNote } from '../../core/memory/addNote.ts';
import type { Workspace, WorkspaceRoot } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { plainLabel, plainMessage } from '../plainLabel.ts';

export type NoteWorld = {
	/** Must be able to write the user's own memory file as well. */
	readonly workspace: Workspace;
	readonly blobs: Pick<BlobStore, 'hash'>;
	readonly state: vscode.Memento;
	readonly homeFolder: string;
	roots(): readonly WorkspaceRoot[];
	relativePath(absolute: string): string;
	onError(event: string, error: unknown): void;
};

const LAST = 'retrace.notePlace';
const placeSchema = z.string().catch('');
const UNDO = 'Undo';
const OPEN = 'Open';

type Place = { readonly key: string; readonly path: string; readonly label: string; readonly what: string };

/** Asks where, and keeps it there. False when the user keeps it nowhere. Rejects with UserError when it could not be written. */
export async function keepNote(note: string, world: NoteWorld): Promise<boolean> {
	const place = await choosePlace(note, world);
	if (!place) return false;
	const kept = await writeNote(place.path, note, world);
	void offerUndo(place.path, note, kept, world).catch((error: unknown) => tellFailure(error, world));
	return true;
}

async function choosePlace(note: string, world: NoteWorld): Promise<Place | undefined> {
	const last = placeSchema.parse(world.state.get(LAST, ''));
	const places = await placesFor(world);
	places.sort((a, b) => Number(b.key === last) - Number(a.key === last));
	const picked = await vscode.window.showQuickPick(
		places.map((place) => ({
			label: place.label,
			description: `${plainLabel(world.relativePath(place.path))} · ${place.what}`,
			place,
		})),
		{ title: 'Where to keep it', placeHolder: plainLabel(note) },
	);
	if (!picked) return undefined;
	await world.state.update(LAST, picked.place.key);
	return picked.place;
}

async function placesFor(world: NoteWorld): Promise<Place[]> {
	const places: Place[] = [];
	const roots = world.roots();
	for (const { path, name } of roots) {
		const of = roots.length > 1 ? `: ${plainLabel(name)}` : '';
		places.push({
			key: `project ${name}`,
			path: await projectFile(path, world),
			label: `Project${of}`,
			what: 'shared with the team',
		});
		places.push({
			key: `local ${name}`,
			path: join(path, 'CLAUDE.local.md'),
			label: `Local${of}`,
			what: 'for you, in this folder',
		});
	}
	const user = join(world.homeFolder, '.claude', 'CLAUDE.md');
	return [...places, { key: 'user', path: user, label: 'User', what: 'for you, in every folder' }];
}

/** The one that the project has; a link is not written through, and mostly leads to the other one. */
async function projectFile(root: string, world: NoteWorld): Promise<string> {
	const first = join(root, 'CLAUDE.md');
	for (const path of [first, join(root, 'AGENTS.md')])
		if ((await world.workspace.read(path)).kind === 'file') return path;
	return first;
}

type Kept = {
	/** Null: there was no file. */
	readonly before: Uint8Array<ArrayBuffer> | null;
	readonly after: Uint8Array<ArrayBuffer>;
	readonly isSaved: boolean;
};

async function writeNote(path: string, note: string, world: NoteWorld): Promise<Kept> {
	const workspace = world.workspace;
	const snapshot = await workspace.read(path);
	if (snapshot.kind !== 'file' && snapshot.kind !== 'absent')
		throw new UserError('no-memory-file', `${path} is no file that a note can be put into. Nothing was written.`);
	const before = snapshot.kind === 'file' ? snapshot.bytes : null;
	const decoded = decodeText(before ?? new Uint8Array(), snapshot.kind === 'file' ? snapshot.meta.encoding : undefined);
	if (decoded.kind !== 'text')
		throw new UserError('no-memory-file', `${path} is no text file. Nothing was written. Choose another place.`);
	const { file } = decoded;
	const after = encodeText({ ...file, text: addNote(file.text, note).text });
	const { isSaved } = await workspace.write(path, after, {
		expected: before === null ? 'absent' : world.blobs.hash(before),
	});
	return { before, after, isSaved };
}

async function offerUndo(path: string, note: string, kept: Kept, world: NoteWorld): Promise<void> {
	const name = world.relativePath(path);
	const unsaved = kept.isSaved ? '' : ' (not saved yet, since it has unsaved changes)';
	const text = `Kept in ${name}${unsaved}: “${note}”`;
	const answer = await vscode.window.showInformationMessage(plainMessage(text), UNDO, OPEN);
	if (answer === OPEN) await vscode.window.showTextDocument(vscode.Uri.file(path));
	if (answer !== UNDO) return;
	const workspace = world.workspace;
	const expected = world.blobs.hash(kept.after);
	try {
		if (kept.before === null) await workspace.delete(path, { expected });
		else await workspace.write(path, kept.before, { expected });
	} catch (error) {
		if (codeOf(error) !== 'changed-meanwhile') throw error;
		// What came since is somebody's work: the note is theirs to take out.
		await vscode.window.showTextDocument(vscode.Uri.file(path));
		void vscode.window.showWarningMessage(
			plainMessage(`${name} was changed since, so nothing was undone. Take the note out by hand.`),
		);
	}
}

function tellFailure(error: unknown, world: NoteWorld): void {
	world.onError('memory.undo', error);
	void vscode.window.showErrorMessage(plainMessage(messageOf(error)));
}

const join = (folder: string, ...names: string[]): string =>
	vscode.Uri.joinPath(vscode.Uri.file(folder), ...names).fsPath;
