/** Names for what is typed behind a command (`arguments: [issue, branch]`), and the places in its body where arguments belong. Pure. */

const MAX_NAMES = 20;

/** By their place; one that cannot be a name is empty, so that those behind it keep their places. */
export function argumentNames(value: unknown): readonly string[] {
	const texts = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(/[\s,]+/) : [];
	return texts
		.map((text) => text.trim())
		.filter((text) => text !== '')
		.slice(0, MAX_NAMES)
		.map((text) => (isArgumentName(text) ? text : ''));
}

/** A number, or the word for all arguments, would be read as something else. */
export const isArgumentName = (text: string): boolean =>
	/^[A-Za-z_][\w-]{0,63}$/.test(text) && text !== 'ARGUMENTS' && !text.startsWith('CLAUDE_');

export type ArgumentPlace =
	| { readonly kind: 'all' }
	/** Counted from 0. */
	| { readonly kind: 'index'; readonly index: number }
	| { readonly kind: 'name'; readonly name: string };

/**
 * Puts arguments in their places, in one pass. `argumentAt` gives undefined for a place that stays as it is written. One backslash in front of a
 * place takes its meaning away, and goes.
 */
export function fillArguments(
	text: string,
	names: readonly string[],
	argumentAt: (place: ArgumentPlace) => string | undefined,
): string {
	return text.replace(
		placesFor(names),
		(
			whole: string,
			slashes: string,
			ofAll: string | undefined,
			index: string | undefined,
			name: string | undefined,
		) => {
			if (slashes.length === 1) return whole.slice(1);
			const number = ofAll ?? index;
			const place: ArgumentPlace =
				number !== undefined
					? { kind: 'index', index: Number(number) }
					: name !== undefined
						? { kind: 'name', name }
						: { kind: 'all' };
			const value = argumentAt(place);
			return value === undefined ? whole : slashes + value;
		},
	);
}

/** All places in the text that count. */
export function argumentPlaces(text: string, names: readonly string[]): readonly ArgumentPlace[] {
	const found: ArgumentPlace[] = [];
	fillArguments(text, names, (place) => {
		found.push(place);
		return undefined;
	});
	return found;
}

/** `$ARGUMENTS`, `$ARGUMENTS[0]`, `$0`, `$issue`. The longest name first, since one may begin with another. */
function placesFor(names: readonly string[]): RegExp {
	const own = names.filter((name) => name !== '').sort((left, right) => right.length - left.length);
	const named = own.length === 0 ? '' : `|(${own.join('|')})(?!\\w)`;
	return new RegExp(
		`(\\\\*)\\$(?:ARGUMENTS(?:\\[(\\d{1,3})\\]|(?!\\w))|(\\d{1,3})(?!\\w)${named === '' ? '|(?!)()' : named})`,
		'g',
	);
}
