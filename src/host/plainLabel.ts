/** Text of others in places where VS Code finds more in it than text: icons in a pick list, links in a message. Pure. */

/** `$(trash)` in a prompt stays what was typed instead of turning into a picture. */
export function plainLabel(text: string): string {
	return text.replace(/\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\)/g, '\\$&');
}

/**
 * `[name](command:…)` in a message would be a link that runs a command; nothing that a model, a file or a session says may make one. Nor may
 * characters that nobody sees turn the order of what is read. What joins letters and emoji stays.
 */
export function plainMessage(text: string): string {
	return text.replace(/(?![\u200c\u200d])[\p{Cf}\p{Co}\p{Cs}]/gu, '').replace(/\]\((?=\S)/g, '] (');
}
