/**
 * A bundle or a JSON export as what it holds, checked piece by piece: form, names, sizes, hashes, ids, parents. Strict: one thing that does
 * not fit and nothing of the file is used. Pure.
 */
import * as z from 'zod';
import { UserError } from '../../base/errors.ts';
import type { EntryId, SessionId, Sha256 } from '../../base/ids.ts';
import { utf8Encode } from '../../base/text.ts';
import { ENTRY_VERSION, type Entry, isConversation, parseEntry } from '../session/entry.ts';
import { fromBase64 } from './base64.ts';
import {
	agentLogName,
	BUNDLE_LIMITS,
	BUNDLE_VERSION,
	blobName,
	jsonExportSchema,
	logName,
	MANIFEST_NAME,
	type Manifest,
	manifestSchema,
} from './bundleFormat.ts';
import type { PathName } from './redaction.ts';
import { badBundle, newerBundle } from './transferErrors.ts';
import type { ImportFile } from './transferPorts.ts';

export type BundledSession = {
	readonly id: SessionId;
	readonly title: string;
	readonly entries: readonly Entry[];
	readonly agents: readonly { readonly agentId: string; readonly entries: readonly Entry[] }[];
};
export type BundleContent = {
	readonly sessions: readonly BundledSession[];
	/** By the hash of the bytes, which was checked. */
	readonly blobs: ReadonlyMap<string, Uint8Array>;
	readonly missingBlobs: ReadonlySet<string>;
	readonly paths: readonly PathName[];
	readonly isRedacted: boolean;
};

/** Throws UserError `bad-bundle` or `newer-bundle`. */
export function readBundle(file: ImportFile, hash: (bytes: Uint8Array) => Sha256): BundleContent {
	try {
		return file.kind === 'archive' ? fromArchive(file.parts, hash) : fromJson(file.text, hash);
	} catch (error) {
		if (error instanceof UserError) throw error;
		// Nesting that overflows the stack, or a text longer than texts may be.
		if (error instanceof RangeError) throw badBundle('it is too deeply nested or too large', error);
		throw error;
	}
}

const MAX_ENTRIES = 1_000_000;

function fromArchive(parts: ReadonlyMap<string, Uint8Array>, hash: (bytes: Uint8Array) => Sha256): BundleContent {
	const manifestBytes = parts.get(MANIFEST_NAME);
	if (!manifestBytes) throw badBundle('it has no manifest');
	const manifest = parsed(
		manifestSchema,
		jsonOf(decode(manifestBytes, 'the manifest'), 'the manifest'),
		'the manifest',
	);
	checkParts(manifest, parts, hash);
	const linesOf = (name: string): readonly unknown[] => {
		const bytes = parts.get(name);
		if (!bytes) throw badBundle(`${name} is missing`);
		return decode(bytes, name)
			.split('\n')
			.flatMap((line, index) => (line.trim() === '' ? [] : [jsonOf(line, `line ${index + 1} of ${name}`)]));
	};
	const blobs = new Map<string, Uint8Array>();
	for (const [name, bytes] of parts) if (name.startsWith('blobs/')) blobs.set(name.slice('blobs/'.length), bytes);
	return {
		sessions: manifest.sessions.map(({ id, title, agents }) => ({
			id,
			title,
			entries: entriesOf(linesOf(logName(id)), 'main'),
			agents: agents.map((agentId) => ({ agentId, entries: entriesOf(linesOf(agentLogName(id, agentId)), agentId) })),
		})),
		blobs,
		missingBlobs: new Set(manifest.missingBlobs),
		paths: manifest.paths,
		isRedacted: manifest.isRedacted,
	};
}

/** What the manifest names is there, as it says, and there is nothing else. */
function checkParts(
	manifest: Manifest,
	parts: ReadonlyMap<string, Uint8Array>,
	hash: (bytes: Uint8Array) => Sha256,
): void {
	const expected = new Set<string>();
	for (const { id, agents } of manifest.sessions) {
		if (expected.has(logName(id))) throw badBundle('it names a session twice');
		expected.add(logName(id));
		for (const agentId of agents) expected.add(agentLogName(id, agentId));
	}
	const listed = new Set<string>();
	for (const { name, sizeBytes, sha256 } of manifest.parts) {
		if (listed.has(name)) throw badBundle(`it names ${name} twice`);
		listed.add(name);
		if (!BUNDLE_LIMITS.isKnownName(name) || name === MANIFEST_NAME)
			throw badBundle('it names a part that does not belong in it');
		if (!name.startsWith('blobs/') && !expected.has(name)) throw badBundle(`${name} belongs to no session of it`);
		const bytes = parts.get(name);
		if (!bytes) throw badBundle(`${name} is missing`);
		const actual = hash(bytes);
		if (bytes.length !== sizeBytes || actual !== sha256)
			throw badBundle(`${name} was changed or damaged after the export`);
		if (name.startsWith('blobs/') && name !== blobName(actual))
			throw badBundle(`${name} holds other bytes than its name says`);
	}
	for (const name of parts.keys())
		if (name !== MANIFEST_NAME && !listed.has(name)) throw badBundle(`${name} is not in its manifest`);
	for (const name of expected) if (!listed.has(name)) throw badBundle(`${name} is missing`);
}

function fromJson(text: string, hash: (bytes: Uint8Array) => Sha256): BundleContent {
	const value = jsonOf(text.startsWith('\uFEFF') ? text.slice(1) : text, 'it');
	const document = parsed(jsonExportSchema, value, 'it');
	const blobs = new Map<string, Uint8Array>();
	for (const [sha, blob] of Object.entries(document.blobs)) {
		const bytes = 'text' in blob ? utf8Encode(blob.text) : fromBase64(blob.base64);
		if (!bytes || hash(bytes) !== sha) throw badBundle('one of its contents was changed or damaged after the export');
		blobs.set(sha, bytes);
	}
	const { id, title } = document.session;
	const agents = Object.entries(document.agents).map(([agentId, values]) => ({
		agentId,
		entries: entriesOf(values, agentId),
	}));
	return {
		sessions: [{ id, title, entries: entriesOf(document.entries, 'main'), agents }],
		blobs,
		missingBlobs: new Set(document.missingBlobs),
		paths: document.paths,
		isRedacted: document.isRedacted,
	};
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** What a date can hold. */
const MAX_TIMESTAMP_MS = 8.64e15;

/** Every one of them an entry of this version, ids unique, parents before children: so there is no cycle. */
function entriesOf(values: readonly unknown[], log: string): readonly Entry[] {
	const where = log === 'main' ? 'its log' : 'the log of a subagent';
	if (values.length > MAX_ENTRIES) throw badBundle(`${where} has too many entries`);
	const entries: Entry[] = [];
	const all = new Set<EntryId>();
	const later = new Set<EntryId>();
	for (const [index, value] of values.entries()) {
		const entry = entryOf(value, `entry ${index + 1} of ${where}`);
		if (all.has(entry.id)) throw badBundle(`an id stands twice in ${where}`);
		if (isConversation(entry) && later.has(entry.id)) throw badBundle(`an entry of ${where} comes before its parent`);
		all.add(entry.id);
		if (entry.parentId !== null && !all.has(entry.parentId)) later.add(entry.parentId);
		if (entry.parentId === entry.id) throw badBundle(`an entry of ${where} is its own parent`);
		entries.push(entry);
	}
	return entries;
}

function entryOf(value: unknown, where: string): Entry {
	const version = z.object({ v: z.number() }).safeParse(value);
	if (version.success && version.data.v > ENTRY_VERSION) throw newerBundle();
	let entry: Entry;
	try {
		entry = parseEntry(value);
	} catch (error) {
		throw badBundle(`${where} is not an entry`, error);
	}
	if (!UUID.test(entry.id) || (entry.parentId !== null && !UUID.test(entry.parentId)))
		throw badBundle(`${where} has an id of another form`);
	if (!(entry.timestamp >= 0 && entry.timestamp <= MAX_TIMESTAMP_MS)) throw badBundle(`${where} has no valid date`);
	return entry;
}

function parsed<T extends z.ZodType>(schema: T, value: unknown, what: string): z.infer<T> {
	const version = z.object({ version: z.number() }).safeParse(value);
	if (version.success && version.data.version > BUNDLE_VERSION) throw newerBundle();
	const result = schema.safeParse(value);
	if (result.success) return result.data;
	const places = result.error.issues.slice(0, 3).map((issue) => issue.path.join('.') || 'the whole');
	throw badBundle(`${what} is not of the form of an export (${places.join(', ')})`, result.error);
}

function jsonOf(text: string, what: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		if (error instanceof SyntaxError) throw badBundle(`${what} is not JSON`, error);
		throw error;
	}
}

function decode(bytes: Uint8Array, what: string): string {
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
	} catch (error) {
		if (error instanceof TypeError) throw badBundle(`${what} is not text`, error);
		throw error;
	}
}
