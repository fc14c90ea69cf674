/**
 * The page: one render root, the state of panelState.ts, and what a page alone knows (open rows, dialogs on screen,
 * scroll, focus). Rendering is batched per frame; nothing here decides anything about the session.
 */
import { html, nothing, render, type TemplateResult } from 'lit/html.js';
import { type ToPanel, toPanelSchema } from '../src/protocol/toPanel.ts';
import { announcementFor } from './announce.ts';
import { createAskFocus } from './askFocus.ts';
import { briefDialog } from './briefDialog.ts';
import { createComposer, isRunning, type Memory } from './composer.ts';
import { createContextDialog } from './contextDialog.ts';
import { createFind } from './find.ts';
import { createFoundMarks } from './foundMarks.ts';
import { scheduleHighlight } from './highlight.ts';
import { keepPlace } from './keepPlace.ts';
import { meterBar } from './meterBar.ts';
import { initialPanelState, type LocalMessage, oldestRow, type PanelState, reduce, type Toast } from './panelState.ts';
import { createReveal } from './revealRow.ts';
import { createRewindDialog } from './rewindDialog.ts';
import { stickToEnd } from './stickToEnd.ts';
import { summaryDialog } from './summaryDialog.ts';
import { branchingRow } from './views/branchingRow.ts';
import { emptyState } from './views/emptyState.ts';
import { header } from './views/header.ts';
import { icon, iconButton, textButton } from './views/parts.ts';
import { suggestionLine } from './views/suggestionLine.ts';
import { taskList } from './views/taskList.ts';
import { transcript } from './views/transcript.ts';
import type { Post, ViewContext } from './views/viewTypes.ts';

export interface Panel {
	/** A message as it came; what does not parse is reported and dropped. */
	receive(raw: unknown): void;
	/** The page may go away. */
	flush(): void;
}

/** Two Escapes within this open the rewind dialog. */
const DOUBLE_ESCAPE_MS = 700;
/** Near enough to the top that earlier rows are wanted next. */
const OLDER_FROM_PX = 200;
/** The task list, among the rows that are open. */
const TASKS = 'tasks';
/** What merely informs goes away by itself; warnings and errors wait to be dismissed. */
const TOAST_MS = 8_000;

export function createPanel(root: HTMLElement, post: Post, memory: Memory): Panel {
	let state: PanelState = initialPanelState;
	let opened: ReadonlySet<string> = new Set();
	let reasonFor: string | null = null;
	let isFrameAsked = false;
	let lastEscapeMs = Number.NEGATIVE_INFINITY;
	let toastTimer: number | undefined;
	/** The row whose predecessors were asked for last, so that scrolling asks once. */
	let askedBefore: string | undefined;
	let spoken = { polite: '', urgent: '' };

	const scroll = stickToEnd(() => root.querySelector<HTMLElement>('.scroller'), requestRender);
	const composer = createComposer({
		post,
		memory,
		state: () => state,
		requestRender,
		say,
		root,
		onSent: () => scroll.jump(),
	});
	const askFocus = createAskFocus(root);
	const marks = createFoundMarks(root);
	const reveal = createReveal({
		root,
		post,
		marks,
		state: () => state,
		openRows,
		drawNow,
		leaveEnd: () => scroll.leave(),
	});
	const find = createFind({ root, post, reveal, marks, drawNow, requestRender, onClosed: () => composer.focus() });
	const rewindDialog = createRewindDialog(post, () => dispatch({ kind: 'local.closeDialog' }), requestRender);

	const contextDialog = createContextDialog(post, {
		close: () => dispatch({ kind: 'local.closeDialog' }),
		forgetPlan: () => dispatch({ kind: 'local.forgetPlan' }),
		requestRender,
		drawNow,
	});

	function dispatch(message: ToPanel | LocalMessage): void {
		const before = state;
		state = reduce(state, message);
		if (state.toast !== before.toast) armToast();
		if (state !== before) requestRender();
	}

	function armToast(): void {
		clearTimeout(toastTimer);
		if (state.toast?.level === 'info')
			toastTimer = setTimeout(() => dispatch({ kind: 'local.dismissToast' }), TOAST_MS);
	}

	function say(toast: Toast): void {
		dispatch({ kind: 'local.toast', toast });
	}

	function receive(raw: unknown): void {
		const parsed = toPanelSchema.safeParse(raw);
		if (!parsed.success) {
			post({ kind: 'panel.error', message: `Unreadable message: ${parsed.error.message}` });
			return;
		}
		const message = parsed.data;
		const before = state;
		const announcement = announcementFor(before, message);
		if (message.kind === 'older') {
			keepPlace(root.querySelector('.scroller'), () => {
				dispatch(message);
				drawNow();
			});
		} else dispatch(message);
		if (!before.needsSnapshot && state.needsSnapshot) post({ kind: 'panel.ready' });
		if (announcement !== null) {
			spoken = announcement.isUrgent
				? { ...spoken, urgent: announcement.text }
				: { ...spoken, polite: announcement.text };
		}
		if (message.kind === 'snapshot') {
			askedBefore = undefined;
			const isOther = before.head !== null && before.head.sessionId !== message.head.sessionId;
			drawNow();
			composer.offerDraft(message.draft, isOther);
			if (before.head === null || isOther) scroll.jump();
			if (isOther) marks.clear();
		} else if (message.kind === 'reveal')
			reveal.show(message.id, { takesFocus: true, ...(message.mark === undefined ? {} : { mark: message.mark }) });
		else if (message.kind === 'input') composer.setText(message.text, message.how, message.attachments);
		else if (message.kind === 'mention.offers') composer.offerMentions(message.number, message.offers);
		else if (message.kind === 'focus') composer.focus();
		find.receive(message);
		contextDialog.receive(message, state.context !== null);
		if (message.kind === 'older' || message.kind === 'snapshot' || message.kind === 'expanded') {
			drawNow();
			reveal.rowsChanged();
		}
	}

	function requestRender(): void {
		if (isFrameAsked) return;
		isFrameAsked = true;
		requestAnimationFrame(drawNow);
	}

	function drawNow(): void {
		isFrameAsked = false;
		try {
			render(page(), root);
		} catch (error) {
			// Barrier of the page: the host logs it, the last good picture stays.
			post({ kind: 'panel.error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
			return;
		}
		for (const dialog of root.querySelectorAll<HTMLDialogElement>('dialog:not([open])')) {
			dialog.showModal();
			// The browser would start at a tick box; the choice of what to take back comes first.
			requestAnimationFrame(() =>
				dialog.querySelector<HTMLElement>('vscode-radio[aria-checked="true"]')?.focus({ preventScroll: true }),
			);
		}
		askFocus.rowsChanged(state, composer.isEmpty() && !isDialogOpen());
		scroll.follow();
		scheduleHighlight(root);
		marks.apply();
	}

	function page(): TemplateResult {
		const { head, meter } = state;
		return html`${head === null ? nothing : header(head, post)} ${find.view()}
			<main class="scroller"><div class="column">${transcript(viewContext(), {
				empty: emptyState(head, post, (text) => composer.setText(text, 'replace')),
				branching: branching(),
			})}</div></main>
			${
				head === null
					? nothing
					: html`<div class="dock">
							${scroll.isAtEnd() ? nothing : html`<div class="jump">${textButton({ label: needsUser() ? 'Retrace needs you' : 'Jump to latest', look: 'secondary', onClick: () => scroll.jump() })}</div>`}
							<div class="column">
								${toastView()}
								${taskList(head.tasks, opened.has(TASKS), () => toggleRow(TASKS))}
								${meter === null ? nothing : meterBar(meter, post)}
								${head.progress === null ? nothing : html`<p class="progress-text" role="status">${head.progress}</p>`}
								${head.suggestion === null ? nothing : suggestionLine(head.suggestion, post, compact)}
								${composer.view(head)}
							</div>
						</div>`
			}
			${state.rewindPlan === null ? nothing : rewindDialog.view(state.rewindPlan, state.rewindFiles, head !== null && isRunning(head))}
			${head === null || head.summary === null ? nothing : summaryDialog(head.summary, post)}
			${head === null || head.brief === null ? nothing : briefDialog(head.brief, post)}
			${state.context === null ? nothing : contextDialog.view(state.context)}
			<div class="sr-only" aria-live="polite">${spoken.polite}</div>
			<div class="sr-only" aria-live="assertive">${spoken.urgent}</div>`;
	}

	function isDialogOpen(): boolean {
		return (
			state.rewindPlan !== null || state.context !== null || (state.head?.summary ?? state.head?.brief ?? null) !== null
		);
	}

	function branching(): TemplateResult | typeof nothing {
		const { head } = state;
		if (head === null || head.readOnlyReason !== null || !head.isTrusted || isRunning(head)) return nothing;
		const fillInput = (text: string) => (text === '' ? composer.focus() : composer.setText(text, 'replace'));
		return branchingRow({ post, isHidden: !composer.isEmpty(), fillInput });
	}

	/** With a word to say about it where nothing is being typed; what is being typed stays. */
	function compact(): void {
		if (composer.isEmpty()) composer.setText('/compact ', 'replace');
		else post({ kind: 'context.compact', focus: '' });
	}

	function toastView(): TemplateResult {
		const toast = state.toast;
		return html`<div class="toast-slot" role="status">
			${
				toast === null
					? nothing
					: html`<div class="toast is-${toast.level}">
							${icon(toast.level)}<span>${toast.text}</span>
							${iconButton({ name: 'Dismiss', icon: 'close', onClick: () => dispatch({ kind: 'local.dismissToast' }) })}
						</div>`
			}
		</div>`;
	}

	function needsUser(): boolean {
		return state.head?.state === 'awaitingUser';
	}

	function viewContext(): ViewContext {
		return { post, state, openRows: opened, reasonFor, toggleRow, askReason, copy, loadOlder };
	}

	function toggleRow(id: string): void {
		const next = new Set(opened);
		if (!next.delete(id)) next.add(id);
		opened = next;
		requestRender();
	}

	function openRows(ids: readonly string[]): void {
		opened = new Set([...opened, ...ids]);
	}

	function loadOlder(): void {
		const beforeId = oldestRow(state);
		if (!state.hasOlder || beforeId === undefined || beforeId === askedBefore) return;
		askedBefore = beforeId;
		post({ kind: 'transcript.older', beforeId });
	}

	function askReason(id: string | null): void {
		reasonFor = id;
		requestRender();
	}

	function copy(text: string): void {
		navigator.clipboard.writeText(text).then(
			() => say({ level: 'info', text: 'Copied.' }),
			() =>
				say({
					level: 'warning',
					text: 'The clipboard is not available. Select the text and copy it with the keyboard.',
				}),
		);
	}

	function onClick(event: MouseEvent): void {
		const origin = event.target instanceof Element ? event.target : null;
		const link = origin?.closest('a');
		if (link != null) {
			// The editor's own link handling would open it a second time.
			event.preventDefault();
			event.stopPropagation();
			const href = link.getAttribute('data-link');
			if (href !== null) post({ kind: 'link.open', href });
			return;
		}
		if (origin?.closest('[data-copy]') != null) copy(origin.closest('.code')?.querySelector('code')?.textContent ?? '');
	}

	function onKeyDown(event: KeyboardEvent): void {
		if (isFindKey(event) && !isDialogOpen()) {
			// VS Code would take the key for itself.
			event.preventDefault();
			event.stopPropagation();
			find.open();
			return;
		}
		if (event.key !== 'Escape' || event.isComposing || isDialogOpen()) return;
		if (state.head !== null && isRunning(state.head)) {
			lastEscapeMs = Number.NEGATIVE_INFINITY;
			post({ kind: 'turn.stop' });
			return;
		}
		const isDouble = event.timeStamp - lastEscapeMs < DOUBLE_ESCAPE_MS;
		lastEscapeMs = isDouble ? Number.NEGATIVE_INFINITY : event.timeStamp;
		if (isDouble && composer.isEmpty()) post({ kind: 'rewind.preview', entryId: '' });
	}

	root.addEventListener('click', onClick);
	// On the document, so that it works with the focus anywhere in the panel.
	document.addEventListener('keydown', onKeyDown);
	drawNow();
	const scroller = root.querySelector<HTMLElement>('.scroller');
	if (scroller !== null) {
		scroll.attach(scroller);
		scroller.addEventListener('scroll', () => {
			if (!scroll.isAtEnd() && scroller.scrollTop < OLDER_FROM_PX) loadOlder();
		});
	}
	return { receive, flush: () => composer.flush() };
}

function isFindKey(event: KeyboardEvent): boolean {
	return event.key.toLowerCase() === 'f' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
}
