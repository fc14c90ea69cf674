/**
 * Puts values in the place of variables in a declared server: `${VAR}` and `${VAR:-default}` as Claude Code has them, `${env:VAR}`,
 * `${workspaceFolder}`, `${userHome}` and `${input:id}` as VS Code has them. Pure. Keys of Retrace are never given out.
 */
import type { DeclaredInput, DeclaredServer } from './declaredServers.ts';
import { isLoopbackAddress } from './loopback.ts';
import type { McpServerConfig } from './mcpPorts.ts';

type Transport = McpServerConfig['transport'];

export type ServerVariables = {
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** The folder for servers of the setting, which belong to none. */
	readonly defaultFolder: string;
	/** Folders of the window by their name, for `${workspaceFolder:name}`. */
	readonly folders: Readonly<Record<string, string>>;
	readonly homeFolder: string;
	readonly pathSeparator: '/' | '\\';
	/** What the user answered, by the id of the input. */
	readonly inputs: Readonly<Record<string, string>>;
};

export type ExpandedServer =
	| { readonly kind: 'ready'; readonly transport: Transport }
	/** The user has to be asked for these first. */
	| { readonly kind: 'needsInputs'; readonly ids: readonly string[] }
	/** `problem` says what is wrong and what to do. */
	| { readonly kind: 'unusable'; readonly problem: string };

/** `${…}`, without what has braces or lines in it. */
const VARIABLE = /\$\{([^{}\n]{1,256})\}/g;
const OWN_KEYS = /^ANTHROPIC_/i;

export function expandServer(server: DeclaredServer, variables: ServerVariables): ExpandedServer {
	const missing = new Set<string>();
	const problems: string[] = [];
	const expand = (text: string): string =>
		text.replace(VARIABLE, (whole, inner: string) => {
			const found = resolveVariable(inner, server, variables);
			if (found.kind === 'value') return found.value;
			if (found.kind === 'input') missing.add(found.id);
			else problems.push(found.problem);
			return whole;
		});
	const record = (values: Readonly<Record<string, string>>) =>
		Object.fromEntries(Object.entries(values).map(([name, value]) => [name, expand(value)]));
	const transport = expandTransport(server.transport, expand, record);
	const [problem] = problems;
	if (problem !== undefined) return { kind: 'unusable', problem };
	if (missing.size > 0) return { kind: 'needsInputs', ids: [...missing] };
	const wrong = transport.kind !== 'stdio' ? addressProblem(transport.url) : undefined;
	return wrong === undefined ? { kind: 'ready', transport } : { kind: 'unusable', problem: wrong };
}

/** Names of variables of the environment that the declaration reads, for the question whether it may start. */
export function environmentReads(transport: Transport): readonly string[] {
	const names = new Set<string>();
	for (const text of textsOf(transport))
		for (const [, inner = ''] of text.matchAll(VARIABLE)) {
			const name = inner.startsWith('env:') ? inner.slice(4) : /^([A-Za-z_]\w*)(?::-[^}]*)?$/.exec(inner)?.[1];
			if (name !== undefined && !Object.hasOwn(FIXED, name)) names.add(name);
		}
	return [...names].sort();
}

/** Ids of the inputs that the declaration asks for. */
export function inputReads(transport: Transport): readonly string[] {
	const found = textsOf(transport).flatMap((text) => [...text.matchAll(VARIABLE)].map(([, inner = '']) => inner));
	return [...new Set(found.filter((inner) => inner.startsWith('input:')).map((inner) => inner.slice(6)))];
}

/** What to ask for an id. One that no file declares is taken for a secret: it is how a key is kept out of the settings. */
export function inputFor(id: string, declared: readonly DeclaredInput[]): DeclaredInput {
	return declared.find((input) => input.id === id) ?? { id, description: '', isPassword: true };
}

type Found =
	| { readonly kind: 'value'; readonly value: string }
	| { readonly kind: 'input'; readonly id: string }
	| { readonly kind: 'problem'; readonly problem: string };

const FIXED: Readonly<Record<string, (folder: string, variables: ServerVariables) => string>> = {
	workspaceFolder: (folder) => folder,
	CLAUDE_PROJECT_DIR: (folder) => folder,
	workspaceFolderBasename: (folder) => folder.split(/[\\/]/).findLast((part) => part !== '') ?? folder,
	userHome: (_, { homeFolder }) => homeFolder,
	pathSeparator: (_, { pathSeparator }) => pathSeparator,
	'/': (_, { pathSeparator }) => pathSeparator,
};

function resolveVariable(inner: string, { folder }: DeclaredServer, variables: ServerVariables): Found {
	const value = (found: string): Found => ({ kind: 'value', value: found });
	const problem = (text: string): Found => ({ kind: 'problem', problem: text });
	const [, plainName = inner, fallback] = /^([A-Za-z_]\w*):-(.*)$/s.exec(inner) ?? [];
	const fixed = Object.hasOwn(FIXED, plainName) ? FIXED[plainName] : undefined;
	if (fixed) return value(fixed(folder ?? variables.defaultFolder, variables));
	if (inner.startsWith('workspaceFolder:')) {
		const named = inner.slice('workspaceFolder:'.length);
		const path = Object.hasOwn(variables.folders, named) ? variables.folders[named] : undefined;
		return path === undefined ? problem(`There is no folder “${named}” in this window.`) : value(path);
	}
	if (inner.startsWith('input:')) {
		const id = inner.slice('input:'.length);
		const answer = Object.hasOwn(variables.inputs, id) ? variables.inputs[id] : undefined;
		return answer === undefined ? { kind: 'input', id } : value(answer);
	}
	const isEnv = inner.startsWith('env:');
	const name = isEnv ? inner.slice('env:'.length) : plainName;
	if (!isEnv && !/^[A-Za-z_]\w*$/.test(name)) return problem(`Retrace does not know the variable \${${inner}}.`);
	if (OWN_KEYS.test(name)) return problem(`${name} is not given to servers. Write the server’s own key to an input.`);
	const found = Object.hasOwn(variables.environment, name) ? variables.environment[name] : undefined;
	if (found !== undefined && (found !== '' || fallback === undefined)) return value(found);
	if (fallback !== undefined) return value(fallback);
	// VS Code takes what is not set for empty.
	if (isEnv) return value('');
	return problem(
		`The variable ${name} is not set in the environment of VS Code. Set it, or write \${${name}:-default}.`,
	);
}

function expandTransport(
	transport: Transport,
	expand: (text: string) => string,
	record: (values: Readonly<Record<string, string>>) => Record<string, string>,
): Transport {
	if (transport.kind !== 'stdio') {
		const { client } = transport;
		return {
			kind: transport.kind,
			url: expand(transport.url),
			headers: record(transport.headers),
			...(client === undefined
				? {}
				: {
						client: {
							...client,
							id: expand(client.id),
							...(client.secret === undefined ? {} : { secret: expand(client.secret) }),
						},
					}),
		};
	}
	return {
		kind: 'stdio',
		command: expand(transport.command),
		args: transport.args.map(expand),
		env: record(transport.env),
		...(transport.cwd === undefined ? {} : { cwd: expand(transport.cwd) }),
	};
}

function textsOf(transport: Transport): readonly string[] {
	if (transport.kind !== 'stdio')
		return [
			transport.url,
			...Object.values(transport.headers),
			transport.client?.id ?? '',
			transport.client?.secret ?? '',
		];
	return [transport.command, ...transport.args, ...Object.values(transport.env), transport.cwd ?? ''];
}

function addressProblem(url: string): string | undefined {
	const protocol = /^(https?):\/\/[^/]/i.exec(url)?.[1]?.toLowerCase();
	if (protocol === undefined) return 'The “url” is no http or https address. Correct it in the file.';
	// A key in a header would be readable on the way.
	if (protocol === 'http' && !isLoopbackAddress(url))
		return 'The “url” is not encrypted: only https is used for servers on other machines.';
	return undefined;
}
