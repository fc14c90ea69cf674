/**
 * Whether a command line may run, by its parts: denied when one of them is, asked about when one asks, allowed only when every one is.
 * Pure; `readCommand.ts` has read it before.
 */
import type { PermissionRules } from '../agent/turnTypes.ts';
import type { ResolvedPath } from '../ports.ts';
import type { PermissionMode } from '../session/entry.ts';
import type { Finds } from './commandLooks.ts';
import { hookPartCause, hookTextCause } from './hookPaths.ts';
import { hiddenBelow, isSecretPath, protectedCause, protectedMention } from './protectedPaths.ts';
import type { CommandReading, Reached, ReadPart } from './readCommand.ts';
import { findRule, parseRule } from './rules.ts';
import { assignmentCause } from './shellBuiltins.ts';
import { canonical, couldBe, grantsCommand, namesCommand, proposedRule } from './shellRules.ts';

export type CommandQuestion = {
	readonly tool: string;
	readonly command: string;
	readonly reading: CommandReading;
	readonly mode: PermissionMode;
	readonly rules: PermissionRules;
	readonly sessionRules: readonly string[];
	/** See `PermissionQuestion`. */
	readonly isHeld?: boolean;
};

export const HELD_CAUSE = 'It runs in the sandbox';

/** What was found out about one part. `rules` would allow it from now on; undefined = none may. */
export type PartVerdict = {
	readonly kind: 'allow' | 'ask' | 'deny';
	readonly text: string;
	readonly cause: string;
	readonly rules?: readonly string[];
	/** A rule of the user's wants the question, so nothing less than an answer opens it. */
	readonly isByRule?: true;
};
export type CommandDecision = Omit<PartVerdict, 'text'> & { readonly parts: readonly PartVerdict[] };

export function decideCommand(question: CommandQuestion): CommandDecision {
	const { reading, mode, rules, command } = question;
	const verdicts = reading.parts.map((part) => judge(part, question));
	const denied = verdicts.find(({ kind }) => kind === 'deny');
	if (denied) return { ...denied, cause: named(denied, verdicts), parts: verdicts };
	const target = { kind: 'command', command } as const;
	// What could not be taken apart is searched as a text for what is denied.
	const whole = findRule(rules.deny, question.tool, target, reading.problems.length > 0 ? 'wide' : 'whole');
	if (whole !== undefined) return plain('deny', `The rule ${whole} forbids it`, verdicts);
	if (mode === 'plan') {
		const isReading =
			reading.problems.length === 0 &&
			guardedCause(question) === undefined &&
			reading.parts.every((part) => onlyLooks(part, question));
		if (isReading && verdicts.every(({ kind }) => kind === 'allow')) return plain('allow', 'It only looks', verdicts);
		return plain(
			'deny',
			`Plan mode is on: ${question.tool} may only run commands that look. Read and search, then describe the plan; the user leaves plan mode to have it carried out`,
			verdicts,
		);
	}
	const guarded = guardedCause(question);
	if (guarded !== undefined) return plain('ask', guarded, verdicts);
	const asked = findRule(rules.ask, question.tool, target, reading.problems.length > 0 ? 'wide' : 'whole');
	if (asked !== undefined) return plain('ask', `The rule ${asked} says to ask`, verdicts);
	const byRule = verdicts.find((verdict) => verdict.isByRule);
	if (byRule) return sentence(byRule, verdicts);
	const allowed = findRule([...rules.allow, ...question.sessionRules], question.tool, target, 'whole');
	if (allowed !== undefined) return plain('allow', `The rule ${allowed} allows it`, verdicts);
	const [problem] = reading.problems;
	if (mode === 'auto' || question.isHeld) {
		const hasRules = [...rules.deny, ...rules.ask].some((rule) => parseRule(rule)?.tool === question.tool);
		return problem !== undefined && hasRules
			? plain('ask', `${problem}, so your rules cannot be held against it`, verdicts)
			: plain('allow', question.isHeld ? HELD_CAUSE : 'Auto mode is on', verdicts);
	}
	if (problem !== undefined) return plain('ask', problem, verdicts);
	const asking = verdicts.filter(({ kind }) => kind === 'ask');
	const [first] = asking;
	if (first === undefined) return plain('allow', verdicts[0]?.cause ?? 'It does nothing', verdicts);
	return sentence(first, verdicts, asking);
}

const plain = (kind: PartVerdict['kind'], cause: string, parts: readonly PartVerdict[]): CommandDecision => ({
	kind,
	cause,
	parts,
});

const named = ({ text, cause }: PartVerdict, parts: readonly PartVerdict[]): string =>
	parts.length > 1 ? `${shorten(text)}: ${lowerFirst(cause)}` : cause;

/** Names the part, when it is one of several; several rules are offered when several parts ask. */
function sentence(
	first: PartVerdict,
	parts: readonly PartVerdict[],
	asking: readonly PartVerdict[] = [first],
): CommandDecision {
	const others = asking.length - 1;
	const name = named(first, parts);
	const cause =
		others === 0 ? name : `${name}, and ${others === 1 ? 'one more part asks' : `${others} more parts ask`}`;
	const isOffered = !first.isByRule && asking.every(({ rules }) => rules !== undefined);
	const rules = [...new Set(asking.flatMap((one) => one.rules ?? []))];
	return { kind: 'ask', cause, parts, ...(isOffered && rules.length > 0 ? { rules } : {}) };
}

/** The verdict on one part and on all that it runs. */
function judge(part: ReadPart, question: CommandQuestion): PartVerdict {
	const { rules, tool } = question;
	const { command } = part;
	const text = command.source.trim();
	const inner = part.inner.map((one) => judge(one, question));
	const denied =
		findPart(rules.deny, tool, (pattern) => namesCommand(pattern, command)) ?? deniedPath(part, rules.deny);
	if (denied !== undefined) return { kind: 'deny', text, cause: `The rule ${denied} forbids it` };
	const innerDenied = inner.find(({ kind }) => kind === 'deny');
	if (innerDenied) return { ...innerDenied, text };
	const asked = findPart(rules.ask, tool, (pattern) => namesCommand(pattern, command));
	if (asked !== undefined) return { kind: 'ask', text, cause: `The rule ${asked} says to ask`, isByRule: true };
	const innerAsked = inner.find((one) => one.isByRule);
	if (innerAsked) return { ...innerAsked, text };
	const unclear = findPart([...rules.deny, ...rules.ask], tool, (pattern) => couldBe(pattern, command));
	if (unclear !== undefined && question.mode !== 'plan')
		return {
			kind: 'ask',
			text,
			cause: `What it becomes when it runs could fall under the rule ${unclear}`,
			isByRule: true,
		};
	const own = [judgeCommand(part, inner, question), ...part.redirects.map((one) => judgeRedirect(one, question))];
	const asking = own.filter(({ kind }) => kind === 'ask');
	const [first = own[0]] = asking;
	if (first === undefined) return { kind: 'ask', text, cause: NO_RULE };
	const offered = asking.every((one) => one.rules !== undefined) ? asking.flatMap((one) => one.rules ?? []) : undefined;
	return { kind: first.kind, cause: first.cause, text, ...(offered && offered.length > 0 ? { rules: offered } : {}) };
}

const NO_RULE = 'No rule allows this command yet';

type Judged = Omit<PartVerdict, 'text'>;

/** The program and its arguments. */
function judgeCommand(part: ReadPart, inner: readonly PartVerdict[], question: CommandQuestion): Judged {
	const { command, table } = part;
	const name = command.words[0]?.value;
	const redefined = name !== undefined && question.reading.functions.includes(name);
	const grant = redefined
		? undefined
		: findPart([...question.rules.allow, ...question.sessionRules], question.tool, (pattern) =>
				grantsCommand(pattern, command),
			);
	if (grant !== undefined) return { kind: 'allow', cause: `The rule ${grant} allows it` };
	const assigned = command.assignments.map(assignmentCause).find((cause) => cause !== undefined);
	if (assigned !== undefined) return asks(assigned, part, true);
	if (redefined) return { kind: 'ask', cause: `${name} is defined anew in this line` };
	const innerAsk = inner.find(({ kind }) => kind === 'ask');
	if (part.isTransparent)
		return innerAsk ? withoutText(innerAsk, inner) : { kind: 'allow', cause: 'All that it runs is allowed' };
	if (table.kind === 'refused') return asks(table.cause, part, true);
	if (table.kind === 'unknown') return asks(NO_RULE, part, part.inner.length > 0);
	const cause =
		part.looksAt.map((one) => lookCause(one, question.rules.secrets)).find((one) => one !== undefined) ??
		shownVariable(part);
	if (cause !== undefined) return asks(cause, part, true);
	const found = table.finds && foundCause(part, table.finds, question.rules);
	if (found !== undefined) return { kind: 'ask', cause: found };
	return innerAsk
		? withoutText(innerAsk, inner)
		: { kind: 'allow', cause: 'It only looks, and only inside the workspace' };
}

function withoutText({ cause }: PartVerdict, inner: readonly PartVerdict[]): Judged {
	const asking = inner.filter(({ kind }) => kind === 'ask');
	const rules = asking.every((one) => one.rules) ? asking.flatMap((one) => one.rules ?? []) : [];
	return { kind: 'ask', cause, ...(rules.length > 0 ? { rules } : {}) };
}

function asks(cause: string, { command, inner, problem, table }: ReadPart, isExact: boolean): Judged {
	const rule =
		problem === undefined ? proposedRule(command, isExact || inner.length > 0, table.kind === 'refused') : undefined;
	return { kind: 'ask', cause, ...(rule === undefined ? {} : { rules: [rule] }) };
}

/** Why what it looks at is asked about. */
function lookCause({ word, access, places }: Reached, secrets: readonly string[] | undefined): string | undefined {
	if (word.value === undefined)
		return word.source.startsWith('~')
			? `${word.source} is outside the workspace folders`
			: `${word.source} is known only when it runs`;
	if (word.value === '' || word.value === '-') return undefined;
	if (places === undefined) return `Where ${word.source} leads cannot be told`;
	for (const place of places) {
		const cause = protectedCause(place, access, secrets) ?? linkCause(place, word);
		if (cause !== undefined) return cause;
	}
	return undefined;
}

/** Other than the file tools, programs follow links. */
const linkCause = (place: ResolvedPath, { source }: ReadPart['looksAt'][number]['word']): string | undefined =>
	place.kind === 'inside' && place.isLink
		? `${source} is a symbolic link, so it may lead out of the workspace`
		: undefined;

/** A search of folders does not know what the user's rules keep from being read. */
function foundCause({ looksAt }: ReadPart, { where, skipsHidden }: Finds, rules: PermissionRules): string | undefined {
	const folders = looksAt.flatMap(({ places = [] }) =>
		places.map((place) => (place.kind === 'inside' ? place.file.rel : '')),
	);
	const hidden = hiddenBelow(rules, where === 'below' ? folders : [''], skipsHidden);
	return hidden === undefined ? undefined : `It may show files that are kept back (${hidden})`;
}

/** Names of variables that hold credentials, when the command would print them; `${X:+set}` does not. */
const SECRET_VARIABLE =
	/\$\{?\w*(?:TOKEN(?!S)|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)\w*(?!\w|:?\+)/i;

function shownVariable({ command }: ReadPart): string | undefined {
	if (!/^(?:echo|printf)$/.test(command.words[0]?.value ?? '')) return undefined;
	const word = command.words.slice(1).find(({ value, source }) => value === undefined && SECRET_VARIABLE.test(source));
	return word && `It shows ${word.source}, which may hold a secret`;
}

const STREAMS: ReadonlySet<string> = new Set(['/dev/null', '/dev/stdout', '/dev/stderr', '/dev/stdin', '/dev/tty']);
const isStream = ({ word }: Reached): boolean =>
	word.value !== undefined && (STREAMS.has(word.value) || /^\/dev\/fd\/\d+$/.test(word.value));

function judgeRedirect(reached: Reached, { rules, sessionRules }: CommandQuestion): Judged {
	const { word, access, places } = reached;
	if (isStream(reached)) return { kind: 'allow', cause: 'It is no file' };
	const cause = word.isPattern
		? `${word.source} stands for a file that is known only when it runs`
		: lookCause(reached, rules.secrets);
	if (cause !== undefined) return { kind: 'ask', cause };
	// Whoever accepts edits has not accepted what commands write: those are not shown as edits.
	if (access === 'read') return { kind: 'allow', cause: 'It is inside the workspace' };
	const target = places?.[0];
	const granted =
		target &&
		findRule(
			[...rules.allow, ...sessionRules],
			'Write',
			{ kind: 'path', path: word.value ?? '', resolved: target },
			'strict',
		);
	if (granted !== undefined && places?.length === 1) return { kind: 'allow', cause: `The rule ${granted} allows it` };
	const rel =
		target?.kind === 'inside' && places?.length === 1 && /^[\w./ -]+$/.test(target.file.rel)
			? target.file.rel
			: undefined;
	return { kind: 'ask', cause: `It writes ${word.source}`, ...(rel === undefined ? {} : { rules: [`Edit(/${rel})`] }) };
}

/** A rule that denies reading or editing a path holds for the commands that are known to do it. */
function deniedPath({ looksAt, redirects }: ReadPart, deny: readonly string[]): string | undefined {
	for (const { access, places = [], word } of [...looksAt, ...redirects])
		for (const resolved of places) {
			const target = { kind: 'path', path: word.value ?? '', resolved } as const;
			const tool = access === 'read' ? 'Read' : 'Write';
			const found = findRule(
				deny.filter((rule) => parseRule(rule)?.pattern !== undefined),
				tool,
				target,
				'wide',
			);
			if (found !== undefined) return found;
		}
	return undefined;
}

/** What is asked about in every mode and opened by no rule. */
function guardedCause(question: CommandQuestion): string | undefined {
	const { reading, command } = question;
	const { hookPaths = [] } = question.rules;
	const unread = reading.problems.length > 0 ? hookTextCause(command, hookPaths) : undefined;
	const named = protectedMention(command) ?? unread;
	if (named !== undefined) return named;
	for (const part of reading.parts.flatMap(flat)) {
		const words = [...part.command.words, ...part.command.redirects.map(({ target }) => target)];
		const mention = protectedMention(canonical(words));
		if (mention !== undefined) return mention;
		const hooked = hookPartCause(part, hookPaths);
		if (hooked !== undefined) return hooked;
		const secret = words.find(({ value }) => value !== undefined && isSecretPath(value, question.rules.secrets));
		if (secret) return `It names ${secret.source}, which may hold secrets`;
		const written = [...part.looksAt, ...part.redirects].filter((one) => one.access === 'write' && !isStream(one));
		for (const one of written) {
			const isOutside =
				one.word.value === undefined
					? one.word.source.startsWith('~')
					: one.places?.some(({ kind }) => kind === 'outside');
			if (isOutside) return `It writes ${one.word.source}, which is outside the workspace folders`;
		}
	}
	return undefined;
}

/** For plan mode: by the table alone, and nothing is written. */
function onlyLooks(part: ReadPart, question: CommandQuestion): boolean {
	const isLooking = part.table.kind === 'looks' || part.isTransparent;
	const writes = part.redirects.some((one) => one.access === 'write' && !isStream(one));
	return isLooking && !writes && part.inner.every((one) => onlyLooks(one, question));
}

function findPart(rules: readonly string[], tool: string, fits: (pattern: string) => boolean): string | undefined {
	return rules.find((text) => {
		const rule = parseRule(text);
		return rule !== undefined && rule.tool === tool && rule.pattern !== undefined && fits(rule.pattern);
	});
}

const flat = (part: ReadPart): readonly ReadPart[] => [part, ...part.inner.flatMap(flat)];
const lowerFirst = (text: string): string =>
	/^(?:It|No|The|This|What|Where|With|A|All)\b/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
const shorten = (text: string): string => {
	const line = text.replace(/\s+/g, ' ');
	return line.length > 60 ? `${line.slice(0, 59)}…` : line;
};
