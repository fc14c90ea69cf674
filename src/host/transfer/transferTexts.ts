/** Words of export and import: file names, ages, sizes, reports. Pure. */
import { plural } from '../../base/text.ts';
import { type ImportedSession, lossText } from '../../core/transfer/importedSession.ts';

/** A name that every file system takes. */
export function safeFileName(title: string): string {
	const plain = [...title]
		.map((char) => (char < ' ' || '<>:"/\\|?*'.includes(char) ? ' ' : char))
		.join('')
		.replace(/\s+/g, ' ')
		.trim()
		.replace(/^[. ]+|[. ]+$/g, '')
		.slice(0, 80)
		.trimEnd();
	const isReserved = /^(?:con|prn|aux|nul|com\d|lpt\d)$/i.test(plain);
	return plain === '' || isReserved ? 'session' : plain;
}

/** `Imported 3 sessions. Left out: unreadable lines (2).` */
export function importReport(imported: readonly ImportedSession[]): string {
	const [only] = imported;
	const what =
		imported.length === 1 && only ? `Imported “${only.title}”` : `Imported ${plural(imported.length, 'session')}`;
	const counts = new Map<string, number>();
	for (const lost of imported.flatMap((session) => session.leftOut))
		counts.set(lost.what, (counts.get(lost.what) ?? 0) + lost.count);
	const losses = [...counts].map(([kind, count]) => ({ what: kind, count }));
	return `${what}.${losses.length === 0 ? '' : ` Left out: ${lossText(losses)}.`}`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function ageText(thenMs: number, nowMs: number): string {
	const ageMs = Math.max(0, nowMs - thenMs);
	if (ageMs < MINUTE_MS) return 'just now';
	if (ageMs < HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)} min ago`;
	if (ageMs < DAY_MS) return `${Math.floor(ageMs / HOUR_MS)} h ago`;
	return `${plural(Math.floor(ageMs / DAY_MS), 'day')} ago`;
}

export function sizeText(sizeBytes: number): string {
	if (sizeBytes < 1024) return `${sizeBytes} B`;
	if (sizeBytes < 1024 * 1024) return `${Math.round(sizeBytes / 1024)} KB`;
	return `${(sizeBytes / 1024 / 1024).toFixed(1)} MB`;
}
