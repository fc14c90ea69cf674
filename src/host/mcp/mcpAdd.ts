/** *Add MCP Server…*: asks for a program or an address and a name, and writes the user's setting. Starts nothing. */
import * as vscode from 'vscode';
import * as z from 'zod';
import { commandWords } from '../../core/mcp/commandWords.ts';
import { readServers } from '../../core/mcp/declaredServers.ts';
import { setting } from '../settings.ts';
import { SERVERS_SETTING } from './mcpConfigFiles.ts';

const title = 'Add MCP Server';

/** The name that was added; undefined when the user left. */
export async function addMcpServer(): Promise<string | undefined> {
	const kinds = [
		{ label: '$(terminal) Program on This Machine…', isProgram: true, detail: 'A command such as npx -y <package>.' },
		{ label: '$(globe) Address…', isProgram: false, detail: 'A server that speaks HTTP, with or without a sign-in.' },
	];
	const chosen = await vscode.window.showQuickPick(kinds, { title, placeHolder: 'How is it reached?' });
	if (!chosen) return undefined;
	const { isProgram } = chosen;
	const typed = await vscode.window.showInputBox({
		title,
		ignoreFocusOut: true,
		prompt: isProgram ? 'Command with its arguments' : 'Address of the server',
		placeHolder: isProgram ? 'npx -y @modelcontextprotocol/server-everything' : 'https://example.com/mcp',
		validateInput: (text) => problemOf(isProgram, text),
	});
	if (typed === undefined) return undefined;
	const declared = declaredBy(isProgram, typed);
	const known = z.record(z.string(), z.unknown()).catch({}).parse(setting('mcp.servers'));
	const name = await vscode.window.showInputBox({
		title,
		ignoreFocusOut: true,
		prompt: 'Name: its tools are called mcp__name__tool',
		value: freeName(suggestedName(isProgram, typed), Object.keys(known)),
		validateInput: (text) => nameProblem(text.trim(), declared, known),
	});
	if (name === undefined) return undefined;
	const servers = { ...known, [name.trim()]: declared };
	await vscode.workspace.getConfiguration().update(SERVERS_SETTING, servers, vscode.ConfigurationTarget.Global);
	return name.trim();
}

const isWindows = (): boolean => process.platform === 'win32';

function declaredBy(isProgram: boolean, typed: string): Record<string, unknown> {
	if (!isProgram) return { url: typed.trim() };
	const [command = '', ...args] = commandWords(typed, isWindows()) ?? [];
	return args.length === 0 ? { command } : { command, args };
}

function problemOf(isProgram: boolean, typed: string): string | undefined {
	if (typed.trim() === '') return 'This is needed.';
	if (isProgram) return commandWords(typed, isWindows()) ? undefined : 'A quote is not closed.';
	return /^https?:\/\/[^/\s]+/i.test(typed.trim()) ? undefined : 'It must be an address that begins with https://';
}

function nameProblem(name: string, declared: unknown, known: Readonly<Record<string, unknown>>): string | undefined {
	if (Object.hasOwn(known, name)) return 'There is a server of this name already.';
	const { problems } = readServers({
		source: 'user',
		file: SERVERS_SETTING,
		text: JSON.stringify({ [name]: declared }),
	});
	return problems[0]?.message;
}

/** From the last telling word of a package, or the host of an address. */
function suggestedName(isProgram: boolean, typed: string): string {
	const words = isProgram ? (commandWords(typed, isWindows()) ?? []) : [];
	const last =
		words.findLast((word) => !word.startsWith('-') && /\p{L}/u.test(word)) ??
		typed.replace(/^https?:\/\//i, '').split(/[/:]/)[0] ??
		'';
	const end = isProgram ? (last.split(/[\\/]/).at(-1) ?? '') : last.replace(/^(mcp|api|www)\./, '').split('.')[0];
	const plain = (end ?? '').replace(/^(mcp-)?server-|@[^/]*$|\.\w+$/g, '').replace(/[^\p{L}\p{N}_-]+/gu, '-');
	return plain.replace(/^-+|-+$/g, '').slice(0, 40) || 'server';
}

function freeName(name: string, taken: readonly string[]): string {
	if (!taken.includes(name)) return name;
	let number = 2;
	while (taken.includes(`${name}-${number}`)) number++;
	return `${name}-${number}`;
}
