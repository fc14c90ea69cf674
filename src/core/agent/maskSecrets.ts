/**
 * Masks credentials in the output of tools before the model and the log see them. Knows the fixed forms that issuers give their keys,
 * so that it never guesses: a password without a form is not found. Pure.
 */
import { isTextBlock } from '../session/content.ts';
import type { ToolOutcome } from '../tools/tool.ts';

/** Forms documented by their issuers; the same ones that secret scanners call high-confidence. */
const FORMS: readonly { readonly name: string; readonly pattern: RegExp }[] = [
	{ name: 'Anthropic key', pattern: /\bsk-ant-[A-Za-z0-9_-]{20,}/g },
	{ name: 'OpenAI key', pattern: /\bsk-(?:proj-|svcacct-|admin-)[A-Za-z0-9_-]{20,}|\bsk-[A-Za-z0-9]{48}\b/g },
	{ name: 'AWS access key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
	{ name: 'GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})/g },
	{ name: 'GitLab token', pattern: /\bglpat-[A-Za-z0-9_-]{20,}/g },
	{ name: 'Slack token', pattern: /\bxox[abposr]-[A-Za-z0-9-]{20,}/g },
	{ name: 'Google API key', pattern: /\bAIza[A-Za-z0-9_-]{35}/g },
	{ name: 'Stripe key', pattern: /\b[rs]k_live_[A-Za-z0-9]{20,}/g },
	{ name: 'npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
	{
		name: 'private key',
		pattern:
			/-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|$)/g,
	},
];

const maskOf = (name: string): string => `[masked: ${name}]`;

/** The text with each credential replaced by `[masked: <what it was>]`. The same text when there is none. */
export function maskSecrets(text: string): string {
	let masked = text;
	for (const { name, pattern } of FORMS) masked = masked.replace(pattern, maskOf(name));
	return masked;
}

/** Credentials in the text, each with a sample that a person knows it by and nobody can use. */
export function foundSecrets(text: string): readonly { readonly name: string; readonly sample: string }[] {
	return FORMS.flatMap(({ name, pattern }) =>
		(text.match(pattern) ?? []).map((found) => {
			const end = /\s/.test(found) ? '' : found.slice(-2);
			return { name, sample: `${/\s/.test(found) ? '-----BEGIN ' : found.slice(0, 4)}…${end}` };
		}),
	);
}

/** The first mask that stands in `text` more often than in `before`: it would take the place of the credential itself. */
export function broughtMask(text: string, before: string): string | undefined {
	const countIn = (whole: string, mask: string) => whole.split(mask).length;
	return FORMS.map(({ name }) => maskOf(name)).find((mask) => countIn(text, mask) > countIn(before, mask));
}

/** The outcome as the model and the log may have it. */
export function maskOutcome(outcome: ToolOutcome): ToolOutcome {
	return {
		...outcome,
		content: outcome.content.map((block) => (isTextBlock(block) ? { ...block, text: maskSecrets(block.text) } : block)),
		summary: maskSecrets(outcome.summary),
		...(outcome.output === undefined ? {} : { output: maskSecrets(outcome.output) }),
	};
}
