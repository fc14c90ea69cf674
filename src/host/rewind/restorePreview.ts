/**
 * What a restore of files alone would do, as a list in which the user leaves ticked what shall happen. Each row shows its diff.
 * Changes no file.
 */
import * as vscode from 'vscode';
import type { RestoreChoice } from '../../core/checkpoint/restore.ts';
import type { PlannedFile, RestorePlan } from '../../core/checkpoint/restorePlan.ts';
import { branchUri } from '../branch/branchUri.ts';
import { plainLabel } from '../plainLabel.ts';
import { countsText, nameAt, nameOf } from '../timeline/timelineRow.ts';
import { choiceOf } from './restoreChoice.ts';

type Row = vscode.QuickPickItem & { readonly planned?: PlannedFile };

const SHOW_DIFF: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('diff'), tooltip: 'Show Difference' };

/** Undefined when the user goes back. `title` says what would be restored. */
export async function chooseRestore(plan: RestorePlan, title: string): Promise<RestoreChoice | undefined> {
	const files = plan.files.filter(({ action }) => action !== 'none');
	const can = files.filter(({ status }) => status !== 'blocked');
	const pick = vscode.window.createQuickPick<Row>();
	try {
		pick.title = title;
		pick.canSelectMany = true;
		pick.matchOnDescription = true;
		pick.ignoreFocusOut = true;
		pick.placeholder = 'Enter restores what is ticked. A safety checkpoint is made first.';
		const rows = can.map(rowOf);
		pick.items = [...rows, ...lostRows(files)];
		pick.selectedItems = rows.filter(({ planned }) => planned && isCertain(planned));
		return await new Promise((resolve) => {
			pick.onDidTriggerItemButton(({ item }) => {
				if (item.planned) void showDifference(item.planned);
			});
			pick.onDidAccept(() => resolve(choiceOf(plan, keysOf(pick.selectedItems))));
			pick.onDidHide(() => resolve(undefined));
			pick.show();
		});
	} finally {
		pick.dispose();
	}
}

const keysOf = (rows: readonly Row[]): ReadonlySet<string> =>
	new Set(rows.flatMap(({ planned }) => (planned ? [planned.key] : [])));

/** Restored without a question: nothing of the user's, and of nobody who is not known, goes with it. */
const isCertain = ({ status, isUncertainAuthor }: PlannedFile): boolean => status !== 'conflict' && !isUncertainAuthor;

type Looks = Readonly<Record<string, { readonly verb: string; readonly icon: string }>>;
const LOOKS: Looks = {
	restore: { verb: 'restore', icon: 'discard' },
	create: { verb: 'create again', icon: 'diff-added' },
	delete: { verb: 'delete', icon: 'trash' },
	mode: { verb: 'restore permissions', icon: 'lock' },
};

function rowOf(planned: PlannedFile): Row {
	const { action, addedLines, removedLines, note, status, file } = planned;
	const look = LOOKS[action];
	const counts = countsText({ added: addedLines, removed: removedLines });
	const detail = isCertain(planned)
		? note
		: status === 'conflict'
			? `Conflict: ${note}. Ticking it overwrites what is there now; otherwise it can be merged in the chat afterwards.`
			: `${note === '' ? 'It is not known who changed it' : note}. Ticking it takes that back as well.`;
	return {
		label: `$(${!isCertain(planned) ? 'warning' : (look?.icon ?? 'discard')}) ${plainLabel(file.rel)}`,
		description: [look?.verb ?? '', counts].filter((part) => part !== '').join(' · '),
		...(detail === '' ? {} : { detail }),
		buttons: [SHOW_DIFF],
		planned,
	};
}

/** What cannot be restored is named, and cannot be ticked. */
function lostRows(files: readonly PlannedFile[]): readonly Row[] {
	return files
		.filter(({ status }) => status === 'blocked')
		.map(({ file, note }) => ({
			label: `Not restored: ${file.rel} (${note})`,
			kind: vscode.QuickPickItemKind.Separator,
		}));
}

/** From now to what it would be; a merge is shown as its target, which the user's own changes come on top of. */
async function showDifference({ file, current, target }: PlannedFile): Promise<void> {
	const uriOf = (content: PlannedFile['target'] | undefined, label: string) => {
		const sha256 = content === undefined || content === 'notCaptured' ? 'absent' : content;
		return branchUri({ kind: 'file', sha256 }, nameAt(file.rel, label));
	};
	const now = current === 'absent' ? uriOf('absent', 'now') : vscode.Uri.joinPath(vscode.Uri.file(file.root), file.rel);
	const title = `${nameOf(file.rel)}: now ↔ restored`;
	await vscode.commands.executeCommand('vscode.diff', now, uriOf(target, 'restored'), title, {
		...{ preview: true, preserveFocus: true },
	});
}
