/**
 * Paths that are asked about in every mode and that no rule can open: what would let the agent widen its own rights or run code
 * later (editor, agent, git and shell start-up files), secrets, and everything outside the workspace.
 */
import type { PermissionRules } from '../agent/turnTypes.ts';
import type { ResolvedPath } from '../ports.ts';
import { isOneFolder, matchesGlob, parseRule } from './rules.ts';

export type Access = 'read' | 'write';

/** Why this path is always asked about, as a sentence without a dot; undefined when it is not. Case does not matter. */
export function protectedCause(
	resolved: ResolvedPath,
	access: Access,
	secrets: readonly string[] = [],
): string | undefined {
	const shown = resolved.kind === 'inside' ? resolved.file.rel || '.' : resolved.absolute;
	if (resolved.kind === 'outside') return `${shown} is outside the workspace folders`;
	// Reading does not follow a link at the end of a path; it ends with a result that says where the link points.
	if (resolved.isLink && access === 'write') return `${shown} is a symbolic link, so it may lead out of the workspace`;
	const segments = segmentsOf(resolved.file.rel);
	const name = segments.at(-1) ?? '';
	if (isSecretName(name) || segments.some((segment) => SECRET_FOLDERS.has(segment))) return `${shown} may hold secrets`;
	const glob = secrets.find((one) => matchesGlob(one, resolved.file.rel));
	if (glob !== undefined) return `${shown} may hold secrets (${glob})`;
	if (access === 'read') return undefined;
	const folder = segments.find((segment) => PROTECTED_FOLDERS.has(segment));
	if (folder !== undefined)
		return `${shown} is in a protected folder (${folder}), whose files can change what runs here`;
	if (name.endsWith('.code-workspace')) return `${shown} holds settings and tasks of the editor`;
	if (name === '.mcp.json') return `${shown} can start programs (MCP servers)`;
	if (START_UP_FILES.has(name)) return `${shown} is a start-up file that other programs run or obey`;
	return undefined;
}

/** Whether a search may not show the content of this file without being asked, as `Read` would ask. */
export function isSecretPath(path: string, secrets: readonly string[] = []): boolean {
	const segments = segmentsOf(path);
	const isKnown = isSecretName(segments.at(-1) ?? '') || segments.some((segment) => SECRET_FOLDERS.has(segment));
	return isKnown || secrets.some((one) => matchesGlob(one, path));
}

/** Globs of files whose content a search leaves out: secrets, and what `Read` is denied or asked about. In doubt more than the rules say. */
export function hiddenFromSearch({ deny, ask, secrets = [] }: PermissionRules, isDeep = true): readonly string[] {
	const patterns = [...deny, ...ask].flatMap((text) => {
		const rule = parseRule(text);
		if (rule?.tool !== 'Read' || rule.pattern === undefined) return [];
		return [isDeep && isOneFolder(rule.pattern) ? `**/${rule.pattern}` : rule.pattern.replace(/^\/+/, '/')];
	});
	return [...secrets, ...patterns];
}

/** The first of these globs that may fit a file below one of the folders (relative to a root; empty = the root). In doubt it does. */
export function hiddenBelow(
	rules: PermissionRules,
	folders: readonly string[],
	skipsHidden: boolean,
): string | undefined {
	return hiddenFromSearch(rules, false).find((glob) => {
		const path = glob.replace(/^\.?\//, '').toLowerCase();
		const literal = path.split(/[*?[]/, 1)[0] ?? '';
		if (skipsHidden && /(?:^|\/)\.[^/*?[]/.test(path)) return false;
		// Without a slash it fits at any depth; one in front may begin a path of the whole machine.
		if (glob.startsWith('/') || !path.includes('/')) return true;
		return folders.some((folder) => {
			const start = folder === '' ? '' : `${folder.toLowerCase()}/`;
			return literal.startsWith(start) || start.startsWith(literal);
		});
	});
}

/** Whether this name of a file or folder is protected wherever it stands. */
export function isProtectedName(text: string): boolean {
	const name = PLAIN_NAME.test(text) ? text.toLowerCase() : trimTail(normalise(text));
	return PROTECTED_NAMES.has(name) || name.endsWith('.code-workspace');
}

/** Why this command is always asked about; undefined when it names nothing protected. A guard against haste, not a sandbox. */
export function protectedMention(command: string): string | undefined {
	// Quotes and backslashes inside a word are dropped as the shell would drop them.
	const text = normalise(command.replace(/["'\\]/g, (char) => (char === '\\' ? '/' : '')));
	const plain = normalise(command.replace(/["'\\]/g, ''));
	for (const candidate of [text, plain]) {
		for (const word of candidate.split(/[\s;&|<>`$(){}=,:]+/)) {
			for (const segment of word.split('/')) {
				const name = trimTail(segment);
				if (
					SECRET_FOLDERS.has(name) ||
					PROTECTED_FOLDERS.has(name) ||
					name === '.mcp.json' ||
					START_UP_FILES.has(name) ||
					isSecretName(name)
				)
					return `It names ${name}, which is protected`;
			}
		}
	}
	return undefined;
}

const PROTECTED_FOLDERS: ReadonlySet<string> = new Set(['.git', 'git~1', '.vscode', '.claude', '.ssh', '.husky']);
/** Where programs keep what they sign in with. */
const SECRET_FOLDERS: ReadonlySet<string> = new Set(['.aws', '.azure', '.gnupg', '.kube', '.password-store']);
const START_UP_FILES: ReadonlySet<string> = new Set(
	(
		'.bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin .zlogout ' +
		'.kshrc .cshrc .tcshrc .login .inputrc .envrc .gitconfig .gitmodules config.fish profile.ps1'
	).split(' '),
);
const SECRET_FILES: ReadonlySet<string> = new Set(
	(
		'.npmrc .yarnrc .pypirc .netrc _netrc .git-credentials .pgpass .my.cnf .s3cfg .boto .dockercfg .htpasswd .vault-token .terraformrc ' +
		'id_rsa id_dsa id_ecdsa id_ed25519 id_ecdsa_sk id_ed25519_sk kubeconfig credentials.json client_secret.json ' +
		'application_default_credentials.json terraform.tfstate master.key'
	).split(' '),
);
/** What must not be written, for who cannot look at names one by one. */
export const PROTECTED_NAMES: ReadonlySet<string> = new Set([...PROTECTED_FOLDERS, '.mcp.json', ...START_UP_FILES]);
/** Samples of an `.env` file, which hold no secrets and are meant to be read. */
const ENV_SAMPLES = /\.(?:example|sample|template|dist)$/;

/** Keys and key stores. */
const SECRET_ENDINGS =
	/.\.(?:pem|p12|pfx|jks|keystore|kdbx|ppk|p8|asc\.key|private-key)$|^service[-_]account.*\.json$|^secrets?\.(?:json|ya?ml|toml|env)$/;

function isSecretName(name: string): boolean {
	if (SECRET_FILES.has(name) || SECRET_ENDINGS.test(name)) return true;
	return /^\.env(?:$|[.\-_*?])/.test(name) && !ENV_SAMPLES.test(name);
}

function segmentsOf(path: string): string[] {
	return normalise(path)
		.split(/[/\\]/)
		.filter((segment) => segment !== '')
		.map(trimTail);
}

/** Of these only the case can change: sandboxes ask about thousands of names before a command. */
const PLAIN_NAME = /^[\w~.-]*[\w~-]$/;

/** Lower case, and without the characters that some file systems ignore in names. */
function normalise(text: string): string {
	return (
		text
			.normalize('NFC')
			// Twice, since some letters (ſ, K) meet others only on the way.
			.toUpperCase()
			.toLowerCase()
			.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '')
	);
}

/** Windows opens `.git.`, `.git ` and `.git::$data` as `.git`. */
const trimTail = (segment: string): string => segment.replace(/(?:::?\$.*)?[. ]*$/, '');
