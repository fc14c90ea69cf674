/** What is told of the questions of a session. Types only. */
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';

export type ApprovalChange =
	| { readonly kind: 'asked'; readonly row: TranscriptItem; readonly what: string }
	/** More is known of what is asked. */
	| { readonly kind: 'updated'; readonly row: TranscriptItem }
	| { readonly kind: 'answered'; readonly id: string }
	/** An edit waits, or waits no longer. */
	| { readonly kind: 'edits'; readonly what: string | undefined };
