/**
 * Runs in a network of its own, in which every name that is looked up is heard: a turn over the real client, shell, search and disk against
 * the stand-in under a name. Prints the names as JSON. With a word as argument, looks that name up as well, to show that it would be heard.
 */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from '../../../scripts/setup/paths.mjs';
import { makeTitle } from '../../../src/core/agent/makeTitle.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { createDiskWorkspace } from '../../../src/node/files/diskWorkspace.ts';
import { createSearch, findRipgrep } from '../../../src/node/files/ripgrep.ts';
import { loadProjectContext } from '../../../src/node/instructions/projectContext.ts';
import { createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import { createShell } from '../../../src/node/process/shellProcess.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../../src/node/systemClock.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { startMessagesApi } from '../../fakes/messagesApi/startMessagesApi.ts';
import { createScriptedModel } from '../../fakes/scriptedModel.ts';

const ENDPOINT = 'endpoint.test';
const names: string[] = [];
const dns = createSocket('udp4');
dns.on('message', (query, { port, address }) => {
	const name = nameIn(query);
	names.push(name);
	dns.send(answerTo(query, name), port, address);
});
dns.bind(53, '127.0.0.1');
await once(dns, 'listening');

const root = mkdtempSync(join(realpathSync(tmpdir()), 'retrace-network-'));
const [project, storage] = [join(root, 'project'), join(root, 'storage')];
mkdirSync(project);
writeFileSync(join(project, 'a.ts'), 'const step = 0;\n');
const calls = [
	{ tool: 'Read', input: { file_path: 'a.ts' } },
	{ tool: 'Grep', input: { pattern: 'step' } },
	{ tool: 'Edit', input: { file_path: 'a.ts', old_string: 'step = 0', new_string: 'step = 1' } },
	{ tool: 'Bash', input: { command: 'cat a.ts' } },
	{ tool: 'FindTools', input: { query: 'web' } },
];
const api = await startMessagesApi({
	script: [...calls.map((call) => ({ blocks: [call] })), { text: 'done' }, { text: 'A title' }],
	keys: ['test-key'],
});
try {
	const { ports } = await createFixture({ model: createScriptedModel([]), mode: 'auto' });
	const blobs = createFileBlobStore(storage);
	const ids = createIdSource();
	const trace = () => undefined;
	const session = await openSession({
		store: createFileSessionStore({ folder: storage, window: 'network', trace }),
		...{ blobs, clock: systemClock, ids, trace },
		defaults: { cwd: project, mode: 'auto', model: 'claude-sonnet-5-5', roots: [project], extensionVersion: '0' },
	});
	const roots = [{ name: 'project', path: project }];
	const model = createAnthropicModel({
		baseUrl: api.url.replace('127.0.0.1', ENDPOINT),
		apiKeyHeader: 'authorization',
		apiKey: async () => 'test-key',
		clock: systemClock,
	});
	const real = {
		...ports,
		...{ clock: systemClock, ids, blobs, model, trace },
		workspace: createDiskWorkspace({ roots: () => roots, isTrusted: () => true }),
		shell: createShell({ hiddenEnvironment: [] }),
		search: createSearch(findRipgrep(projectFolder) ?? 'rg'),
		loadProjectContext: () => loadProjectContext(roots, project),
	};
	const { signal } = new AbortController();
	await runTurn(session, { text: 'go', attachments: [] }, real, () => undefined, signal);
	const ended = session.newest('turnEnded');
	const results = session.entries.filter((entry) => entry.type === 'toolResult' && !entry.isError).length;
	await makeTitle(session, { model, modelId: session.model }, signal);
	const [, , leak] = process.argv;
	if (leak !== undefined) await lookup(leak).catch(() => undefined);
	await session.close();
	console.log(JSON.stringify({ names: [...new Set(names)], reason: ended?.reason, results, problems: api.violations }));
} finally {
	await api.close();
	dns.close();
	rmSync(root, { recursive: true, force: true });
}

/** The name of the one question: labels with their lengths, from byte 12 on (RFC 1035 §4.1). */
function nameIn(query: Buffer): string {
	const labels: string[] = [];
	for (let at = 12; query[at]; at += (query[at] ?? 0) + 1)
		labels.push(query.subarray(at + 1, at + 1 + (query[at] ?? 0)).toString('latin1'));
	return labels.join('.').toLowerCase();
}

/** The address of this machine for the endpoint; no such name for all others. */
function answerTo(query: Buffer, name: string): Buffer {
	let end = 12;
	while (query[end]) end += (query[end] ?? 0) + 1;
	const question = query.subarray(12, end + 5);
	const isA = query.readUInt16BE(end + 1) === 1;
	const isKnown = name === ENDPOINT;
	const header = Buffer.alloc(12);
	query.copy(header, 0, 0, 2);
	header.writeUInt16BE(isKnown ? 0x8180 : 0x8183, 2);
	header.writeUInt16BE(1, 4);
	header.writeUInt16BE(isKnown && isA ? 1 : 0, 6);
	const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
	return Buffer.concat([header, question, ...(isKnown && isA ? [answer] : [])]);
}
