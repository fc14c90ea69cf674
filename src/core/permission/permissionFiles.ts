/** The `permissions` of a `.claude/settings.json`, and all rules that hold together. What a file allows counts only when the user agreed to it. Pure. */
import * as z from 'zod';
import type { PermissionRules } from '../agent/turnTypes.ts';
import { ruleFromFile } from './ruleForms.ts';

const NONE = { allow: [], ask: [], deny: [] };
const list = z
	.array(z.unknown())
	.catch([])
	.transform((items): readonly string[] =>
		items.filter((item): item is string => typeof item === 'string' && item.trim() !== '').map(ruleFromFile),
	);
const fileSchema = z.object({
	permissions: z
		.object({ allow: list.default([]), ask: list.default([]), deny: list.default([]) })
		.catch(NONE)
		.default(NONE),
});

/** Undefined when the text is no settings file, so that nobody can say what it denies. */
export function fileRules(text: string): PermissionRules | undefined {
	try {
		const parsed = fileSchema.safeParse(JSON.parse(text));
		return parsed.success ? parsed.data.permissions : undefined;
	} catch {
		return undefined;
	}
}

/** What is asked about: only what grants something. The same rules in another order are the same. */
export function grantText({ allow }: PermissionRules): string {
	return JSON.stringify([...new Set(allow)].sort());
}

/** All of them together; each may only add. */
export function joinRules(all: readonly PermissionRules[]): PermissionRules {
	return {
		allow: all.flatMap(({ allow }) => allow),
		ask: all.flatMap(({ ask }) => ask),
		deny: all.flatMap(({ deny }) => deny),
		secrets: all.flatMap(({ secrets = [] }) => secrets),
	};
}
