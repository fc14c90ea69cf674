/** The port Symbols through VS Code's own providers. A provider that hangs is left alone. */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import type { SymbolPlace, SymbolPosition, Symbols } from '../../core/tools/symbolsPort.ts';

/** A language service that has not answered by then is still reading the project, or hangs. */
const TIMEOUT_MS = 15_000;
/** More are of no use to a model, and may take megabytes. */
const MAX_PLACES = 500;

export function createSymbols(): Symbols {
	return {
		definition: async (position, signal) => await placesAt('vscode.executeDefinitionProvider', position, signal),
		references: async (position, signal) => await placesAt('vscode.executeReferenceProvider', position, signal),
		async workspace(query, signal) {
			const found = await ask<readonly vscode.SymbolInformation[]>(
				signal,
				'vscode.executeWorkspaceSymbolProvider',
				query,
			);
			return (found ?? [])
				.slice(0, MAX_PLACES)
				.map(({ name, kind, location }) => placeOf(location, labelOf(name, kind)));
		},
		async outline(absolute, signal) {
			const uri = vscode.Uri.file(absolute);
			const found = await ask<readonly (vscode.DocumentSymbol | vscode.SymbolInformation)[]>(
				signal,
				'vscode.executeDocumentSymbolProvider',
				uri,
			);
			return (found ?? []).flatMap((symbol) => flat(symbol, absolute, 0)).slice(0, MAX_PLACES);
		},
	};
}

async function placesAt(
	command: string,
	{ absolute, lineNumber, columnIndex }: SymbolPosition,
	signal: AbortSignal,
): Promise<readonly SymbolPlace[]> {
	const position = new vscode.Position(lineNumber - 1, columnIndex);
	const found = await ask<readonly (vscode.Location | vscode.LocationLink)[]>(
		signal,
		command,
		vscode.Uri.file(absolute),
		position,
	);
	const places = (found ?? []).slice(0, MAX_PLACES).map((one) => {
		if (!('targetUri' in one)) return placeOf(one, '');
		return placeOf({ uri: one.targetUri, range: one.targetSelectionRange ?? one.targetRange }, '');
	});
	const known = new Set<string>();
	return places.filter(({ path, lineNumber: line }) => {
		const key = `${line} ${path}`;
		return !known.has(key) && known.add(key) !== undefined;
	});
}

async function ask<T>(signal: AbortSignal, command: string, ...args: readonly unknown[]): Promise<T | undefined> {
	signal.throwIfAborted();
	let stop: () => void = () => undefined;
	const stopped = new Promise<never>((_, reject) => {
		const timer = setTimeout(() => reject(noAnswer()), TIMEOUT_MS);
		const abort = () => reject(signal.reason);
		signal.addEventListener('abort', abort, { once: true });
		stop = () => {
			clearTimeout(timer);
			signal.removeEventListener('abort', abort);
		};
	});
	try {
		return await Promise.race([vscode.commands.executeCommand<T | undefined>(command, ...args), stopped]);
	} finally {
		stop();
	}
}

const noAnswer = (): UserError =>
	new UserError(
		'no-answer',
		`No language service answered within ${TIMEOUT_MS / 1_000} s. It may still be reading the project: try again later, or use Grep.`,
	);

function placeOf(
	{ uri, range }: { readonly uri: vscode.Uri; readonly range: vscode.Range },
	label: string,
): SymbolPlace {
	const path = uri.scheme === 'file' ? uri.fsPath : uri.toString();
	return { path, lineNumber: range.start.line + 1, label };
}

function flat(
	symbol: vscode.DocumentSymbol | vscode.SymbolInformation,
	path: string,
	depth: number,
): readonly SymbolPlace[] {
	const label = labelOf(symbol.name, symbol.kind);
	// What VS Code gives of a nested symbol has a location as well.
	if (!('selectionRange' in symbol)) return [placeOf(symbol.location, label)];
	const own = { path, lineNumber: symbol.selectionRange.start.line + 1, label, depth };
	return [own, ...symbol.children.flatMap((child) => flat(child, path, depth + 1))];
}

const labelOf = (name: string, kind: vscode.SymbolKind): string =>
	`${(vscode.SymbolKind[kind] ?? 'symbol').toLowerCase()} ${name}`;
