/**
 * The MCP servers that a configuration declares: `.mcp.json`, `.vscode/mcp.json` and the user's setting. Variables stay as they are
 * written. Starts nothing, reads nothing; what cannot be used is a problem with its line.
 */
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import * as z from 'zod';
import type { McpClientRegistration, McpServerConfig } from './mcpPorts.ts';

/** `project`: `.mcp.json`; `vscode`: `.vscode/mcp.json`; `user`: the setting, which is the user's own. */
export type ServerSource = 'project' | 'vscode' | 'user';

export type DeclaredServer = {
	readonly name: string;
	readonly source: ServerSource;
	/** As the user knows it: `.mcp.json`, `app/.mcp.json`, or the name of the setting. */
	readonly file: string;
	/** From 1. */
	readonly line: number;
	/** Of the workspace folder that declares it, absolute; the setting has none. */
	readonly folder?: string;
	/** Variables as they are written. */
	readonly transport: McpServerConfig['transport'];
	/** The file itself says that it is off. */
	readonly isOff: boolean;
};

/** A value that the user is asked for once. */
export type DeclaredInput = {
	readonly id: string;
	readonly description: string;
	readonly isPassword: boolean;
	readonly initial?: string;
	/** Only one of these. */
	readonly options?: readonly string[];
};

export type ConfigProblem = {
	readonly file: string;
	readonly line: number;
	/** The server that cannot be used for it; undefined when it is about the file. */
	readonly server?: string;
	/** What is wrong and what to do. */
	readonly message: string;
};

export type ServerConfig = {
	readonly servers: readonly DeclaredServer[];
	readonly inputs: readonly DeclaredInput[];
	readonly problems: readonly ConfigProblem[];
};

/** A configuration file as it was found. */
export type ConfigText = {
	readonly source: ServerSource;
	readonly file: string;
	readonly folder?: string;
	readonly text: string;
};

const MAX_TEXT_CHARS = 1_000_000;
const MAX_SERVERS = 100;
const MAX_NAME_CHARS = 64;

/** Never throws. */
export function readServers({ source, file, folder, text }: ConfigText): ServerConfig {
	const problems: ConfigProblem[] = [];
	const nothing = (line: number, message: string): ServerConfig => ({
		servers: [],
		inputs: [],
		problems: [{ file, line, message }],
	});
	if (text.length > MAX_TEXT_CHARS) return nothing(1, 'The file is larger than 1 MB, so it was not read.');
	const errors: ParseError[] = [];
	const tree = parseTree(text, errors, { allowTrailingComma: true });
	const [error] = errors;
	if (error) {
		const what = printParseErrorCode(error.error);
		return nothing(lineAt(text, error.offset), `This is no JSON (${what}), so no server of this file is known.`);
	}
	if (tree?.type !== 'object') return nothing(1, 'The file must hold an object, so no server of it is known.');

	const key = KEYS[source];
	const list = key === undefined ? tree : findNodeAtLocation(tree, [key]);
	if (key !== undefined && list?.type !== 'object') {
		const other = source === 'project' ? 'servers' : 'mcpServers';
		const isOther = findNodeAtLocation(tree, [other]) !== undefined;
		const hint = isOther ? ` It has “${other}”; rename that to “${key}”.` : '';
		return nothing(1, `The file has no object “${key}”, so there is no server in it.${hint}`);
	}
	const problemAt = (node: Node | undefined, message: string, server?: string) =>
		problems.push({
			...{ file, line: lineAt(text, node?.offset ?? 0), message },
			...(server === undefined ? {} : { server }),
		});
	const members = membersOf(list);
	if (members.length > MAX_SERVERS)
		problemAt(list, `Only the first ${MAX_SERVERS} of ${members.length} servers are known.`);
	const servers = members.slice(0, MAX_SERVERS).flatMap(({ name, key: keyNode, value }): DeclaredServer[] => {
		if (!isPlainName(name)) {
			problemAt(keyNode, `The name of a server has 1 to ${MAX_NAME_CHARS} letters, digits, spaces or ._-`);
			return [];
		}
		const declared = plain(value);
		const parsed = serverSchema(declared).safeParse(declared);
		if (!parsed.success) {
			for (const issue of parsed.error.issues) {
				const at = findNodeAtLocation(
					value,
					issue.path.map((step) => (typeof step === 'number' ? step : String(step))),
				);
				problemAt(at ?? keyNode, `“${name}” cannot be used: ${wordsFor(issue)}.`, name);
			}
			return [];
		}
		const { transport, isOff } = parsed.data;
		const server = { name, source, file, line: lineAt(text, keyNode.offset), transport, isOff };
		return [folder === undefined ? server : { ...server, folder }];
	});
	const inputs = source === 'vscode' ? readInputs(findNodeAtLocation(tree, ['inputs']), problemAt) : [];
	return { servers, inputs, problems };
}

/** Of servers with the same name the user's own one counts, then the one that is named first. The others are problems. */
export function joinServers(configs: readonly ServerConfig[]): ServerConfig {
	const declared = configs.flatMap(({ servers }) => servers);
	const ordered = [
		...declared.filter(({ source }) => source === 'user'),
		...declared.filter(({ source }) => source !== 'user'),
	];
	const byName = new Map<string, DeclaredServer>();
	const problems = configs.flatMap((one) => one.problems);
	for (const server of ordered) {
		const first = byName.get(server.name);
		if (!first) byName.set(server.name, server);
		else if (!isSameServer(first, server))
			problems.push({
				...{ file: server.file, line: server.line, server: server.name },
				message: `“${server.name}” is also in ${first.file}, and that one counts. Give one of them another name.`,
			});
	}
	return { servers: [...byName.values()], inputs: configs.flatMap(({ inputs }) => inputs), problems };
}

/** The same is often written in both files of a project. */
function isSameServer(left: DeclaredServer, right: DeclaredServer): boolean {
	return left.folder === right.folder && JSON.stringify(left.transport) === JSON.stringify(right.transport);
}

const KEYS: Readonly<Record<ServerSource, string | undefined>> = {
	project: 'mcpServers',
	vscode: 'servers',
	user: undefined,
};

const textRecord = z.record(z.string(), z.string());
const isOffFields = { disabled: z.boolean().optional(), enabled: z.boolean().optional() };
const isOffOf = (fields: { disabled?: boolean | undefined; enabled?: boolean | undefined }): boolean =>
	fields.disabled === true || fields.enabled === false;

const programSchema = z
	.looseObject({
		...isOffFields,
		type: z.literal('stdio').optional(),
		command: z.string().trim().min(1),
		args: z.array(z.string()).default([]),
		// Numbers and switches are often written bare.
		env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
		cwd: z.string().min(1).optional(),
	})
	.transform(({ command, args, env, cwd, ...fields }) => ({
		transport: { kind: 'stdio' as const, command, args, env, ...(cwd === undefined ? {} : { cwd }) },
		isOff: isOffOf(fields),
	}));

const endpointSchema = z
	.looseObject({
		...isOffFields,
		type: z.enum(['http', 'streamable-http', 'streamableHttp', 'sse']).optional(),
		url: z.string().trim().min(1),
		headers: textRecord.default({}),
		/** A client that the authorization server knows already. */
		oauth: z
			.looseObject({
				clientId: z.string().min(1),
				clientSecret: z.string().optional(),
				scope: z.string().optional(),
			})
			.optional(),
	})
	.transform(({ type, url, headers, oauth, ...fields }) => ({
		transport: {
			kind: type === 'sse' ? ('sse' as const) : ('http' as const),
			url,
			headers,
			...(oauth === undefined ? {} : { client: clientOf(oauth) }),
		},
		isOff: isOffOf(fields),
	}));

function clientOf(oauth: {
	readonly clientId: string;
	readonly clientSecret?: string | undefined;
	readonly scope?: string | undefined;
}): McpClientRegistration {
	return {
		id: oauth.clientId,
		...(oauth.clientSecret === undefined ? {} : { secret: oauth.clientSecret }),
		...(oauth.scope === undefined ? {} : { scope: oauth.scope }),
	};
}

function serverSchema(declared: unknown): typeof programSchema | typeof endpointSchema {
	if (typeof declared !== 'object' || declared === null) return programSchema;
	const type = 'type' in declared ? declared.type : undefined;
	const isEndpoint = type === undefined ? 'url' in declared && !('command' in declared) : type !== 'stdio';
	return isEndpoint ? endpointSchema : programSchema;
}

const inputSchema = z.looseObject({
	id: z.string().min(1).max(MAX_NAME_CHARS),
	type: z.enum(['promptString', 'pickString']),
	description: z.string().default(''),
	default: z.string().optional(),
	password: z.boolean().default(false),
	options: z
		.array(z.union([z.string(), z.looseObject({ value: z.string() }).transform(({ value }) => value)]))
		.optional(),
});

function readInputs(
	node: Node | undefined,
	problemAt: (node: Node | undefined, message: string) => void,
): readonly DeclaredInput[] {
	if (!node) return [];
	return (node.children ?? []).flatMap((child): DeclaredInput[] => {
		const parsed = inputSchema.safeParse(plain(child));
		if (!parsed.success) {
			problemAt(child, 'This input is not known: it needs an “id” and the “type” promptString or pickString.');
			return [];
		}
		const { id, description, password, options, default: initial } = parsed.data;
		return [
			{
				...{ id, description, isPassword: password },
				...(initial === undefined ? {} : { initial }),
				...(options === undefined ? {} : { options }),
			},
		];
	});
}

function wordsFor(issue: z.core.$ZodIssue): string {
	const name = issue.path.findLast((step) => typeof step === 'string');
	const what = name === undefined ? 'it' : `“${String(name)}”`;
	if (issue.code === 'invalid_type') return `${what} must be ${TYPES[issue.expected] ?? issue.expected}`;
	if (issue.code === 'invalid_value') return `${what} is one of ${issue.values.map(String).join(', ')}`;
	if (issue.code === 'too_small') return `${what} must not be empty`;
	return `${what} is not as it should be`;
}

const TYPES: Readonly<Record<string, string>> = {
	string: 'a text',
	boolean: 'true or false',
	array: 'a list of texts',
	object: 'an object with “command” or “url”',
	record: 'an object of texts',
};

const isPlainName = (name: string): boolean =>
	name.length <= MAX_NAME_CHARS && /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]*[\p{L}\p{N}_-])?$/u.test(name);

function membersOf(
	node: Node | undefined,
): readonly { readonly name: string; readonly key: Node; readonly value: Node }[] {
	if (node?.type !== 'object') return [];
	return (node.children ?? []).flatMap(({ children }) => {
		const [key, value] = children ?? [];
		return key && value && typeof key.value === 'string' ? [{ name: key.value, key, value }] : [];
	});
}

/** The value that a node stands for. */
function plain(node: Node): unknown {
	if (node.type === 'array') return (node.children ?? []).map(plain);
	if (node.type === 'object') return Object.fromEntries(membersOf(node).map(({ name, value }) => [name, plain(value)]));
	return node.value;
}

/** From 1. */
function lineAt(text: string, offset: number): number {
	let line = 1;
	for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
	return line;
}
