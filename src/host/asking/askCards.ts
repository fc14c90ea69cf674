/**
 * Questions and plans that wait for the user of one session, as cards. They live here, in the host, so a reloaded panel gets them again.
 * A plan may be rewritten in an editor meanwhile (planDocuments.ts); what it says when it is accepted is what counts.
 */
import { Emitter, type Event } from '../../base/emitter.ts';
import { CancelledError } from '../../base/errors.ts';
import { plural } from '../../base/text.ts';
import type { Asking, PlanAnswer, Question, QuestionsAnswer } from '../../core/tools/asking.ts';
import type { AskAnswer } from '../../protocol/asking.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import type { ApprovalChange } from './approvalChange.ts';

type Card =
	| {
			readonly kind: 'question';
			readonly questions: readonly Question[];
			readonly settle: (answer: QuestionsAnswer) => void;
	  }
	| { readonly kind: 'plan'; readonly plan: string; text: string; readonly settle: (answer: PlanAnswer) => void };

export class AskCards implements Asking {
	readonly #cards = new Map<string, Card>();
	readonly #changed = new Emitter<ApprovalChange>();
	readonly #planEnded = new Emitter<string>();

	readonly onDidChange: Event<ApprovalChange> = this.#changed.event;
	/** With the tool call that it is about. */
	readonly onDidEndPlan: Event<string> = this.#planEnded.event;

	get waitingCount(): number {
		return this.#cards.size;
	}

	rows(): readonly TranscriptItem[] {
		return [...this.#cards].map(([id, card]) => rowOf(id, card));
	}

	async askQuestions(
		{ toolUseId, questions }: { readonly toolUseId: string; readonly questions: readonly Question[] },
		signal: AbortSignal,
	): Promise<QuestionsAnswer> {
		const what = questions.length === 1 ? (questions[0]?.text ?? '') : plural(questions.length, 'question');
		return await this.#wait<QuestionsAnswer>(
			toolUseId,
			what,
			(settle) => ({ kind: 'question', questions, settle }),
			signal,
		);
	}

	async presentPlan(
		{ toolUseId, plan }: { readonly toolUseId: string; readonly plan: string },
		signal: AbortSignal,
	): Promise<PlanAnswer> {
		try {
			const what = 'a plan to agree on';
			return await this.#wait<PlanAnswer>(
				toolUseId,
				what,
				(settle) => ({ kind: 'plan', plan, text: plan, settle }),
				signal,
			);
		} finally {
			this.#planEnded.fire(toolUseId);
		}
	}

	/** False when nobody waits for it any more, or it is an answer to something else. */
	answer(id: string, answer: AskAnswer): boolean {
		const card = this.#cards.get(id);
		if (card?.kind === 'question' && answer.kind === 'answers' && answer.answers.length === card.questions.length) {
			card.settle({
				kind: 'answered',
				answers: answer.answers.map((one, index) => offered(one, card.questions[index])),
			});
			return true;
		}
		if (card?.kind === 'question' && answer.kind === 'decline') {
			card.settle({ kind: 'declined' });
			return true;
		}
		if (card?.kind === 'plan' && answer.kind === 'acceptPlan') {
			const changed = card.text === card.plan ? {} : { changedPlan: card.text };
			card.settle({ kind: 'accepted', mode: answer.mode, ...changed });
			return true;
		}
		if (card?.kind === 'plan' && answer.kind === 'keepPlanning') {
			card.settle({ kind: 'kept', ...(answer.comment ? { comment: answer.comment } : {}) });
			return true;
		}
		return false;
	}

	/** The plan as it stands now; undefined when it waits no more. */
	planText(toolUseId: string): string | undefined {
		const card = this.#cards.get(askRowId(toolUseId));
		return card?.kind === 'plan' ? card.text : undefined;
	}

	/** The user rewrote it. An empty one stays as it was. */
	setPlanText(toolUseId: string, text: string): void {
		const id = askRowId(toolUseId);
		const card = this.#cards.get(id);
		if (card?.kind !== 'plan' || card.text === text || text.trim() === '') return;
		card.text = text;
		this.#changed.fire({ kind: 'updated', row: rowOf(id, card) });
	}

	async #wait<T>(
		toolUseId: string,
		what: string,
		make: (settle: (answer: T) => void) => Card,
		signal: AbortSignal,
	): Promise<T> {
		signal.throwIfAborted();
		const id = askRowId(toolUseId);
		return await new Promise<T>((resolve, reject) => {
			const finish = (settle: () => void) => {
				this.#cards.delete(id);
				signal.removeEventListener('abort', withdraw);
				settle();
				this.#changed.fire({ kind: 'answered', id });
			};
			const withdraw = () => finish(() => reject(new CancelledError()));
			const card = make((answer) => finish(() => resolve(answer)));
			this.#cards.set(id, card);
			signal.addEventListener('abort', withdraw);
			this.#changed.fire({ kind: 'asked', row: rowOf(id, card), what });
		});
	}
}

export const askRowId = (toolUseId: string): string => `ask:${toolUseId}`;

function rowOf(id: string, card: Card): TranscriptItem {
	if (card.kind === 'plan') return { kind: 'plan', id, text: card.text, isChanged: card.text !== card.plan };
	return {
		kind: 'question',
		id,
		questions: card.questions.map(({ header, text, options, isMulti }) => ({
			header,
			text,
			options: options.map(({ label, description = '' }) => ({ label, description })),
			isMulti,
		})),
	};
}

/** Only what was offered counts as a choice. */
function offered(
	{ chosen, other }: { readonly chosen: readonly string[]; readonly other?: string | undefined },
	question: Question | undefined,
) {
	const labels = new Set(question?.options.map(({ label }) => label));
	return { chosen: chosen.filter((label) => labels.has(label)), ...(other?.trim() ? { other: other.trim() } : {}) };
}
