// The main path of the product, step by step, as a person walks it. The demo model and the Messages API walk the same one;
// what differs (prompts, and what the model's side must have seen) is given by the caller.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clickInto } from './editors.ts';
import {
	editCard,
	openContext,
	openRewind,
	openSessionFromTree,
	permissionCard,
	send,
	turnEnds,
} from './panelActions.ts';
import { settled, until } from './until.ts';
import type { Workbench } from './workbench.ts';

/** What the path asks for. The first prompt changes src/invoice.js and then src/area.js, one edit each. */
export interface MainPathPrompts {
	readonly changeTwoFiles: string;
	/** Runs `npm test`. */
	readonly runCommand: string;
	/** Streams for several seconds. */
	readonly streamLong: string;
	/** Any short question. */
	readonly ask: string;
}

export interface MainPathOptions {
	readonly name: string;
	readonly prompts: MainPathPrompts;
	readonly workbench: () => Workbench;
}

const ORIGINAL_PRICE = '24.5';
const NEW_PRICE = '26';

/** Registers the steps as tests of the surrounding suite; each builds on the ones before. */
export function walkMainPath({ name, prompts, workbench }: MainPathOptions): void {
	const panel = () => workbench().panel();
	const meterValue = async () =>
		Number(await panel().getByRole('meter', { name: 'Context usage' }).getAttribute('aria-valuenow'));
	/** The window as it is at this step, in both themes. */
	const picture = (step: string) => workbench().pictures(`${name}-${step}`, 'light', 'dark');
	const before: Record<string, string> = {};
	const after: Record<string, string> = {};
	let meterAtStart = 0;

	test('asks for a change in two files; the first proposal opens as a native diff and is accepted on its card', async () => {
		for (const path of ['src/invoice.js', 'src/area.js']) before[path] = workbench().readFile(path);
		meterAtStart = await until('the meter knows what the first request begins with', async () => {
			const value = await meterValue();
			return value > 0 && value;
		});
		await send(panel(), prompts.changeTwoFiles);
		const card = editCard(panel(), 'src/invoice.js');
		await card.getByRole('button', { name: 'Accept' }).waitFor();
		await workbench().page.locator('.monaco-diff-editor .modified .view-lines').last().waitFor();
		assert.equal(workbench().readFile('src/invoice.js'), before['src/invoice.js'], 'written before it was accepted');
		await picture('1-proposal');
		await card.getByRole('button', { name: 'Accept' }).click();
		await until('the accepted edit is on disk', () => workbench().readFile('src/invoice.js').includes(NEW_PRICE));
	});

	test('the second proposal is edited in the diff and then accepted: the file has the edited text', async () => {
		const card = editCard(panel(), 'src/area.js');
		await card.getByRole('button', { name: 'Accept' }).waitFor();
		const modified = workbench().page.locator('.monaco-diff-editor .modified .view-lines').last();
		await clickInto(workbench().page, modified.getByText(/return.width/).first());
		await workbench().page.keyboard.press('End');
		// In one piece: typed key by key, a suggestion may take a key.
		await workbench().page.keyboard.insertText(' // checked by hand');
		await modified.getByText('// checked by hand').first().waitFor();
		await picture('2-edited-proposal');
		await workbench().page.keyboard.press('Alt+Enter');
		await until('the edited text is on disk', () => workbench().readFile('src/area.js').includes('// checked by hand'));
		await turnEnds(panel());
		assert.match(workbench().readFile('src/area.js'), /square metres/);
		for (const path of ['src/invoice.js', 'src/area.js']) after[path] = workbench().readFile(path);
	});

	test('the meter has moved, and its dialog breaks it down', async () => {
		await until('the meter moved', async () => (await meterValue()) > meterAtStart);
		const dialog = await openContext(panel());
		await picture('3-context');
		await dialog.press('Escape');
		await dialog.waitFor({ state: 'hidden' });
	});

	test('a command waits for permission, with the exact command on the card, and runs once allowed', async () => {
		await send(panel(), prompts.runCommand);
		const card = permissionCard(panel(), 'Bash');
		await card.getByText('npm test').first().waitFor();
		await picture('4-permission');
		await card.getByRole('button', { name: 'Allow once' }).click();
		await turnEnds(panel());
		await panel().getByRole('log', { name: 'Conversation' }).getByText('npm test').last().waitFor();
	});

	test('rewinding to the first message shows what it will do, then brings conversation and files back byte for byte', async () => {
		const dialog = await openRewind(panel(), 0);
		await dialog.getByText('src/invoice.js', { exact: true }).waitFor();
		await dialog.getByText('src/area.js', { exact: true }).waitFor();
		assert.ok(await dialog.getByRole('radio', { name: 'Conversation and code' }).isChecked());
		await picture('5-rewind');
		await dialog.getByRole('button', { name: 'Rewind', exact: true }).click();
		await dialog.waitFor({ state: 'hidden' });
		for (const path of ['src/invoice.js', 'src/area.js'])
			await until(`${path} is back`, () => workbench().readFile(path) === before[path]);
		const box = panel().getByRole('textbox', { name: 'Message Retrace' });
		await until('the prompt is back in the input', async () => (await box.inputValue()).includes('invoice.js'));
		await until('the meter went back', async () => (await meterValue()) <= meterAtStart + 10);
		await picture('6-rewound');
	});

	test('undoing the rewind brings everything back', async () => {
		await panel().getByRole('button', { name: 'Undo rewind' }).click();
		for (const path of ['src/invoice.js', 'src/area.js'])
			await until(`${path} is as before the rewind`, () => workbench().readFile(path) === after[path]);
		await panel().getByRole('log', { name: 'Conversation' }).getByText('npm test').last().waitFor();
		assert.ok(workbench().readFile('src/invoice.js').includes(NEW_PRICE));
		assert.ok(!workbench().readFile('src/invoice.js').includes(ORIGINAL_PRICE));
	});

	let shown = '';
	let meterShown = 0;
	test('a reload while it streams loses nothing that was shown as done', async () => {
		await panel().getByRole('textbox', { name: 'Message Retrace' }).fill('');
		await send(panel(), prompts.streamLong);
		await panel().getByRole('button', { name: 'Stop', exact: true }).waitFor();
		await panel().getByText('3', { exact: false }).last().waitFor();
		await workbench().reloadWindow();
	});

	test('the session resumes from the tree with the same transcript and the same meter', async () => {
		await openSessionFromTree(workbench());
		await panel()
			.getByText(prompts.streamLong.split('\n')[0] ?? '', { exact: false })
			.last()
			.waitFor();
		await panel().getByRole('textbox', { name: 'Message Retrace' }).waitFor();
		shown = await settled('the transcript', () => transcriptText(workbench()));
		meterShown = await settled('the meter', meterValue);
		assert.match(shown, /npm test/);
		await picture('7-resumed');
		await workbench().reloadWindow();
		await openSessionFromTree(workbench());
		await until('the same transcript', async () => (await transcriptText(workbench())) === shown);
		await until('the same meter', async () => (await meterValue()) === meterShown);
	});

	test('the conversation goes on', async () => {
		await send(panel(), prompts.ask);
		await turnEnds(panel());
		await until('the meter went up', async () => (await meterValue()) > meterShown);
		await picture('8-goes-on');
	});
}

async function transcriptText(workbench: Workbench): Promise<string> {
	return workbench.panel().getByRole('log', { name: 'Conversation' }).innerText();
}
