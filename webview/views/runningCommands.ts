/** Commands that go on in the background: one line each above the input, with what can be done about them. */
import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { PanelHead } from '../../src/protocol/toPanel.ts';
import { firstLine } from '../format.ts';
import { icon, iconButton } from './parts.ts';
import type { Post } from './viewTypes.ts';

const MAX_COMMAND_CHARS = 120;

export function runningCommands({ commands = [] }: PanelHead, post: Post): TemplateResult | typeof nothing {
	if (commands.length === 0) return nothing;
	const act = (id: string, action: 'stop' | 'terminal') => () => post({ kind: 'command.act', id, action });
	return html`<ul class="queue" aria-label="Running in the background">
		${commands.map(
			({ id, command }) =>
				html`<li>
					${icon('sync')}<span class="queue-text is-command" title=${command}>${firstLine(command, MAX_COMMAND_CHARS)}</span>
					${iconButton({ name: 'Show Terminal', icon: 'terminal', hint: 'Show Terminal: what it prints', onClick: act(id, 'terminal') })}
					${iconButton({ name: 'Stop Command', icon: 'debug-stop', hint: 'Stop Command: ends it with all that it started', onClick: act(id, 'stop') })}
				</li>`,
		)}
	</ul>`;
}
