/**
 * Which sessions in the trash must stay because a fork reads its older part through them. Reads the start of every log, changes nothing.
 */
import { asSessionId } from '../../base/ids.ts';
import { originOf } from '../../core/session/summary.ts';
import { systemCode } from '../files/systemErrors.ts';
import { createTimeSlices } from '../timeSlices.ts';
import { readFirstLine, readLogEnd, stampOf } from './readLogEnd.ts';

/**
 * The ids that a log in `sessions` was forked from, and what those were forked from in turn. A fork that goes itself keeps nothing.
 * Rejects with the system's error when a log cannot be read: then nobody knows what is needed.
 */
export async function keptInTrash(
	sessions: () => readonly string[],
	trashed: readonly { readonly id: string; readonly path: string }[],
): Promise<ReadonlySet<string>> {
	if (trashed.length === 0) return new Set();
	const slices = createTimeSlices();
	const kept = new Set<string>();
	const seen = new Set<string>();
	const waiting: string[] = [];
	/** Also what came back from the trash while others were read. */
	const addSessions = () => {
		for (const path of sessions()) {
			if (!seen.has(path)) waiting.push(path);
			seen.add(path);
		}
	};
	addSessions();
	for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
		const pause = slices.pause();
		if (pause) await pause;
		const origin = originIn(path);
		if (origin !== undefined && !kept.has(origin)) {
			kept.add(origin);
			for (const one of trashed) if (one.id === origin) waiting.push(one.path);
		}
		if (waiting.length === 0) addSessions();
	}
	return kept;
}

function originIn(path: string): string | undefined {
	const stamp = stampOf(path);
	// A folder, or moved meanwhile.
	if (!stamp) return undefined;
	try {
		const first = readFirstLine(path);
		if (first.includes('"type":"header"')) return originOf(first) ?? namedOrigin(first);
		// The header is missing or damaged; a tail says it too.
		return namedOrigin(first) ?? readLogEnd(path, asSessionId('fork'), stamp).row.originId;
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	}
}

/** In a line that is not whole any more. */
const namedOrigin = (line: string): string | undefined => /"origin":\{"sessionId":"([^"\\]+)"/.exec(line)?.[1];
