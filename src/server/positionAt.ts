/** Offsets as positions of the protocol. */
import type { Position } from 'vscode-languageserver';
import { positionsIn } from '../core/memory/imports.ts';

export function positionAt(text: string): (offset: number) => Position {
	const place = positionsIn(text);
	return (offset) => {
		const { lineIndex, character } = place(offset);
		return { line: lineIndex, character };
	};
}
