// Every tool in one long task on the packaged extension: the user is asked where the rules say and nowhere else, each step can be stopped, and
// what is left goes on.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandIdOf } from '../../src/core/background/backgroundEntries.ts';
import { builtInTools } from '../../src/core/tools/registry.ts';
import type { Json } from '../fakes/messagesApi/canonical.ts';
import type { ScriptedReply } from '../fakes/messagesApi/reply.ts';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser, testEnvironment } from './support/environment.ts';
import {
	AGENT_PROMPT,
	AGENT_REPORT,
	type Ask,
	BACKGROUND,
	everyToolSteps,
	LONG_MARK,
	longSteps,
	prepareFolder,
	resetFolder,
	rules,
	type Step,
	WEB_ANSWER,
} from './support/everyToolSteps.ts';
import { endedLog, pairedResults } from './support/faultedApi.ts';
import { send, turnEnds } from './support/panelActions.ts';
import { processesOf } from './support/processes.ts';
import { newSession } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const TASK = 'Do the whole task.';
const everything = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));
const PAGE = '<title>Wood</title><h1>Wood</h1><button>Order</button><script>console.log("ordering")</script>';

suite('Every tool', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let api: MessagesApi;
	let site: Server;
	let siteUrl: string;
	/** Requests for the page that is never answered. */
	let hangs = 0;
	let steps: readonly Step[];
	/** To the session itself, in order. */
	let replies: ScriptedReply[] = [];
	let agentReply: ScriptedReply = { text: AGENT_REPORT };
	let agentRequests = 0;
	const panel = () => workbench.panel();

	before(async () => {
		site = createServer((request, response) => {
			if (request.url === '/hang') hangs++;
			else response.setHeader('content-type', 'text/html').end(PAGE);
		});
		await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
		siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
		api = await startMessagesApi({
			script: (request) => {
				if (isSearch(request)) return { blocks: searchBlocks };
				if (!isOfAgent(request)) return replies.shift();
				agentRequests++;
				return agentReply;
			},
		});
		workbench = await openWorkbench({
			name: 'every-tool',
			env: { ANTHROPIC_API_KEY: 'test-key', RETRACE_PROVIDER: undefined },
			settings: {
				'retrace.baseUrl': api.url,
				'retrace.permissions': rules,
				'retrace.browser.path': testEnvironment().browserPath,
				'retrace.mcp.servers': { everything: { command: process.execPath, args: [everything, 'stdio'] } },
			},
			prepare: prepareFolder,
		});
		steps = everyToolSteps(workbench.folder, siteUrl, 'drafts/a.md');
	});
	after(async () => {
		await workbench?.close();
		await api?.close();
		site?.close();
		site?.closeAllConnections();
	});

	/** The card of exactly these calls: another one that asks must not get this answer. */
	const isAsked = async (ask: Ask, run: string) => {
		const card = panel()
			.getByRole('group', { name: ask.card, exact: true })
			.and(panel().locator(`[data-row*="${idOf(run, '')}"]`))
			.filter({ has: workbench.page.getByRole('button', { name: ask.press, exact: true }) });
		await card.waitFor().catch((error: unknown) => {
			throw new Error(`${run} does not ask by “${ask.card}”`, { cause: error });
		});
		return card;
	};
	const answerAll = async (step: Step, run: string) => {
		for (const ask of step.asks) {
			const card = await isAsked(ask, run);
			if (ask.choose !== undefined) await card.getByRole('radio', { name: ask.choose, exact: true }).check();
			await card.getByRole('button', { name: ask.press, exact: true }).click();
			await card.waitFor({ state: 'detached' });
		}
	};

	test('a task of more than sixty steps asks where the rules say and nowhere else', async () => {
		assert.ok(steps.length >= 60, `${steps.length} steps`);
		const used = new Set(steps.flatMap(({ calls }) => calls.map(nameOf)).concat('CallTool'));
		for (const { name } of builtInTools) assert.ok(used.has(name), `${name} is not in the task`);

		replies = [...steps.map((step, index) => replyOf(step, `task${index}`)), { text: 'All of it is done.' }];
		await send(panel(), TASK);
		for (const [index, step] of steps.entries()) await answerAll(step, `task${index}`);
		await panel().getByText('All of it is done.', { exact: true }).waitFor({ timeout: 60_000 });
		await turnEnds(panel());
		await workbench.pictures('every-tool-done', 'dark', 'light', 'highContrast');

		const log = await endedLog(workbench.userDataDir, TASK);
		const results = pairedResults(log);
		const surprises = steps.flatMap((step, index) =>
			step.calls.flatMap((call, place) => {
				const id = idOf(`task${index}`, place);
				const result = log.entries.find(({ type, toolUseId }) => type === 'toolResult' && toolUseId === id);
				const text = results.get(id) ?? 'no result';
				const isAsSaid = call.says.test(text) && result?.isError === (call.isError === true);
				return isAsSaid ? [] : [`${JSON.stringify(call.input)} should say ${call.says}: ${text.slice(0, 600)}`];
			}),
		);
		assert.deepEqual(surprises, []);
		const asked = log.entries
			.filter(({ type }) => type === 'permission')
			.map(({ toolUseId, tool, verdict }) => `${toolUseId} ${tool} ${verdict}`);
		const expected = steps.flatMap(({ asks }, index) =>
			asks
				.filter(({ card }) => card.startsWith('Permission: '))
				.map(({ card, press }) => `${idOf(`task${index}`, 0)} ${card.slice('Permission: '.length)} ${VERDICTS[press]}`),
		);
		assert.deepEqual(asked, expected);
		assert.deepEqual(api.violations, []);
	});

	test('stopped at each of its steps, the session goes on with the next prompt', async () => {
		resetFolder(workbench.folder);
		// What the other session has just written would be asked about.
		steps = everyToolSteps(workbench.folder, siteUrl, 'drafts/b.md');
		await newSession(workbench);
		api.markNewPrefix();
		let stops = 0;
		/** It was stopped before it had a result, so the model makes the call again. */
		let open: Step | undefined;
		const stop = async () => {
			await panel().getByRole('button', { name: 'Stop', exact: true }).click();
			await turnEnds(panel());
			stops++;
		};
		const turn = async (index: number, last: readonly ScriptedReply[]) => {
			assert.deepEqual(replies, []);
			replies = [...(open ? [replyOf(open, `again${index}`)] : []), ...last];
			await send(panel(), `Step ${index}`);
			if (open) await answerAll(open, `again${index}`);
			open = undefined;
		};
		const isAnswering = async () =>
			await until('the last reply is on its way', () => replies.length === 0 && api.requests.at(-1)?.status === 200);

		for (const [index, step] of steps.entries()) {
			const reply = replyOf(step, `stop${index}`);
			const [ask] = step.asks;
			if (ask) {
				await turn(index, [reply]);
				await isAsked(ask, `stop${index}`);
				await stop();
				open = step;
			} else if (index % 2 === 0) {
				await turn(index, [{ ...reply, fault: 'stall' }]);
				await isAnswering();
				await stop();
				open = step;
			} else {
				await turn(index, [reply, { text: 'Never said.', fault: 'silence' }]);
				await until(`the result of step ${index} is sent: ${JSON.stringify(step.calls)}`, () => replies.length === 0);
				await stop();
			}
		}
		for (const [index, step] of longSteps(`${siteUrl}hang`).entries()) {
			const had = { hangs, agentRequests };
			if (step.isAtWork === 'agent') agentReply = { text: AGENT_REPORT, fault: 'stall' };
			await turn(steps.length + index, [replyOf(step, `long${index}`)]);
			await answerAll(step, `long${index}`);
			const signs: Readonly<Record<string, () => boolean | Promise<boolean>>> = {
				process: () => processesOf(workbench.server.pid, LONG_MARK).length > 0,
				site: () => hangs > had.hangs,
				agent: () => agentRequests > had.agentRequests,
				row: () => panel().locator('.tool.is-running').last().isVisible(),
			};
			await until(`${step.isAtWork} is at work`, signs[step.isAtWork] ?? (() => false));
			await stop();
		}
		await until('the command is gone', () => processesOf(workbench.server.pid, LONG_MARK).length === 0);

		await turn(1_000, [{ text: 'It goes on.' }]);
		await panel().getByText('It goes on.', { exact: true }).waitFor();
		const log = await endedLog(workbench.userDataDir, 'Step 1000');
		pairedResults(log);
		const ends = log.entries.filter(({ type }) => type === 'turnEnded').map(({ reason }) => reason);
		assert.deepEqual(ends, [...Array.from({ length: stops }, () => 'stopped'), 'endTurn']);
		assert.deepEqual(api.violations, []);

		await workbench.reload();
		replies = [{ text: 'And on.' }];
		await send(panel(), 'Step 1001');
		await panel().getByText('And on.', { exact: true }).waitFor();
		await turnEnds(panel());
		assert.deepEqual(api.violations, []);
	});
});

const VERDICTS: Readonly<Record<string, string>> = {
	'Allow once': 'allowOnce',
	'Always allow': 'alwaysAllow',
	Deny: 'deny',
};

const idOf = (run: string, place: number | ''): string => `toolu_${run}x${place}`;
/** Of the command that was started in the background last. */
let backgroundId = '';

function replyOf(step: Step, run: string): ScriptedReply {
	return {
		blocks: step.calls.map(({ tool, input }, place) => {
			const id = idOf(run, place);
			const text = JSON.stringify(input);
			if (text.includes('run_in_background')) backgroundId = commandIdOf(id);
			return { tool, id, input: JSON.parse(text.replaceAll(BACKGROUND, backgroundId)) };
		}),
	};
}

/** Which tool it comes to in the end. */
function nameOf({ tool, input }: Step['calls'][number]): string {
	const inner = tool === 'CallTool' ? (input as { readonly name: string }).name : tool;
	return inner;
}

const isSearch = ({ tools }: Json): boolean =>
	Array.isArray(tools) && tools.some(({ type }) => String(type).startsWith('web_search'));

const isOfAgent = ({ messages }: Json): boolean =>
	Array.isArray(messages) &&
	messages.some(
		({ role, content }) =>
			role === 'user' &&
			Array.isArray(content) &&
			content.some((block) => String(block?.text ?? '').includes(AGENT_PROMPT)),
	);

const searchBlocks: ScriptedReply['blocks'] = [
	{ raw: { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'which wood lasts' } } },
	{
		raw: {
			type: 'web_search_tool_result',
			tool_use_id: 'srvtoolu_1',
			content: [
				{
					...{ type: 'web_search_result', title: 'Wood outside', url: 'https://wood.example/outside' },
					...{ encrypted_content: 'x', page_age: null },
				},
			],
		},
	},
	{ text: WEB_ANSWER },
];
