/** A problem of a document, as the features find it and the editor shows it. */
import { type Diagnostic, DiagnosticSeverity, type Range } from 'vscode-languageserver';

export type Problem = {
	readonly code: string;
	readonly range: Range;
	/** One sentence, and what to do about it where that is not plain. */
	readonly message: string;
	/** `error`: it does not work. `warning`: something in it is without effect. `note`: worth knowing. */
	readonly level: 'error' | 'warning' | 'note';
	readonly related?: readonly { readonly path: string; readonly range: Range; readonly message: string }[];
};

const SEVERITIES = {
	error: DiagnosticSeverity.Error,
	warning: DiagnosticSeverity.Warning,
	note: DiagnosticSeverity.Information,
} as const;

export function toDiagnostic(problem: Problem, uriOf: (path: string) => string): Diagnostic {
	const { code, range, message, level, related } = problem;
	return {
		source: 'Retrace',
		code,
		range,
		message,
		severity: SEVERITIES[level],
		...(related && {
			relatedInformation: related.map((one) => ({
				location: { uri: uriOf(one.path), range: one.range },
				message: one.message,
			})),
		}),
	};
}
