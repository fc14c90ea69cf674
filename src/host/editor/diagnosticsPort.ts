/** The editor's diagnostics as the agent's port: what the language services report now. */
import * as vscode from 'vscode';
import type { Diagnostic, Diagnostics } from '../../core/ports.ts';

const SEVERITIES = ['error', 'warning', 'info', 'hint'] as const;

export function createDiagnostics(): Diagnostics {
	return {
		async list(absolute) {
			if (absolute !== undefined) {
				const uri = vscode.Uri.file(absolute);
				return vscode.languages.getDiagnostics(uri).map((one) => toDiagnostic(uri, one));
			}
			return vscode.languages
				.getDiagnostics()
				.filter(([uri]) => uri.scheme === 'file')
				.flatMap(([uri, all]) => all.map((one) => toDiagnostic(uri, one)));
		},
	};
}

function toDiagnostic(uri: vscode.Uri, one: vscode.Diagnostic): Diagnostic {
	return {
		path: uri.fsPath,
		lineNumber: one.range.start.line + 1,
		severity: SEVERITIES[one.severity] ?? 'info',
		source: one.source ?? '',
		message: one.message,
	};
}
