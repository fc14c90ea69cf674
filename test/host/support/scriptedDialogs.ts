// Answers the dialogs of VS Code in the place of a person: each question takes the next answer, and what was shown is kept.
import * as vscode from 'vscode';

/** What a person does: presses a button, types, picks by label, or leaves. A function sees what is shown and gives one of these. */
export type Answer = string | readonly string[] | undefined | Promise<string | undefined>;
type Shown = { readonly text: string; readonly buttons: readonly string[]; readonly password?: boolean };
type Item = string | vscode.QuickPickItem;

export type ScriptedDialogs = {
	readonly shown: Shown[];
	/** What `validateInput` said of texts that were typed before the answer. */
	readonly refused: string[];
	readonly opened: string[];
	restore(): void;
};

const labelOf = (item: Item): string => (typeof item === 'string' ? item : item.label);

/** `answers` that begin with `?` are typed to see what is said about them, and taken back. */
export function scriptDialogs(...answers: Answer[]): ScriptedDialogs {
	const { showInformationMessage, showWarningMessage, showQuickPick, showInputBox } = vscode.window;
	const { openExternal } = vscode.env;
	const shown: Shown[] = [];
	const refused: string[] = [];
	const opened: string[] = [];
	const next = async (): Promise<string | readonly string[] | undefined> => {
		if (answers.length === 0) throw new Error(`Nothing was said about: ${shown.at(-1)?.text}`);
		return await answers.shift();
	};
	const message = async (text: string, ...rest: unknown[]) => {
		const options = rest.find((one) => typeof one === 'object');
		const detail = typeof options === 'object' && options !== null && 'detail' in options ? ` ${options.detail}` : '';
		const buttons = rest.filter((one) => typeof one === 'string');
		shown.push({ text: `${text}${detail}`, buttons });
		const answer = await next();
		if (typeof answer === 'string' && !buttons.includes(answer)) throw new Error(`There is no button ${answer}`);
		return answer;
	};
	const quickPick = async (items: readonly Item[] | Thenable<readonly Item[]>, options?: vscode.QuickPickOptions) => {
		const all = await items;
		shown.push({ text: [options?.title, options?.placeHolder].join(' | '), buttons: all.map(labelOf) });
		const answer = await next();
		if (answer === undefined) return undefined;
		if (Array.isArray(answer)) return all.filter((item) => answer.includes(labelOf(item)));
		const item = all.find((one) => labelOf(one) === answer);
		if (item === undefined) throw new Error(`There is no choice ${String(answer)}`);
		return item;
	};
	const inputBox = async (options: vscode.InputBoxOptions = {}) => {
		const { title, prompt, value = '', password = false, validateInput } = options;
		shown.push({ text: [title, prompt].join(' | '), buttons: [value], password });
		for (;;) {
			const answer = await next();
			if (typeof answer !== 'string') return undefined;
			const typed = answer.replace(/^\?/, '');
			const problem = await validateInput?.(typed);
			if (problem) refused.push(String(problem));
			if (!answer.startsWith('?')) return problem ? undefined : typed;
		}
	};
	Object.assign(vscode.window, {
		showInformationMessage: message,
		showWarningMessage: message,
		showQuickPick: quickPick,
		showInputBox: inputBox,
	});
	Object.assign(vscode.env, {
		openExternal: async (uri: vscode.Uri) => {
			opened.push(uri.toString(true));
			return true;
		},
	});
	return {
		shown,
		refused,
		opened,
		restore() {
			Object.assign(vscode.window, { showInformationMessage, showWarningMessage, showQuickPick, showInputBox });
			Object.assign(vscode.env, { openExternal });
		},
	};
}
