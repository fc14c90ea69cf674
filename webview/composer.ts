/**
 * The input and what stands around it: queue, attachments, slash commands, mode, model, Stop and Send. It owns the text
 * that is being typed; everything else is the host's.
 */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import { type PromptAttachment, promptAttachmentsSchema } from '../src/protocol/toHost.ts';
import type { MentionOffer, PanelHead } from '../src/protocol/toPanel.ts';
import { LONG_TEXT_CHARS, readPaste, textAttachment } from './attachments.ts';
import { attachmentChips, inputMode, pickers, queueList, slashList } from './composerParts.ts';
import { createMentionList } from './mentionList.ts';
import type { PanelState, Toast } from './panelState.ts';
import { calledCommand, matchingCommands, meaningOf, memoryNote, type SlashCommand } from './slashCommands.ts';
import { iconButton } from './views/parts.ts';
import { runningCommands } from './views/runningCommands.ts';
import type { Post } from './views/viewTypes.ts';

export interface Composer {
	view(head: PanelHead): TemplateResult;
	/** `returned` is attached again: the prompt it came with was not sent. */
	setText(text: string, how: 'replace' | 'append', returned?: readonly PromptAttachment[]): void;
	/** What the host found for a mention that is being typed. */
	offerMentions(number: number, offers: readonly MentionOffer[]): void;
	/** Takes the host's draft, unless something is being typed in the same session. */
	offerDraft(draft: string, isOtherSession: boolean): void;
	focus(): void;
	isEmpty(): boolean;
	/** Saves the draft now; call when the page may go away. */
	flush(): void;
}

/** What outlives the page, which is thrown away whenever it is hidden. */
export interface Memory {
	load(): unknown;
	save(state: unknown): void;
}

export interface ComposerOptions {
	readonly post: Post;
	readonly memory: Memory;
	readonly state: () => PanelState;
	readonly requestRender: () => void;
	readonly say: (toast: Toast) => void;
	readonly root: HTMLElement;
	/** Called when a prompt has left, so that the end comes into view. */
	readonly onSent: () => void;
}

/** Long enough not to write on every key, short enough to lose nothing worth a name. */
const DRAFT_DELAY_MS = 400;

export function isRunning(head: PanelHead): boolean {
	return head.state === 'streaming' || head.state === 'runningTool' || head.state === 'awaitingUser';
}

export function createComposer(options: ComposerOptions): Composer {
	const { post, memory, requestRender, say, root } = options;
	let text = '';
	let attachments = rememberedAttachments(memory.load());
	let pasteCount = 0;
	let slashIndex = 0;
	let isSlashClosed = false;
	let draftTimer: number | undefined;
	/** Where the text that is to be saved was typed. */
	let typedIn = '';

	const input = () => root.querySelector<HTMLTextAreaElement>('textarea.input');

	const mentions = createMentionList({
		post,
		input,
		requestRender,
		setValue(value, caret) {
			setValue(value);
			input()?.setSelectionRange(caret, caret);
		},
	});

	function setValue(value: string): void {
		text = value;
		const element = input();
		if (element !== null && element.value !== value) {
			element.value = value;
			element.setSelectionRange(value.length, value.length);
		}
		saveSoon();
		requestRender();
	}

	/** The text is the host's to keep; attachments are kept here, since most prompts have none and some are large. */
	function setAttachments(next: readonly PromptAttachment[]): void {
		attachments = next;
		memory.save(next);
	}

	function saveSoon(): void {
		clearTimeout(draftTimer);
		typedIn = options.state().head?.sessionId ?? '';
		draftTimer = setTimeout(flush, DRAFT_DELAY_MS);
	}

	function flush(): void {
		if (draftTimer === undefined) return;
		clearTimeout(draftTimer);
		draftTimer = undefined;
		post({ kind: 'draft.save', text, sessionId: typedIn });
	}

	function commands() {
		return isSlashClosed ? [] : matchingCommands(text, options.state().commands ?? []);
	}

	function send(): void {
		const head = options.state().head;
		if (head === null || !canSend(head)) return;
		const meaning = meaningOf(text, options.state());
		if (meaning.kind === 'text') {
			submit();
			return;
		}
		if (meaning.kind === 'say' && meaning.isError) {
			say({ level: 'warning', text: meaning.text });
			return;
		}
		setValue('');
		if (meaning.kind === 'say') say({ level: 'info', text: meaning.text });
		else if (meaning.kind === 'post') post(meaning.message);
		else root.querySelector<HTMLSelectElement>(`select[aria-label="${meaning.list}"]`)?.focus();
	}

	function submit(): void {
		const isLong = text.length > LONG_TEXT_CHARS;
		post({
			kind: 'prompt.submit',
			text: isLong ? 'See the attached text.' : text.trim(),
			// A space first makes a slash a plain one.
			...(!isLong && /^\s+\//.test(text) ? { isLiteral: true } : {}),
			attachments: isLong ? [...attachments, textAttachment(text, pasteCount + 1)] : [...attachments],
		});
		setAttachments([]);
		pasteCount = 0;
		setValue('');
		flush();
		options.onSent();
	}

	function canSend(head: PanelHead): boolean {
		return !isLocked(head) && (text.trim() !== '' || attachments.length > 0);
	}

	function complete(command: SlashCommand): void {
		setValue(`/${command.name}${command.hint ? ' ' : ''}`);
		isSlashClosed = true;
		if (!command.hint) send();
	}

	function onKeyDown(event: KeyboardEvent): void {
		// 229: the key belongs to an input method that does not say so otherwise.
		if (event.isComposing || event.keyCode === 229) return;
		if (mentions.takeKey(event)) return;
		const list = commands();
		const chosen = list[Math.min(slashIndex, list.length - 1)];
		if (chosen !== undefined) {
			if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
				event.preventDefault();
				slashIndex = (slashIndex + (event.key === 'ArrowDown' ? 1 : list.length - 1)) % list.length;
				requestRender();
				// Behind the drawing, which was asked for first.
				requestAnimationFrame(() =>
					root.querySelector('.slash [aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }),
				);
				return;
			}
			if (event.key === 'Escape') {
				event.preventDefault();
				event.stopPropagation();
				isSlashClosed = true;
				requestRender();
				return;
			}
			if (event.key === 'Tab' && !event.shiftKey) {
				event.preventDefault();
				setValue(`/${chosen.name}${chosen.hint ? ' ' : ''}`);
				return;
			}
			if (event.key === 'Enter' && !event.shiftKey) {
				event.preventDefault();
				complete(chosen);
				return;
			}
		}
		if (event.key === 'Enter' && !event.shiftKey) {
			event.preventDefault();
			send();
		}
	}

	async function onPaste(event: ClipboardEvent): Promise<void> {
		if (event.clipboardData === null) return;
		const reading = readPaste(event.clipboardData, pasteCount + 1);
		if (reading === null) return;
		event.preventDefault();
		pasteCount++;
		const result = await reading;
		if (result.kind === 'attach') setAttachments([...attachments, result.attachment]);
		else say({ level: 'warning', text: result.reason });
		requestRender();
	}

	return {
		view(head) {
			const list = commands();
			const active = list[Math.min(slashIndex, list.length - 1)];
			const running = isRunning(head);
			const locked = isLocked(head);
			return html`<div class="composer ${running && head.state !== 'awaitingUser' ? 'is-working' : ''}">
				${runningCommands(head, post)} ${queueList(head, post)} ${slashList(list, active, complete)} ${mentions.view()}
				<div class="input-box">
					${attachmentChips(attachments, (index) => {
						setAttachments(attachments.filter((_, other) => other !== index));
						requestRender();
						input()?.focus();
					})}
					<textarea
						class="input"
						rows="1"
						aria-label="Message Retrace"
						aria-autocomplete="list"
						aria-controls=${list.length > 0 ? 'slash-list' : mentions.activeId === undefined ? nothing : 'mention-list'}
						aria-activedescendant=${active === undefined ? (mentions.activeId ?? nothing) : `slash-${active.name}`}
						placeholder=${placeholderOf(head, running)}
						?disabled=${locked}
						spellcheck="true"
						@input=${(event: Event) => {
							if (!(event.currentTarget instanceof HTMLTextAreaElement)) return;
							isSlashClosed = false;
							slashIndex = 0;
							if (event.currentTarget.value.startsWith('/') && !text.startsWith('/')) post({ kind: 'commands.list' });
							setValue(event.currentTarget.value);
							mentions.inputChanged(event.currentTarget);
						}}
						@blur=${mentions.close}
						@keydown=${onKeyDown}
						@paste=${(event: ClipboardEvent) => void onPaste(event)}
					></textarea>
					${inputMode(memoryNote(text) !== null, calledCommand(text, options.state().commands ?? []))}
					<div class="input-bar">
						${pickers(head, post)}
						<span class="send-slot">
							${running ? iconButton({ name: 'Stop', icon: 'debug-stop', hint: 'Stop (Esc)', onClick: () => post({ kind: 'turn.stop' }) }) : nothing}
							${iconButton({ name: 'Send', icon: 'send', hint: running ? 'Send when this turn ends (Enter)' : 'Send (Enter)', isDisabled: !canSend(head), onClick: send })}
						</span>
					</div>
				</div>
			</div>`;
		},
		setText(value, how, returned = []) {
			if (returned.length > 0) setAttachments([...attachments, ...returned]);
			setValue(how === 'append' && text.trim() !== '' ? `${text.trimEnd()} ${value}` : value);
			// A prompt that comes back does not take the user out of an editor or a palette.
			if (document.hasFocus()) input()?.focus();
		},
		offerMentions: mentions.offer,
		offerDraft(draft, isOtherSession) {
			// What was typed a moment ago belongs to the session before.
			if (isOtherSession) flush();
			if (isOtherSession || text === '') {
				text = draft;
				const element = input();
				if (element !== null) element.value = draft;
				requestRender();
			}
		},
		focus: () => input()?.focus(),
		isEmpty: () => text.trim() === '' && attachments.length === 0,
		flush,
	};
}

function rememberedAttachments(state: unknown): readonly PromptAttachment[] {
	const parsed = promptAttachmentsSchema.safeParse(state);
	return parsed.success ? parsed.data : [];
}

function isLocked(head: PanelHead): boolean {
	return head.readOnlyReason !== null || !head.isTrusted;
}

function placeholderOf(head: PanelHead, running: boolean): string {
	if (head.readOnlyReason !== null) return 'Read-only';
	if (!head.isTrusted) return 'Trust the workspace to start';
	return running ? 'Queue a message' : 'Ask for a change, / for commands';
}
