/** The command *Permission Rules*: what is allowed, asked about and denied, where each rule comes from, and taking it back. */
import * as vscode from 'vscode';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Trace } from '../../base/trace.ts';
import { readSessionRules } from '../../core/permission/sessionRules.ts';
import { plainMessage } from '../plainLabel.ts';
import type { OpenSession } from '../session/openSession.ts';
import { type RuleOrigin, type RuleRow, ruleRows, rulesTitle } from './permissionRuleRows.ts';
import type { PermissionScopes } from './permissionScopes.ts';

export type PermissionRulesWorld = {
	readonly permissions?: PermissionScopes;
	readonly trace: Trace;
	relativePath(path: string): string;
};
type Item = vscode.QuickPickItem & { readonly row: RuleRow };
type Button = vscode.QuickInputButton & { readonly action: RuleRow['actions'][number] };

const BUTTONS: Readonly<Record<Button['action'], Button>> = {
	remove: { action: 'remove', iconPath: new vscode.ThemeIcon('trash'), tooltip: 'Remove This Rule' },
	open: { action: 'open', iconPath: new vscode.ThemeIcon('go-to-file'), tooltip: 'Open File' },
	forget: {
		action: 'forget',
		iconPath: new vscode.ThemeIcon('discard'),
		tooltip: 'Ask Me Again About This File',
	},
};
const NONE = 'No rule yet. Always allow on a question adds one.';

/** Stays open while rules are taken back, since it is rarely just one. */
export async function showPermissionRules(open: OpenSession, world: PermissionRulesWorld): Promise<void> {
	const pick = vscode.window.createQuickPick<Item>();
	const fill = async () => {
		const rules = await allRules(open, world);
		pick.title = rulesTitle(rules.length);
		pick.placeholder = rules.length === 0 ? NONE : 'Enter opens where a rule stands; the buttons take it back';
		pick.items = ruleRows(rules, world.relativePath).map(itemOf);
	};
	const act = async (work: () => Promise<void>) => {
		try {
			await work();
			await fill();
		} catch (error) {
			world.trace({ event: 'permissionRules', sessionId: open.session.id, code: codeOf(error) });
			void vscode.window.showErrorMessage(plainMessage(messageOf(error)));
		}
	};
	try {
		await fill();
		await new Promise<void>((resolve) => {
			pick.onDidTriggerItemButton(({ item, button }) => {
				const { origin } = item.row;
				const pressed = Object.values(BUTTONS).find((one) => one === button);
				if (origin && pressed) void act(() => changeRule(origin, pressed, open, world));
			});
			pick.onDidAccept(() => {
				const origin = pick.selectedItems[0]?.row.origin;
				if (origin) void act(() => show(origin)).then(resolve);
			});
			pick.onDidHide(() => resolve());
			pick.show();
		});
	} finally {
		pick.dispose();
	}
}

async function allRules(
	{ session }: OpenSession,
	{ permissions, trace }: PermissionRulesWorld,
): Promise<readonly RuleOrigin[]> {
	const own = await readSessionRules(session, trace, new AbortController().signal)();
	return [
		...own.map((rule) => ({ rule, kind: 'allow' as const, from: 'session' as const, isInForce: true as const })),
		...((await permissions?.list()) ?? []),
	];
}

async function changeRule(
	origin: RuleOrigin,
	{ action }: Button,
	open: OpenSession,
	{ permissions }: PermissionRulesWorld,
): Promise<void> {
	if (action === 'open') return await show(origin);
	if (action === 'forget') {
		if (origin.from === 'file') await permissions?.forget(origin.path ?? '');
		return;
	}
	if (origin.from !== 'session') return await permissions?.remove(origin);
	// In the log first: who reads it later must not find the rule again.
	open.session.append({ type: 'state', removedRules: [origin.rule] });
	await open.session.sync();
	const { sessionRules } = open;
	sessionRules.splice(0, sessionRules.length, ...sessionRules.filter((rule) => rule !== origin.rule));
}

async function show(origin: RuleOrigin): Promise<void> {
	if (origin.from === 'file') await vscode.window.showTextDocument(vscode.Uri.file(origin.path ?? ''));
	else if (origin.from === 'user') await vscode.commands.executeCommand('workbench.action.openApplicationSettingsJson');
}

const itemOf = (row: RuleRow): Item =>
	row.origin === undefined
		? { label: row.label, kind: vscode.QuickPickItemKind.Separator, row }
		: {
				label: row.label,
				...(row.description === undefined ? {} : { description: row.description }),
				...(row.detail === undefined ? {} : { detail: row.detail }),
				buttons: row.actions.map((action) => BUTTONS[action]),
				row,
			};
