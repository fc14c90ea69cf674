/**
 * The rules that hold in this window, by where they come from: the user's setting, this workspace (kept by us, never in its own settings), and
 * `.claude/settings.json`. Files of a project may only tighten; what they allow is asked about by its content, and again when that changes.
 */
import * as vscode from 'vscode';
import * as z from 'zod';
import { plural, utf8Encode, visibleText } from '../../base/text.ts';
import type { PermissionRules } from '../../core/agent/turnTypes.ts';
import { anchoredRules } from '../../core/permission/anchoredRules.ts';
import { fileRules, grantText, joinRules } from '../../core/permission/permissionFiles.ts';
import { type RuleFormProblem, ruleFormProblem } from '../../core/permission/ruleProblem.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { toolFacts } from '../../core/tools/toolFacts.ts';
import { plainMessage } from '../plainLabel.ts';
import { permissionRules, setting } from '../settings.ts';

const WORKSPACE_KEY = 'retrace.permissions.allow';
const ANSWERS_KEY = 'retrace.permissions.answers';
const rulesSchema = z.array(z.string()).catch([]);
/** By path: of which content, and what. */
const answersSchema = z.record(z.string(), z.object({ hash: z.string(), answer: z.enum(['yes', 'no']) })).catch({});
/** What a dialog can show whole. */
const MAX_SHOWN_RULES = 40;
const MAX_SHOWN_CHARS = 6_000;

const REVIEW = 'Review…';
const ALLOW = 'Allow These';
const NEVER = 'Never Allow Them';

type SettingsFile = { readonly path: string; readonly source: string; readonly text: string | undefined };
type ReadFile = SettingsFile & { readonly rules: PermissionRules | undefined };

/** A rule and where it stands. */
export type ScopedRule = {
	readonly rule: string;
	readonly kind: 'allow' | 'ask' | 'deny';
	readonly from: 'workspace' | 'user' | 'file';
	/** Of the file. */
	readonly path?: string;
	/** A file's: undefined while nobody answered, and then what it allows does not hold. */
	readonly answer?: 'yes' | 'no';
	readonly isInForce: boolean;
	/** Why it is not understood or can never match. */
	readonly problem?: RuleFormProblem;
};

export type PermissionScopes = {
	/** What holds now; nothing of a project that is not trusted. */
	rules(): PermissionRules;
	/** Rejects when it cannot be kept. */
	keep(rules: readonly string[], scope: 'workspace' | 'user'): Promise<void>;
	/** All rules but those of sessions, also the ones that do not hold; files are read again, and nothing is asked. */
	list(): Promise<readonly ScopedRule[]>;
	/** Takes one away that was kept; one of a file stays. Rejects when that cannot be written. */
	remove(rule: ScopedRule): Promise<void>;
	/** What was answered about a file's rules is asked anew. */
	forget(path: string): Promise<void>;
	/** Reads the files again that changed, and asks beside it about what they allow. Says what cannot be read. Never rejects. */
	refresh(warn: (text: string) => void): Promise<void>;
};

export type PermissionScopesWorld = {
	readonly workspaceState: vscode.Memento;
	readonly globalState: vscode.Memento;
	readonly blobs: Pick<BlobStore, 'hash'>;
	readonly outside: {
		hookFiles(roots: readonly string[]): Promise<readonly SettingsFile[]>;
		readonly homeFolder?: string;
	};
	roots(): readonly WorkspaceRoot[];
	isTrusted(): boolean;
	relativePath(path: string): string;
	onError(event: string, error: unknown): void;
};

export function createPermissionScopes(world: PermissionScopesWorld): PermissionScopes {
	const { workspaceState, globalState, isTrusted, onError, relativePath } = world;
	const asked = new Set<string>();
	const told = new Set<string>();
	let files: readonly ReadFile[] = [];

	const stateOf = ({ source }: SettingsFile) => (source === 'user' ? globalState : workspaceState);
	const hashOf = (rules: PermissionRules) => world.blobs.hash(utf8Encode(grantText(rules)));
	const answerFor = (file: ReadFile): 'yes' | 'no' | undefined => {
		if (!file.rules) return undefined;
		const known = answersSchema.parse(stateOf(file).get(ANSWERS_KEY, {}))[file.path];
		return known?.hash === hashOf(file.rules) ? known.answer : undefined;
	};
	const answer = async (file: ReadFile, rules: PermissionRules, given: 'yes' | 'no') => {
		const state = stateOf(file);
		const before = answersSchema.parse(state.get(ANSWERS_KEY, {}));
		await state.update(ANSWERS_KEY, { ...before, [file.path]: { hash: hashOf(rules), answer: given } });
	};
	/** The user's own file was written for another program, so nothing of it holds before an answer. */
	const holding = (file: ReadFile): PermissionRules[] => {
		if (!file.rules) return [];
		const isAgreed = answerFor(file) === 'yes';
		if (file.source === 'user') return isAgreed ? [file.rules] : [];
		return [{ ...file.rules, allow: isAgreed ? file.rules.allow : [] }];
	};

	const anchored = (rules: PermissionRules, file?: SettingsFile): PermissionRules =>
		anchoredRules(rules, {
			homeFolder: world.outside.homeFolder,
			// What stands in the user's own file is about their own folder.
			slashFolder: file?.source === 'user' ? file.path.replace(/[/\\][^/\\]*$/, '') : undefined,
		});

	const ask = async (file: ReadFile) => {
		const { rules } = file;
		if (!rules || rules.allow.length === 0 || answerFor(file) !== undefined) return;
		const key = `${file.path} ${hashOf(rules)}`;
		if (asked.has(key)) return;
		asked.add(key);
		const count = plural(rules.allow.length, 'rule');
		const name = relativePath(file.path);
		const text =
			file.source === 'user'
				? `Your ${name} has permission rules for another agent, ${count} of which allow something. Use them in Retrace as well?`
				: `${name} of this project wants to allow the agent some things without a question (${count}). None holds before you agree.`;
		if ((await vscode.window.showInformationMessage(plainMessage(text), REVIEW)) !== REVIEW) return;
		const lines = rules.allow.map(visibleText).join('\n');
		if (rules.allow.length > MAX_SHOWN_RULES || lines.length > MAX_SHOWN_CHARS) {
			const many = `${name} has more rules than can be shown at once, so they cannot be agreed to as a whole. Put those that you want into the setting retrace.permissions.`;
			await vscode.window.showWarningMessage(plainMessage(many));
			return;
		}
		const detail = `${lines}\n\nWhat they cover runs without a further question. When they change, you are asked again.`;
		const title = plainMessage(`Use the rules of ${name} that allow?`);
		const picked = await vscode.window.showWarningMessage(title, { modal: true, detail }, ALLOW, NEVER);
		if (picked !== undefined) await answer(file, rules, picked === ALLOW ? 'yes' : 'no');
	};

	const keptHere = () => rulesSchema.parse(workspaceState.get(WORKSPACE_KEY, []));
	const setUser = async (value: PermissionRules) =>
		await vscode.workspace.getConfiguration('retrace').update('permissions', value, vscode.ConfigurationTarget.Global);
	const read = async () => {
		const found = isTrusted() ? await world.outside.hookFiles(world.roots().map(({ path }) => path)) : [];
		files = found.map((file) => ({ ...file, rules: file.text === undefined ? undefined : fileRules(file.text) }));
	};

	const listed = (): readonly ScopedRule[] => {
		const here = isTrusted() ? keptHere() : [];
		return [
			...here.map((rule) => ({
				...{ rule, kind: 'allow' as const, from: 'workspace' as const, isInForce: true },
				...problemOf({ rule, kind: 'allow' }),
			})),
			...kindsOf(permissionRules()).map((one) => ({
				...{ ...one, from: 'user' as const, isInForce: true },
				...problemOf(one),
			})),
			...files.flatMap((file) => {
				const [held] = holding(file);
				const answered = answerFor(file);
				return kindsOf(file.rules).map((one) => ({
					...{ ...one, from: 'file' as const, path: file.path },
					...(answered === undefined ? {} : { answer: answered }),
					isInForce: held?.[one.kind].includes(one.rule) === true,
					...problemOf(one),
				}));
			}),
		];
	};

	return {
		async list() {
			await read();
			return listed();
		},
		async remove({ rule, kind, from }) {
			const others = (rules: readonly string[]) => rules.filter((one) => one !== rule);
			if (from === 'workspace') await workspaceState.update(WORKSPACE_KEY, others(keptHere()));
			else if (from === 'user') {
				const own = permissionRules();
				await setUser({ ...own, [kind]: others(own[kind]) });
			}
		},
		async forget(path) {
			for (const state of [workspaceState, globalState]) {
				const { [path]: known, ...others } = answersSchema.parse(state.get(ANSWERS_KEY, {}));
				if (known) await state.update(ANSWERS_KEY, others);
			}
			for (const key of asked) if (key.startsWith(`${path} `)) asked.delete(key);
		},
		rules() {
			const own = anchored({ ...permissionRules(), secrets: setting('secretFiles') });
			if (!isTrusted()) return own;
			const ofFiles = files.flatMap((file) => holding(file).map((rules) => anchored(rules, file)));
			return joinRules([own, { allow: keptHere(), ask: [], deny: [] }, ...ofFiles]);
		},
		async keep(rules, scope) {
			if (scope === 'workspace') {
				await workspaceState.update(WORKSPACE_KEY, [...new Set([...keptHere(), ...rules])]);
				return;
			}
			const own = permissionRules();
			await setUser({ ...own, allow: [...new Set([...own.allow, ...rules])] });
		},
		async refresh(warn) {
			try {
				await read();
				// What somebody relies on, since it was to keep something from happening.
				for (const one of listed()) {
					const { rule, kind, problem } = one;
					if (!problem || problem.level === 'note' || kind === 'allow' || told.has(`${kind} ${rule}`)) continue;
					told.add(`${kind} ${rule}`);
					warn(ruleWarning(one, relativePath));
				}
				for (const file of files) {
					if (file.rules || told.has(file.path)) continue;
					told.add(file.path);
					warn(
						`${relativePath(file.path)} cannot be read, so the rules in it do not hold. Mend the file; it is read again with the next message.`,
					);
				}
				void Promise.all(files.map(ask)).catch((error) => onError('permissions.ask', error));
			} catch (error) {
				onError('permissions', error);
			}
		},
	};
}

function problemOf({ rule, kind }: Pick<ScopedRule, 'rule' | 'kind'>): Pick<ScopedRule, 'problem'> {
	const problem = ruleFormProblem(kind, rule, toolFacts);
	return problem ? { problem } : {};
}

/** For the transcript and the doctor. */
export function ruleWarning(
	{ rule, kind, from, path, problem }: ScopedRule,
	shownPath: (path: string) => string,
): string {
	const where =
		from === 'file'
			? shownPath(path ?? '')
			: from === 'user'
				? 'the setting retrace.permissions'
				: 'the rules of this workspace';
	return `The rule ${rule} under ${kind} in ${where} holds for nothing. ${problem?.message ?? ''}`.trim();
}

const kindsOf = (rules: PermissionRules | undefined): readonly Pick<ScopedRule, 'rule' | 'kind'>[] =>
	(['deny', 'ask', 'allow'] as const).flatMap((kind) => (rules?.[kind] ?? []).map((rule) => ({ rule, kind })));
