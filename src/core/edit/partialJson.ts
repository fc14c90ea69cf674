/**
 * Reads the top-level strings of a JSON object while its text still grows, piece by piece. Pure; every character is looked at once.
 * For showing only: it never throws, and where the text is no JSON it says nothing more. What a call really means is parsed from the whole.
 */

/** What a piece added to one top-level string. `isStart`: it begins (again, when a key comes twice); `isEnd`: it is complete. */
export type StringGrowth = {
	readonly key: string;
	readonly text: string;
	readonly isStart: boolean;
	readonly isEnd: boolean;
};

/** Where the reader stands in the object. In `skipping` it is inside a value that is no top-level string. */
type Place =
	| 'before'
	| 'beforeKey'
	| 'key'
	| 'beforeColon'
	| 'beforeValue'
	| 'value'
	| 'skipping'
	| 'afterValue'
	| 'done';

const BLANK = /[ \t\r\n]/;
const HEX = /^[0-9a-fA-F]$/;
const ESCAPES: Readonly<Record<string, string>> = {
	'"': '"',
	'\\': '\\',
	'/': '/',
	b: '\b',
	f: '\f',
	n: '\n',
	r: '\r',
	t: '\t',
};
const STRING_STOP = /["\\]/g;
/** A key longer than this is nobody's. Bounds what is kept of broken input. */
const MAX_KEY_CHARS = 1_000;

export class PartialJsonStrings {
	#place: Place = 'before';
	/** What was read of an escape: empty, `\`, or `\u` and up to three digits. */
	#escape = '';
	/** The first half of a surrogate pair waits for the second, so that no half is ever shown. */
	#half = '';
	#key = '';
	#depth = 0;
	#isInSkippedString = false;
	#isStarting = false;

	/** Takes the next piece of the text and says what it added, in order. */
	push(piece: string): readonly StringGrowth[] {
		const grown: StringGrowth[] = [];
		let at = 0;
		while (at < piece.length && this.#place !== 'done') at = this.#step(piece, at, grown);
		return grown;
	}

	/** Returns where to go on; always beyond `at`. */
	#step(piece: string, at: number, grown: StringGrowth[]): number {
		if (this.#place === 'key' || this.#place === 'value') return this.#readString(piece, at, grown);
		if (this.#place === 'skipping') return this.#skip(piece, at);
		const char = piece.charAt(at);
		if (!BLANK.test(char)) this.#place = this.#next(char);
		// A number, a literal or a bracket begins with the character itself.
		return this.#place === 'skipping' ? at : at + 1;
	}

	#next(char: string): Place {
		switch (this.#place) {
			case 'before':
				return char === '{' ? 'beforeKey' : 'done';
			case 'beforeKey':
				if (char !== '"') return 'done';
				this.#key = '';
				return 'key';
			case 'beforeColon':
				return char === ':' ? 'beforeValue' : 'done';
			case 'beforeValue':
				if (char !== '"') return 'skipping';
				this.#isStarting = true;
				return 'value';
			case 'afterValue':
				return char === ',' ? 'beforeKey' : 'done';
			default:
				return 'done';
		}
	}

	#readString(piece: string, start: number, grown: StringGrowth[]): number {
		const isKey = this.#place === 'key';
		let text = '';
		let at = start;
		let isEnd = false;
		while (at < piece.length && !isEnd && this.#place !== 'done') {
			if (this.#escape !== '') {
				text += this.#readEscape(piece.charAt(at++));
				continue;
			}
			STRING_STOP.lastIndex = at;
			const stop = STRING_STOP.exec(piece)?.index ?? piece.length;
			text += piece.slice(at, stop);
			at = stop + 1;
			if (stop === piece.length) break;
			if (piece.charAt(stop) === '"') isEnd = true;
			else this.#escape = '\\';
		}
		if (isKey) this.#key += text;
		else this.#grow(text, isEnd, grown);
		if (this.#key.length > MAX_KEY_CHARS) this.#place = 'done';
		else if (isEnd) this.#place = isKey ? 'beforeColon' : 'afterValue';
		return at;
	}

	#grow(added: string, isEnd: boolean, grown: StringGrowth[]): void {
		let text = this.#half + added;
		this.#half = '';
		const last = text.charCodeAt(text.length - 1);
		if (!isEnd && last >= 0xd800 && last <= 0xdbff) {
			this.#half = text.slice(-1);
			text = text.slice(0, -1);
		}
		if (text === '' && !isEnd && !this.#isStarting) return;
		grown.push({ key: this.#key, text, isStart: this.#isStarting, isEnd });
		this.#isStarting = false;
	}

	/** Takes one more character of an escape; returns what it stands for once it is whole. */
	#readEscape(char: string): string {
		if (this.#escape === '\\') {
			this.#escape = char === 'u' ? '\\u' : '';
			if (char === 'u') return '';
			const text = ESCAPES[char];
			if (text === undefined) this.#place = 'done';
			return text ?? '';
		}
		if (!HEX.test(char)) {
			this.#escape = '';
			this.#place = 'done';
			return '';
		}
		this.#escape += char;
		if (this.#escape.length < 6) return '';
		const text = String.fromCharCode(Number.parseInt(this.#escape.slice(2), 16));
		this.#escape = '';
		return text;
	}

	/** Passes over a number, a literal, a list or an object, whatever stands in it. */
	#skip(piece: string, start: number): number {
		for (let at = start; at < piece.length; at++) {
			const char = piece.charAt(at);
			if (this.#isInSkippedString) {
				if (this.#escape !== '') this.#escape = '';
				else if (char === '\\') this.#escape = char;
				else if (char === '"') this.#isInSkippedString = false;
			} else if (char === '"') this.#isInSkippedString = true;
			else if (char === '{' || char === '[') this.#depth++;
			else if (this.#depth > 0) {
				if (char === '}' || char === ']') this.#depth--;
			} else if (char === ',' || char === '}' || char === ']') {
				this.#place = char === ',' ? 'beforeKey' : 'done';
				return at + 1;
			}
		}
		return piece.length;
	}
}
