/** The questions about MCP servers that VS Code's own dialogs ask. Decides nothing. */
import * as vscode from 'vscode';
import type { McpTool } from '../../core/mcp/mcpPorts.ts';
import type { HeldTool } from '../../core/mcp/serverConsent.ts';
import type { StartQuestion } from '../../core/mcp/serverWords.ts';
import { plainLabel, plainMessage } from '../plainLabel.ts';

/** An interface, so that a test can answer. */
export type McpDialogs = {
	mayStart(question: StartQuestion): Promise<'approve' | 'refuse' | 'openFile' | undefined>;
	/** Once for servers that wait; true when the user wants to look. */
	tellOfWaiting(text: string): Promise<boolean>;
	/** Which of a server's new and changed tools are right. Undefined: the user left. */
	acceptTools(server: string, held: readonly HeldTool[]): Promise<readonly McpTool[] | undefined>;
};

const APPROVE = 'Allow and Start';
const REFUSE = 'Never Allow';
const OPEN_FILE = 'Open File';
const REVIEW = 'Review…';
const MAX_SCHEMA_CHARS = 600;

export const mcpDialogs: McpDialogs = {
	async mayStart({ message, detail, isCut }) {
		// What cannot be shown whole is not agreed to here.
		const buttons = isCut ? [OPEN_FILE, APPROVE, REFUSE] : [APPROVE, REFUSE, OPEN_FILE];
		const answer = await vscode.window.showWarningMessage(message, { modal: true, detail }, ...buttons);
		return { [APPROVE]: 'approve', [REFUSE]: 'refuse', [OPEN_FILE]: 'openFile' }[answer ?? ''] as
			| 'approve'
			| 'refuse'
			| 'openFile'
			| undefined;
	},
	async tellOfWaiting(text) {
		return (await vscode.window.showInformationMessage(plainMessage(text), REVIEW)) === REVIEW;
	},
	async acceptTools(server, held) {
		const items = held.map((tool) => ({
			label: `${plainLabel(tool.name)} (${tool.isNew ? 'new' : 'changed'})`,
			description: plainLabel(tool.description),
			detail: plainLabel(JSON.stringify(tool.inputSchema).slice(0, MAX_SCHEMA_CHARS)),
			tool,
		}));
		const chosen = await vscode.window.showQuickPick(items, {
			title: `New and Changed Tools of “${server}”`,
			placeHolder: 'Tick the ones that the agent may have as they are described now',
			canPickMany: true,
			ignoreFocusOut: true,
			matchOnDescription: true,
			matchOnDetail: true,
		});
		return chosen?.map(({ tool }) => tool);
	},
};
