/**
 * What is said about an MCP server before it may start: where it is declared, what runs or is reached, and what of the environment it
 * gets. Nothing of what would run may be out of sight. Pure.
 */
import { cutText } from '../../base/text.ts';
import type { DeclaredServer } from './declaredServers.ts';
import { environmentReads, inputReads } from './expandServer.ts';

export type StartQuestion = {
	readonly message: string;
	readonly detail: string;
	/** Not all of it can be shown: the file has to be looked at. */
	readonly isCut: boolean;
};

const MAX_COMMAND_CHARS = 1_200;
/** Variables that decide what a program loads: their values are part of the command. */
const DECIDES_WHAT_RUNS =
	/^(PATH|PATHEXT|COMSPEC|SHELL|SHELLOPTS|BASHOPTS|PROMPT_COMMAND|BASH_\w+|ENV|HOME|USERPROFILE|APPDATA|LOCALAPPDATA|XDG_\w+|LD_\w+|DYLD_\w+|NODE_OPTIONS|NODE_PATH|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+|PYTHON\w*|PERL5\w+|RUBYOPT|RUBYLIB|GEM_\w+|BUNDLE_\w+|JAVA_TOOL_OPTIONS|CLASSPATH|DOTNET_\w+|UV_\w+|PIP_\w+|PIPX_\w+|CARGO_\w+|RUSTUP_\w+|RUSTC\w*|GO(?:PATH|ROOT|FLAGS|PROXY|ENV|BIN|SUMDB|PRIVATE)|BUN_\w+|DENO_\w+|YARN_\w+|PNPM_\w+|DOCKER_\w+|GIT_\w+|EDITOR|VISUAL|PAGER|\w+_OPTIONS|\w*PROXY|\w+_(?:INDEX|REGISTRY|PRELOAD)(?:_URL)?|npm_config_\w+)$/i;

export function startQuestion(server: DeclaredServer): StartQuestion {
	const whole = runsOrReaches(server);
	const { transport } = server;
	const [reads, asks] = [environmentReads(transport), inputReads(transport)];
	// A name out of sight could be that of the one variable that matters.
	const isCut = whole.length > MAX_COMMAND_CHARS || [reads, asks].some((names) => names.length > MAX_NAMES);
	const lines = [`Declared in ${server.file}, line ${server.line}.`, '', cutText(whole, MAX_COMMAND_CHARS)];
	if (isCut) lines.push('… and more, which does not fit here. Look at the file first.');
	const given = transport.kind === 'stdio' ? Object.keys(transport.env) : Object.keys(transport.headers);
	const what = transport.kind === 'stdio' ? 'Variables it sets' : 'Headers it is sent';
	if (given.length > 0) lines.push(`${what}: ${namesOf(given)}`);
	if (reads.length > 0) lines.push(`Takes from your environment: ${namesOf(reads)}`);
	if (asks.length > 0) lines.push(`Asks you for: ${namesOf(asks)}`);
	lines.push(
		'',
		transport.kind === 'stdio'
			? 'It runs on this machine with your rights. You are asked again when this changes.'
			: 'What the agent gives its tools is sent there. You are asked again when this changes.',
	);
	return { message: `Start the MCP server “${server.name}”?`, detail: lines.map(visible).join('\n'), isCut };
}

/** The command as one could type it, or the address. */
function runsOrReaches({ transport }: Pick<DeclaredServer, 'transport'>): string {
	if (transport.kind !== 'stdio') return `Address: ${transport.url}`;
	const deciding = Object.entries(transport.env).filter(([name]) => DECIDES_WHAT_RUNS.test(name));
	const words = [
		...deciding.map(([name, value]) => `${name}=${quoted(value)}`),
		...[transport.command, ...transport.args].map(quoted),
	];
	const cwd = transport.cwd === undefined ? '' : `\nIn the folder: ${transport.cwd}`;
	return `Command: ${words.join(' ')}${cwd}`;
}

const MAX_NAMES = 12;
const namesOf = (names: readonly string[]): string =>
	names.length <= MAX_NAMES
		? names.join(', ')
		: `${names.slice(0, MAX_NAMES).join(', ')} and ${names.length - MAX_NAMES} more`;

const quoted = (word: string): string => (/^[\w@%+=:,./$\\{}-]+$/.test(word) ? word : JSON.stringify(word));

/** Characters that nobody sees, or that turn the order of others, are shown by their number. */
const visible = (line: string): string =>
	line.replace(
		/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu,
		(character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
	);
