/**
 * The names under which tools and prompts of servers are called: `mcp__server__tool`. A name depends on nothing but the two it is made
 * of, and two different pairs never share one, so that a rule for a server or a tool never speaks of another. Pure.
 */

/** Gives a text of which no two can be found that begin alike, e.g. hex SHA-256. */
export type HashText = (text: string) => string;

/** The API takes names of at most so many characters. */
const MAX_NAME_CHARS = 64;
const MAX_SERVER_CHARS = 28;
const HASH_CHARS = 8;
const PREFIX = 'mcp__';

/** The part of the name that is the server's: rules for all its tools are this text. Holds no further `__`, so its end is certain. */
export function serverCallName(server: string, hash: HashText): string {
	const clean = server.replace(/[^A-Za-z0-9-]+|_+/g, '_').replace(/^_+|_+$/g, '');
	return PREFIX + fitted(clean, server, MAX_SERVER_CHARS, hash);
}

/** The name of one tool or prompt of the server. */
export function memberCallName(server: string, member: string, hash: HashText): string {
	const start = `${serverCallName(server, hash)}__`;
	const clean = member.replace(/[^A-Za-z0-9_-]+/g, '_');
	return start + fitted(clean, member, MAX_NAME_CHARS - start.length, hash);
}

/** `clean` when it is the original and short enough; else its start with a piece of the original's hash. */
function fitted(clean: string, original: string, maxChars: number, hash: HashText): string {
	if (clean === original && clean !== '' && clean.length <= maxChars) return clean;
	const start = clean.slice(0, maxChars - HASH_CHARS - 1).replace(/_+$/, '');
	return start === '' ? hash(original).slice(0, HASH_CHARS) : `${start}_${hash(original).slice(0, HASH_CHARS)}`;
}
