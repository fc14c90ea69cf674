/**
 * The hooks of the window: which there are, which may run, and what the turns of a session get of them. Nothing is read or run in a
 * workspace that is not trusted. Runs none itself (core/hooks) but those that stand apart from turns (hookEvents.ts).
 */
import type * as vscode from 'vscode';
import { utf8Encode } from '../../base/text.ts';
import { type HookSet, type HookText, hookSets } from '../../core/hooks/hookSets.ts';
import type { Hook, Hooks, RunHook } from '../../core/hooks/hookTypes.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { OpenSession } from '../session/openSession.ts';
import { setting } from '../settings.ts';
import { notice } from '../transcript/noticeRows.ts';
import { createHookConsent } from './hookConsent.ts';

export type HooksWorld = {
	readonly workspaceState: vscode.Memento;
	readonly globalState: vscode.Memento;
	readonly blobs: Pick<BlobStore, 'hash'>;
	readonly outside: {
		readonly homeFolder: string;
		/** Settings files that are there, the user's own first. Never rejects. */
		hookFiles(roots: readonly string[]): Promise<readonly HookText[]>;
		readonly runHook: RunHook;
	};
	/** Where logs are; undefined for sessions in memory. */
	readonly sessionsFolder: string | undefined;
	roots(): readonly WorkspaceRoot[];
	isTrusted(): boolean;
	relativePath(path: string): string;
	onError(event: string, error: unknown): void;
};

export type WindowHooks = {
	/** Reads again what changed, and asks about what nobody answered for; what may run is known when it resolves. Never rejects. */
	refresh(open?: OpenSession): Promise<void>;
	/** Undefined when no hook may run: then none costs anything. */
	portOf(session: Session): Hooks | undefined;
	/** *Review Hooks*. */
	review(): Promise<void>;
};

export function createHooks(world: HooksWorld): WindowHooks {
	const { outside, roots, isTrusted, onError } = world;
	const consent = createHookConsent({
		...world,
		hash: (text) => world.blobs.hash(utf8Encode(text)),
		relativePath: (path) => shownPath(path, world),
	});
	const lives = new WeakMap<Session, Hooks['life']>();
	let runnable: readonly Hook[] = [];
	const told = new Set<string>();

	const read = async (): Promise<readonly HookSet[]> => {
		if (!isTrusted()) return [];
		const folders = roots().map(({ path }) => path);
		return hookSets(await outside.hookFiles(folders), setting('hooks'), folders[0] ?? outside.homeFolder);
	};
	const settle = (sets: readonly HookSet[]) => {
		runnable = sets.filter((set) => consent.answerFor(set) === 'yes').flatMap(({ hooks }) => hooks);
	};
	/** Beside the turn, which does not wait: what is agreed to runs from then on. */
	const ask = async (sets: readonly HookSet[]) => {
		try {
			let isChanged = false;
			for (const set of sets) if (set.hooks.length > 0) isChanged = (await consent.ask(set)) || isChanged;
			if (isChanged) settle(await read());
		} catch (error) {
			onError('hooks.ask', error);
		}
	};

	return {
		async refresh(open) {
			try {
				const sets = await read();
				settle(sets);
				void ask(sets);
				const problems = sets.flatMap(({ path, problems: wrong }) =>
					wrong.map((problem) => `${path === '' ? 'The setting retrace.hooks' : shownPath(path, world)}: ${problem}`),
				);
				const fresh = problems.filter((problem) => !told.has(problem));
				for (const problem of fresh) told.add(problem);
				if (fresh.length > 0) open?.notify(notice('local:hooks', 'warning', fresh.slice(0, 8).join('\n')));
			} catch (error) {
				// Better none than old ones.
				runnable = [];
				onError('hooks', error);
			}
		},
		portOf(session) {
			if (runnable.length === 0 || !isTrusted()) return undefined;
			const life = lives.get(session) ?? { isStarted: false };
			lives.set(session, life);
			const { sessionsFolder } = world;
			return {
				list: () => (isTrusted() ? runnable : []),
				run: outside.runHook,
				transcriptPath: sessionsFolder === undefined ? '' : `${sessionsFolder}/${session.id}.jsonl`,
				life,
			};
		},
		async review() {
			if (await consent.review(await read())) settle(await read());
		},
	};
}

function shownPath(path: string, { relativePath, outside }: HooksWorld): string {
	const home = `${outside.homeFolder.replace(/[/\\]$/, '')}/`;
	const inside = relativePath(path);
	return inside === path && path.startsWith(home) ? `~/${path.slice(home.length)}` : inside;
}
