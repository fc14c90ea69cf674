/**
 * How much an item of the context is worth to the work at hand, from 0 to 1. One formula, shown to the user and used by whatever chooses what to
 * leave out. Pure; learns nothing.
 */

export type ItemKind =
	| 'tools'
	| 'system'
	| 'memory'
	| 'environment'
	| 'prompt'
	| 'attachment'
	| 'reply'
	| 'thinking'
	| 'toolResult'
	| 'image'
	| 'reminder'
	| 'summary'
	| 'restored'
	| 'fact';

export type ImportanceInput = {
	readonly kind: ItemKind;
	readonly tokens: number;
	readonly turnsAgo: number;
	readonly isPinned: boolean;
	readonly isSuperseded: boolean;
	/** Its file or something it defines is named in a later message. */
	readonly isReferredTo: boolean;
};

/**
 * What an item is worth by its kind alone, when it is new. What the user said, and what stands for a past that is gone, cannot be had again;
 * a file can be read again, and thinking has done its work once the reply stands.
 */
const WORTH: Readonly<Record<ItemKind, number>> = {
	tools: 1,
	system: 1,
	memory: 1,
	environment: 1,
	prompt: 0.9,
	summary: 0.9,
	fact: 0.9,
	restored: 0.7,
	attachment: 0.7,
	reply: 0.6,
	toolResult: 0.5,
	image: 0.4,
	thinking: 0.3,
	reminder: 0.3,
};
const PREFIX: ReadonlySet<ItemKind> = new Set(['tools', 'system', 'memory', 'environment']);

/** Turns after which the part that ages is worth half. */
const HALF_LIFE_TURNS = 8;
/** The part of the worth that stays however old it is. */
const AGELESS_SHARE = 0.4;
/** The largest items weigh on everything else: so many tokens cost the most that size can cost. */
const BULKY_TOKENS = 20_000;
const BULK_COST = 0.3;
const REFERRED_WORTH = 0.25;
const SUPERSEDED_SHARE = 0.3;

/**
 * `(worth × (0.4 + 0.6 × 2^(−turns / 8)) × (1 − 0.3 × min(1, tokens / 20,000)) + 0.25 if referred to) × 0.3 if superseded`, at most 1.
 * What is pinned, and the start that every request has, is worth 1.
 */
export function importanceOf(item: ImportanceInput): number {
	if (item.isPinned || PREFIX.has(item.kind)) return 1;
	const age = AGELESS_SHARE + (1 - AGELESS_SHARE) * 2 ** (-item.turnsAgo / HALF_LIFE_TURNS);
	const bulk = 1 - BULK_COST * Math.min(1, item.tokens / BULKY_TOKENS);
	const worth = WORTH[item.kind] * age * bulk + (item.isReferredTo ? REFERRED_WORTH : 0);
	return Math.min(1, worth * (item.isSuperseded ? SUPERSEDED_SHARE : 1));
}

/** A text that is looked through for names at most so far. */
const MAX_NAMED_CHARS = 64_000;
const MAX_NAMES = 40;
const DEFINITION =
	/\b(?:function|class|interface|type|enum|const|let|var|def|fn|func|struct|trait|module)\s+([A-Za-z_$][\w$]{3,})/g;

/** What a later message would call this: the name of its file, and what is defined in it. */
export function namesOf(path: string | undefined, text: string): readonly string[] {
	const names = new Set<string>();
	const base = path?.split('/').at(-1);
	if (base) names.add(base);
	for (const [, name] of text.slice(0, MAX_NAMED_CHARS).matchAll(DEFINITION)) {
		if (names.size >= MAX_NAMES) break;
		if (name) names.add(name);
	}
	return [...names];
}

/** What stands in backticks, or a word, with the bracket of a call if it has one. */
const WORD = /`([^`\n]{2,80})`|[\w$./-]+\(?/g;
/** Of a word outside backticks: called, dotted, or of mixed case. */
const IS_NAME = /[\w$]\($|\w[./_$]+\w|[a-z][A-Z]/;

/** The names that a message mentions; a path counts as the name of its file. */
export function namesIn(text: string): ReadonlySet<string> {
	const names = new Set<string>();
	for (const [word, quoted] of text.slice(0, MAX_NAMED_CHARS).matchAll(WORD)) {
		if (quoted === undefined && !IS_NAME.test(word)) continue;
		for (const part of (quoted ?? word).split(/[\s()[\]{},;:"']+/)) {
			const name = part.split('/').at(-1)?.replace(/\.+$/, '');
			if (name && name.length > 3) names.add(name);
		}
	}
	return names;
}
