/** Base64 of bytes, for image blocks. The core has neither Buffer nor btoa. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function toBase64(bytes: Uint8Array): string {
	const parts: string[] = [];
	let part = '';
	for (let index = 0; index < bytes.length; index += 3) {
		const left = bytes.length - index;
		const group = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
		part += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63);
		part += left > 1 ? ALPHABET.charAt((group >> 6) & 63) : '=';
		part += left > 2 ? ALPHABET.charAt(group & 63) : '=';
		if (part.length >= 32_768) {
			parts.push(part);
			part = '';
		}
	}
	parts.push(part);
	return parts.join('');
}
