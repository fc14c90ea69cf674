/**
 * Imports of memory files that leave the workspace or may hold secrets: the user is asked once for each, and the answer is kept for
 * the workspace. Reads no file.
 */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { AskedImport } from '../../core/memory/memoryFile.ts';
import { plainMessage } from '../plainLabel.ts';

const KEY = 'retrace.memoryImports';
const answersSchema = z.record(z.string(), z.enum(['yes', 'no'])).catch({});
const IMPORT = 'Import';
const NEVER = 'Never';
const MAX_NAMED = 4;

export type MemoryImports = {
	/** `realPath` is where the import really leads. */
	mayImport(realPath: string): 'yes' | 'no' | undefined;
	/** Asks about those that were not asked about in this window. Never rejects but for a state that cannot be written. */
	ask(asked: readonly AskedImport[]): Promise<void>;
	/** Asks again. Resolves with whether it may be read now. */
	askAgain(one: AskedImport): Promise<boolean>;
};

export function createMemoryImports(state: vscode.Memento, relativePath: (absolute: string) => string): MemoryImports {
	const answers = () => answersSchema.parse(state.get(KEY, {}));
	const known = new Set<string>();

	const question = async (asked: readonly AskedImport[]): Promise<boolean> => {
		const names = asked.slice(0, MAX_NAMED).map(({ path, reason }) => `${path} (${reason})`);
		const more = asked.length > MAX_NAMED ? ` and ${asked.length - MAX_NAMED} more` : '';
		const from = [...new Set(asked.map(({ importedBy }) => relativePath(importedBy)))].join(', ');
		const text = `${from} imports ${names.join(', ')}${more}. What is imported is sent to the model.`;
		const answer = await vscode.window.showInformationMessage(plainMessage(text), IMPORT, NEVER);
		if (answer === undefined) return false;
		const given = Object.fromEntries(asked.map(({ path }) => [path, answer === IMPORT ? 'yes' : 'no']));
		await state.update(KEY, { ...answers(), ...given });
		return answer === IMPORT;
	};

	return {
		mayImport: (realPath) => answers()[realPath],
		async ask(asked) {
			const fresh = asked.filter(({ path }) => !known.has(path));
			for (const { path } of fresh) known.add(path);
			if (fresh.length > 0) await question(fresh);
		},
		askAgain: (one) => question([one]),
	};
}
