/** What is worth saying once in a session. */
import type { Session } from '../session/sessionTypes.ts';

export function tellOnce(session: Pick<Session, 'entries' | 'append'>, texts: readonly string[], code: string): void {
	for (const text of texts) {
		if (session.entries.some((entry) => entry.type === 'notice' && entry.text === text)) continue;
		session.append({ type: 'notice', level: 'info', code, text });
	}
}
