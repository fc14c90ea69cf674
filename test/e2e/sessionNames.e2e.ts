// Names that a model makes: after the first turn, with a small request of its own that keeps the rules of the API, never over a name of the
// user, and without a word when the endpoint refuses.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { ScriptedReply } from '../fakes/messagesApi/reply.ts';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { newSession, sessionRow } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const key = 'test-key';

suite('Names made by a model', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	/** How the next request for a title is answered. */
	let answerTitle: () => ScriptedReply | Promise<ScriptedReply> = () => ({ text: 'A title' });
	const titleRequests = () => api.accepted.filter((request) => request.tools === undefined);
	const isTurn = (request: { readonly tools?: unknown }) => request.tools !== undefined;

	before(async () => {
		api = await startMessagesApi({
			keys: [key],
			script: (request) => (isTurn(request) ? { text: 'An answer.' } : answerTitle()),
		});
		workbench = await openWorkbench({
			name: 'names',
			env: { ANTHROPIC_API_KEY: key, RETRACE_PROVIDER: undefined },
			settings: { 'retrace.baseUrl': api.url, 'retrace.sessions.modelTitles': true },
		});
		await workbench.runCommand('View: Show Retrace');
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
	});

	const ask = async (prompt: string) => {
		await send(workbench.panel(), prompt);
		await workbench.panel().getByText('An answer.', { exact: true }).last().waitFor();
		await turnEnds(workbench.panel());
	};
	const titlesOf = (prompt: string) =>
		(readSessionLogs(workbench.userDataDir).find(({ text }) => text.includes(prompt))?.entries ?? [])
			.filter(({ type }) => type === 'title')
			.map(({ by, title }) => `${String(by)}: ${String(title)}`);

	/** A row may be told of a name before the log is written. */
	const titlesAre = async (prompt: string, titles: readonly string[]) => {
		await until('the names are in the log', () => titlesOf(prompt).length >= titles.length);
		assert.deepEqual(titlesOf(prompt), titles);
	};

	test('a session is named after its first turn, by a small request to a cheap model', async () => {
		answerTitle = () => ({ text: '**"Flaky login test."**\n\nIt is about a test.' });
		await ask('Why does the login test fail now and then?');
		await sessionRow(workbench, 'Flaky login test').waitFor();
		await titlesAre('fail now and then', [
			'prompt: Why does the login test fail now and then?',
			'model: Flaky login test',
		]);
		const [request, ...others] = titleRequests();
		assert.deepEqual(others, []);
		assert.equal(request?.model, 'claude-haiku-5-5');
		assert.deepEqual([request?.thinking, request?.tools], [undefined, undefined]);
		assert.ok(!JSON.stringify(request).includes('cache_control'));
		await workbench.screenshot('names-model');

		await ask('And how do I fix it?');
		assert.equal(titleRequests().length, 1, 'only the first turn asks');
		assert.deepEqual(api.violations, []);
		api.assertPrefixKept(isTurn);
	});

	test('a name of the user that comes before the answer stays', async () => {
		let release: (() => void) | undefined;
		answerTitle = () =>
			new Promise((resolve) => {
				release = () => resolve({ text: 'Too late' });
			});
		api.markNewPrefix();
		await newSession(workbench);
		await ask('Which of these tests is slow?');
		const answer = await until('the title is asked for', () => release);
		await workbench.runCommand('Retrace: Rename Session');
		const input = workbench.page.locator('.quick-input-widget:visible input[type="text"]');
		await input.fill('Mine');
		await input.press('Enter');
		await sessionRow(workbench, 'Mine').waitFor();
		answer();
		await until('the answer has arrived', () =>
			api.requests.some(
				({ json, endedAt }) =>
					endedAt !== undefined && json?.tools === undefined && JSON.stringify(json).includes('is slow'),
			),
		);
		await ask('Go on.');
		await titlesAre('is slow', ['prompt: Which of these tests is slow?', 'user: Mine']);
		await sessionRow(workbench, 'Mine').waitFor();
		assert.deepEqual(api.violations, []);
	});

	test('an endpoint that refuses is not mentioned, and the name of the prompt stays', async () => {
		answerTitle = () => ({ error: { status: 404, type: 'not_found_error', message: 'model: claude-haiku-5-5' } });
		await newSession(workbench);
		await ask('Is there a test for areas?');
		await until('the title was asked for', () =>
			api.requests.some(({ json, status }) => status === 404 && JSON.stringify(json).includes('for areas')),
		);
		await ask('And for invoices?');
		await sessionRow(workbench, 'Is there a test for areas?').waitFor();
		for (const name of ['Warning', 'Error', 'Notice'])
			assert.equal(await workbench.panel().getByRole('group', { name, exact: true }).count(), 0);
		await titlesAre('for areas', ['prompt: Is there a test for areas?']);
	});
});
