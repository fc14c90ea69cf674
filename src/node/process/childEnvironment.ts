/**
 * The environment that child processes get: the host's own without keys and without what only VS Code's processes need.
 * Does not look into values.
 */

/** Variables that make an Electron or Node child behave as a part of VS Code. */
const HOST_ONLY = /^(ELECTRON_|VSCODE_)/i;
const KEYS = /^ANTHROPIC_/i;

/** A copy of `from` without `ANTHROPIC_*`, the host's own variables and `hiddenNames` (case ignored, as Windows does). */
export function childEnvironment(
	from: Readonly<Record<string, string | undefined>>,
	hiddenNames: readonly string[],
): Record<string, string> {
	const hidden = new Set(hiddenNames.map((name) => name.toUpperCase()));
	const environment: Record<string, string> = {};
	for (const [name, value] of Object.entries(from)) {
		if (value === undefined || KEYS.test(name) || HOST_ONLY.test(name) || hidden.has(name.toUpperCase())) continue;
		environment[name] = value;
	}
	return environment;
}
