/** A slash command as it was typed, and what is said of one that is not there. Pure. */
import type { PromptCommand } from '../../core/agent/turnTypes.ts';

/** Undefined for a prompt that was typed as it is. */
export function typedCommand({ command }: { readonly command?: PromptCommand | undefined }): string | undefined {
	if (!command || command.continues) return undefined;
	const { name, argument } = command;
	return `/${name}${argument === '' ? '' : ` ${argument}`}`;
}

export const unknownCommand = (name: string): string =>
	`There is no command /${name}. Your text is back in the input; put a space first to send it as it is, or type / for the commands there are.`;
