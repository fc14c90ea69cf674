/**
 * When something else than the next message may be due: a new task begins, models get less attentive from here on, or the window is
 * nearly full. Local rules, no model call. They would rather say nothing than nag: what is not clear is no reason. Pure.
 */
import { isTextBlock, isToolUseBlock } from '../session/content.ts';
import type { Entry } from '../session/entry.ts';
import { promptText } from '../session/titles.ts';
import type { ContextMeasure } from './meter.ts';

export type SuggestionMoment = {
	readonly branch: readonly Entry[];
	/** What is being typed; empty = nothing. */
	readonly draft: string;
	readonly meter: Pick<ContextMeasure, 'usedTokens' | 'maxTokens' | 'triggerTokens' | 'rotTokens' | 'turnsLeft'>;
	/** The conversation is summarized by itself at the line. */
	readonly autoCompact: boolean;
	readonly nowMs: number;
};

/** Half an hour: longer than the prompt cache lives by default, and long enough to have done something else. */
const LONG_PAUSE_MS = 30 * 60_000;
/** Of the tokens up to the line: from here on a fresh start saves something. */
const LARGE_SHARE = 0.5;
const SHORT_FORECAST_TURNS = 3;
/** The pace of fewer turns says little about the next ones. */
const MIN_PACED_TURNS = 3;
/** A shorter request says too little to tell what it is about. */
const MIN_TELLING_WORDS = 4;
/** Whose answers and calls count as what is being talked about; of prompts, all count. */
const RECENT_TURNS = 3;
const MAX_TEXT_CHARS = 20_000;
/** Words are told apart by their first letters, so that `prices` is what `price` is. */
const STEM_CHARS = 5;
const MIN_WORD_CHARS = 4;
/** `Turn that into …`; further on the same words often belong to the sentence itself. */
const POINTING_WORDS = 3;

export function isInRotZone({ meter }: SuggestionMoment): boolean {
	return meter.rotTokens < meter.maxTokens && meter.usedTokens >= meter.rotTokens;
}

/** Full within three turns at the pace of at least three, with at least half of the room used. */
export function isForecastShort({ branch, meter, autoCompact }: SuggestionMoment): boolean {
	const { turnsLeft, usedTokens, triggerTokens } = meter;
	if (turnsLeft === null || turnsLeft > SHORT_FORECAST_TURNS || usedTokens < LARGE_SHARE * triggerTokens) return false;
	// Past the line it happens by itself, or has failed and says so.
	if (autoCompact && usedTokens >= triggerTokens) return false;
	return branch.filter(({ type }) => type === 'turnEnded').length >= MIN_PACED_TURNS;
}

/**
 * The draft has at least four telling words, shares no path and no telling word with any prompt nor with what was said and done in the last
 * three turns, does not refer back, and comes after a long pause or in a large context.
 */
export function isNewTask({ branch, draft, meter, nowMs }: SuggestionMoment): boolean {
	const ended = branch.findLast(({ type }) => type === 'turnEnded');
	if (!ended || draft.startsWith('/') || refersBack(draft)) return false;
	const isLarge = meter.usedTokens >= LARGE_SHARE * meter.triggerTokens;
	if (!isLarge && nowMs - ended.timestamp < LONG_PAUSE_MS) return false;
	const words = tellingWords(draft);
	if (words.size < MIN_TELLING_WORDS) return false;
	const known = knownWords(branch);
	return [...words].every((word) => !known.has(word));
}

/** The first words lead on, or point at something said before. Scripts without spaces cannot be told apart in words. */
function refersBack(draft: string): boolean {
	if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(draft)) return true;
	const first = draft.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
	return LEADS_ON.has(first[0] ?? '') || first.slice(0, POINTING_WORDS).some((word) => POINTS_BACK.has(word));
}

function tellingWords(text: string): ReadonlySet<string> {
	const words = new Set<string>();
	for (const word of wordsIn(text)) if (!COMMON.has(word)) words.add(word);
	return words;
}

function knownWords(branch: readonly Entry[]): ReadonlySet<string> {
	const prompts = branch.flatMap((entry, index) => (entry.type === 'user' ? [index] : []));
	const recentFrom = prompts.at(-RECENT_TURNS) ?? 0;
	const words = new Set<string>();
	branch.forEach((entry, index) => {
		const text = textOf(entry, index >= recentFrom);
		if (text !== '') for (const word of wordsIn(text.slice(0, MAX_TEXT_CHARS))) words.add(word);
	});
	return words;
}

function textOf(entry: Entry, isRecent: boolean): string {
	if (entry.type === 'user') return promptText(entry.content);
	if (entry.type === 'compaction') return entry.summary;
	if (!isRecent || entry.type !== 'assistant') return '';
	const { block } = entry;
	if (isTextBlock(block)) return String(block.text);
	return isToolUseBlock(block) ? (JSON.stringify(block.input) ?? '') : '';
}

/** Stems of words and of the parts of names and paths. */
function* wordsIn(text: string): Generator<string> {
	const parts = text.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').toLowerCase();
	for (const [word] of parts.matchAll(/[\p{L}\p{N}]+/gu))
		if (word.length >= MIN_WORD_CHARS) yield word.slice(0, STEM_CHARS);
}

const stems = (words: string): ReadonlySet<string> => new Set(wordsIn(words));

const LEADS_ON: ReadonlySet<string> = new Set(
	'also and but then now next again continue go yes no ok okay instead why so or more undo retry still better'.split(
		' ',
	),
);
const POINTS_BACK: ReadonlySet<string> = new Set(
	'it its that this these those they them their same above previous last earlier before both there'.split(' '),
);
/** Said in any task, so they tell nothing. */
const COMMON = stems(
	`about add after all another application around because been being below between build bugs call called case change check
	class code column command comment commit component config could create data default delete dependency directory
	document does done down each edit else ensure error every example exist explain fail feature file files first fix
	folder format from function generate give handle have help here implement import improve include input inside into
	issue item just keep kind language like line list load look main make many method missing module move much must name
	need number object only open option order other output package page parameter part pass path place please point
	possible print problem process project property provide queue read refactor remove rename replace request result
	return review rewrite right root rule same save script section select send server service should show simple since
	some source start state statement step string support sure system take task test tests text than their them through
	time tool type under update usage user using value variable version view want well were what when where which while
	will with without word work would write wrong`,
);
