/** Arrow keys in a list of files: up and down between rows, right and left to open and close them. Tab still reaches everything. */

/** For `keydown` on the list. */
export function moveFocus(event: KeyboardEvent): void {
	const from = event.target;
	if (!(from instanceof HTMLElement) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
	const kind = from.matches('[data-row-tick]')
		? '[data-row-tick]'
		: from.matches('[data-row-button]')
			? '[data-row-button]'
			: undefined;
	if (kind === undefined || !move(event.key, from, kind)) return;
	event.preventDefault();
	event.stopPropagation();
}

function move(key: string, from: HTMLElement, kind: string): boolean {
	const line = from.closest<HTMLElement>('.file-line');
	if (!line) return false;
	const button = line.querySelector<HTMLElement>('[data-row-button]');
	switch (key) {
		case 'ArrowDown':
		case 'ArrowUp': {
			const all = [...(from.closest('.preview')?.querySelectorAll<HTMLElement>('.file-line') ?? [])];
			const next = all[all.indexOf(line) + (key === 'ArrowDown' ? 1 : -1)];
			// A row without a tick box is reached all the same.
			const target = next?.querySelector<HTMLElement>(kind) ?? next?.querySelector<HTMLElement>('[data-row-button]');
			target?.focus();
			return true;
		}
		case 'ArrowRight':
		case 'ArrowLeft': {
			const isOpen = button?.getAttribute('aria-expanded') === 'true';
			if (isOpen === (key === 'ArrowLeft')) button?.click();
			return true;
		}
		default:
			return false;
	}
}
