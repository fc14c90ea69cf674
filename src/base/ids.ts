/** Branded ids and unit types, and the UUIDv7 that all of them are made from. The only file (with parsers) that may use `as`. */
declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

export type SessionId = Branded<string, 'SessionId'>;
export type EntryId = Branded<string, 'EntryId'>;
export type ToolUseId = Branded<string, 'ToolUseId'>;
/** Lower-case hex SHA-256 of raw bytes. */
export type Sha256 = Branded<string, 'Sha256'>;
/** Milliseconds since 1970-01-01 UTC. */
export type UnixMs = Branded<number, 'UnixMs'>;

export const asSessionId = (text: string) => text as SessionId;
export const asEntryId = (text: string) => text as EntryId;
export const asToolUseId = (text: string) => text as ToolUseId;
export const asSha256 = (text: string) => text as Sha256;
export const asUnixMs = (value: number) => value as UnixMs;

/**
 * UUIDv7 (RFC 9562 §5.7): 48 bits of `nowMs`, 12 bits of `sequence`, 62 random bits.
 * `sequence` (0 to 4095) keeps ids made in one millisecond in order. `random` must hold at least 8 bytes.
 */
export function uuidV7(nowMs: number, sequence: number, random: Uint8Array): string {
	const time = Math.floor(nowMs).toString(16).padStart(12, '0');
	const counter = (0x7000 | (sequence & 0xfff)).toString(16);
	let tail = '';
	for (let index = 0; index < 8; index++) {
		const byte = random[index] ?? 0;
		tail += (index === 0 ? (byte & 0x3f) | 0x80 : byte).toString(16).padStart(2, '0');
	}
	return `${time.slice(0, 8)}-${time.slice(8)}-${counter}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
