/**
 * What the user answered to inputs of MCP servers: passwords in VS Code's secret storage, the rest in the workspace's state. An answer is
 * for the servers of one folder (or of the user's setting), so that no other project's file can ask for it by its name.
 */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { DeclaredInput, DeclaredServer } from '../../core/mcp/declaredServers.ts';
import { inputFor, inputReads } from '../../core/mcp/expandServer.ts';
import { plainLabel, plainMessage } from '../plainLabel.ts';

const STATE_KEY = 'retrace.mcpInputs';
const stateSchema = z.record(z.string(), z.string()).catch({});

export type McpInputs = {
	/** What is answered of the inputs that the server asks for, by their ids. */
	known(server: DeclaredServer, declared: readonly DeclaredInput[]): Promise<Readonly<Record<string, string>>>;
	/** Asks for these; false when the user left. */
	ask(server: DeclaredServer, ids: readonly string[], declared: readonly DeclaredInput[]): Promise<boolean>;
	/** Forgets all answers of the server. */
	forget(server: DeclaredServer): Promise<void>;
};

export function createMcpInputs(secrets: vscode.SecretStorage, state: vscode.Memento): McpInputs {
	const answers = () => stateSchema.parse(state.get(STATE_KEY, {}));
	const keyOf = ({ folder = '' }: DeclaredServer, id: string) => `mcpInput:${JSON.stringify([folder, id])}`;
	return {
		async known(server, declared) {
			const kept = answers();
			const found = await Promise.all(
				inputReads(server.transport).map(async (id) => {
					const key = keyOf(server, id);
					const value = inputFor(id, declared).isPassword ? await secrets.get(key) : kept[key];
					return value === undefined ? [] : ([[id, value]] as const);
				}),
			);
			return Object.fromEntries(found.flat());
		},
		async ask(server, ids, declared) {
			const given: (readonly [DeclaredInput, string])[] = [];
			for (const [index, id] of ids.entries()) {
				const input = inputFor(id, declared);
				const count = ids.length > 1 ? ` (${index + 1} of ${ids.length})` : '';
				const answer = await askOne(input, `MCP Server “${server.name}”${count}`);
				if (answer === undefined) return false;
				given.push([input, answer]);
			}
			for (const [{ id, isPassword }, answer] of given) {
				const key = keyOf(server, id);
				if (isPassword) await secrets.store(key, answer);
				else await state.update(STATE_KEY, { ...answers(), [key]: answer });
			}
			return true;
		},
		async forget(server) {
			const keys = inputReads(server.transport).map((id) => keyOf(server, id));
			await Promise.all(keys.map((key) => secrets.delete(key)));
			const kept = Object.entries(answers()).filter(([key]) => !keys.includes(key));
			await state.update(STATE_KEY, Object.fromEntries(kept));
		},
	};
}

async function askOne(input: DeclaredInput, title: string): Promise<string | undefined> {
	const what = plainMessage(input.description === '' ? input.id : input.description);
	if (input.options) {
		const items = input.options.map((option) => ({ label: plainLabel(option), option }));
		return (await vscode.window.showQuickPick(items, { title, placeHolder: what, ignoreFocusOut: true }))?.option;
	}
	return await vscode.window.showInputBox({
		title,
		prompt: input.isPassword ? `${what}. It is kept in VS Code’s secret storage and given to this server.` : what,
		password: input.isPassword,
		ignoreFocusOut: true,
		...(input.initial === undefined || input.isPassword ? {} : { value: input.initial }),
	});
}
