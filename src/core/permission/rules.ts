/**
 * Permission rules: `Tool`, `Bash(npm test:*)`, `Bash(exact command)`, `Edit(src/**)`. Parses and matches; `decide.ts` weighs them.
 * Path patterns are read as in .gitignore: without a slash at any depth, else from a workspace root; `//` starts an absolute one.
 */
import { assertNever } from '../../base/assertNever.ts';
import type { ResolvedPath } from '../ports.ts';
import type { CommandReading } from './readCommand.ts';
import { hostPattern, isServerRule, matchesWords, prefixOf } from './ruleForms.ts';

type Rule = { readonly tool: string; readonly pattern: string | undefined };

/** What a call reaches for, links resolved. */
export type PermissionTarget =
	| { readonly kind: 'none' }
	/** Without `reading` it is judged as a text; `isUnread`: since the grammar could not be loaded. */
	| { readonly kind: 'command'; readonly command: string; readonly reading?: CommandReading; readonly isUnread?: true }
	/** A page of the web, by its host in lower case. */
	| {
			readonly kind: 'host';
			readonly host: string;
			/** The user's yes to a call before this one, where it holds for more than one call; `words` say for which. */
			readonly grant?: { readonly words: string; readonly isGiven: boolean };
	  }
	/** What the tool picks by a name, e.g. which agent. */
	| { readonly kind: 'name'; readonly name: string }
	/** `path` is the text the model gave. */
	| { readonly kind: 'path'; readonly path: string; readonly resolved: ResolvedPath };

/**
 * `strict`: for granting; every part must be covered. `wide`: for asking and denying; any part that matches counts. `whole`: a command is only
 * held against rules for the tool as such and for exactly this command.
 */
export type Breadth = 'strict' | 'wide' | 'whole';

/** Of an address, by the parser that fetches it, so that no spelling is judged as another host than the one reached; empty when it is none. */
export function hostOf(url: string): string {
	try {
		return new URL(url.trim()).hostname.replace(/\.$/, '').toLowerCase();
	} catch {
		return '';
	}
}

/** Undefined when the text is no rule. */
export function parseRule(text: string): Rule | undefined {
	const match = /^([A-Za-z_*][\w*-]*)(?:\(([\s\S]*)\))?$/.exec(text.trim());
	if (!match?.[1]) return undefined;
	const pattern = match[2]?.trim();
	const isAll = pattern === '' || pattern === '*' || /^domain:\s*\*$/.test(pattern ?? '');
	return { tool: match[1], pattern: isAll ? undefined : pattern };
}

/** The first of the rules that covers the call; undefined when none does. Texts that are no rule cover nothing. */
export function findRule(
	rules: readonly string[],
	tool: string,
	target: PermissionTarget,
	breadth: Breadth,
): string | undefined {
	return rules.find((text) => {
		const rule = parseRule(text);
		if (!rule || !coversTool(rule.tool, tool, breadth)) return false;
		if (rule.pattern === undefined) return true;
		switch (target.kind) {
			case 'none':
				return false;
			case 'command':
				return matchesCommand(rule.pattern, target.command, breadth);
			case 'path':
				return matchesPath(rule.pattern, target.resolved, breadth);
			case 'host':
				return matchesHost(rule.pattern, target.host, breadth);
			case 'name':
				return matchesName(rule.pattern, target.name, breadth);
			default:
				return assertNever(target);
		}
	});
}

/**
 * `npm test:*` covers commands that start with these words, another star stands for anything; else it must be the whole command.
 * What has a star never grants a compound command. When asking or denying, each part of a compound is looked at.
 */
export function matchesCommand(pattern: string, command: string, breadth: Breadth): boolean {
	const whole = command.trim();
	if (prefixOf(pattern) === undefined && whole === pattern) return true;
	if (breadth === 'whole') return false;
	const words = collapse(pattern);
	if (breadth === 'strict') return words.includes('*') && !isCompound(whole) && matchesWords(words, collapse(whole));
	return partsOf(whole).some((part) => matchesWords(words, part));
}

/** `domain:example.com` is this host, `domain:*.example.com` each below it. What asks or denies holds below a host as well. */
function matchesHost(pattern: string, host: string, breadth: Breadth): boolean {
	const domain = hostPattern(pattern);
	if (!domain) return false;
	if (domain.isBelow) return host.endsWith(`.${domain.host}`);
	return host === domain.host || (breadth === 'wide' && host.endsWith(`.${domain.host}`));
}

/** Granting minds the case of letters, denying does not: other programs have agents of the same names with capitals. */
function matchesName(pattern: string, name: string, breadth: Breadth): boolean {
	const [ruled, called] = breadth === 'wide' ? [pattern.toLowerCase(), name.toLowerCase()] : [pattern, name];
	// `review:*` is every name that begins so; `review *` is this one with whatever it is given.
	if (ruled.endsWith(':*')) return called.startsWith(ruled.slice(0, -2).trim());
	return matchesWords(ruled, called);
}

/** Whether the shell would do more than run one program with literal arguments. Quoted separators count too: better asked once more. */
export function isCompound(command: string): boolean {
	return /[;&|`<>\n\r]|\$\(|\$\{|\$'/.test(command);
}

/** The rule that *Always allow* may add for this command: the general one, or the command itself for programs that run others. */
export function proposedCommandRule(command: string): string | undefined {
	const trimmed = command.trim();
	if (trimmed === '' || isCompound(trimmed)) return undefined;
	const rule = generalRule(trimmed);
	// In a rule a star stands for anything, which is more than was asked about.
	return rule.endsWith(':*)') || !rule.includes('*') ? rule : undefined;
}

function generalRule(trimmed: string): string {
	const words = trimmed.split(/\s+/);
	const [first = '', second = '', third] = words;
	const general = (...prefix: readonly string[]): string =>
		prefix.every((word) => NAME.test(word)) ? `Bash(${prefix.join(' ')}:*)` : `Bash(${trimmed})`;
	if (STARTS_TOOLS.test(`${first} ${second}`) && TOOLS.has(third ?? '')) return general(first, second, third ?? '');
	if (STARTS_TOOLS.test(first) && TOOLS.has(second)) return general(first, second);
	if (/^python3? -m (?:pytest|unittest|mypy|ruff|black|flake8|pylint|isort)(?: |$)/.test(trimmed))
		return `Bash(${first} -m ${third}:*)`;
	// Quotes, variables, assignments and paths as the first word: the general rule would not be what it seems to be.
	if (!/^[A-Za-z][\w.+-]*$/.test(first) || RUNS_ANYTHING.has(first.toLowerCase())) return `Bash(${trimmed})`;
	if (!HAS_SUBCOMMANDS.has(first.toLowerCase())) return `Bash(${first}:*)`;
	if (!/^[A-Za-z][\w:-]*$/.test(second)) return `Bash(${trimmed})`;
	if (ONLY_SHOWS.test(`${first} ${second}`)) return general(first, second);
	if (ONLY_SHOWS.test(`${first} ${second} ${third}`)) return general(first, second, third ?? '');
	// `npm run` alone would cover every script.
	if ((second === 'run' || second === 'exec') && third !== undefined)
		return second === 'run' && (third === '.' || (NAME.test(third) && !RUNS_ANYTHING.has(third.toLowerCase())))
			? `Bash(${first} run ${third}:*)`
			: `Bash(${trimmed})`;
	return FAR_REACHING.test(`${first} ${second}`.toLowerCase()) ? `Bash(${trimmed})` : `Bash(${first} ${second}:*)`;
}

/** A plain name, as scripts, subcommands and tools have. */
const NAME = /^\w[\w:.-]*$/;
/** They start a program that is named behind them; for one of these a rule is as good as for the program itself. */
const STARTS_TOOLS = /^(?:npx|bunx|pnpx|uvx|(?:npm|pnpm|yarn|bundle) exec)$/;
const TOOLS: ReadonlySet<string> = new Set(
	(
		'tsc jest vitest mocha ava tap c8 nyc eslint prettier stylelint biome oxlint knip depcheck playwright cypress vue-tsc svelte-check ' +
		'tsup rollup webpack esbuild vite turbo typedoc pytest mypy ruff black flake8 pylint isort rspec rubocop'
	).split(' '),
);
/** Forms of far-reaching programs that show and change nothing. */
const ONLY_SHOWS =
	/^(?:(?:docker|podman) (?:ps|images|logs|inspect|version|info|stats|top|port|diff|history|compose (?:ps|logs|images|top|ls|version))|kubectl (?:get|describe|logs|top|version|explain|api-resources)|gh (?:(?:pr|issue|run|release|repo|workflow|label) (?:view|list|status|checks|diff)|search \w+)|(?:pip3?|uv pip) (?:list|show|freeze|check)|(?:brew|apt|poetry|gem) (?:list|show|info)|systemctl (?:status|is-active|list-units)|npm (?:ls|list|view|info|outdated|why|explain|audit signatures))$/;

/** Whether a .gitignore-like pattern covers the file, or a folder above it. Granting minds the case of letters, denying does not. */
export function matchesPath(pattern: string, resolved: ResolvedPath, breadth: Breadth): boolean {
	const flags = breadth === 'wide' ? 'i' : '';
	if (pattern.startsWith('//'))
		return globToRegExp(withDrive(pattern.slice(1)), flags).test(withDrive(slashes(resolved.absolute)));
	if (resolved.kind === 'outside')
		return breadth === 'wide' && !pattern.includes('/') && test(pattern, resolved.absolute);
	return test(pattern, resolved.file.rel);

	function test(glob: string, path: string): boolean {
		const body = glob.replace(/^\.?\//, '').replace(/\/$/, '');
		const isAnchored = glob.replace(/\/$/, '').includes('/') && !(breadth === 'wide' && isOneFolder(glob));
		return globToRegExp(isAnchored ? body : `**/${body}`, flags).test(slashes(path).replace(/^\//, ''));
	}
}

/** `secrets/**`: when it asks or denies, a folder of this name at any depth. */
export const isOneFolder = (glob: string): boolean => /^[^/*?[]+\/\*\*$/.test(glob) && !/^\.{1,2}\//.test(glob);

/** A drive is `/c/…` in rules. */
const withDrive = (path: string): string =>
	path.replace(/^\/?([A-Za-z]):(?=\/)/, (_, letter: string) => `/${letter.toLowerCase()}`);

/** A glob as in rules, held against a path below a root or an absolute one. Case does not matter. */
export function matchesGlob(glob: string, path: string): boolean {
	const body = glob.replace(/^\.?\//, '').replace(/\/$/, '');
	const isAnchored = body.includes('/') && !path.startsWith('/');
	return globToRegExp(isAnchored ? body : `**/${body}`, 'i').test(slashes(path).replace(/^\//, ''));
}

/** Programs whose arguments are programs, or that reach far: only the exact command is offered as a rule. */
const RUNS_ANYTHING: ReadonlySet<string> = new Set(
	(
		'sh bash zsh fish dash ksh csh pwsh powershell cmd eval exec source env sudo doas su xargs nohup time timeout watch ' +
		'trap alias hash enable shopt let pushd popd builtin command unalias printenv setsid nice ionice stdbuf parallel flock script ' +
		'strace chroot unshare busybox toybox gdb vim vi ex ed emacs nano less more man expect tclsh osascript irb psql mysql sqlite3 ' +
		'crontab at batch redis-cli mongo mongosh openssl sftp ftp telnet nc ncat socat ping dig rmdir unlink shred truncate install killall pkill mkfs shutdown ' +
		'tar unzip zip 7z cpio fd fdfind yq open xdg-open code cursor start tsx ts-node nodemon esno zx electron ipython jupyter ' +
		'node deno bun python python2 python3 ruby perl php lua awk gawk sed find npx bunx uvx ssh scp rsync curl wget ' +
		'rm dd chmod chown mv cp tee ln kill'
	).split(' '),
);
/** Subcommands that throw work away, reach the network or run what they are given: likewise. */
const FAR_REACHING =
	/^(?:git (?:push|pull|fetch|clone|reset|clean|checkout|restore|rm|switch|rebase|filter-branch|config|remote|submodule|bisect|difftool|mergetool|worktree|update-ref|ls-remote|archive|fetch-pack|send-pack|send-email|credential|filter-repo|am|gc|maintenance|hook)|(?:npm|pnpm|yarn|bun) (?:install|i|ci|add|publish|exec|dlx|x|update|upgrade|create|init|config|set|start|link|run|uninstall|un|remove|rm|rebuild|version|login|logout|adduser|token|access|owner|deprecate|unpublish|dist-tag|pkg|explore|edit|audit|workspace|workspaces|foreach|node|npm|up|upgrade-interactive)|(?:pip3?|poetry|uv|brew|apt|apt-get|gem|bundle|composer|mix|rustup) \S+|cargo (?:install|run|publish|add)|go (?:run|install|get|generate)|(?:docker|podman) \S+|(?:kubectl|helm|terraform|gh|glab|systemctl) \S+|rake \S+|dotnet (?:run|add|publish|nuget)|swift run)$/;
const HAS_SUBCOMMANDS: ReadonlySet<string> = new Set(
	(
		'git npm pnpm yarn cargo go docker podman kubectl helm make just dotnet gradle mvn gh glab pip pip3 poetry uv ' +
		'cmake brew apt apt-get systemctl terraform rake bundle composer mix swift rustup nx turbo'
	).split(' '),
);
/** Words that only wrap the command behind them. */
const WRAPPERS = /^(?:sudo|doas|env|command|builtin|nohup|time|exec|\w+=\S*)\s+/;

const EDITING_TOOLS: ReadonlySet<string> = new Set(['Write', 'MultiEdit', 'NotebookEdit']);

function coversTool(ruleTool: string, tool: string, breadth: Breadth): boolean {
	if (ruleTool === tool) return true;
	if (ruleTool.includes('*')) {
		// What grants names its server; what denies or asks may be about all tools there are.
		const isGranted = /^mcp__(?:(?!__)[\w-])+__[\w*-]*$/.test(ruleTool);
		return (isGranted || breadth === 'wide') && matchesWords(ruleTool, tool);
	}
	// A server stands for all its tools.
	if (isServerRule(ruleTool) && tool.startsWith(`${ruleTool}__`)) return ruleTool.split('__').length === 2;
	// As everywhere in the field, a rule for Edit speaks of every editing tool, one for Read of every tool that shows content.
	if (ruleTool === 'Edit') return EDITING_TOOLS.has(tool);
	return breadth === 'wide' && ruleTool === 'Read' && tool === 'Grep';
}

const collapse = (text: string): string => text.trim().replace(/\s+/g, ' ');

/** The commands inside a compound, roughly: enough to notice what is denied, never used to grant. */
function partsOf(command: string): string[] {
	const parts: string[] = [collapse(command)];
	for (const piece of command.split(/\|\||&&|[;&|`\n\r(){}]/)) {
		let part = collapse(piece.replace(/["'\\]/g, ''));
		parts.push(part);
		while (WRAPPERS.test(part)) {
			part = part.replace(WRAPPERS, '');
			parts.push(part);
		}
	}
	return parts;
}

const slashes = (path: string): string => path.replaceAll('\\', '/');

/** `**` spans folders, `*` and `?` do not; `[…]` is a class. A match of a folder covers what is in it. */
function globToRegExp(glob: string, flags: string): RegExp {
	let source = '';
	for (let index = 0; index < glob.length; index++) {
		const char = glob.charAt(index);
		if (glob.startsWith('**/', index)) {
			source += '(?:.*/)?';
			index += 2;
		} else if (glob.startsWith('**', index)) {
			source += '.*';
			index += 1;
		} else if (char === '*') source += '[^/]*';
		else if (char === '?') source += '[^/]';
		else {
			const end = char === '[' ? glob.indexOf(']', index + 2) : -1;
			if (end > 0) {
				source += `[${glob
					.slice(index + 1, end)
					.replace(/^!/, '^')
					.replaceAll('\\', '\\\\')
					.replaceAll('[', '\\[')}]`;
				index = end;
			} else source += char.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
		}
	}
	return new RegExp(`^${source}(?:/.*)?$`, `${flags}s`);
}
