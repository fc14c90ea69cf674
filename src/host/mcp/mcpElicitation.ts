/**
 * Questions of MCP servers, in VS Code's own boxes: first who asks and that it is not Retrace, then one box for each field. Declining is
 * an answer for the server; leaving is none. Shows where an address leads before it is opened.
 */
import * as vscode from 'vscode';
import { unlessAborted } from '../../base/unlessAborted.ts';
import { answerProblem } from '../../core/mcp/elicitation.ts';
import type { McpElicitation, McpElicitationAnswer, McpFormField, McpFormValue } from '../../core/mcp/mcpPorts.ts';
import { plainLabel, plainMessage } from '../plainLabel.ts';

const ANSWER = 'Answer…';
const OPEN = 'Open Address';
const DECLINE = 'Decline';
/** The protocol forbids to ask for these; who does it all the same is not helped to see them over a shoulder. */
const SOUNDS_SECRET = /pass(word|phrase|code)|secret|token|api.?key|credential|\bpin\b|private.?key/i;

/** What a box gave: a value (undefined for an optional one left empty), or that the user left. */
type Given = { readonly kind: 'value'; readonly value: McpFormValue | undefined } | { readonly kind: 'left' };
const LEFT: Given = { kind: 'left' };

export async function elicit(request: McpElicitation, signal: AbortSignal): Promise<McpElicitationAnswer> {
	const { server } = request;
	const isForm = request.kind === 'form';
	const target = isForm ? '' : ` It wants to open ${withoutQuery(request.url)} in your browser.`;
	const text = `The MCP server “${server}” asks (this is not Retrace, and the server sees the answer): ${request.message}${target}`;
	// A message cannot be taken away; what is pressed on it after the call was stopped does nothing.
	const shown = vscode.window.showInformationMessage(plainMessage(text), isForm ? ANSWER : OPEN, DECLINE);
	const first = await unlessAborted(Promise.resolve(shown), signal).catch(() => undefined);
	if (signal.aborted || first === undefined) return { kind: 'cancelled' };
	if (first === DECLINE) return { kind: 'declined' };
	if (!isForm) {
		const isOpened = await vscode.env.openExternal(vscode.Uri.parse(request.url, true));
		return isOpened ? { kind: 'answers', answers: {} } : { kind: 'cancelled' };
	}
	const answers: [string, McpFormValue][] = [];
	for (const [index, field] of request.fields.entries()) {
		const count = request.fields.length > 1 ? ` (${index + 1} of ${request.fields.length})` : '';
		const given = await askField(field, `MCP server “${server}” asks${count}`, signal);
		if (given.kind === 'left') return { kind: 'cancelled' };
		if (given.value !== undefined) answers.push([field.name, given.value]);
	}
	return { kind: 'answers', answers: Object.fromEntries(answers) };
}

/** What follows in an address may be long, and may hold a key of the server's. */
function withoutQuery(url: string): string {
	const { origin, pathname } = new URL(url);
	return `${origin}${pathname}`;
}

async function askField(field: McpFormField, title: string, signal: AbortSignal): Promise<Given> {
	const { type } = field;
	const name = field.title ?? field.name;
	const prompt = plainMessage(field.description === undefined ? name : `${name}: ${field.description}`);
	switch (type.kind) {
		case 'text':
			return await typed(field, { title, prompt, initial: type.default ?? '' }, (text) => text, signal);
		case 'number': {
			const initial = type.default === undefined ? '' : String(type.default);
			return await typed(field, { title, prompt, initial }, (text) => Number(text.trim()), signal);
		}
		case 'boolean': {
			const options = [
				{ label: 'Yes', value: true },
				{ label: 'No', value: false },
			];
			const first = options.filter(({ value }) => value === (type.default ?? true));
			return await picked(field, [...new Set([...first, ...options])], { title, prompt }, signal);
		}
		case 'choice': {
			const options = type.options.map((option) => ({ label: plainLabel(option.title), value: option.value }));
			const first = options.filter(({ value }) => value === type.default);
			return await picked(field, [...new Set([...first, ...options])], { title, prompt }, signal);
		}
		case 'choices':
			return await pickedSome(field, type, { title, prompt }, signal);
	}
}

type Box = { readonly title: string; readonly prompt: string };

async function typed(
	field: McpFormField,
	{ title, prompt, initial }: Box & { readonly initial: string },
	read: (text: string) => string | number,
	signal: AbortSignal,
): Promise<Given> {
	const isSecret = SOUNDS_SECRET.test(`${field.name} ${field.title ?? ''} ${field.description ?? ''}`);
	const value = (text: string) => (text === '' ? undefined : read(text));
	const warning = isSecret ? ' The server sees what you type: give it nothing that you use elsewhere.' : '';
	const optional = field.isRequired ? '' : ' (optional)';
	return await cancellable(signal, async (token) => {
		const text = await vscode.window.showInputBox(
			{
				...{ title, prompt: `${prompt}${optional}.${warning}`.replace(/([.!?])\./, '$1'), value: initial },
				...{ password: isSecret, ignoreFocusOut: true },
				// It takes the place of the prompt, so it says as well what is asked for.
				validateInput: (typedText) => {
					const problem = answerProblem(field, value(typedText));
					return problem === undefined ? undefined : `${prompt}. ${problem}`.replace(/([.!?])\./, '$1');
				},
			},
			token,
		);
		return text === undefined ? LEFT : { kind: 'value', value: value(text) };
	});
}

async function picked(
	field: McpFormField,
	options: readonly { readonly label: string; readonly value: string | boolean }[],
	{ title, prompt }: Box,
	signal: AbortSignal,
): Promise<Given> {
	type Item = vscode.QuickPickItem & { readonly value: McpFormValue | undefined };
	const items: Item[] = [...options];
	if (!field.isRequired) items.push({ label: 'Leave out', description: 'optional', value: undefined });
	return await cancellable(signal, async (token) => {
		const item = await vscode.window.showQuickPick(items, { title, placeHolder: prompt, ignoreFocusOut: true }, token);
		return item === undefined ? LEFT : { kind: 'value', value: item.value };
	});
}

async function pickedSome(
	field: McpFormField,
	type: Extract<McpFormField['type'], { kind: 'choices' }>,
	{ title, prompt }: Box,
	signal: AbortSignal,
): Promise<Given> {
	const least = type.minItems ?? (field.isRequired ? 1 : 0);
	const bounds = [
		...(least > 0 ? [`at least ${least}`] : []),
		...(type.maxItems === undefined ? [] : [`at most ${type.maxItems}`]),
	].join(', ');
	let chosen = type.default ?? [];
	for (;;) {
		const items = type.options.map(({ title: label, value }) => ({
			...{ label: plainLabel(label), value, picked: chosen.includes(value) },
		}));
		const placeHolder = bounds === '' ? prompt : `${prompt} (${bounds})`;
		const some = await cancellable(signal, (token) =>
			vscode.window.showQuickPick(items, { title, placeHolder, canPickMany: true, ignoreFocusOut: true }, token),
		);
		if (!some) return LEFT;
		chosen = some.map(({ value }) => value);
		const value = chosen.length === 0 && !field.isRequired ? undefined : chosen;
		// Once more with what was chosen, since such a box cannot refuse.
		if (answerProblem(field, value) === undefined) return { kind: 'value', value };
	}
}

/** The box goes when the server or the user has stopped the call. */
async function cancellable<T>(signal: AbortSignal, show: (token: vscode.CancellationToken) => Thenable<T>): Promise<T> {
	const source = new vscode.CancellationTokenSource();
	const cancel = () => source.cancel();
	signal.addEventListener('abort', cancel, { once: true });
	if (signal.aborted) cancel();
	try {
		return await show(source.token);
	} finally {
		signal.removeEventListener('abort', cancel);
		source.dispose();
	}
}
