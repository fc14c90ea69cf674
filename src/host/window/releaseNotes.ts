/** Tells once after an update that there is something new, and opens it when it is asked for. The first installation tells nothing. */
import * as vscode from 'vscode';

const STATE_KEY = 'retrace.notesShownFor';
const SHOW = 'What’s New';

export type ReleaseNotesWorld = {
	readonly state: Pick<vscode.Memento, 'get' | 'update'>;
	/** Of this installation, as its manifest has it. */
	readonly version: string;
	/** The file to show. */
	readonly changelog: vscode.Uri;
};

/** Resolves when the user has answered, or at once when there is nothing to tell. */
export async function tellReleaseNotes({ state, version, changelog }: ReleaseNotesWorld): Promise<void> {
	const last = state.get<unknown>(STATE_KEY);
	if (last === version) return;
	// First, so that it is told once, whatever is answered and however many windows there are.
	await state.update(STATE_KEY, version);
	if (typeof last !== 'string' || !isNewer(version, last)) return;
	const answer = await vscode.window.showInformationMessage(`Retrace was updated to ${version}.`, SHOW);
	if (answer === SHOW) await vscode.commands.executeCommand('markdown.showPreview', changelog);
}

/** By its three numbers; what is no version is never newer. */
export function isNewer(version: string, than: string): boolean {
	const [one, other] = [numbersOf(version), numbersOf(than)];
	if (!one || !other) return false;
	const at = one.findIndex((number, index) => number !== other[index]);
	return at >= 0 && (one[at] ?? 0) > (other[at] ?? 0);
}

function numbersOf(version: string): readonly number[] | undefined {
	const match = /^(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(version);
	return match?.slice(1).map(Number);
}
