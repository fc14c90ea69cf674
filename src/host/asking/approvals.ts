/**
 * What one session asks its user: permissions as cards, edits as native diffs. The pending asks live here, in the host,
 * so a reloaded panel gets them again. Answers come from the panel, a notification, a command or a key; Stop withdraws.
 */
import { Emitter, type Event } from '../../base/emitter.ts';
import { CancelledError } from '../../base/errors.ts';
import type { ScanLimits } from '../../core/checkpoint/fileScanner.ts';
import type { PermissionAnswer, PermissionRequest } from '../../core/permission/permissionRequest.ts';
import type { Approver, EditDecision, EditProposal } from '../../core/ports.ts';
import type { ShownLimits } from '../../protocol/callEffects.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { permissionRowId } from '../transcript/transcriptRows.ts';
import type { ApprovalChange } from './approvalChange.ts';
import { AskCards } from './askCards.ts';

/** The part of the diff editor that decides edits. */
export type EditDecider = {
	proposeEdit(sessionId: string, proposal: EditProposal, signal: AbortSignal): Promise<EditDecision>;
};

type Ask = {
	readonly request: PermissionRequest;
	readonly settle: (answer: PermissionAnswer) => void;
	limits?: ScanLimits;
};

export class Approvals implements Approver {
	readonly #sessionId: string;
	readonly #decider: EditDecider;
	readonly #changed = new Emitter<ApprovalChange>();
	readonly #asks = new Map<string, Ask>();
	readonly #edits = new Set<string>();
	/** Questions and plans of tools. */
	readonly cards = new AskCards();

	readonly onDidChange: Event<ApprovalChange> = this.#changed.event;

	constructor(sessionId: string, decider: EditDecider) {
		this.#sessionId = sessionId;
		this.#decider = decider;
		this.cards.onDidChange((change) => this.#changed.fire(change));
	}

	/** How many answers the session waits for. */
	get waitingCount(): number {
		return this.#asks.size + this.#edits.size + this.cards.waitingCount;
	}

	rows(): readonly TranscriptItem[] {
		return [...[...this.#asks.values()].map(askRow), ...this.cards.rows()];
	}

	/** Answers the ask with this row id (or tool call id). False when nobody waits for it any more. */
	answer(id: string, answer: PermissionAnswer): boolean {
		const ask = this.#asks.get(id) ?? this.#asks.get(permissionRowId(id));
		ask?.settle(answer);
		return ask !== undefined;
	}

	async askPermission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionAnswer> {
		signal.throwIfAborted();
		const id = permissionRowId(request.toolUseId);
		return await new Promise<PermissionAnswer>((resolve, reject) => {
			const finish = (settle: () => void) => {
				this.#asks.delete(id);
				signal.removeEventListener('abort', withdraw);
				settle();
				this.#changed.fire({ kind: 'answered', id });
			};
			const withdraw = () => finish(() => reject(new CancelledError()));
			const ask: Ask = { request, settle: (answer) => finish(() => resolve(answer)) };
			this.#asks.set(id, ask);
			signal.addEventListener('abort', withdraw);
			this.#changed.fire({
				kind: 'asked',
				row: askRow(ask),
				what: whatOf(request),
			});
			// The card does not wait for it; never rejects.
			void request.limits?.then((limits) => {
				ask.limits = limits;
				if (this.#asks.get(id) === ask) this.#changed.fire({ kind: 'updated', row: askRow(ask) });
			});
		});
	}

	async proposeEdit(proposal: EditProposal, signal: AbortSignal): Promise<EditDecision> {
		this.#edits.add(proposal.toolUseId);
		this.#changed.fire({ kind: 'edits', what: `Edit ${proposal.file.rel}` });
		try {
			return await this.#decider.proposeEdit(this.#sessionId, proposal, signal);
		} finally {
			this.#edits.delete(proposal.toolUseId);
			this.#changed.fire({ kind: 'edits', what: undefined });
		}
	}
}

function whatOf({ tool, target, goOn, site }: PermissionRequest): string {
	if (site !== undefined) return `A command wants to reach ${site}`;
	// Of a server's or an extension's tool the target says whose it is and which.
	return goOn === undefined && !/^(?:mcp|ext|vscode)__/.test(tool) ? `${tool}: ${target}` : target;
}

function askRow({ request, limits }: Ask): TranscriptItem {
	return {
		kind: 'permission',
		id: permissionRowId(request.toolUseId),
		tool: request.tool,
		target: request.target,
		cause: request.cause,
		...(request.rule === undefined ? {} : { rule: request.rule }),
		...(request.rules === undefined ? {} : { rules: [...request.rules] }),
		...(request.parts === undefined
			? {}
			: { parts: request.parts.map(({ text, kind, cause }) => ({ text, kind, cause })) }),
		...(limits === undefined ? {} : { limits: shownLimits(limits) }),
		...(request.agent === undefined ? {} : { agent: request.agent }),
		...(request.unsaved === undefined ? {} : { unsaved: [...request.unsaved] }),
		...(request.site === undefined ? {} : { site: request.site }),
		...(request.goOn === undefined ? {} : { goOn: request.goOn }),
		...(request.grant === undefined ? {} : { grant: request.grant }),
		state: 'asking',
	};
}

const shownLimits = ({ items, more = 0, unavailable }: ScanLimits): ShownLimits => ({
	items: items.map(({ path, reason }) => ({ path, reason })),
	more,
	...(unavailable === undefined ? {} : { unavailable }),
});
