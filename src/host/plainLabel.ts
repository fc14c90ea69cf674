/** Text of others for a place where VS Code draws icons: a pick list, the status bar. Pure. */

/** `$(trash)` in a prompt stays what was typed instead of turning into a picture. */
export function plainLabel(text: string): string {
	return text.replace(/\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\)/g, '\\$&');
}
