/**
 * Tools that other extensions give to language models in VS Code, for the agent: those that the user chose, found and called like the tools of
 * servers. What one does is not known, so each call is asked about and its effects on files are recorded.
 */

import * as vscode from 'vscode';
import * as z from 'zod';
import { CancelledError } from '../../base/errors.ts';
import type { InputBlock } from '../../core/session/content.ts';
import { imageBlock } from '../../core/tools/imageBlock.ts';
import type { LateTool, LateTools } from '../../core/tools/lateTools.ts';
import { failure } from '../../core/tools/paths.ts';
import { shownInput } from '../../core/tools/shownInput.ts';
import type { ToolOutcome } from '../../core/tools/tool.ts';
import { setting } from '../settings.ts';

const PREFIX = 'vscode__';
/** About 8k tokens. */
const MAX_TEXT_CHARS = 30_000;
/** The largest image the Messages API takes. */
const MAX_DEPTH = 40;

type LanguageModels = Pick<typeof vscode.lm, 'tools' | 'invokeTool'>;

/** `chosen` names those that the user allows the agent to use. */
export function editorTools(models: () => LanguageModels, chosen: () => readonly string[]): LateTools {
	return {
		list() {
			const wanted = new Set(chosen());
			if (wanted.size === 0) return [];
			const lm = models();
			return lm.tools.filter(({ name }) => wanted.has(name)).map((tool) => lateTool(tool, lm));
		},
	};
}

function lateTool(tool: vscode.LanguageModelToolInformation, lm: LanguageModels): LateTool {
	const { name, description, inputSchema } = tool;
	return {
		// As the names of all tools must be.
		name: PREFIX + name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 56),
		version: 1,
		description: `${description} (A tool of another extension in VS Code.)`,
		input: z.record(z.string(), z.unknown()),
		inputSchema: { ...inputSchema, type: 'object' },
		effect: 'execute',
		label: () => ({ verb: 'Use', target: name }),
		inFull: (input) => `${name}${shownInput(input)}`,
		run: async (input, { signal }) => await invoke(name, Object(input), lm, signal),
	};
}

async function invoke(name: string, input: object, lm: LanguageModels, signal: AbortSignal): Promise<ToolOutcome> {
	signal.throwIfAborted();
	const source = new vscode.CancellationTokenSource();
	let stop: () => void = () => undefined;
	const stopped = new Promise<never>((_, reject) => {
		stop = () => {
			source.cancel();
			// A tool may not listen.
			reject(new CancelledError());
		};
		signal.addEventListener('abort', stop, { once: true });
	});
	try {
		const invoked = Promise.resolve(lm.invokeTool(name, { input, toolInvocationToken: undefined }, source.token));
		const { content } = await Promise.race([invoked, stopped]);
		return outcomeOf(content);
	} catch (thrown) {
		if (signal.aborted) throw new CancelledError(undefined, { cause: thrown });
		const why = thrown instanceof Error ? thrown.message : String(thrown);
		return failure(`${name} failed: ${why.slice(0, 2_000)}\nCorrect the input, or go on without it.`, 'failed');
	} finally {
		signal.removeEventListener('abort', stop);
		source.dispose();
	}
}

function outcomeOf(content: readonly unknown[]): ToolOutcome {
	const texts: string[] = [];
	const images: InputBlock[] = [];
	for (const part of content) {
		if (part instanceof vscode.LanguageModelTextPart) texts.push(part.value);
		else if (part instanceof vscode.LanguageModelPromptTsxPart) texts.push(textsIn(part.value).join(''));
		else if (part instanceof vscode.LanguageModelDataPart) {
			const { data, mimeType } = part;
			const made = mimeType.startsWith('image/') ? imageBlock(data) : undefined;
			if (made?.kind === 'block') images.push(made.block);
			else if (made) texts.push(`(an image, ${mimeType}, that cannot be shown: it ${made.problem})`);
			else if (/^text\/|json/.test(mimeType)) texts.push(new TextDecoder().decode(data));
			else texts.push(`(${data.length} bytes of ${mimeType}, which cannot be shown)`);
		} else texts.push('(a part of a kind that is not known)');
	}
	const whole = texts.join('\n');
	const isCut = whole.length > MAX_TEXT_CHARS;
	const shown = isCut
		? `${whole.slice(0, MAX_TEXT_CHARS)}\n[… ${whole.length - MAX_TEXT_CHARS} characters left out]`
		: whole;
	const text = shown.trim() === '' && images.length === 0 ? '(no output)' : shown;
	return {
		isError: false,
		content: [...(text.trim() === '' ? [] : [{ type: 'text' as const, text }]), ...images],
		summary: images.length > 0 ? 'with an image' : '',
		...(isCut ? { output: whole } : {}),
	};
}

/** The texts of a rendered prompt, in order: a tree whose leaves have `text`. */
function textsIn(value: unknown, depth = 0): readonly string[] {
	if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return [];
	if (Array.isArray(value)) return value.flatMap((one) => textsIn(one, depth + 1));
	if ('text' in value && typeof value.text === 'string') return [value.text];
	const node = 'node' in value ? value.node : undefined;
	const children = 'children' in value ? value.children : undefined;
	return [...textsIn(node, depth + 1), ...textsIn(children, depth + 1)];
}

/** *Select Tools…*: check marks over what other extensions offer now. What is chosen and not there now stays chosen. */
export async function selectTools(): Promise<void> {
	const { tools } = vscode.lm;
	if (tools.length === 0) {
		await vscode.window.showInformationMessage('No extension offers tools for language models now.');
		return;
	}
	const chosen = setting('tools.vscode');
	const items = tools.map(({ name, description, tags }) => ({
		label: name,
		description: tags.join(', '),
		detail: description.replace(/\s+/g, ' ').slice(0, 200),
		picked: chosen.includes(name),
	}));
	const picked = await vscode.window.showQuickPick(items, {
		title: 'Tools of Other Extensions',
		placeHolder: 'Which of them may the agent use? Each call is still asked about.',
		canPickMany: true,
		matchOnDetail: true,
	});
	if (!picked) return;
	const offered = new Set(tools.map(({ name }) => name));
	const names = [...chosen.filter((name) => !offered.has(name)), ...picked.map(({ label }) => label)];
	await vscode.workspace.getConfiguration('retrace').update('tools.vscode', names, vscode.ConfigurationTarget.Global);
}
