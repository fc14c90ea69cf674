/**
 * The frozen start of every request of a session: tools, system prompt and project context as the exact JSON text that is sent,
 * stored once. Decides when a new one is due; never changes one.
 */
import * as z from 'zod';
import { utf8Encode } from '../../base/text.ts';
import type { ProjectContext } from '../agent/turnTypes.ts';
import { memorySection } from '../memory/memoryFile.ts';
import type { ModelInfo, ToolDefinition } from '../model/modelPort.ts';
import { DEFAULT_TUNING, type ModelTuning, tunedFields } from '../model/modelTuning.ts';
import { type BlobRef, type TextBlock, textBlockSchema } from '../session/content.ts';
import type { EntryDraft, EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import { skillSection } from '../skills/skillList.ts';
import { type BlobCache, loadBlobText } from './loadBlobs.ts';
import { systemPromptText } from './systemPrompt.ts';

/** The version of `buildContext` that new sessions freeze. Older ones must stay in place. */
const RENDER_VERSION = 1;
/** All that this build has. A session that a newer build began gets a new start, and the cache is written anew. */
const KNOWN_RENDERS: ReadonlySet<number> = new Set([RENDER_VERSION]);
const API_VERSION = '2026-10-21';
/** Longer replies are rarely wanted and would take room from the input; a request may not promise more than the model has. */
const MAX_REPLY_TOKENS = 32_000;
/** Stands above the memory files. */
export const INSTRUCTIONS_HEADING = '# Project instructions';

/** A `prefix` entry with its blobs parsed back. */
export type LoadedPrefix = {
	readonly entry: EntryOf<'prefix'>;
	readonly tools: readonly ToolDefinition[];
	readonly system: readonly TextBlock[];
	/** Empty when there is neither environment nor memory. */
	readonly context: readonly TextBlock[];
};

/** The three parts as JSON text, before they are stored. Enough for the meter to estimate a session that froze nothing yet. */
export type PrefixTexts = { readonly tools: string; readonly system: string; readonly context: string };

export type PrefixInput = {
	readonly blobs: BlobStore;
	readonly tools: readonly ToolDefinition[];
	/** Version of each tool by name. */
	readonly toolVersions: Readonly<Record<string, number>>;
	readonly project: ProjectContext;
	/** Further texts behind the system prompt. */
	readonly systemSections?: readonly string[];
	readonly model: ModelInfo;
	/** Whether the endpoint is the official one: others may reject fields they do not know, such as cache diagnostics. */
	readonly isOfficialEndpoint: boolean;
	/** Effort and thinking; default: the model's own. */
	readonly tuning?: ModelTuning;
	/** How reminders are sent; default `user`, which every endpoint takes. */
	readonly reminderForm?: 'system' | 'user';
	/** Gets the texts, so that they need not be read back from the store. */
	readonly cache?: BlobCache;
};

/** Whether the next request needs a `prefix` entry first: there is none for the session's model, or none that this build can render. */
export function needsNewPrefix(session: Pick<Session, 'model' | 'newest'>): boolean {
	const newest = session.newest('prefix');
	return newest?.model !== session.model || !KNOWN_RENDERS.has(newest.render);
}

/** Stores the parts and returns the entry to append. Rejects with what the blob store rejects with. */
export async function freezePrefix(input: PrefixInput): Promise<EntryDraft<'prefix'>> {
	const texts = prefixTexts(input.tools, input.project, input.systemSections);
	const [tools, system, context] = await Promise.all([
		store(input, texts.tools),
		store(input, texts.system),
		store(input, texts.context),
	]);
	return {
		type: 'prefix',
		tools,
		system,
		context,
		model: input.model.id,
		maxTokens: Math.min(input.model.maxOutputTokens, MAX_REPLY_TOKENS),
		...tunedFields(input.model, input.tuning ?? DEFAULT_TUNING),
		betas: [],
		apiVersion: API_VERSION,
		ttl: '1h',
		reminderForm: input.reminderForm ?? 'user',
		diagnostics: input.isOfficialEndpoint,
		toolVersions: { ...input.toolVersions },
		render: RENDER_VERSION,
	};
}

/** Reads a frozen prefix back. Rejects with UserError when a blob is missing or damaged. */
export async function loadPrefix(entry: EntryOf<'prefix'>, blobs: BlobStore, cache?: BlobCache): Promise<LoadedPrefix> {
	const [tools, system, context] = await Promise.all([
		loadBlobText(entry.tools, blobs, cache),
		loadBlobText(entry.system, blobs, cache),
		loadBlobText(entry.context, blobs, cache),
	]);
	return { entry, tools: parseTools(tools), system: parseTexts(system), context: parseTexts(context) };
}

/** The parts as they would be frozen now: tools sorted by name, the system prompt, the project context. */
export function prefixTexts(
	tools: readonly ToolDefinition[],
	project: ProjectContext,
	systemSections: readonly string[] = [],
): PrefixTexts {
	const sorted = [...tools].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
	const contextTexts = projectContextTexts(project);
	return {
		tools: JSON.stringify(sorted),
		system: JSON.stringify([systemPromptText(), ...systemSections].map((text) => ({ type: 'text', text }))),
		context: JSON.stringify(contextTexts.map((text) => ({ type: 'text', text }))),
	};
}

/** The environment, what files offer, and each memory file as a text of its own under its path, so that what is known of a file can be told apart. */
function projectContextTexts(project: ProjectContext): readonly string[] {
	const parts: string[] = [];
	if (project.environment.length > 0) {
		parts.push(`# Environment\n\n${project.environment.map((line) => `- ${line}`).join('\n')}`);
	}
	const skills = skillSection(project.skills ?? []);
	if (skills !== undefined) parts.push(skills);
	const memory = project.memory.filter((file) => file.text.trim() !== '');
	if (memory.length > 0) {
		parts.push(
			`${INSTRUCTIONS_HEADING}\n\nWritten by the user and their team for work in this project. Follow them; a later file wins over an earlier one, and what the user says in the conversation wins over both.`,
		);
	}
	return [...(parts.length > 0 ? [parts.join('\n\n')] : []), ...memory.map(memorySection), ...(project.lists ?? [])];
}

async function store({ blobs, cache }: PrefixInput, json: string): Promise<BlobRef> {
	const ref = await blobs.put(utf8Encode(json), 'application/json');
	// `JSON.stringify` escapes what UTF-8 cannot carry, so the store would give back this very text.
	cache?.set(ref.$blob, json);
	return ref;
}

const toolShape = z.array(z.looseObject({ name: z.string(), input_schema: z.looseObject({}) }));
const textsShape = z.array(textBlockSchema);

/**
 * Parsed and checked, but returned as parsed by JSON alone: zod would put known keys first, and
 * `JSON.stringify` of the result must give back the very text that was frozen.
 */
function parseTools(json: string): readonly ToolDefinition[] {
	const value: unknown = JSON.parse(json);
	toolShape.parse(value);
	return value as readonly ToolDefinition[];
}

function parseTexts(json: string): readonly TextBlock[] {
	const value: unknown = JSON.parse(json);
	textsShape.parse(value);
	return value as readonly TextBlock[];
}
