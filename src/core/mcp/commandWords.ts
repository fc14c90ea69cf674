/** Takes a command line that a person typed apart into words, as a shell would without running anything. Pure. */

/** Undefined when a quote is not closed. On Windows a backslash is part of a path; elsewhere it keeps the next character as it is. */
export function commandWords(line: string, isWindows: boolean): readonly string[] | undefined {
	const words: string[] = [];
	let word: string | undefined;
	let quote: '"' | "'" | undefined;
	for (let index = 0; index < line.length; index++) {
		const character = line.charAt(index);
		if (quote !== undefined && character === quote) quote = undefined;
		else if (quote === undefined && (character === '"' || character === "'")) {
			quote = character;
			word ??= '';
		} else if (character === '\\' && !isWindows && quote !== "'" && index + 1 < line.length)
			word = `${word ?? ''}${line.charAt(++index)}`;
		else if (quote === undefined && /\s/.test(character)) {
			if (word !== undefined) words.push(word);
			word = undefined;
		} else word = `${word ?? ''}${character}`;
	}
	if (quote !== undefined) return undefined;
	return word === undefined ? words : [...words, word];
}
