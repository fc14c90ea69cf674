// A session of thirty turns against the strict Messages API with hidden token ratios: whatever is done with its context, the meter is exact for
// what was sent and near for what was added since, and the conversation is summarized by itself where the line is drawn and nowhere else.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Json } from '../fakes/messagesApi/canonical.ts';
import { prefixBreak } from '../fakes/messagesApi/prefixKept.ts';
import type { ScriptedReply } from '../fakes/messagesApi/reply.ts';
import { type MessagesApi, type RecordedRequest, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { openContext, openRewind, openSessionFromTree, send, turnEnds } from './support/panelActions.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { settled, until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const key = 'test-key';
/** The line is in the middle of a window as small as this. */
const windowTokens = 36_000;
const lineTokens = windowTokens / 2;
const WITHIN = 0.15;
/** Of what is too little to be said in percent: whole numbers, and what a block costs besides its text. */
const SLACK_TOKENS = 6;

const words = (count: number, seed: number) =>
	Array.from({ length: count }, (_, index) => 'word'.repeat(1 + ((index * seed) % 3))).join(' ');
const inputOf = ({ usage }: RecordedRequest): number =>
	usage ? usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens : 0;
const textsIn = (request: Json): string => JSON.stringify(request.messages);
const lastTextOf = (request: Json): string => {
	const message = Array.isArray(request.messages) ? request.messages.at(-1) : undefined;
	const block = Array.isArray(message?.content) ? message.content.at(-1) : undefined;
	return typeof block?.text === 'string' ? block.text : '';
};
/** The newest message is the prompt that asks for it. */
const fileAskedFor = (request: Json): string | undefined =>
	/"text":"Read ([^"]+)"/.exec(JSON.stringify(Array.isArray(request.messages) ? request.messages.at(-1) : null))?.[1];
const isQuestion = (request: Json) => lastTextOf(request).startsWith('The conversation above is about to be replaced');

suite('Thirty turns', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	let turns = 0;
	let summaries = 0;
	/** What the meter says when the request arrives, while nobody knows yet what it will be counted as. */
	let shownAtRequest: number[] = [];

	before(async () => {
		api = await startMessagesApi({
			keys: [key],
			seed: 11,
			script: async (request): Promise<ScriptedReply | undefined> => {
				if (isQuestion(request)) return { text: `<summary>\nSummary ${++summaries}: ${words(60, 4)}.\n</summary>` };
				shownAtRequest.push(await stillMeter());
				const path = fileAskedFor(request);
				if (path === undefined) return { blocks: [{ thinking: words(12, 5) }, { text: `Well. ${words(30, 7)}` }] };
				return { blocks: [{ text: 'I look.' }, { tool: 'Read', input: { file_path: path } }] };
			},
		});
		workbench = await openWorkbench({
			name: 'long-run',
			env: { ANTHROPIC_API_KEY: key, RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url, 'retrace.context.windowTokens': windowTokens },
			files: { 'notes.md': `# Notes\n\n${words(500, 2)}\n` },
		});
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
	});

	const panel = () => workbench.panel();
	const meter = async () =>
		Number(await panel().getByRole('meter', { name: 'Context usage' }).getAttribute('aria-valuenow'));
	/** What was appended just now is on the meter a moment later. */
	const meterSays = async (tokens: number, when: string) => {
		await until(`the meter says ${tokens}`, async () => (await meter()) === tokens).catch(() => undefined);
		assert.equal(await meter(), tokens, when);
	};
	const stillMeter = () => settled('the meter', meter, 150);
	const row = () => panel().getByRole('group', { name: 'Conversation summarized' });
	const answered = () => api.requests.filter(({ usage }) => usage !== undefined);
	const lastTurn = () => api.accepted.findLast((request) => !isQuestion(request)) ?? {};
	/** Of all sessions, oldest first; a fork has those of its origin once more. */
	const entries = (type: string) =>
		readSessionLogs(workbench.userDataDir)
			.flatMap((log) => log.entries)
			.filter((entry) => entry.type === type)
			.toSorted((a, b) => Number(a.timestamp) - Number(b.timestamp));
	const outputOf = (entry: Readonly<Record<string, unknown>> | undefined) =>
		(entry?.usage as { readonly outputTokens: number } | undefined)?.outputTokens ?? 0;
	/** The endpoint counted without a reply, and the meter says it. */
	const isCounted = async (had: number) => {
		const count = await until(
			'the endpoint has counted',
			() => entries('count').length > had && entries('count').at(-1),
		);
		await meterSays(Number(count.tokens), 'what was counted');
		return Number(count.tokens);
	};
	const compactions = () => entries('compaction');
	/** By the place it has in the session: what was shown there once must be shown there again. */
	const shownAfter: number[] = [];

	/** After a turn the meter says exactly what was sent and answered. */
	const isExact = async () => {
		const sent = answered().at(-1);
		assert.ok(sent);
		const exact = inputOf(sent) + outputOf(entries('assistantEnded').at(-1));
		await meterSays(exact, `after turn ${turns}`);
		return exact;
	};

	/** One turn. Answers what the prompt alone came to; undefined when it was summarized before that was sent. */
	const turn = async (prompt: string, options: { readonly isLearning?: boolean } = {}): Promise<number | undefined> => {
		turns++;
		const before = await stillMeter();
		const had = { answers: answered().length, summaries: compactions().length, counts: entries('count').length };
		shownAtRequest = [];
		await send(panel(), prompt);
		await turnEnds(panel());
		const isSummarized = compactions().length > had.summaries;
		const isSummarizedLast = isQuestion(answered().at(-1)?.json ?? {});
		shownAfter[turns] = isSummarizedLast ? await isCounted(had.counts) : await isExact();
		if (isSummarized) return undefined;

		const sent = answered().slice(had.answers);
		const replies = entries('assistantEnded').slice(-sent.length);
		assert.equal(sent.length, shownAtRequest.length);
		let base = before;
		for (const [index, request] of sent.entries()) {
			const actual = inputOf(request);
			const shown = shownAtRequest[index] ?? 0;
			const isNear = Math.abs(shown - actual) <= WITHIN * Math.max(0, actual - base) + SLACK_TOKENS;
			const what = `turn ${turns}, request ${index}: ${shown} shown, ${actual} counted, ${base} before`;
			if (!options.isLearning) assert.ok(isNear, what);
			assert.ok(shown < lineTokens, `${what}: beyond the line, and nothing was summarized`);
			base = actual + outputOf(replies[index]);
		}
		assert.ok(base < lineTokens, `turn ${turns} ended at ${base} and nothing was summarized`);
		return inputOf(sent[0] as RecordedRequest) - before;
	};
	const goesOn = (before: Json) => assert.equal(prefixBreak(before, lastTurn()), undefined);

	test('ten turns with words, files and thinking: exact after each, near before it', async () => {
		for (const [index, size] of [120, 60, 90].entries())
			await turn(`First ${index}. ${words(size, index + 2)}`, { isLearning: true });
		await turn('Read notes.md', { isLearning: true });
		await turn('Read src/invoice.js', { isLearning: true });
		for (const size of [150, 40, 200]) {
			const last = lastTurn();
			await turn(`Then ${size}. ${words(size, 3)}`);
			goesOn(last);
		}
		await turn('Read notes.md');
		await turn(`And ${words(80, 5)}`);
	});

	test('a rewind shows what was shown there before, and the next request has those bytes', async () => {
		const dialog = await openRewind(panel(), 7);
		await dialog.getByRole('radio', { name: 'Conversation only' }).click();
		await dialog.getByRole('button', { name: 'Rewind', exact: true }).click();
		await dialog.waitFor({ state: 'hidden' });
		await meterSays(Number(shownAfter[7]), 'where the rewind went');
		const box = panel().getByRole('textbox', { name: 'Message Retrace' });
		await until('the prompt is back in the input', async () => (await box.inputValue()).startsWith('Then 200.'));
		const before = api.accepted.find((request) => lastTextOf(request).startsWith('Then 40.')) ?? {};
		await turn(`Instead ${words(70, 2)}`);
		goesOn(before);
		for (const size of [30, 110]) await turn(`Further ${words(size, 4)}`);
	});

	test('a fork begins with the meter of its origin', async () => {
		const exact = await meter();
		const last = lastTurn();
		const answer = panel().getByRole('log', { name: 'Conversation' }).locator('.answer').last();
		await answer.scrollIntoViewIfNeeded();
		await answer.hover();
		await answer.getByRole('button', { name: 'Fork from here' }).click();
		await panel().getByRole('button', { name: 'Open origin session' }).waitFor();
		await meterSays(exact, 'in the fork');
		await turn(`In the fork ${words(50, 3)}`);
		goesOn(last);
		await turn('Read src/area.js');
	});

	test('what is folded is off the meter at once, and the endpoint says how much', async () => {
		const before = await meter();
		const dialog = await openContext(panel());
		await dialog.getByRole('searchbox', { name: 'Filter items' }).fill('notes.md');
		await dialog.getByRole('option').filter({ hasText: 'Call and result' }).first().click();
		await dialog.getByRole('button', { name: 'Fold', exact: true }).click();
		const plan = dialog.getByRole('group', { name: 'What it changes' });
		await plan.getByText('Frees').waitFor();
		await workbench.screenshot('long-run-fold');
		await plan.getByRole('button', { name: 'Fold', exact: true }).click();
		await plan.waitFor({ state: 'detached' });
		await dialog.getByRole('button', { name: 'Close' }).click();
		await until('the meter falls', async () => (await meter()) < before - 600);
		await isCounted(0);
		await turn(`After the fold ${words(60, 5)}`);
		for (const size of [90, 45]) await turn(`On ${words(size, 7)}`);
	});

	test('a summary that was edited is what the next request carries, and the meter is exact before it', async () => {
		const whole = lastTurn();
		const wholeTokens = await meter();
		const counts = entries('count').length;
		await panel().getByRole('textbox', { name: 'Message Retrace' }).fill('/compact');
		await panel().getByRole('textbox', { name: 'Message Retrace' }).press('Enter');
		const dialog = panel().getByRole('dialog', { name: 'Summary' });
		await dialog.getByRole('textbox', { name: 'Summary text' }).fill(`Edited by hand. ${words(150, 3)}`);
		await dialog.getByRole('button', { name: 'Use Summary' }).click();
		await row().last().waitFor();
		await isCounted(counts);
		await turn('And now?');
		assert.match(textsIn(lastTurn()), /Edited by hand\./);
		assert.doesNotMatch(textsIn(lastTurn()), /In the fork word/);

		await row().last().getByRole('button', { name: 'Undo' }).click();
		await meterSays(wholeTokens, 'with the whole conversation again');
		await turn(`Back ${words(40, 2)}`);
		goesOn(whole);
	});

	test('a reload shows the same meter, and the next request goes on', async () => {
		const exact = await meter();
		const last = lastTurn();
		await workbench.reloadWindow();
		await openSessionFromTree(workbench);
		await meterSays(exact, 'after the reload');
		await turn(`After the reload ${words(90, 3)}`);
		goesOn(last);
	});

	test('it is summarized by itself where the line is, and nowhere else', async () => {
		const manual = compactions().length;
		let promptTokens = 0;
		while (compactions().length === manual) {
			assert.ok(turns < 40, 'the line was never reached');
			promptTokens = (await turn(`More ${turns}. ${words(700, 5)}`)) ?? promptTokens;
		}
		const [automatic] = compactions().slice(manual);
		const tokensBefore = Number(automatic?.tokensBefore);
		// Reached by what was there, or crossed by a prompt like those before it.
		assert.ok(tokensBefore + 1.05 * promptTokens >= lineTokens, `${tokensBefore} and ${promptTokens} of ${lineTokens}`);
		for (; turns < 30; ) await turn(`Still ${turns}. ${words(60, 3)}`);
		assert.equal(compactions().length, manual + 1);
		assert.deepEqual(api.violations, []);
	});
});
