// `/clear` in a real window against the strict Messages API: the brief is drafted beside the conversation and edited, a fresh session starts
// with exactly that, both sessions lead to each other, and the old log has the link more and nothing else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import type { Json } from '../fakes/messagesApi/canonical.ts';
import { prefixBreak } from '../fakes/messagesApi/prefixKept.ts';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const key = 'test-key';
const lastTextOf = (request: Json): string => {
	const message = Array.isArray(request.messages) ? request.messages.at(-1) : undefined;
	const block = Array.isArray(message?.content) ? message.content.at(-1) : undefined;
	return typeof block?.text === 'string' ? block.text : '';
};
const isQuestion = (request: Json) => lastTextOf(request).startsWith('The work is about to go on in a new session');
const EDITED = 'The price is 26, decided by hand.\n\n## Next\nWrite it into the invoice.';

suite('Clear with a brief', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	before(async () => {
		api = await startMessagesApi({
			keys: [key],
			seed: 5,
			script: (request) => {
				if (!isQuestion(request)) return undefined;
				if (isFailing) return { error: { status: 400, message: 'not today' } };
				const more = lastTextOf(request).endsWith('the tax') ? ' and tax' : '';
				return { text: `<brief>\n## Goal\nPrices${more}.\n</brief>` };
			},
		});
		workbench = await openWorkbench({
			name: 'clear',
			env: { ANTHROPIC_API_KEY: key, RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url },
			prepare: (cwd) => {
				const git = (...args: readonly string[]) =>
					execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd });
				git('init', '-q', '-b', 'feature/prices');
				git('add', '-A');
				git('commit', '-q', '-m', 'all');
			},
			files: {},
		});
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
	});

	const panel = () => workbench.panel();
	const input = () => panel().getByRole('textbox', { name: 'Message Retrace' });
	const dialog = () => panel().getByRole('dialog', { name: 'Brief' });
	const text = () => dialog().getByRole('textbox', { name: 'Brief text' });
	const card = () => panel().getByRole('group', { name: 'Brief', exact: true });
	const logs = () => readSessionLogs(workbench.userDataDir);
	const logOf = (prompt: string) => {
		const log = logs().find((one) => one.text.includes(prompt));
		assert.ok(log, `no log with "${prompt}"`);
		return log;
	};
	let oldText = '';
	let isFailing = false;
	let whole: Json = {};

	test('an empty session has nothing to clear', async () => {
		await input().fill('/clear');
		await input().press('Enter');
		await panel().getByRole('status').getByText('There is nothing to clear').waitFor();
		assert.equal(api.requests.filter(({ path }) => path === '/v1/messages').length, 0);
	});

	test('the branching point offers it; the draft is asked for behind the conversation and has the state of git', async () => {
		await send(panel(), 'What do windows cost?');
		await turnEnds(panel());
		const next = panel().getByRole('group', { name: 'What next' });
		await next.waitFor();
		whole = api.accepted.at(-1) ?? {};
		await until('the turn is in the log', () => /"turnEnded".*\n.*"tail"/.test(logOf('What do windows cost?').text));
		oldText = logOf('What do windows cost?').text;
		await workbench.screenshot('clear-branching');
		await next.getByRole('button', { name: 'New with brief…' }).click();
		await dialog().waitFor();
		assert.equal(
			await text().inputValue(),
			'## Goal\nPrices.\n\n## Git\nBranch: feature/prices\nNo changes that are not committed.',
		);
		const asked = api.accepted.at(-1) ?? {};
		assert.ok(isQuestion(asked));
		assert.equal(prefixBreak(whole, asked), undefined, 'the conversation stands first, byte for byte');
	});

	test('it can be drafted again for a purpose; cancelled, everything is as it was', async () => {
		await dialog().getByRole('textbox', { name: 'What the new session is for' }).fill('the tax');
		await dialog().getByRole('button', { name: 'Draft Again' }).click();
		await until('the new draft is shown', async () =>
			(await text().inputValue()).startsWith('## Goal\nPrices and tax.'),
		);
		await text().press('Escape');
		await dialog().waitFor({ state: 'hidden' });
		assert.equal(logOf('What do windows cost?').text, oldText);
		assert.equal(logs().length, 1);
	});

	test('what the user made of it is what the first request of the fresh session carries', async () => {
		await input().fill('/clear the tax');
		await input().press('Enter');
		await dialog().waitFor();
		await text().fill(EDITED);
		await workbench.screenshot('clear-dialog');
		await dialog().getByRole('button', { name: 'Start Session' }).click();
		await card().getByText('The price is 26, decided by hand.').waitFor();
		await workbench.screenshot('clear-card');
		await card().getByRole('button', { name: 'Edit Brief' }).click();
		await text().fill(`${EDITED}\nAt once.`);
		await dialog().getByRole('button', { name: 'Save Brief' }).click();
		await card().getByText('At once.').waitFor();
		const before = api.accepted.length;
		await send(panel(), 'Go ahead');
		await turnEnds(panel());
		const [first] = api.accepted.slice(before);
		const messages = first?.messages;
		assert.ok(Array.isArray(messages) && messages.length === 1, 'the old conversation stays behind');
		const texts = messages[0].content.map(({ text }: { text: string }) => text);
		assert.equal(texts[0], 'Go ahead');
		assert.match(texts[1], /^A brief from the session “What do windows cost\?”/);
		assert.ok(texts[1].endsWith(`\n\n${EDITED}\nAt once.`), 'word for word, and nothing behind it');
		assert.equal(texts.length, 2);
		await send(panel(), 'And on');
		await turnEnds(panel());
		api.assertPrefixKept((request) => JSON.stringify(request.messages).includes('Go ahead'));
		assert.deepEqual(api.violations, []);
	});

	test('without a model the log is enough, and that is said', async () => {
		isFailing = true;
		await input().fill('/clear');
		await input().press('Enter');
		await dialog().getByText('This brief was put together from the log').waitFor();
		assert.match(await text().inputValue(), /^## Goal\nGo ahead\n\n## Last request\nAnd on\n\n## Last answer\n/);
		await text().press('Escape');
		await dialog().waitFor({ state: 'hidden' });
		isFailing = false;
	});

	test('both sessions lead to each other, and the old log has the link more and nothing else', async () => {
		const link = panel().getByRole('group', { name: 'Continues another session' });
		await link.getByRole('button', { name: 'What do windows cost?' }).click();
		const onward = panel().getByRole('group', { name: 'Continued in a new session' });
		await onward.waitFor();
		await workbench.screenshot('clear-old');
		const { text: now } = logOf('What do windows cost?');
		assert.ok(now.startsWith(oldText), 'what was in the log is in it');
		const added = now
			.slice(oldText.length)
			.split('\n')
			.filter((line) => line.trim() !== '')
			.map((line) => JSON.parse(line).type);
		assert.deepEqual(
			added.filter((type) => type !== 'tail'),
			['continuedIn'],
		);
		await onward.getByRole('button', { name: 'Open' }).click();
		await link.getByRole('button', { name: 'Show brief' }).click();
		await link.getByText('At once.').waitFor();
	});
});
