/**
 * JSON as bytes, made piece by piece. A long conversation as one string takes twice its bytes, is made anew for each request, and makes the
 * engine grow its memory by a hundred megabytes to hold what is thrown away.
 */

/** The bytes of what `JSON.stringify` gives for the object. */
export function jsonBytes(object: Readonly<Record<string, unknown>>): Uint8Array {
	const pieces: Buffer[] = [];
	const add = (text: string) => pieces.push(Buffer.from(text));
	let between = '{';
	for (const [key, value] of Object.entries(object)) {
		if (!Array.isArray(value)) {
			const text: string | undefined = JSON.stringify(value);
			if (text === undefined) continue;
			add(`${between}${JSON.stringify(key)}:${text}`);
		} else {
			add(`${between}${JSON.stringify(key)}:[`);
			// What is undefined in an array is null.
			for (const [index, item] of value.entries()) add(`${index > 0 ? ',' : ''}${JSON.stringify(item) ?? 'null'}`);
			add(']');
		}
		between = ',';
	}
	add(between === '{' ? '{}' : '}');
	return Buffer.concat(pieces);
}
