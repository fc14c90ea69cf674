/**
 * Random lives of two sessions on the same files, with the laws of checkpoints looked at after every step. Knows no disk: what files are,
 * and how a command is recorded, comes from outside, so that the same lives run in memory and on a real disk.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { asToolUseId, type EntryId } from '../../../src/base/ids.ts';
import { planHunks } from '../../../src/core/checkpoint/planHunks.ts';
import { createRecordingWorkspace } from '../../../src/core/checkpoint/recordingWorkspace.ts';
import { applyRestore, settleIntents } from '../../../src/core/checkpoint/restore.ts';
import { unfinishedRestore } from '../../../src/core/checkpoint/restoreJournal.ts';
import { planRestore, planTurnUndo, type RestorePlan } from '../../../src/core/checkpoint/restorePlan.ts';
import { redoableRestore, undoableRestore } from '../../../src/core/checkpoint/timeline.ts';
import type { Workspace } from '../../../src/core/ports.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import type { BlobStore } from '../../../src/core/session/storePort.ts';
import { type Choice, type Crash, type DiskAct, type LineEdit, NAMES, type Name, type Step } from './modelSteps.ts';

/** What a person sees at a path. */
export type Seen = { readonly text: string; readonly mode: number; readonly isLink: boolean };

export type LifeFiles = {
	readonly workspace: Workspace;
	readonly root: string;
	seen(name: Name): Seen | undefined;
	/** What is on the disk, which of a file with unsaved changes is another text. */
	onDisk(name: Name): Seen | undefined;
	isDirty(name: Name): boolean;
	/** In the editor. False when the file cannot be typed in. */
	type(name: Name, text: string, isSaved: boolean): boolean;
	save(name: Name): void;
	/** On the disk, as any program would; what is impossible there is left out. */
	write(name: Name, text: string): void;
	remove(name: Name): void;
	move(name: Name, to: Name): void;
	setMode(name: Name, mode: number): void;
	link(name: Name, target: string): void;
	/** Runs the acts as a command of the session, and records what they did. */
	shell(session: Session, run: () => void, isUnknown: boolean): Promise<void>;
	/** The next change of a file but so many ends the process there; undefined: none does. */
	dieAt(crash: Crash | undefined): void;
	/** Whether the process has ended there. */
	readonly isDead: boolean;
	/** The file it left in a state that nobody can tell from a person's work. */
	readonly halfWritten: Name | undefined;
};

export type LifeWorld = {
	readonly files: LifeFiles;
	readonly blobs: BlobStore;
	isStored(hash: string): boolean;
	/** Opens (again) one of the two sessions, from its log. */
	open(which: number): Promise<Session>;
	logLines(session: Session): Promise<readonly string[]>;
	/** Looked at after every step. */
	check?(): void;
};

/** How often the lives saw what they are about. */
export type Sights = Record<
	'exact' | 'merged' | 'asked' | 'uncertain' | 'keptHunks' | 'crashes' | 'redone' | 'turns',
	number
>;
export const noSights = (): Sights => ({
	...{ exact: 0, merged: 0, asked: 0, uncertain: 0, keptHunks: 0, crashes: 0, redone: 0, turns: 0 },
});

/** Somebody but the session did something to the file, at this epoch of the session. */
type Foreign = { readonly name: Name; readonly epoch: number };
type Life = {
	session: Session;
	/** What stood there right before each operation of the session, by the epoch before it. */
	readonly before: { readonly name: Name; readonly epoch: number; readonly seen: Seen | 'unknown' | undefined }[];
	readonly foreign: Foreign[];
	/** The session's epoch when each line of somebody else was written, by the file it was written to. */
	readonly typedAt: Map<string, number>;
	lines: readonly string[];
};

const { signal } = new AbortController();
const sha = (text: string) => createHash('sha256').update(text).digest('hex');

export async function live(world: LifeWorld, steps: readonly Step[], sights: Sights): Promise<void> {
	const { files, blobs } = world;
	const { workspace } = files;
	const lives: Life[] = [];
	for (const which of [0, 1])
		lives.push({
			...{ session: await world.open(which), before: [], foreign: [], typedAt: new Map(), lines: [] },
		});
	let words = 0;
	const lifeOf = (which: number): Life => {
		const life = lives[which];
		assert.ok(life);
		return life;
	};
	const others = (life: Life) => lives.filter((one) => one !== life);
	const picture = () => new Map(NAMES.map((name) => [name, files.seen(name)]));
	const worldOf = ({ session }: Life) => ({ session, workspace, blobs });

	/** Applies an edit to a text and says who wrote the new line, to every session that did not. */
	const edited = (old: string, name: Name, { at, how }: LineEdit, mark: string, writer: Life | undefined): string => {
		const lines = old.split('\n');
		const line = `${mark}${++words}.`;
		const index = at % lines.length;
		if (how === 'empty') lines.splice(0, lines.length);
		if (how === 'cut') lines.splice(index, 1);
		if (how === 'insert') lines.splice(index, 0, line);
		if (how === 'change') lines[index] = line;
		for (const life of lives) if (life !== writer) life.typedAt.set(`${name} ${line}`, life.session.newestEpoch);
		return lines.join('\n');
	};
	const touch = (name: Name, writer: Life | undefined) => {
		for (const life of lives) if (life !== writer) life.foreign.push({ name, epoch: life.session.newestEpoch });
	};
	const act = (one: DiskAct, mark: string, writer: Life | undefined) => {
		const now = files.onDisk(one.name);
		const isTyped = files.isDirty(one.name) || ('to' in one && files.isDirty(one.to));
		if (one.kind === 'edit') {
			if (now?.isLink) return;
			files.write(one.name, edited(now?.text ?? '', one.name, one.edit, mark, isTyped ? undefined : writer));
		}
		if (one.kind === 'remove') files.remove(one.name);
		if (one.kind === 'mode') files.setMode(one.name, one.mode);
		if (one.kind === 'link') files.link(one.name, one.target);
		if (one.kind === 'move') files.move(one.name, one.to);
		touch(one.name, isTyped ? undefined : writer);
		if (one.kind === 'move') touch(one.to, isTyped ? undefined : writer);
	};
	/** The operations since an epoch, each with what stood there before. */
	const remember = (life: Life, since: number, seenBefore: ReadonlyMap<Name, Seen | undefined>) => {
		const known = new Set<string>();
		for (const entry of life.session.entries) {
			if (entry.type !== 'fileOperation' || entry.epoch <= since) continue;
			const name = entry.path.rel as Name;
			const seen = known.has(name) ? ('unknown' as const) : seenBefore.get(name);
			life.before.push({ name, epoch: entry.epoch - 1, seen });
			known.add(name);
			for (const other of others(life)) other.foreign.push({ name, epoch: other.session.newestEpoch });
		}
	};

	/** Law: every content that was there is there, or stored and named in a log. */
	const checkKept = (seenBefore: ReadonlyMap<Name, Seen | undefined>) => {
		const there = new Set([...picture().values()].flatMap((seen) => (seen ? [seen.text] : [])));
		for (const [name, seen] of seenBefore) {
			if (!seen || there.has(seen.text)) continue;
			const hash = sha(seen.text);
			const isNamed = lives.some(({ lines }) => lines.some((line) => line.includes(hash)));
			assert.ok(isNamed && world.isStored(hash), `what was in ${name} is nowhere: ${JSON.stringify(seen.text)}`);
		}
	};
	const checkLogs = async () => {
		for (const life of lives) {
			const lines = await world.logLines(life.session);
			assert.deepEqual(lines.slice(0, life.lines.length), life.lines, 'the log only grows');
			life.lines = lines;
		}
	};

	const reopen = async (which: number) => {
		files.dieAt(undefined);
		const life = lifeOf(which);
		await life.session.close();
		life.session = await world.open(which);
	};
	const settle = async (which: number) => {
		const life = lifeOf(which);
		const [since, seenBefore] = [life.session.newestEpoch, picture()];
		await settleIntents(worldOf(life));
		assert.equal(unfinishedRestore(life.session.entries), undefined, 'a restore that was cut off is over');
		remember(life, since, seenBefore);
	};

	const agent = async (life: Life, name: Name, edit: LineEdit) => {
		const place = await workspace.resolve(name, files.root);
		const now = await workspace.read(place.absolute);
		if (place.kind === 'outside' || place.isLink || place.file.rel !== name) return;
		if (now.kind !== 'file' && now.kind !== 'absent') return;
		const old = now.kind === 'file' ? new TextDecoder().decode(now.bytes) : '';
		const text = edited(old, name, edit, 'a', life);
		if (now.kind === 'file' && text === old) return;
		const [since, seenBefore] = [life.session.newestEpoch, picture()];
		await createRecordingWorkspace(worldOf(life)).write({
			...{ file: place.file, absolute: place.absolute, before: now, author: 'agent' },
			toolUseId: asToolUseId(`call ${life.session.entries.length}`),
			bytes: new TextEncoder().encode(text),
			meta: now.kind === 'file' ? now.meta : {},
		});
		remember(life, since, seenBefore);
	};

	const chosen = async (plan: RestorePlan, choice: Choice) => {
		const keys = plan.files.map(({ key }) => key);
		const keepHunks: Record<string, number[]> = {};
		if (choice === 'hunks')
			for (const file of plan.files) {
				const hunks = await planHunks({ workspace, blobs }, file);
				if (!hunks || hunks.hunks.length === 0) continue;
				keepHunks[file.key] = [0];
				sights.keptHunks++;
			}
		return {
			overwrite: choice === 'overwrite' ? keys : [],
			keep: choice === 'keep' ? keys.filter((_, index) => index % 2 === 0) : [],
			keepHunks,
		};
	};

	const restore = async (which: number, plan: RestorePlan, choice: Choice, crash: Crash | null, turnFrom?: number) => {
		const life = lifeOf(which);
		const { session } = life;
		const choices = await chosen(plan, choice);
		const [since, seenBefore] = [session.newestEpoch, picture()];
		files.dieAt(crash ?? undefined);
		const report = await applyRestore({ ...worldOf(life), plan, ...choices }, signal).catch((error: unknown) => {
			if (!files.isDead) throw error;
			return undefined;
		});
		const hasDied = files.isDead;
		const { halfWritten } = files;
		files.dieAt(undefined);
		remember(life, since, seenBefore);
		if (hasDied) {
			sights.crashes++;
			if (halfWritten) touch(halfWritten, undefined);
			await reopen(which);
			await settle(which);
			if (halfWritten) touch(halfWritten, undefined);
		}
		const isTicked = (name: Name) =>
			plan.files.some(({ file, key }) => file.rel === name && choices.overwrite.includes(key));
		const reported = new Set(
			[...(report?.skipped ?? []), ...(report?.failed ?? [])]
				.map(({ file }) => file.rel)
				.concat((report?.kept ?? []).map(({ rel }) => rel)),
		);
		for (const name of NAMES) {
			const [was, is] = [seenBefore.get(name), files.seen(name)];
			const planned = plan.files.find(({ file, isUncertainAuthor }) => file.rel === name && !isUncertainAuthor);
			const then = life.before.find((one) => one.name === name && one.epoch >= plan.toEpoch && one.epoch < since);
			if (!plan.files.some(({ file }) => file.rel === name)) assert.deepEqual(is, was, `${name} is not of the plan`);
			// What a power cut tore is not whole, but it is stored, which is looked at after each step.
			if (!isTicked(name) && name !== halfWritten) {
				// Law: no line of anybody else that was written since is gone without a question.
				for (const line of was?.text.split('\n') ?? []) {
					const typedAt = life.typedAt.get(`${name} ${line}`);
					if (typedAt === undefined || typedAt < (turnFrom ?? plan.toEpoch)) continue;
					assert.ok(is?.text.split('\n').includes(line), `${name} lost ${line} of somebody else`);
				}
			}
			if (planned?.status === 'merge') sights.merged++;
			if (planned?.status === 'conflict') sights.asked++;
			if (plan.files.some(({ file, isUncertainAuthor }) => file.rel === name && isUncertainAuthor)) sights.uncertain++;
			// Law: what nobody else touched is as it was recorded.
			const isForeign = life.foreign.some((one) => one.name === name && one.epoch >= plan.toEpoch);
			const isKept = choices.keep.length > 0 || Object.keys(choices.keepHunks).length > 0;
			const isMoveHeld = plan.files.some(({ file, note }) => file.rel === name && note.startsWith('it was moved here'));
			if (!then || then.seen === 'unknown' || isMoveHeld || isForeign || isKept || turnFrom !== undefined) continue;
			assert.ok(!reported.has(name), `${name} is restored: ${JSON.stringify([report?.skipped, report?.failed])}`);
			assert.deepEqual(is, then.seen, `${name} is as it was at ${plan.toEpoch}`);
			sights.exact++;
		}
		return report;
	};
	const again = async (which: number, find: typeof undoableRestore, crash: Crash | null) => {
		const life = lifeOf(which);
		const last = find(life.session.entries);
		if (!last) return false;
		const plan = await planRestore({ ...worldOf(life), toEpoch: last.safety, undoOf: last.restore }, signal);
		await restore(which, plan, 'nothing', crash);
		return true;
	};
	const promptAt = ({ session }: Life, share: number): EntryId | undefined => {
		const prompts = session.branch().filter(({ type }) => type === 'user');
		return prompts[Math.floor((prompts.length * share) / 101)]?.id;
	};

	const take = async (one: Step): Promise<void> => {
		switch (one.kind) {
			case 'agent':
				return await agent(lifeOf(one.by), one.name, one.edit);
			case 'agentCrash': {
				files.dieAt({ ...one.crash, at: 0 });
				const [since, seenBefore] = [lifeOf(one.by).session.newestEpoch, picture()];
				await agent(lifeOf(one.by), one.name, one.edit).catch((error: unknown) => {
					if (!files.isDead) throw error;
				});
				if (!files.isDead) return files.dieAt(undefined);
				sights.crashes++;
				remember(lifeOf(one.by), since, seenBefore);
				await reopen(one.by);
				await settle(one.by);
				// What is left in the middle of a write is nobody's.
				return touch(one.name, undefined);
			}
			case 'shell': {
				const life = lifeOf(one.by);
				const [since, seenBefore] = [life.session.newestEpoch, picture()];
				const run = () => {
					for (const each of one.acts) act(each, one.isUnknown ? 'q' : 's', one.isUnknown ? undefined : life);
				};
				await files.shell(life.session, run, one.isUnknown);
				// The operations of a command have epochs of their own, and a rewind may go to one in the middle.
				for (const each of one.acts)
					for (const name of [each.name, ...('to' in each ? [each.to] : [])])
						if (one.isUnknown || files.isDirty(name)) touch(name, undefined);
				return remember(life, since, seenBefore);
			}
			case 'type': {
				const now = files.seen(one.name);
				if (now?.isLink) return;
				const text = edited(now?.text ?? '', one.name, one.edit, 'u', undefined);
				if (files.type(one.name, text, one.isSaved)) touch(one.name, undefined);
				return;
			}
			case 'save':
				return files.save(one.name);
			case 'external':
				return act(one.act, 'x', undefined);
			case 'reload':
				await reopen(one.by);
				return await settle(one.by);
			case 'prompt': {
				const { session } = lifeOf(one.by);
				const epoch = session.newestEpoch;
				const [prompt] = session.append<'user'>({ type: 'user', content: [{ type: 'text', text: 'p' }] });
				if (prompt) session.append<'checkpoint'>({ type: 'checkpoint', epoch, prompt: prompt.id });
				return;
			}
			case 'compact': {
				const { session } = lifeOf(one.by);
				if (session.leaf === null) return;
				session.append<'compaction'>({
					...{ type: 'compaction', replaces: { after: null, until: session.leaf }, summary: 's', restored: [] },
					...{ pins: [], by: 'manual', tokensBefore: 9, tokensAfter: 1 },
				});
				return;
			}
			case 'rewind': {
				const life = lifeOf(one.by);
				const prompt = promptAt(life, one.share);
				if (one.scope !== 'code' && prompt !== undefined)
					life.session.append<'rewind'>({ type: 'rewind', to: prompt, from: life.session.leaf, why: 'rewind' });
				if (one.scope === 'conversation') return;
				const toEpoch = Math.floor((life.session.newestEpoch * one.share) / 100);
				const plan = await planRestore({ ...worldOf(life), toEpoch }, signal);
				await restore(one.by, plan, one.choice, one.crash);
				return;
			}
			case 'turnUndo': {
				const life = lifeOf(one.by);
				const prompt = promptAt(life, one.share);
				if (prompt === undefined) return;
				const plan = await planTurnUndo({ ...worldOf(life), prompt }, signal);
				if (plan.files.length > 0) sights.turns++;
				await restore(one.by, plan, one.choice, null, plan.toEpoch + 1);
				return;
			}
			case 'undo':
				await again(one.by, undoableRestore, one.crash);
				return;
			case 'redo':
				if (await again(one.by, redoableRestore, null)) sights.redone++;
				return;
		}
	};

	for (const one of steps) {
		const seenBefore = picture();
		const isTheirs = ['shell', 'type', 'save', 'external'].includes(one.kind);
		await take(one);
		await checkLogs();
		if (!isTheirs) checkKept(seenBefore);
		world.check?.();
	}
	for (const { session } of lives) await session.close();
}
