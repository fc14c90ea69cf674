/**
 * The command `Retrace: Doctor`: examines the store, shows the report as a read-only document, and offers what would help.
 * Examining changes nothing; each remedy is a choice of its own. What is found is the core's.
 */
import * as vscode from 'vscode';
import { DisposableStore } from '../../base/disposable.ts';
import { UserError } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import { logsFor, renderReport, summaryOf } from '../../core/session/doctorReport.ts';
import type { ExaminedLog, StoreDoctor, StoreExamination } from '../../core/session/storeExamination.ts';
import { plainLabel, plainMessage } from '../plainLabel.ts';
import type { Command } from './commands.ts';

export type DoctorWorld = {
	/** Undefined when sessions are not kept on disk. */
	readonly doctor: StoreDoctor | undefined;
	/** What does not work on this machine though a setting or a file wants it. */
	machineProblems(): Promise<readonly string[]>;
	openSession(id: SessionId): Promise<void>;
	/** Moves one to the trash. */
	remove(id: SessionId): Promise<void>;
	/** The list has changed on the disk. */
	refresh(): void;
};

const SCHEME = 'retrace-doctor';
const REPORT = vscode.Uri.from({ scheme: SCHEME, path: '/Retrace Doctor.md' });

export class DoctorCommand implements vscode.Disposable {
	readonly #world: DoctorWorld;
	readonly #store = new DisposableStore();
	readonly #changed = this.#store.add(new vscode.EventEmitter<vscode.Uri>());
	#report = '';
	/** To be merged into the command table. */
	readonly commands: Readonly<Record<string, Command>> = { doctor: () => this.#run() };

	constructor(world: DoctorWorld) {
		this.#world = world;
		this.#store.add(
			vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
				onDidChange: this.#changed.event,
				provideTextDocumentContent: () => this.#report,
			}),
		);
	}

	dispose() {
		this.#store.dispose();
	}

	async #run(): Promise<void> {
		const { doctor } = this.#world;
		const problems = await this.#world.machineProblems();
		if (!doctor) {
			throw new UserError(
				'not-persisted',
				`${problems.map((problem) => `${problem} `).join('')}Sessions are not kept on disk (\`retrace.sessions.persist\` is off), so there is nothing to examine.`,
			);
		}
		const examination = await examineWithProgress(doctor);
		this.#report = renderReport(examination, problems);
		this.#changed.fire(REPORT);
		await vscode.window.showTextDocument(REPORT, { preview: false });
		await this.#offer(doctor, examination, problems);
	}

	async #offer(doctor: StoreDoctor, examination: StoreExamination, problems: readonly string[]): Promise<void> {
		const damaged = logsFor('salvage', examination);
		const useless = logsFor('trash', examination).filter((log) => log.place === 'sessions');
		const isIndexWrong = examination.store.some((finding) => finding.kind === 'indexWrong');
		const actions = new Map<string, () => Promise<void>>();
		if (damaged.length > 0) actions.set('Salvage into a Copy…', () => this.#salvage(doctor, damaged));
		if (isIndexWrong) actions.set('Rebuild Index', () => this.#rebuild(doctor));
		if (useless.length > 0) actions.set('Move to Trash…', () => this.#trash(useless));
		const [first, ...others] = problems;
		const more = others.length === 0 ? [] : [`The report has ${others.length} more of this kind.`];
		const summary = [summaryOf(examination), ...(first === undefined ? [] : [first, ...more])].join(' ');
		const show =
			damaged.length > 0 || problems.length > 0
				? vscode.window.showWarningMessage
				: vscode.window.showInformationMessage;
		const picked = await show(plainMessage(summary), ...actions.keys());
		await actions.get(picked ?? '')?.();
	}

	async #salvage(doctor: StoreDoctor, logs: readonly ExaminedLog[]): Promise<void> {
		const chosen = await choose(logs, 'Salvage into a copy: the damaged logs stay as they are');
		let last: SessionId | undefined;
		let taken = 0;
		let leftOut = 0;
		for (const log of chosen) {
			const saved = await vscode.window.withProgress(
				{
					location: vscode.ProgressLocation.Notification,
					title: plainMessage(`Salvaging ${nameOf(log)}`),
					cancellable: true,
				},
				async (_progress, token) => await doctor.salvage(log, signalOf(token)),
			);
			last = saved.id;
			taken += saved.taken;
			leftOut += saved.leftOut;
		}
		if (last === undefined) return;
		this.#world.refresh();
		const text = `${taken} entries were salvaged into ${chosen.length === 1 ? 'a new session' : `${chosen.length} new sessions`}, ${leftOut} lines were left out. The damaged logs are unchanged.`;
		if (await vscode.window.showInformationMessage(plainMessage(text), 'Open')) await this.#world.openSession(last);
	}

	async #rebuild(doctor: StoreDoctor): Promise<void> {
		await doctor.rebuildIndex();
		this.#world.refresh();
		void vscode.window.showInformationMessage('The index was rebuilt from the logs.');
	}

	async #trash(logs: readonly ExaminedLog[]): Promise<void> {
		for (const log of await choose(logs, 'Move to trash: nothing is deleted, each can be restored')) {
			await this.#world.remove(log.sessionId);
		}
		this.#world.refresh();
	}
}

async function examineWithProgress(doctor: StoreDoctor): Promise<StoreExamination> {
	return await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title: 'Retrace: examining sessions', cancellable: true },
		async (progress, token) => {
			let shown = 0;
			return await doctor.examine(({ what, share }) => {
				const percent = Math.floor(share * 100);
				if (percent <= shown) return;
				progress.report({ message: what, increment: percent - shown });
				shown = percent;
			}, signalOf(token));
		},
	);
}

async function choose(logs: readonly ExaminedLog[], placeHolder: string): Promise<readonly ExaminedLog[]> {
	const items = logs.map((log) => ({ label: plainLabel(nameOf(log)), description: log.path, picked: true, log }));
	const picked = await vscode.window.showQuickPick(items, { placeHolder, canPickMany: true });
	return (picked ?? []).map((item) => item.log);
}

const nameOf = (log: ExaminedLog): string => (log.title === '' ? log.sessionId : `“${log.title}”`);

function signalOf(token: vscode.CancellationToken): AbortSignal {
	const controller = new AbortController();
	token.onCancellationRequested(() => controller.abort());
	return controller.signal;
}
