/**
 * What the user agreed to about MCP servers: which of a project's servers may start, and which definitions of their tools they know.
 * Both hold for the very content that was agreed to. Pure but for the store it is given; asks nobody.
 */
import * as z from 'zod';
import { utf8Encode } from '../../base/text.ts';
import type { DeclaredInput, DeclaredServer } from './declaredServers.ts';
import { inputFor, inputReads } from './expandServer.ts';
import type { McpTool } from './mcpPorts.ts';

/** A value that outlives the window, in our own storage and never in the workspace. */
export type ConsentStore = {
	get(): unknown;
	set(value: unknown): PromiseLike<void>;
};

export type ServerConsent = {
	/** `own`: the user's setting, which needs none. */
	of(server: DeclaredServer): 'own' | 'approved' | 'refused' | 'open';
	approve(server: DeclaredServer): Promise<void>;
	refuse(server: DeclaredServer): Promise<void>;
	/** The user turned it off, whatever the files say. */
	isOff(server: DeclaredServer): boolean;
	setOff(server: DeclaredServer, isOff: boolean): Promise<void>;
	/**
	 * Those that are to be kept from the agent: not as the user knows them, or not there when the server was first seen. All that it offers at
	 * its first sight comes with the agreement to it, and is learned.
	 */
	heldTools(server: DeclaredServer, tools: readonly McpTool[]): readonly HeldTool[];
	/** The user knows these now. */
	acceptTools(server: DeclaredServer, tools: readonly McpTool[]): Promise<void>;
};

/** A tool that was not there at first, or in other words. */
export type HeldTool = McpTool & { readonly isNew: boolean };

/** Some servers add tools a moment after they are ready, when they know what the other side can do. That is first sight still. */
const FIRST_SIGHT_MS = 10_000;
const MAX_KEPT = 200;
const MAX_TOOLS = 2_000;

const answerSchema = z.object({
	verdict: z.enum(['approved', 'refused']).optional(),
	isOff: z.boolean().optional(),
	/** Hash of the definition by the name of the tool. */
	tools: z.record(z.string(), z.string()).optional(),
});
type Answer = z.infer<typeof answerSchema>;
/** Newest last. A store that cannot be read holds no agreement. */
const storeSchema = z.record(z.string(), answerSchema).catch({});

export function createServerConsent(options: {
	readonly store: ConsentStore;
	hash(bytes: Uint8Array): string;
	/** Of all files, for what a server asks the user. */
	inputs(): readonly DeclaredInput[];
	now(): number;
	onError(error: unknown): void;
}): ServerConsent {
	const { store, hash, inputs, now, onError } = options;
	/** When the tools of a server were first seen, of those that this window saw first. */
	const firstSeenMs = new Map<string, number>();
	// Read once: each read of the state is a copy, and nobody else writes it.
	let answers = storeSchema.parse(store.get() ?? {});
	const keyOf = (server: DeclaredServer) => hash(utf8Encode(consentText(server, inputs())));
	const change = async (server: DeclaredServer, add: Partial<Answer>): Promise<void> => {
		const key = keyOf(server);
		const { [key]: known = {}, ...others } = answers;
		const entries = [...Object.entries(others), [key, { ...known, ...add }] as const];
		answers = Object.fromEntries(entries.slice(-MAX_KEPT));
		await store.set(answers);
	};
	return {
		of(server) {
			if (server.source === 'user') return 'own';
			return answers[keyOf(server)]?.verdict ?? 'open';
		},
		approve: (server) => change(server, { verdict: 'approved' }),
		refuse: (server) => change(server, { verdict: 'refused' }),
		isOff: (server) => answers[keyOf(server)]?.isOff ?? false,
		setOff: (server, isOff) => change(server, { isOff }),
		heldTools(server, tools) {
			const key = keyOf(server);
			const learned = answers[key]?.tools;
			const known = learned ?? {};
			const isKnown = ({ name }: McpTool) => Object.hasOwn(known, name);
			const fresh = tools.filter((tool) => !isKnown(tool));
			// A list that is empty, or could not be read, is no sight of anything.
			if (learned === undefined && fresh.length > 0) firstSeenMs.set(key, now());
			const seenMs = firstSeenMs.get(key);
			const isFirstSight = seenMs !== undefined && now() - seenMs <= FIRST_SIGHT_MS;
			if (isFirstSight && fresh.length > 0) change(server, { tools: withTools(known, fresh) }).catch(onError);
			return tools.flatMap((tool): readonly HeldTool[] => {
				if (!isKnown(tool)) return isFirstSight ? [] : [{ ...tool, isNew: true }];
				return known[tool.name] === tool.definitionHash ? [] : [{ ...tool, isNew: false }];
			});
		},
		acceptTools: (server, tools) => change(server, { tools: withTools(answers[keyOf(server)]?.tools ?? {}, tools) }),
	};
}

function withTools(known: Readonly<Record<string, string>>, tools: readonly McpTool[]): Record<string, string> {
	const added = tools.map(({ name, definitionHash }) => [name, definitionHash] as const);
	const names = new Set(tools.map(({ name }) => name));
	const others = Object.entries(known).filter(([name]) => !names.has(name));
	return Object.fromEntries([...others, ...added].slice(-MAX_TOOLS));
}

/** All that an agreement is about, as it is written: another text is another server. Where in the file it stands does not count. */
function consentText(
	{ name, source, file, folder, transport }: DeclaredServer,
	inputs: readonly DeclaredInput[],
): string {
	const asked = inputReads(transport).map((id) => inputFor(id, inputs));
	return JSON.stringify(sorted({ name, source, file, folder, transport, asked }));
}

/** The order of keys in a file says nothing. */
function sorted(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sorted);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.sort(([left], [right]) => (left < right ? -1 : 1))
			.map(([key, inner]) => [key, sorted(inner)]),
	);
}
