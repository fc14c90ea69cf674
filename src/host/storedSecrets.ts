/** Which parts of what is kept in the secret storage may appear nowhere else: of a sign-in only what is secret in it. Pure. */

const SIGN_IN = 'mcpAuth:';
/** Shorter ones are no key, and would be found in every other word. */
const MIN_CHARS = 8;

export function secretsIn(name: string, value: string): readonly string[] {
	if (!name.startsWith(SIGN_IN)) return value === '' ? [] : [value];
	const found: string[] = [];
	const look = (part: unknown, key: string) => {
		if (typeof part === 'string') {
			if (part.length >= MIN_CHARS && /token$|secret|verifier/i.test(key)) found.push(part);
		} else if (typeof part === 'object' && part !== null)
			for (const [innerKey, inner] of Object.entries(part)) look(inner, innerKey);
	};
	look(parsed(value), '');
	return found;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// Not as we write it: nothing of ours is in it.
		return undefined;
	}
}
