/** What the user does with an agent of a session, and with a plan: continue, cancel, read its conversation, rewrite the plan in a tab. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { it } from 'node:test';
import type * as vscode from 'vscode';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import { Approvals } from '../../../src/host/asking/approvals.ts';
import { OpenSession } from '../../../src/host/session/openSession.ts';
import { createBlobTexts } from '../../../src/host/transcript/blobTexts.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { agentCall, createAgentsFixture, hanging } from '../../core/subagents/subagentFixture.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { text } from '../../fakes/scriptedModel.ts';

type Address = { readonly scheme: string; readonly path: string; readonly query: string };
class FakeUri {
	readonly #of: Address;
	constructor(of: Address) {
		this.#of = of;
	}
	get scheme() {
		return this.#of.scheme;
	}
	get path() {
		return this.#of.path;
	}
	get query() {
		return this.#of.query;
	}
	toString() {
		return `${this.scheme}:${this.path}?${this.query}`;
	}
	static from(of: Address) {
		return new FakeUri(of);
	}
}
class Tab {
	readonly uri: FakeUri;
	constructor(uri: FakeUri) {
		this.uri = uri;
	}
}
const shown: FakeUri[] = [];
const providers = new Map<string, vscode.FileSystemProvider>();
let edited: (event: unknown) => void = () => undefined;
const tabs: { input: Tab }[] = [];
const nothing = { dispose: () => undefined };
Object.assign(globalThis, {
	agentActsVscode: {
		Uri: FakeUri,
		Disposable: class {},
		FileSystemError: { FileNotFound: () => new Error('not found'), NoPermissions: () => new Error('refused') },
		FileType: { File: 1 },
		FilePermission: { Readonly: 1 },
		TabInputText: Tab,
		window: {
			async showTextDocument(uri: FakeUri) {
				shown.push(uri);
				tabs.push({ input: new Tab(uri) });
			},
			tabGroups: {
				all: [{ tabs }],
				close: async (closed: { input: Tab }[]) => {
					for (const tab of closed) tabs.splice(tabs.indexOf(tab), 1);
				},
			},
		},
		workspace: {
			textDocuments: [],
			registerFileSystemProvider(scheme: string, provider: vscode.FileSystemProvider) {
				providers.set(scheme, provider);
				return nothing;
			},
			onDidChangeTextDocument(listener: typeof edited) {
				edited = listener;
				return nothing;
			},
			getConfiguration: () => ({ get: () => undefined, inspect: () => undefined }),
		},
		commands: { executeCommand: async () => undefined },
	},
});
const NAMES = 'Uri, Disposable, FileSystemError, FileType, FilePermission, TabInputText, window, workspace, commands';
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? {
					url: `data:text/javascript,const v = globalThis.agentActsVscode; export const { ${NAMES} } = v;`,
					shortCircuit: true,
				}
			: next(specifier, context),
});
const { actOnAgent } = await import('../../../src/host/session/agentRuns.ts');
const { registerBranchDocuments } = await import('../../../src/host/branch/branchDocuments.ts');
const { PlanDocuments } = await import('../../../src/host/asking/planDocuments.ts');

async function scene(
	agents: Parameters<typeof createAgentsFixture>[0]['agents'],
	options: Parameters<typeof createAgentsFixture>[1] = {},
) {
	const names = Object.keys(agents ?? {});
	const fixture = await createAgentsFixture(
		{
			main: [{ blocks: names.map((name) => agentCall(name)) }, { blocks: [text('Done.')] }],
			...(agents ? { agents } : {}),
		},
		options,
	);
	const { session, blobs } = fixture;
	const texts = createBlobTexts(blobs, (error) => assert.ifError(error));
	const open = new OpenSession(
		session,
		createPromptQueue(createFakeIds()),
		new Approvals(session.id, { proposeEdit: async () => ({ verdict: 'reject' }) }),
		texts,
		createTranscriptInputs(texts.text, (path) => path),
	);
	open.agents.follow(fixture.subagents);
	return { ...fixture, open };
}

it('Cancel ends the one agent, the other one reports', async () => {
	let cancelled: Promise<unknown> | undefined;
	const { open, run, results } = await scene({
		one: [
			hanging(() => {
				cancelled = actOnAgent(open, 'toolu_agent_one', 'stop');
			}),
		],
		two: [{ blocks: [text('Report of two.')] }],
	});
	await run('go');
	await cancelled;
	assert.match(results()[0] ?? '', /^The user stopped this agent/);
	assert.match(results()[1] ?? '', /^Report of two\./);
	await assert.rejects(actOnAgent(open, 'toolu_agent_one', 'stop'), { code: 'agent-over' });
});

it('the lane of an agent says why it waits, and each agent waits for itself', async () => {
	const steps: string[] = [];
	const { open, run, results } = await scene(
		{
			one: [{ error: new ModelError('overloaded', 'The model is overloaded.') }, { blocks: [text('Report of one.')] }],
			two: [{ blocks: [text('Report of two.')] }],
		},
		{
			// As the pool does when another request is on its way.
			agentModel: (model, onWait) => ({
				...model,
				stream(request, onEvent, signal) {
					onWait({ kind: 'queued', ahead: 2 });
					onWait(undefined);
					return model.stream(request, onEvent, signal);
				},
			}),
		},
	);
	open.agents.onDidChange((change) => {
		if (change.kind !== 'growing' || change.item.kind !== 'tool') return;
		const step = change.item.agent?.step ?? '';
		if (steps.at(-1) !== step) steps.push(step);
	});
	await run('go');
	assert.match(results()[0] ?? '', /^Report of one\./);
	assert.ok(
		steps.some((step) => /^The model is overloaded\. Trying again in \d+ s \(2 of 8\)$/.test(step)),
		steps.join('\n'),
	);
	assert.ok(steps.includes('Waiting for its turn: other requests are on their way, 2 more come first'));
	assert.ok(steps.includes('Thinking'));
	const lane = open.row('toolu_agent_one');
	assert.equal(lane?.kind === 'tool' && lane.agent?.step, '');
});

it('Continue puts the start of a prompt into the input, and Open Transcript shows what it said', async () => {
	const { open, run, session, logs, blobs } = await scene({ one: [{ blocks: [text('It is in a.js.')] }] });
	await run('go');
	assert.equal(await actOnAgent(open, 'toolu_agent_one', 'continue'), 'Continue the agent general-1: ');
	registerBranchDocuments({
		...{ sessions: { open: async () => open }, blobs, agentLogs: logs },
		branches: { read: async () => assert.fail('not read') } as never,
	});
	assert.equal(await actOnAgent(open, 'toolu_agent_one', 'open'), undefined);
	const uri = shown.at(-1);
	assert.ok(uri);
	assert.ok(uri.query.includes(session.id));
	assert.equal(uri.path, '/general-1.md');
	const bytes = await providers.get(uri.scheme)?.readFile(uri as never);
	const markdown = new TextDecoder().decode(bytes);
	assert.match(markdown, /^# general-1\n/);
	assert.match(markdown, /It is in a\.js\./);
	const other = FakeUri.from({
		...{ scheme: uri.scheme, path: uri.path },
		query: uri.query.replace('general-1', 'general-9'),
	});
	await assert.rejects(async () => await providers.get(uri.scheme)?.readFile(other as never), /not found/);
	await assert.rejects(actOnAgent(open, 'toolu_nobody', 'open'), { code: 'agent-not-begun' });
});

it('a plan that is rewritten in its tab is what is accepted, and the tab closes with the answer', async () => {
	const { open } = await scene({});
	const { cards } = open.approvals;
	const plans = new PlanDocuments((error) => assert.ifError(error));
	const asked = cards.presentPlan({ toolUseId: 'toolu_plan', plan: '1. Read' }, new AbortController().signal);
	await plans.open(cards, 'toolu_plan');
	const uri = shown.at(-1);
	assert.ok(uri);
	const bytes = await providers.get(uri.scheme)?.readFile(uri as never);
	assert.equal(new TextDecoder().decode(bytes), '1. Read');
	edited({ document: { uri, getText: () => '1. Read\n2. Test' } });
	const row = open.approvals.rows().find(({ kind }) => kind === 'plan');
	assert.equal(row?.kind === 'plan' && row.text, '1. Read\n2. Test');
	assert.equal(
		tabs.some(({ input }) => input.uri === uri),
		true,
	);
	cards.answer(row?.id ?? '', { kind: 'acceptPlan', mode: 'acceptEdits' });
	const answer = await asked;
	assert.equal(answer.kind === 'accepted' && answer.changedPlan, '1. Read\n2. Test');
	await new Promise((resolve) => setImmediate(resolve));
	assert.equal(
		tabs.some(({ input }) => input.uri === uri),
		false,
	);
	await assert.rejects(plans.open(cards, 'toolu_plan'), { code: 'too-late' });
});
