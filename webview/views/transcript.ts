/** The log: articles of prompts and turns, in order. Rows that did not change are not drawn again. */
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { assertNever } from '../../src/base/assertNever.ts';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { groupTranscript, type TranscriptGroup, type TurnRow } from '../transcriptGroups.ts';
import { answerRow } from './answerRow.ts';
import { briefRow, continuedRow } from './briefRow.ts';
import { effectLists } from './callEffects.ts';
import { checkpointRow } from './checkpointRow.ts';
import { compactedRow } from './compactedRow.ts';
import { editCard } from './editCard.ts';
import { noticeRow } from './noticeRow.ts';
import { permissionCard } from './permissionCard.ts';
import { planCard } from './planCard.ts';
import { promptRow } from './promptRow.ts';
import { questionCard } from './questionCard.ts';
import { rewoundRow } from './rewoundRow.ts';
import { thinkingRow } from './thinkingRow.ts';
import { foldRow, toolRow } from './toolRow.ts';
import { turnEndRow } from './turnEndRow.ts';
import type { ViewContext } from './viewTypes.ts';

type Around = {
	/** Stands in the log while nothing has been said. */
	readonly empty: TemplateResult;
	/** Stands under the newest turn once it is over. */
	readonly branching: TemplateResult | typeof nothing;
};

export function transcript(context: ViewContext, { empty, branching }: Around): TemplateResult {
	const { items, hasOlder } = context.state;
	const groups = groupTranscript(items);
	const ended = endedTurn(groups);
	return html`<div class="log" role="log" aria-label="Conversation" aria-live="off" tabindex="-1">
		${
			hasOlder
				? html`<p class="older"><button type="button" class="link" @click=${context.loadOlder}>Show earlier messages</button></p>`
				: nothing
		}
		${
			items.length === 0
				? empty
				: repeat(
						groups,
						(group) => group.id,
						(group) => groupView(group, context, group === ended ? branching : nothing),
					)
		}
	</div>`;
}

/** The newest turn, when it is over and no prompt came after it. */
function endedTurn(groups: readonly TranscriptGroup[]): TranscriptGroup | undefined {
	const newest = groups.findLast(({ kind }) => kind !== 'line');
	const last = newest?.kind === 'turn' ? newest.rows.at(-1) : undefined;
	return last?.kind === 'item' && last.item.kind === 'turnEnd' ? newest : undefined;
}

function groupView(group: TranscriptGroup, context: ViewContext, branching: TemplateResult | typeof nothing): unknown {
	switch (group.kind) {
		case 'prompt':
			return guardedItem(group.item, context);
		case 'line':
			return html`<div class="line">${guardedItem(group.item, context)}</div>`;
		case 'turn':
			return html`<article class="turn" aria-labelledby="heading-${group.id}">
				<h2 class="sr-only" id="heading-${group.id}">Retrace</h2>
				${repeat(
					group.rows,
					(row) => row.id,
					(row) => rowView(row, context),
				)}
				${branching}
			</article>`;
		default:
			return assertNever(group);
	}
}

function rowView(row: TurnRow, context: ViewContext): unknown {
	if (row.kind === 'item') return guardedItem(row.item, context);
	const open = row.items.filter((item) => context.openRows.has(item.id)).length;
	const { wholeOutputs, pictures } = context.state;
	const whole = row.items.filter((item) => wholeOutputs.has(item.id) || pictures.has(item.id)).length;
	return guard([...row.items, context.openRows.has(row.id), open, whole], () => foldRow(row.id, row.items, context));
}

function guardedItem(item: TranscriptItem, context: ViewContext): unknown {
	const changes = [
		item,
		context.openRows.has(item.id),
		...effectLists(item.id).map((list) => context.openRows.has(list)),
		context.reasonFor === item.id,
		context.state.wholeOutputs.get(item.id),
		context.state.pictures.get(item.id),
		context.state.agentRows.get(item.id),
	];
	return guard(changes, () => itemView(item, context));
}

function itemView(item: TranscriptItem, context: ViewContext): TemplateResult {
	switch (item.kind) {
		case 'prompt':
			return promptRow(item, context);
		case 'answer':
			return answerRow(item, context);
		case 'thinking':
			return thinkingRow(item, context);
		case 'tool':
			return toolRow(item, context);
		case 'edit':
			return editCard(item, context);
		case 'permission':
			return permissionCard(item, context);
		case 'question':
			return questionCard(item, context);
		case 'plan':
			return planCard(item, context);
		case 'notice':
			return noticeRow(item, context);
		case 'rewound':
			return rewoundRow(item, context);
		case 'compacted':
			return compactedRow(item, context);
		case 'brief':
			return briefRow(item, context);
		case 'continued':
			return continuedRow(item, context);
		case 'checkpoint':
			return checkpointRow(item);
		case 'turnEnd':
			return turnEndRow(item);
		default:
			return assertNever(item);
	}
}
