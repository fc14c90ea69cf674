/** Bundles that were made to do harm: each is refused with a sentence about what is wrong, and nothing of it is written. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { readBundle } from '../../../src/core/transfer/bundleContent.ts';
import { agentLogName, blobName, logName, MANIFEST_NAME } from '../../../src/core/transfer/bundleFormat.ts';
import { importBundle } from '../../../src/core/transfer/importBundle.ts';
import { jsonExport } from '../../../src/core/transfer/jsonExport.ts';
import { makeBundle } from '../../../src/core/transfer/makeBundle.ts';
import type { ImportFile } from '../../../src/core/transfer/transferPorts.ts';
import {
	archiveOf,
	createTransferWorld,
	REDACTED,
	ROOTS,
	sha256,
	signal,
	sumOf,
	textOf,
	turn,
} from './transferSupport.ts';

const world = createTransferWorld();
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
let sound: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
let soundJson = '';
let id = '';

before(async () => {
	const session = await world.open();
	const block = await world.blobs.put(encode(JSON.stringify({ type: 'text', text: 'big' })), 'application/json');
	session.append(...turn('go', 'done', { name: 'Bash', input: { command: 'ls' }, output: 'a' }));
	session.append({ type: 'user', content: [block] });
	await session.close();
	id = session.id;
	const exported = { id: session.id, title: 'T' };
	sound = (await archiveOf(makeBundle([exported], world, REDACTED))).parts;
	soundJson = await textOf(jsonExport(exported, world, REDACTED, signal));
});

/** As a program with bad intentions would: the manifest fits what was changed. */
function forged(change: (parts: Map<string, Uint8Array<ArrayBuffer>>) => void, manifest: object = {}): ImportFile {
	const parts = new Map(sound);
	change(parts);
	const own = [...parts].filter(([name]) => name !== MANIFEST_NAME).map(([name, bytes]) => sumOf(name, bytes));
	const value = { ...JSON.parse(decode(sound.get(MANIFEST_NAME))), parts: own, ...manifest };
	parts.set(MANIFEST_NAME, encode(JSON.stringify(value)));
	return { kind: 'archive', parts };
}

/** The log with each line changed. */
const withLines = (change: (entry: Record<string, unknown>, index: number) => unknown): ImportFile =>
	forged((parts) => {
		const lines = decode(parts.get(logName(id)))
			.trim()
			.split('\n');
		const changed = lines.map((line, index) => JSON.stringify(change(JSON.parse(line), index)));
		parts.set(logName(id), encode(`${changed.join('\n')}\n`));
	});
const onType = (type: string, fields: object) =>
	withLines((entry) => (entry.type === type ? { ...entry, ...fields } : entry));
const asJson = (change: (value: Record<string, unknown>) => object): ImportFile => ({
	kind: 'text',
	text: JSON.stringify(change(JSON.parse(soundJson))),
});
const nested = (depth: number) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
const OTHER_ID = '019b76da-a800-7000-8000-00000000abcd';

const cases: readonly [string, () => ImportFile, RegExp][] = [
	[
		'no manifest',
		() => ({ kind: 'archive', parts: new Map([...sound].filter(([name]) => name !== MANIFEST_NAME)) }),
		/no manifest/,
	],
	[
		'a manifest that is no JSON',
		() => ({ kind: 'archive', parts: new Map([...sound, [MANIFEST_NAME, encode('{')]]) }),
		/not JSON/,
	],
	['a manifest of another form', () => forged(() => undefined, { sessions: [] }), /not of the form/],
	['a newer format', () => forged(() => undefined, { version: 2 }), /newer version/],
	[
		'a session id that leads out of the folder',
		() => forged(() => undefined, { sessions: [{ id: '../../evil', title: '', agents: [] }] }),
		/not of the form/,
	],
	[
		'an agent id that leads out of the folder',
		() => forged(() => undefined, { sessions: [{ id, title: '', agents: ['../x'] }] }),
		/not of the form/,
	],
	[
		'an agent that takes the name of the session itself',
		() => forged(() => undefined, { sessions: [{ id, title: '', agents: ['main'] }] }),
		/not of the form/,
	],
	[
		'a part that is not in the manifest',
		() => ({ kind: 'archive', parts: new Map([...sound, [blobName('a'.repeat(64)), encode('x')]]) }),
		/not in its manifest/,
	],
	[
		'a part that is missing',
		() => ({ kind: 'archive', parts: new Map([...sound].filter(([name]) => name !== logName(id))) }),
		/is missing/,
	],
	[
		'bytes that were changed',
		() => ({ kind: 'archive', parts: new Map([...sound, [logName(id), encode('{}\n')]]) }),
		/changed or damaged/,
	],
	[
		'a blob under the name of another',
		() => forged((parts) => parts.set(blobName('b'.repeat(64)), encode('x'))),
		/other bytes than its name/,
	],
	['a log of no session', () => forged((parts) => parts.set(logName(OTHER_ID), encode(''))), /belongs to no session/],
	[
		'a log of an agent nobody named',
		() => forged((parts) => parts.set(agentLogName(id, 'x'), encode(''))),
		/belongs to no session/,
	],
	[
		'a session named twice',
		() => forged(() => undefined, { sessions: [1, 2].map(() => ({ id, title: '', agents: [] })) }),
		/names a session twice/,
	],
	[
		'a line that is no JSON',
		() => forged((parts) => parts.set(logName(id), encode('nonsense\n'))),
		/line 1 .* is not JSON/,
	],
	[
		'a log that is no text',
		() => forged((parts) => parts.set(logName(id), new Uint8Array([0xff, 0xfe, 0x00]))),
		/is not text/,
	],
	['a line that is no entry', () => onType('user', { content: 'x' }), /is not an entry/],
	['an entry of a newer version', () => onType('user', { v: 2 }), /newer version/],
	['an id of another form', () => onType('user', { id: '../x' }), /id of another form/],
	['an id that stands twice', () => withLines((entry) => ({ ...entry, id: OTHER_ID })), /stands twice/],
	['an entry that is its own parent', () => withLines((entry) => ({ ...entry, parentId: entry.id })), /its own parent/],
	[
		'parents in a circle',
		() => withLines((entry, index) => (index === 1 ? { ...entry, parentId: lastConversationId() } : entry)),
		/before its parent/,
	],
	['a date that is none', () => onType('user', { timestamp: 1e300 }), /no valid date/],
	[
		'a content that is not in it',
		() => onType('user', { content: [{ $blob: 'c'.repeat(64), size: 1, mediaType: 'application/json' }] }),
		/not in it/,
	],
	[
		'a block of a kind that is never sent',
		() => onType('user', { content: [{ type: 'text', text: 1 }] }),
		/is not an entry/,
	],
	[
		'a block with an image that is none',
		() =>
			onType('user', {
				content: [{ type: 'image', source: { type: 'base64', media_type: 'text/html', data: '<x>' } }],
			}),
		/neither a text nor an image/,
	],
	[
		'a call whose id no server takes',
		() => onType('assistant', { block: { type: 'tool_use', id: 'a b\n', name: 'Bash', input: {} } }),
		/tool calls has an id/,
	],
	[
		'a call whose name no server takes',
		() => onType('assistant', { block: { type: 'tool_use', id: 'a', name: 'x y', input: {} } }),
		/tool calls has an id/,
	],
	[
		'values nested without end',
		() => onType('assistant', { block: { type: 'tool_use', id: 'a', name: 'x', input: { deep: nested(1_000) } } }),
		/nested/,
	],
	['a JSON document that is none', () => ({ kind: 'text', text: 'PK' }), /not JSON/],
	['a JSON document of another program', () => ({ kind: 'text', text: '{"messages":[]}' }), /not of the form/],
	[
		'a JSON document with a changed content',
		() => asJson((value) => ({ ...value, blobs: { ['d'.repeat(64)]: { text: 'x' } } })),
		/changed or damaged/,
	],
	[
		'a JSON document with bad base64',
		() => asJson((value) => ({ ...value, blobs: { ['d'.repeat(64)]: { base64: '*' } } })),
		/changed or damaged/,
	],
];

let lastId = '';
function lastConversationId(): string {
	const lines = decode(sound.get(logName(id)))
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line));
	lastId = lines.findLast((entry) => entry.type === 'user').id;
	return lastId;
}

describe('a file with', () => {
	for (const [name, make, expected] of cases) {
		test(`${name} is refused`, () => {
			const thrown = caught(() => importAll(make()));
			assert.ok(thrown instanceof UserError, String(thrown));
			assert.match(thrown.message, expected);
			assert.match(thrown.message, /Nothing was imported/);
			assert.ok(['bad-bundle', 'newer-bundle'].includes(thrown.code));
		});
	}
});

test('the files these are made from are sound', () => {
	assert.equal(importAll(forged(() => undefined)).length, 1);
	assert.equal(importAll({ kind: 'text', text: soundJson }).length, 1);
	assert.equal(sha256(encode('')).length, 64);
});

test('a key of a prototype is a key like any other', () => {
	const input = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}');
	const [made] = importAll(onType('assistant', { block: { type: 'tool_use', id: 'a', name: 'x', input } }));
	assert.ok(made);
	assert.equal(Reflect.get({}, 'polluted'), undefined);
});

function importAll(file: ImportFile) {
	const content = readBundle(file, world.blobs.hash);
	return importBundle(content, { ids: world.ids, roots: ROOTS, home: '/home/bob', cwd: '/home/bob/app' });
}

function caught(work: () => unknown): unknown {
	try {
		work();
	} catch (error) {
		return error;
	}
	return undefined;
}
