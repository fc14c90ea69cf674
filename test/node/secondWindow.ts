/**
 * A window of its own for tests with two processes: opens one session and does what its standard input says, one word per line.
 * Answers each with one line of JSON. Holds no test.
 */
import { createInterface } from 'node:readline';
import { codeOf } from '../../src/base/errors.ts';
import { asSessionId } from '../../src/base/ids.ts';
import { openSession } from '../../src/core/session/session.ts';
import type { Session } from '../../src/core/session/sessionTypes.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { user } from '../core/session/sessionSupport.ts';
import { createMemoryBlobStore } from '../fakes/memoryBlobStore.ts';

const [folder = '', id = '', window = ''] = process.argv.slice(2);
const store = createFileSessionStore({ folder, window, trace: () => undefined });
let session: Session | undefined;

const open = async (takeOver: boolean) => {
	session = await openSession({
		store,
		blobs: createMemoryBlobStore(),
		id: asSessionId(id),
		takeOver,
		clock: systemClock,
		ids: createIdSource(),
		defaults: { cwd: '/w', mode: 'ask', model: 'm', roots: ['/w'], extensionVersion: '0' },
		trace: () => undefined,
	});
	return { readOnly: session.readOnlyReason !== undefined };
};

const act = async (line: string): Promise<object> => {
	const [word = '', text = ''] = line.split(' ');
	if (word === 'open' || word === 'takeOver') return await open(word === 'takeOver');
	if (!session) throw new Error('No session is open');
	switch (word) {
		case 'append':
			session.append(user(text));
			return { leaf: session.leaf };
		case 'appendMany':
			session.append(...text.split(',').map(user));
			return { leaf: session.leaf };
		case 'close':
			await session.close();
			return {};
		default:
			return { leaf: session.leaf, entries: session.entries.length };
	}
};

for await (const line of createInterface({ input: process.stdin })) {
	let answer: object;
	try {
		answer = await act(line);
	} catch (error) {
		answer = { code: codeOf(error) };
	}
	process.stdout.write(`${JSON.stringify(answer)}\n`);
}
