/** What every view gets besides its item: how to say something to the host, and what is open in this page. */
import type { ToHost } from '../../src/protocol/toHost.ts';
import type { PanelState } from '../panelState.ts';

export type Post = (message: ToHost) => void;

export interface ViewContext {
	readonly post: Post;
	readonly state: PanelState;
	/** Ids of rows that are open. */
	readonly openRows: ReadonlySet<string>;
	/** The card that shows its "why" field. */
	readonly reasonFor: string | null;
	toggleRow(id: string): void;
	askReason(id: string | null): void;
	/** Asks for the rows before the ones that are here. */
	loadOlder(): void;
	copy(text: string): void;
}
