/** A question before something runs: the exact command first, then why it asks, then the choice and its scope. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { assertNever } from '../../src/base/assertNever.ts';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { limitsLine, unsavedLine } from './callEffects.ts';
import { icon, textButton } from './parts.ts';
import { reasonField } from './reasonField.ts';
import type { ViewContext } from './viewTypes.ts';

type PermissionItem = Extract<TranscriptItem, { kind: 'permission' }>;
type RuleScope = 'session' | 'workspace' | 'user';

export function permissionCard(item: PermissionItem, context: ViewContext): TemplateResult {
	const name = `Permission: ${item.tool}`;
	if (item.state !== 'asking') {
		return html`<div class="tool" data-row=${item.id} role="group" aria-label=${name}>
			<div class="tool-line is-plain" title="${item.target} (${item.cause})">
				${icon(item.state === 'denied' ? 'circle-slash' : 'shield')}
				<span class="verb">${verdictOf(item)}</span>
				<span class="target">${item.target}</span>
			</div>
			${item.reason === undefined ? nothing : html`<p class="tool-note">You said: ${item.reason}</p>`}
		</div>`;
	}
	if (item.goOn !== undefined) return goOnCard(item, item.goOn, context);
	if (item.grant !== undefined) return grantCard(item, item.grant, context);
	const describedBy = `target-${item.id} cause-${item.id}`;
	const rules = item.rules ?? (item.rule === undefined ? [] : [item.rule]);
	return html`<section class="card needs-you" data-row=${item.id} role="group" aria-label=${name} aria-describedby=${describedBy}>
		<header class="card-head">${icon('shield')}<span class="card-title">${questionOf(item)}</span>
			<button
				type="button"
				class="plain-icon more"
				aria-label="Deny with a reason"
				title="Deny with a reason…"
				aria-expanded=${context.reasonFor === item.id ? 'true' : 'false'}
				@click=${() => context.askReason(context.reasonFor === item.id ? null : item.id)}
			>
				${icon('comment')}
			</button>
		</header>
		<pre class="command" id="target-${item.id}" tabindex="0">${item.target}</pre>
		<p class="card-note" id="cause-${item.id}">${item.agent === undefined ? nothing : html`<span class="card-agent">Agent ${item.agent}.</span> `}${sentence(item.cause)}</p>
		${item.unsaved === undefined || item.unsaved.length === 0 ? nothing : unsavedLine(item.unsaved, () => answer(item, context, 'allowOnce', { savesFirst: true }))}
		${limitsLine(item.id, item.limits, context)}
		<div class="card-buttons">
			${textButton({ label: 'Allow once', look: 'primary', onClick: () => answer(item, context, 'allowOnce') })}
			${
				rules.length === 0
					? nothing
					: textButton({
							label: 'Always allow',
							look: 'secondary',
							hint: `Adds ${rules.length === 1 ? 'the rule' : 'the rules'} ${rules.join(', ')}`,
							onClick: (event) => answer(item, context, 'alwaysAllow', scopeIn(event)),
						})
			}
			${textButton({ label: 'Deny', look: 'secondary', onClick: () => answer(item, context, 'deny') })}
		</div>
		${rules.length === 0 ? nothing : scopeLine(rules)}
		${item.parts === undefined || item.parts.length < 2 ? nothing : partsList(item.parts)}
		${
			context.reasonFor === item.id
				? reasonField('What should it do instead?', (reason) => {
						context.askReason(null);
						if (reason !== null)
							context.post({
								kind: 'permission.answer',
								id: item.id,
								verdict: 'deny',
								...(reason === '' ? {} : { reason }),
							});
					})
				: nothing
		}
	</section>`;
}

/** Most are sentences without a dot. */
const sentence = (cause: string): string => (cause === '' || /[.!?…]$/.test(cause) ? cause : `${cause}.`);

/** What is asked, in the words of what it does; what exactly stands below. */
function questionOf({ tool, site }: PermissionItem): string {
	if (site !== undefined) return 'Allow this site?';
	const server = /^mcp__(.+?)__./.exec(tool)?.[1];
	if (server !== undefined) return `Use this tool of ${server}?`;
	if (/^(?:ext|vscode)__/.test(tool)) return 'Use this tool of an extension?';
	return QUESTIONS[tool] ?? `Allow ${tool}?`;
}

const QUESTIONS: Readonly<Record<string, string>> = {
	Agent: 'Start this agent?',
	Bash: 'Run this command?',
	Browser: 'Open this in the browser?',
	Edit: 'Edit this file?',
	Glob: 'List these files?',
	Grep: 'Search these files?',
	MultiEdit: 'Edit this file?',
	NotebookEdit: 'Edit this notebook?',
	Read: 'Read this file?',
	Skill: 'Use this skill?',
	WebFetch: 'Fetch this page?',
	WebSearch: 'Search the web for this?',
	Write: 'Write this file?',
};

/** What *Always allow* adds, and where it holds. The page keeps the choice by itself until the card is answered. */
function scopeLine(rules: readonly string[]): TemplateResult {
	return html`<p class="card-scope">
		Always allow adds ${rules.map((rule, index) => html`${index === 0 ? nothing : ', '}<code>${rule}</code>`)} for
		<span class="picker"
			><select aria-label="Where it holds">
				${SCOPES.map(([scope, label]) => html`<option value=${scope}>${label}</option>`)}
			</select>
			${icon('chevron-down')}</span
		>
	</p>`;
}

const SCOPES: readonly (readonly [RuleScope, string])[] = [
	['session', 'this session'],
	['workspace', 'this workspace'],
	['user', 'every workspace'],
];

/** The session goes without saying. */
function scopeIn(event: Event): { readonly scope?: RuleScope } {
	const card = event.currentTarget instanceof Element ? event.currentTarget.closest('[data-row]') : null;
	const chosen = card?.querySelector<HTMLSelectElement>('.card-scope select')?.value;
	const scope = SCOPES.find(([one]) => one === chosen)?.[0] ?? 'session';
	return scope === 'session' ? {} : { scope };
}

/** Each part of a compound command with its verdict: which one asks is said above, the rest on demand. */
function partsList(parts: NonNullable<PermissionItem['parts']>): TemplateResult {
	return html`<details class="card-parts">
		<summary>Why?</summary>
		<ul>
			${parts.map(
				({ text, kind, cause }) =>
					html`<li>${icon(PART_ICONS[kind])}<span class="sr-only">${PART_WORDS[kind]}: </span><code>${text}</code><span class="part-cause">${cause}</span></li>`,
			)}
		</ul>
	</details>`;
}

const PART_ICONS = { allow: 'check', ask: 'question', deny: 'circle-slash' } as const;
const PART_WORDS = { allow: 'Allowed', ask: 'Asks', deny: 'Denied' } as const;

/** The turn came to a limit of the user's. */
function goOnCard(item: PermissionItem, goOn: string, context: ViewContext): TemplateResult {
	return html`<section class="card needs-you" data-row=${item.id} role="group" aria-label="Limit reached" aria-describedby="target-${item.id}">
		<header class="card-head">${icon('debug-pause')}<span class="card-title">Go on?</span></header>
		<p class="card-note" id="target-${item.id}">${item.target} ${item.cause}.</p>
		<div class="card-buttons">
			${textButton({ label: goOn, look: 'primary', onClick: () => answer(item, context, 'allowOnce') })}
			${textButton({ label: 'Stop here', look: 'secondary', onClick: () => answer(item, context, 'deny') })}
		</div>
	</section>`;
}

/** A file asks for rules: what they cover would run without a question until the turn ends. */
function grantCard(item: PermissionItem, file: string, context: ViewContext): TemplateResult {
	return html`<section class="card needs-you" data-row=${item.id} role="group" aria-label=${`Permission: ${item.tool}`} aria-describedby="target-${item.id} cause-${item.id}">
		<header class="card-head">${icon('shield')}<span class="card-title">Allow what ${item.tool} asks for?</span></header>
		<pre class="command" id="target-${item.id}" tabindex="0">${item.target}</pre>
		<p class="card-note" id="cause-${item.id}">${sentence(item.cause)} “Always” holds until <code title=${file}>${nameOf(file)}</code> changes.</p>
		<div class="card-buttons">
			${textButton({ label: 'This turn', look: 'primary', onClick: () => answer(item, context, 'allowOnce') })}
			${textButton({ label: 'Always', look: 'secondary', hint: `In every turn, until ${nameOf(file)} changes`, onClick: () => answer(item, context, 'alwaysAllow') })}
			${textButton({ label: 'Ask as usual', look: 'secondary', onClick: () => answer(item, context, 'deny') })}
		</div>
	</section>`;
}

/** Every skill is in a file of the same name: the folder says which. */
function nameOf(path: string): string {
	const parts = path.split(/[\\/]/);
	return parts.slice(parts.at(-1)?.toUpperCase() === 'SKILL.MD' ? -2 : -1).join('/');
}

function answer(
	item: PermissionItem,
	context: ViewContext,
	verdict: 'allowOnce' | 'alwaysAllow' | 'deny',
	more: { readonly savesFirst?: boolean; readonly scope?: RuleScope } = {},
): void {
	context.post({ kind: 'permission.answer', id: item.id, verdict, ...more });
}

function verdictOf(item: PermissionItem): string {
	switch (item.state) {
		case 'asking':
			return 'Asks';
		case 'allowed':
			return 'Allowed';
		case 'alwaysAllowed':
			return 'Always allowed';
		case 'denied':
			return 'Denied';
		case 'withdrawn':
			return 'Withdrawn';
		default:
			return assertNever(item.state);
	}
}
