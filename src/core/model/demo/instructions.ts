/** Reads a prompt as a list of plain instructions. Pure and deterministic; knows nothing of tools. */
import { quotedSpans, splitAt, unquote } from './quoting.ts';

/** Where a line goes. */
export type Place =
	| { readonly kind: 'end' }
	| { readonly kind: 'top' }
	| { readonly kind: 'after' | 'before'; readonly anchor: string }
	| { readonly kind: 'afterLine' | 'beforeLine'; readonly lineNumber: number };

export type Instruction =
	| { readonly kind: 'hello' }
	| { readonly kind: 'help' }
	| { readonly kind: 'count'; readonly to: number; readonly isSlow: boolean }
	| { readonly kind: 'read'; readonly file: string; readonly first?: number; readonly last?: number }
	| { readonly kind: 'explain'; readonly file: string }
	| { readonly kind: 'search'; readonly text: string; readonly path?: string }
	| { readonly kind: 'list'; readonly pattern: string }
	| { readonly kind: 'create'; readonly file: string; readonly text: string; readonly mayReplace: boolean }
	/** No files = wherever it is found. */
	| { readonly kind: 'replace'; readonly from: string; readonly to: string; readonly files: readonly string[] }
	| { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly files: readonly string[] }
	| { readonly kind: 'insert'; readonly text: string; readonly file: string; readonly place: Place }
	| { readonly kind: 'deleteLines'; readonly containing: string; readonly isAll: boolean; readonly file: string }
	| { readonly kind: 'deleteLine'; readonly lineNumber: number; readonly file: string }
	| { readonly kind: 'run'; readonly command: string }
	| { readonly kind: 'check'; readonly file?: string }
	/** One agent for each task; `resume` names one that goes on. */
	| {
			readonly kind: 'delegate';
			readonly tasks: readonly string[];
			readonly agentType?: string;
			readonly resume?: string;
	  }
	| { readonly kind: 'ask'; readonly question: string; readonly options: readonly string[] }
	| { readonly kind: 'plan'; readonly steps: string }
	| { readonly kind: 'tasks'; readonly tasks: readonly string[] }
	| { readonly kind: 'skill'; readonly name: string; readonly argument?: string }
	| { readonly kind: 'unknown'; readonly text: string };

/** At least one instruction; what is not understood comes back as `unknown`. */
export function parseInstructions(prompt: string): Instruction[] {
	const parts = splitInstructions(prompt.trim());
	return parts.length === 0 ? [{ kind: 'unknown', text: '' }] : parts.map(parseOne);
}

/** The words of the first instruction, without politeness. */
export function firstInstruction(prompt: string): string {
	return plainSentence(splitInstructions(prompt.trim())[0] ?? '');
}

const VERBS =
	'read|show|open|view|print|explain|summari[sz]e|describe|outline|find|search|grep|look for|list|create|make|write|replace|change|substitute|add|append|insert|prepend|rename|delete|remove|run|execute|check|diagnose|lint|count|help|hello|delegate|ask me|tasks|use (?:the )?skill';
const BETWEEN = new RegExp(
	`(?:\\s*[;,.]\\s*|\\s+)(?:and\\s+)?then,?\\s+(?=(?:please\\s+)?(?:${VERBS})\\b)` +
		`|(?:\\s*[;,]\\s*|\\s+)(?:and(?:\\s+also)?|also|finally,?)\\s+(?=(?:please\\s+)?(?:${VERBS})\\b)` +
		`|\\s*[;.]\\s+(?=(?:please\\s+|now\\s+)?(?:${VERBS})\\b)` +
		`|\\s*[;,.]?\\s+(?:and\\s+)?(?:then\\s+)?(?:\\(?\\d+[.)]|[-*])\\s+(?=(?:please\\s+)?(?:${VERBS})\\b)` +
		`|\\s*\\n\\s*(?=(?:please\\s+)?(?:${VERBS})\\b)`,
	'gi',
);

/** Cuts where a separator is followed by a verb, outside of quotes and code fences. */
function splitInstructions(prompt: string): string[] {
	const start = /^(?:\(?\d+[.)]|[-*])\s+/.exec(prompt)?.[0].length ?? 0;
	const body = prompt.slice(start);
	const spans = quotedSpans(body);
	const cuts: { start: number; end: number }[] = [];
	for (const match of body.matchAll(BETWEEN)) {
		const end = match.index + match[0].length;
		if (!spans.some((span) => match.index < span.end && end > span.start)) cuts.push({ start: match.index, end });
	}
	return splitAt(body, cuts).filter((part) => part.trim() !== '');
}

/** A pattern and what its groups mean. The first that matches wins. */
type Rule = readonly [RegExp, (groups: readonly string[]) => Instruction | undefined];

const MAX_SENTENCE_CHARS = 5_000;
const FILE = '(`[^`]+`|"[^"]+"|\'[^\']+\'|\\S+)';
const EVERYWHERE = /^(?:all(?: the)? files|every file|the (?:project|workspace|folder|code)|everywhere)$/i;
const rule = (source: string): RegExp => new RegExp(`^${source}$`, 'is');

const RULES: readonly Rule[] = [
	[rule('(?:hello|hi|hey|good (?:morning|day|evening))(?: there)?(?: retrace)?'), () => ({ kind: 'hello' })],
	[rule('(?:help|what can (?:you|i) (?:do|say).*)'), () => ({ kind: 'help' })],
	[
		rule('count (?:up )?to (\\d+)( slowly)?'),
		([to = '0', slow = '']) => ({ kind: 'count', to: Math.min(5_000, Number(to)), isSlow: slow !== '' }),
	],
	[rule('(?:run|execute)(?: the)?(?: command)?:?\\s+(.+)'), ([text = '']) => ({ kind: 'run', command: unquote(text) })],
	[
		rule('(?:delegate|ask an? (\\w+ )?agents? to):?\\s+(.+)'),
		([type = '', text = '']) => ({
			kind: 'delegate',
			tasks: tasksIn(text),
			...(type.trim() === '' ? {} : { agentType: type.trim().toLowerCase() }),
		}),
	],
	[
		rule('continue (?:the )?agent ([\\w-]+):\\s*(.+)'),
		([resume = '', text = '']) => ({ kind: 'delegate', tasks: [unquote(text)], resume }),
	],
	[
		rule('ask me\\s+(.+?)\\s+(?:with|from|:)\\s+(.+)'),
		([question = '', options = '']) => {
			const labels = namesIn(options).slice(0, 5);
			return labels.length < 2 ? undefined : { kind: 'ask', question: unquote(question), options: labels };
		},
	],
	[rule('plan(?: to|:)\\s+(.+)'), ([steps = '']) => ({ kind: 'plan', steps: steps.replace(/\s*\n\s*/g, ' ') })],
	[
		rule('(?:keep |track |the )?tasks:?\\s+(.+)'),
		([text = '']) => ({ kind: 'tasks', tasks: namesIn(text).slice(0, 20) }),
	],
	[
		rule('use (?:the )?skill\\s+([\\w.:-]+)(?:\\s+(?:with|for|on)\\s+(.+))?'),
		([name = '', argument = '']) => ({
			kind: 'skill',
			name,
			...(argument === '' ? {} : { argument: unquote(argument) }),
		}),
	],
	[rule('[!$]\\s*(.+)'), ([text = '']) => ({ kind: 'run', command: text.trim() })],
	[
		rule(
			`(?:replace|change|substitute)(?: all(?: occurrences of)?| every(?: occurrence of)?)?\\s+(.+?)\\s+(?:with|by|to|for)\\s+(.+?)\\s+in\\s+(${FILE}(?:(?:\\s*,\\s*(?:and\\s+)?|\\s+and\\s+)${FILE})*|all(?: the)? files|every file|the (?:project|workspace|folder|code))`,
		),
		([from = '', to = '', files = '']) => ({
			kind: 'replace',
			from: unquote(from),
			to: unquote(to),
			files: fileList(files),
		}),
	],
	[
		rule(
			'(?:replace|change|substitute)(?: all(?: occurrences of)?| every)?\\s+(.+?)\\s+(?:with|by|to|for)\\s+(.+?)\\s+everywhere',
		),
		([from = '', to = '']) => ({ kind: 'replace', from: unquote(from), to: unquote(to), files: [] }),
	],
	[
		rule(
			'rename(?: the)?(?: symbol| function| variable| class| constant| method| type)?\\s+(\\S+)\\s+(?:to|as|into)\\s+(\\S+?)(?:\\s+(?:everywhere|in\\s+(.+)))?',
		),
		([from = '', to = '', files = '']) => {
			const names = [unquote(from), unquote(to)];
			const areNames = names.every((name) => /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name));
			return areNames
				? { kind: 'rename', from: names[0] ?? '', to: names[1] ?? '', files: fileList(files) }
				: undefined;
		},
	],
	[
		rule(`(?:delete|remove)(?: the)? line (\\d+) (?:from|in|of) ${FILE}`),
		([line = '', file = '']) => ({ kind: 'deleteLine', lineNumber: Number(line), file: path(file) }),
	],
	[
		rule(
			`(?:delete|remove)( all| every)?(?: the)? (lines?)(?: that)? (?:containing|contains?|with|matching) (.+) (?:from|in|of) ${FILE}`,
		),
		([all = '', lines = '', text = '', file = '']) => ({
			kind: 'deleteLines',
			containing: unquote(text),
			isAll: all !== '' || lines.toLowerCase() === 'lines',
			file: path(file),
		}),
	],
	[
		rule(
			`(?:add|insert|put)(?: an?| the| this)?(?: new)?(?: line| comment| text)?:? (.+) (after|before)(?: the)? line (\\d+) (?:in|of|to) ${FILE}`,
		),
		([text = '', side = '', line = '', file = '']) => ({
			kind: 'insert',
			text: unquote(text),
			file: path(file),
			place: { kind: side.toLowerCase() === 'after' ? 'afterLine' : 'beforeLine', lineNumber: Number(line) },
		}),
	],
	[
		rule(
			`(?:add|insert|put)(?: an?| the| this)?(?: new)?(?: line| comment| text)?:? (.+) (after|before)(?: the)?(?: line)?(?: that)?(?: containing| contains| with)? (.+) (?:in|of|to) ${FILE}`,
		),
		([text = '', side = '', anchor = '', file = '']) => ({
			kind: 'insert',
			text: unquote(text),
			file: path(file),
			place: { kind: side.toLowerCase() === 'after' ? 'after' : 'before', anchor: unquote(anchor) },
		}),
	],
	[
		rule(
			`(?:add|append|insert|put|prepend)(?: an?| the| this)?(?: new)?(?: line| comment| text)?:? (.+) (?:to|at|on|in)(?: the)? (end|bottom|top|start|beginning) of ${FILE}`,
		),
		([text = '', side = '', file = '']) => insertAt(text, side, file),
	],
	[
		rule(`(?:add|append|insert|put) (?:to|at)(?: the)? (end|bottom|top|start|beginning) of ${FILE}:?\\s+(.+)`),
		([side = '', file = '', text = '']) => insertAt(text, side, file),
	],
	[
		rule(
			`(add|append|insert|put|prepend)(?: an?| the| this)?(?: new)?(?: line| comment| text)?:? (.+) (?:to|in|into) ${FILE}`,
		),
		([verb = '', text = '', file = '']) => insertAt(text, verb.toLowerCase() === 'prepend' ? 'top' : 'end', file),
	],
	[
		rule(
			`(create|make|write|overwrite)(?: an?| the)?(?: new)?(?: empty)?(?: file)?(?: called| named)? ${FILE}(?:,?\\s*(?:with|containing|that (?:says|contains)|saying)(?: the)?(?: text| contents?| line| code)?:?\\s*(.*)|:?\\s*(\`\`\`.*))?`,
		),
		([verb = '', file = '', text = '', fence = '']) => ({
			kind: 'create',
			file: path(file),
			text: withNewline(unquote(text || fence)),
			mayReplace: /write/i.test(verb),
		}),
	],
	[
		rule('(?:list|show|find)(?: me)?(?: all)?(?: the)? files?(?: (?:called|named|matching|like))?(?: in (\\S+))?'),
		([folder = '']) => ({ kind: 'list', pattern: folder === '' ? '**/*' : `${path(folder).replace(/\/$/, '')}/**/*` }),
	],
	[
		rule(
			'(?:list|show|find)(?: me)?(?: all)?(?: the)?(?: files?)?(?: (?:called|named|matching|like))? (\\S*[*?]\\S*)(?: files)?',
		),
		([pattern = '']) => ({ kind: 'list', pattern: path(pattern) }),
	],
	[
		rule('(?:find|list) files?(?: (?:called|named|matching|like))? (\\S+)'),
		([name = '']) => ({ kind: 'list', pattern: `**/*${path(name)}*` }),
	],
	[rule('(?:list|ls|what files are (?:there|here))'), () => ({ kind: 'list', pattern: '**/*' })],
	[
		rule(
			'(?:check|diagnose|lint|show|list|find|are there)?(?: me)?(?: for)?(?: the| all| any)?\\s*(?:problems|errors|diagnostics|warnings)(?: (?:in|of|for) (\\S+))?',
		),
		([file = '']) => (file === '' ? { kind: 'check' } : { kind: 'check', file: path(file) }),
	],
	[rule(`(?:check|diagnose|lint)(?: the)?(?: file)? ${FILE}`), ([file = '']) => ({ kind: 'check', file: path(file) })],
	[
		rule(`(?:find|search|grep|look)(?: for| the)?(?: text| word| string)? (.+?) in ${FILE}`),
		([text = '', where = '']) => ({ kind: 'search', text: unquote(text), path: path(where) }),
	],
	[
		rule('(?:(?:find|search|grep|look)(?: for| the)?(?: text| word| string)?|where is) (.+?)(?: used| defined)?'),
		([text = '']) => ({ kind: 'search', text: unquote(text) }),
	],
	[
		rule(
			`(?:explain|summari[sz]e|describe|outline|what does|what(?:'s| is) in)(?: me)?(?: the)?(?: file)? ${FILE}(?: do| mean| to me)?`,
		),
		([file = '']) => ({ kind: 'explain', file: path(file) }),
	],
	[
		rule(
			`(?:read|show|open|view|print)(?: me)?(?: the)?(?: file)?(?: lines? (\\d+)(?:\\s*(?:-|–|to)\\s*(\\d+))? (?:of|in|from))? ${FILE}`,
		),
		([first = '', last = '', file = '']) => ({ kind: 'read', file: path(file), ...lineRange(first, last) }),
	],
	[
		rule(
			`(?:read|show|open|view|print)(?: me)?(?: the)?(?: file)? ${FILE},? lines? (\\d+)(?:\\s*(?:-|–|to)\\s*(\\d+))?`,
		),
		([file = '', first = '', last = '']) => ({ kind: 'read', file: path(file), ...lineRange(first, last) }),
	],
];

/** Tasks in quotes are one each; without quotes it is one. */
function tasksIn(text: string): readonly string[] {
	const spans = quotedSpans(text);
	const between = text.split('').filter((_, at) => !spans.some(({ start, end }) => at >= start && at < end));
	if (spans.length < 2 || !/^(?:\s|,|;|and)*$/i.test(between.join(''))) return [unquote(text)];
	return spans.map(({ start, end }) => unquote(text.slice(start, end)));
}

function parseOne(part: string): Instruction {
	const text = plainSentence(part);
	// The patterns are for sentences; only a file's new content may be longer.
	if (text.length > MAX_SENTENCE_CHARS && !/^(?:create|make|write|overwrite)\b/i.test(text))
		return { kind: 'unknown', text };
	for (const [pattern, make] of RULES) {
		const match = pattern.exec(text);
		const made = match && make(match.slice(1).map((group) => group ?? ''));
		if (made) return made;
	}
	return { kind: 'unknown', text };
}

function plainSentence(part: string): string {
	return part
		.trim()
		.replace(/^(?:(?:please|now|then|and|also|finally|retrace|can you|could you|would you)[, ]+)+/i, '')
		.replace(/(?:,?\s+please)?[.!?;]?$/i, (end) => (end.includes(';') || end === '' ? end : ''))
		.trim();
}

function insertAt(text: string, side: string, file: string): Instruction {
	const kind = /^(?:end|bottom)$/i.test(side) ? 'end' : 'top';
	return { kind: 'insert', text: unquote(text), file: path(file), place: { kind } };
}

/** `"a", "b" or "c"`, with or without the quotes. */
function namesIn(text: string): string[] {
	return splitAt(text, separatorsIn(text))
		.map(unquote)
		.filter((name) => name !== '');
}

function separatorsIn(text: string): { start: number; end: number }[] {
	const spans = quotedSpans(text);
	return [...text.matchAll(/\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+/g)]
		.map((match) => ({ start: match.index, end: match.index + match[0].length }))
		.filter(({ start, end }) => !spans.some((span) => start < span.end && end > span.start));
}

function lineRange(first: string, last: string): { first?: number; last?: number } {
	if (first === '') return {};
	return { first: Number(first), last: Number(last === '' ? first : last) };
}

function fileList(text: string): string[] {
	if (text.trim() === '' || EVERYWHERE.test(text.trim())) return [];
	return text
		.split(/\s*,\s*(?:and\s+)?|\s+and\s+/)
		.map(path)
		.filter((file) => file !== '');
}

/** A file name as written in a sentence: without quotes, the `@` of a mention and the dot that ends the sentence. */
function path(text: string): string {
	return unquote(text)
		.replace(/^@/, '')
		.replace(/[.,:;!?]+$/, '');
}

const withNewline = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
