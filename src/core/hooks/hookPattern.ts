/**
 * The matcher of a hook: which tools (or causes) it is for. A name, several with `|`, or a regular expression of plain parts.
 * It is matched by sets of states and not by `RegExp`, so that no pattern of a project can take longer than its own length times the name's.
 */

/** Undefined when it cannot be read: look-around, back references and the like are not known here. */
export function readMatcher(matcher: string): ((name: string) => boolean) | undefined {
	const text = matcher.trim();
	if (text === '' || text === '*') return () => true;
	if (text.length > MAX_PATTERN_CHARS) return undefined;
	// Names alone mean just these, as people expect of `Edit`; what is more is looked for anywhere.
	if (/^[\w|, -]+$/.test(text)) {
		const names = new Set(text.split(/[|,]/).map((name) => name.trim()));
		return (name) => names.has(name);
	}
	const parser = createParser(text);
	const root = parser.alternatives();
	const steps = root && parser.isAtEnd() ? compile(root) : undefined;
	return steps && ((name) => isFound(steps, name.slice(0, MAX_NAME_CHARS)));
}

const MAX_PATTERN_CHARS = 500;
/** Names of tools have at most 64. */
const MAX_NAME_CHARS = 256;
const MAX_REPEATS = 50;
const MAX_DEPTH = 20;
/** Counted repeats are written out. */
const MAX_STEPS = 2_000;

type Test = (char: string) => boolean;
type Node =
	| { readonly kind: 'char'; readonly test: Test }
	| { readonly kind: 'start' }
	| { readonly kind: 'end' }
	| { readonly kind: 'all'; readonly parts: readonly Node[] }
	| { readonly kind: 'any'; readonly parts: readonly Node[] }
	| { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number };

const CLASSES: Readonly<Record<string, Test>> = {
	d: (char) => /\d/.test(char),
	D: (char) => /\D/.test(char),
	w: (char) => /\w/.test(char),
	W: (char) => /\W/.test(char),
	s: (char) => /\s/.test(char),
	S: (char) => /\S/.test(char),
};

function createParser(text: string) {
	let at = 0;
	let depth = 0;
	const eat = (char: string): boolean => {
		if (text[at] !== char) return false;
		at++;
		return true;
	};

	function alternatives(): Node | undefined {
		const parts: Node[] = [];
		do {
			const part = sequence();
			if (!part) return undefined;
			parts.push(part);
		} while (eat('|'));
		return { kind: 'any', parts };
	}

	function sequence(): Node | undefined {
		const parts: Node[] = [];
		while (at < text.length && text[at] !== '|' && text[at] !== ')') {
			const part = atom();
			const repeated = part && repeats(part);
			if (!repeated) return undefined;
			parts.push(repeated);
		}
		return { kind: 'all', parts };
	}

	function atom(): Node | undefined {
		const char = text[at++] ?? '';
		switch (char) {
			case '^':
				return { kind: 'start' };
			case '$':
				return { kind: 'end' };
			case '.':
				return { kind: 'char', test: () => true };
			case '(':
				return group();
			case '[':
				return charClass();
			case '\\': {
				const test = escaped();
				return test && { kind: 'char', test };
			}
			case '*':
			case '+':
			case '?':
			case '{':
				return undefined;
			default:
				return { kind: 'char', test: (one) => one === char };
		}
	}

	function group(): Node | undefined {
		if (text[at] === '?') {
			if (text[at + 1] !== ':') return undefined;
			at += 2;
		}
		if (++depth > MAX_DEPTH) return undefined;
		const inner = alternatives();
		depth--;
		return inner && eat(')') ? inner : undefined;
	}

	function escaped(): Test | undefined {
		const char = text[at++];
		if (char === undefined) return undefined;
		const known = CLASSES[char];
		if (known) return known;
		return /[A-Za-z0-9]/.test(char) ? undefined : (one) => one === char;
	}

	function charClass(): Node | undefined {
		const isNegated = eat('^');
		const tests: Test[] = [];
		while (at < text.length && text[at] !== ']') {
			if (eat('\\')) {
				const test = escaped();
				if (!test) return undefined;
				tests.push(test);
				continue;
			}
			const from = text[at++] ?? '';
			const isRange = text[at] === '-' && text[at + 1] !== ']' && text[at + 1] !== undefined;
			if (!isRange) {
				tests.push((one) => one === from);
				continue;
			}
			const to = text[at + 1] ?? '';
			at += 2;
			if (to === '\\' || to < from) return undefined;
			tests.push((one) => one >= from && one <= to);
		}
		if (!eat(']')) return undefined;
		return { kind: 'char', test: (one) => tests.some((test) => test(one)) !== isNegated };
	}

	function repeats(part: Node): Node | undefined {
		const counts = readCounts();
		if (counts === 'none') return part;
		if (!counts) return undefined;
		// A lazy one finds the same; two in a row are a mistake.
		eat('?');
		if (/[*+?{]/.test(text[at] ?? '')) return undefined;
		return { kind: 'repeat', part, ...counts };
	}

	function readCounts(): { min: number; max: number } | 'none' | undefined {
		if (eat('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
		if (eat('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
		if (eat('?')) return { min: 0, max: 1 };
		const counted = /^\{(\d{1,2})(?:(,)(\d{1,2})?)?\}/.exec(text.slice(at));
		if (!counted) return text[at] === '{' ? undefined : 'none';
		at += counted[0].length;
		const min = Number(counted[1]);
		const max =
			counted[2] === undefined ? min : counted[3] === undefined ? Number.POSITIVE_INFINITY : Number(counted[3]);
		const highest = max === Number.POSITIVE_INFINITY ? min : max;
		return max < min || highest > MAX_REPEATS ? undefined : { min, max };
	}

	return { alternatives, isAtEnd: () => at === text.length };
}

type Step =
	| { readonly kind: 'char'; readonly test: Test }
	| { readonly kind: 'start' | 'end' }
	| { readonly kind: 'fork'; readonly to: readonly number[] };

/** The steps of a machine whose end is behind the last one; undefined when it would be too large. */
function compile(root: Node): readonly Step[] | undefined {
	const steps: Step[] = [];
	const fork = (): { to: number[] } => {
		const one = { kind: 'fork' as const, to: [] as number[] };
		steps.push(one);
		return one;
	};
	const add = (node: Node): void => {
		if (steps.length > MAX_STEPS) return;
		switch (node.kind) {
			case 'char':
			case 'start':
			case 'end':
				steps.push(node);
				return;
			case 'all':
				node.parts.forEach(add);
				return;
			case 'any': {
				const entry = fork();
				const exits = node.parts.map((part) => {
					entry.to.push(steps.length);
					add(part);
					return fork();
				});
				for (const exit of exits) exit.to.push(steps.length);
				return;
			}
			case 'repeat': {
				for (let count = 0; count < node.min; count++) add(node.part);
				if (node.max === Number.POSITIVE_INFINITY) {
					const from = steps.length;
					const entry = fork();
					entry.to.push(steps.length);
					add(node.part);
					fork().to.push(from);
					entry.to.push(steps.length);
					return;
				}
				const entries: { to: number[] }[] = [];
				for (let count = node.min; count < node.max; count++) {
					const entry = fork();
					entry.to.push(steps.length);
					entries.push(entry);
					add(node.part);
				}
				for (const entry of entries) entry.to.push(steps.length);
			}
		}
	};
	add(root);
	return steps.length > MAX_STEPS ? undefined : steps;
}

/** Anywhere in the name, as regular expressions are. Every step is looked at once for each character. */
function isFound(steps: readonly Step[], name: string): boolean {
	let now = new Set<number>();
	for (let at = 0; at <= name.length; at++) {
		const todo = [...now, 0];
		const seen = new Set<number>();
		const next = new Set<number>();
		for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
			if (seen.has(place)) continue;
			seen.add(place);
			const step = steps[place];
			if (!step) return true;
			if (step.kind === 'fork') todo.push(...step.to);
			else if (step.kind === 'char') {
				if (at < name.length && step.test(name.charAt(at))) next.add(place + 1);
			} else if (step.kind === 'start' ? at === 0 : at === name.length) todo.push(place + 1);
		}
		now = next;
	}
	return false;
}
