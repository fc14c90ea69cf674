// The dialogs of MCP servers with the answers of a person: adding one, agreeing to one, its inputs, its questions and its sign-in. In the
// window of mcp.host.ts, since a window of its own would only take time.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { DeclaredServer } from '../../src/core/mcp/declaredServers.ts';
import type { McpElicitation } from '../../src/core/mcp/mcpPorts.ts';
import type { HeldTool } from '../../src/core/mcp/serverConsent.ts';
import { addMcpServer } from '../../src/host/mcp/mcpAdd.ts';
import { mcpDialogs } from '../../src/host/mcp/mcpDialogs.ts';
import { elicit } from '../../src/host/mcp/mcpElicitation.ts';
import { createMcpInputs } from '../../src/host/mcp/mcpInputs.ts';
import { createMcpSignIn } from '../../src/host/mcp/mcpSignIn.ts';
import { hostTest } from './support/hostTest.ts';
import { type Answer, scriptDialogs } from './support/scriptedDialogs.ts';

const PROGRAM = '$(terminal) Program on This Machine…';
const ADDRESS = '$(globe) Address…';
const never = new AbortController().signal;
const own = () => vscode.workspace.getConfiguration().get<Record<string, unknown>>('retrace.mcp.servers');

async function answered<T>(answers: readonly Answer[], run: () => Promise<T>) {
	const dialogs = scriptDialogs(...answers);
	try {
		return { result: await run(), ...dialogs };
	} finally {
		dialogs.restore();
	}
}

hostTest('Add MCP Server asks for a command or an address and a name, and leaving it changes nothing', async () => {
	const before = own();
	for (const answers of [[undefined], [PROGRAM, undefined], [PROGRAM, 'npx -y x', undefined]])
		assert.equal((await answered(answers, addMcpServer)).result, undefined);
	assert.deepEqual(own(), before);
	try {
		const command = await answered(
			[PROGRAM, '? ', '?npx "x', 'npx -y "@a/server-notes@1" --port 1', 'notes'],
			addMcpServer,
		);
		assert.equal(command.result, 'notes');
		assert.deepEqual(command.refused, ['This is needed.', 'A quote is not closed.']);
		assert.deepEqual(command.shown.at(-1)?.buttons, ['notes'], 'a name is proposed');
		assert.deepEqual(own()?.notes, { command: 'npx', args: ['-y', '@a/server-notes@1', '--port', '1'] });
		const address = await answered(
			[ADDRESS, '?file:///x', '?', 'https://mcp.example.com/mcp', '?notes', '?', 'web'],
			addMcpServer,
		);
		assert.equal(address.result, 'web');
		assert.equal(address.shown.at(-1)?.buttons[0], 'example');
		assert.equal(address.refused.length, 4, address.refused.join('\n'));
		assert.match(address.refused[0] ?? '', /must be an address that begins with https/);
		assert.match(address.refused[2] ?? '', /a server of this name already/);
		assert.deepEqual(own()?.web, { url: 'https://mcp.example.com/mcp' });
		assert.ok(own()?.notes, 'what was there stays');
		const third = await answered([PROGRAM, 'uvx notes', undefined], addMcpServer);
		assert.deepEqual(third.shown.at(-1)?.buttons, ['notes-2']);
	} finally {
		await vscode.workspace
			.getConfiguration()
			.update('retrace.mcp.servers', undefined, vscode.ConfigurationTarget.Global);
	}
});

hostTest('a server is agreed to, refused or looked at; what cannot be shown whole offers the file first', async () => {
	const question = { message: 'Start the MCP server “s”?', detail: 'Command: x', isCut: false };
	const { result, shown } = await answered(['Allow and Start'], () => mcpDialogs.mayStart(question));
	assert.deepEqual([result, shown[0]?.buttons], ['approve', ['Allow and Start', 'Never Allow', 'Open File']]);
	const cut = await answered(['Open File'], () => mcpDialogs.mayStart({ ...question, isCut: true }));
	assert.deepEqual([cut.result, cut.shown[0]?.buttons[0]], ['openFile', 'Open File']);
	assert.equal((await answered(['Never Allow'], () => mcpDialogs.mayStart(question))).result, 'refuse');
	assert.equal((await answered([undefined], () => mcpDialogs.mayStart(question))).result, undefined);
	const tool = (name: string, isNew: boolean): HeldTool => ({
		...{ name, callName: name, description: 'Does\nit', inputSchema: { type: 'object' }, definitionHash: '1', isNew },
		hints: { isReadOnly: false, isDestructive: true, isIdempotent: false, isOpenWorld: true },
	});
	const tools = [tool('a', true), tool('b', false)];
	const chosen = await answered([['b (changed)']], () => mcpDialogs.acceptTools('s', tools));
	assert.deepEqual(chosen.shown[0]?.buttons, ['a (new)', 'b (changed)']);
	assert.deepEqual(chosen.result, [tools[1]]);
	assert.equal((await answered([undefined], () => mcpDialogs.acceptTools('s', tools))).result, undefined);
});

const form = (fields: Extract<McpElicitation, { kind: 'form' }>['fields']): McpElicitation => ({
	...{ kind: 'form', server: 's', message: 'Book a table', fields },
});
const asked = (request: McpElicitation, ...answers: Answer[]) => answered(answers, () => elicit(request, never));

hostTest('a question of a server is answered, declined or left, and its fields are checked', async () => {
	const guests = { name: 'guests', isRequired: true, type: { kind: 'number', isInteger: true, maximum: 8 } } as const;
	const declined = await asked(form([guests]), 'Decline');
	assert.deepEqual(declined.result, { kind: 'declined' });
	assert.match(declined.shown[0]?.text ?? '', /“s” asks \(this is not Retrace, and the server sees the answer\): Book/);
	assert.deepEqual((await asked(form([guests]), undefined)).result, { kind: 'cancelled' });
	assert.deepEqual((await asked(form([guests]), 'Answer…', undefined)).result, { kind: 'cancelled' });
	const all = form([
		guests,
		{ name: 'note', isRequired: false, type: { kind: 'text' } },
		{ name: 'api_key', isRequired: true, type: { kind: 'text' } },
		{ name: 'terrace', isRequired: true, type: { kind: 'boolean', default: false } },
		{ name: 'table', isRequired: false, type: { kind: 'choice', options: [{ value: 't1', title: 'Round' }] } },
		{
			...{ name: 'menu', isRequired: true },
			type: {
				kind: 'choices',
				options: [
					{ value: 'a', title: 'Soup' },
					{ value: 'b', title: 'Pie' },
				],
				maxItems: 1,
			},
		},
	]);
	const whole = await asked(all, 'Answer…', '?9', '?two', '4', '', 'k', 'Yes', 'Leave out', ['Soup', 'Pie'], ['Pie']);
	assert.deepEqual(whole.result, {
		kind: 'answers',
		answers: { guests: 4, api_key: 'k', terrace: true, menu: ['b'] },
	});
	assert.equal(whole.refused.length, 2);
	assert.match(whole.refused[0] ?? '', /at most 8/);
	assert.deepEqual(
		whole.shown.map(({ password = false }) => password),
		[false, false, false, true, false, false, false, false],
	);
	assert.match(whole.shown[3]?.text ?? '', /give it nothing that you use elsewhere/);
	assert.match(whole.shown[1]?.text ?? '', /^MCP server “s” asks \(1 of 6\) \| guests/);
});

hostTest(
	'an address that a server wants opened is shown without its query, and opened when the user wants it',
	async () => {
		const request: McpElicitation = {
			kind: 'url',
			server: 's',
			message: 'Sign',
			url: 'https://a.example/x?token=secret',
		};
		const opened = await asked(request, 'Open Address');
		assert.deepEqual([opened.result, opened.opened], [{ kind: 'answers', answers: {} }, [request.url]]);
		assert.match(opened.shown[0]?.text ?? '', /open https:\/\/a\.example\/x in your browser/);
		assert.ok(!opened.shown[0]?.text.includes('secret'));
		assert.deepEqual((await asked(request, 'Decline')).opened, []);
		assert.deepEqual((await asked(request, undefined)).result, { kind: 'cancelled' });
	},
);

hostTest('a question whose call was stopped is over at once, whatever is pressed on it later', async () => {
	const controller = new AbortController();
	let press: (button: string) => void = () => undefined;
	const message = new Promise<string>((resolve) => {
		press = resolve;
	});
	const request: McpElicitation = { kind: 'url', server: 's', message: 'x', url: 'https://a.example/' };
	const { result, opened } = await answered([message], async () => {
		const running = elicit(request, controller.signal);
		controller.abort();
		const answer = await running;
		press('Open Address');
		await new Promise(setImmediate);
		return answer;
	});
	assert.deepEqual([result, opened], [{ kind: 'cancelled' }, []]);
});

hostTest('inputs of a server are asked for once, passwords apart; leaving keeps none of them', async () => {
	const kept = new Map<string, string>();
	const state = new Map<string, unknown>();
	const inputs = createMcpInputs(
		{
			get: async (key: string) => kept.get(key),
			store: async (key: string, value: string) => void kept.set(key, value),
			delete: async (key: string) => void kept.delete(key),
		} as never,
		{
			get: (key: string, other: unknown) => state.get(key) ?? other,
			update: async (key: string, value: unknown) => void state.set(key, value),
		} as never,
	);
	const server: DeclaredServer = {
		...{ name: 's', source: 'project', file: '.mcp.json', line: 1, folder: '/w', isOff: false },
		transport: { kind: 'http', url: ['https://x/', '{input:key}', '{input:zone}'].join('$'), headers: {} },
	};
	const declared = [
		{ id: 'key', description: 'Your key', isPassword: true },
		{ id: 'zone', description: '', isPassword: false, options: ['eu', 'us'] },
	];
	const ids = ['key', 'zone'];
	const left = await answered(['k', undefined], () => inputs.ask(server, ids, declared));
	assert.deepEqual([left.result, kept.size, state.size], [false, 0, 0]);
	const { result, shown } = await answered(['k', 'us'], () => inputs.ask(server, ids, declared));
	assert.equal(result, true);
	assert.deepEqual([shown[0]?.password, shown[1]?.buttons], [true, ['eu', 'us']]);
	assert.deepEqual([...kept.values()], ['k']);
	assert.ok(!JSON.stringify([...state]).includes('"k"'));
	assert.deepEqual(await inputs.known(server, declared), { key: 'k', zone: 'us' });
	await inputs.forget(server);
	assert.deepEqual(await inputs.known(server, declared), {});
});

hostTest('a sign-in says where it leads, opens the browser, copies the address, or is left', async () => {
	const signIn = createMcpSignIn({ get: async () => undefined } as never);
	const url = 'https://login.example/authorize?state=s';
	const open = await answered(['Open Browser'], () => signIn.openBrowser(url, 'web'));
	assert.deepEqual([open.result, open.opened], [true, [url]]);
	assert.match(
		open.shown[0]?.text ?? '',
		/Sign in to the MCP server “web”\? Its sign-in page is at https:\/\/login\.example\./,
	);
	const left = await answered([undefined], () => signIn.openBrowser(url, 'web'));
	assert.deepEqual([left.result, left.opened], [false, []]);
	const copied = await answered(['Copy Address', undefined], () => signIn.openBrowser(url, 'web'));
	assert.deepEqual([copied.result, copied.opened], [true, []]);
	assert.equal(await vscode.env.clipboard.readText(), url);
});
