import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { McpElicitation, McpElicitationAnswer } from '../../../src/core/mcp/mcpPorts.ts';
import { config, everything, folder, isReady, never, startWorld, untilServer } from './mcpWorld.ts';

describe('the reference server as a process', () => {
	const asked: McpElicitation[] = [];
	let answer: McpElicitationAnswer = { kind: 'declined' };
	const world = startWorld({
		async elicit(question) {
			asked.push(question);
			return answer;
		},
	});
	const { servers } = world;
	const quiet = () => undefined;
	const call = (
		tool: string,
		input: Record<string, unknown> = {},
		signal = never,
		onProgress: (text: string) => void = quiet,
	) => servers.call('everything', tool, input, onProgress, signal);

	before(async () => {
		process.env.ANTHROPIC_API_KEY = 'sk-secret';
		servers.configure([config('everything', { ...everything, env: { OWN_VARIABLE: 'mine' } })]);
		await untilServer(servers, 'everything', isReady);
	});
	after(() => world.dispose());

	test('tells what it offers', async () => {
		const [server] = servers.list();
		assert.ok(server);
		assert.equal(server.config.name, 'everything');
		assert.match(server.title ?? '', /Everything/);
		assert.ok(server.tools.some(({ name, callName }) => name === 'echo' && callName === 'mcp__everything__echo'));
		assert.ok(server.prompts.some(({ callName }) => callName === 'mcp__everything__args-prompt'));
		assert.ok(server.resources.length > 3);
		assert.ok(server.resourceTemplates.length > 0);
		assert.match(server.instructions ?? '', /Everything/);
		const echo = server.tools.find(({ name }) => name === 'echo');
		assert.equal(echo?.hints.isReadOnly, true);
		assert.match(echo?.definitionHash ?? '', /^[0-9a-f]{64}$/);
	});

	test('answers calls', async () => {
		const { isError, content } = await call('echo', { message: 'hello' });
		assert.equal(isError, false);
		assert.deepEqual(content, [{ kind: 'text', text: 'Echo: hello' }]);
		const wrong = await call('get-sum', { a: 'x' });
		assert.equal(wrong.isError, true);
		const { structured } = await call('get-structured-content', { location: 'New York' });
		assert.equal(typeof structured, 'object');
		const image = await call('get-tiny-image');
		assert.ok(image.content.some((part) => part.kind === 'image' && part.mediaType === 'image/png'));
		const links = await call('get-resource-links', { count: 2 });
		assert.equal(links.content.filter(({ kind }) => kind === 'link').length, 2);
	});

	test('gets our environment without our keys, and its own', async () => {
		const { content } = await call('get-env');
		const [part] = content;
		assert.ok(part?.kind === 'text');
		assert.ok(part.text.includes('OWN_VARIABLE'));
		assert.ok(!part.text.includes('ANTHROPIC'), 'the key came along');
	});

	test('is told the folders', async () => {
		const { content } = await call('get-roots-list');
		assert.ok(JSON.stringify(content).includes(folder), JSON.stringify(content));
	});

	test('tells its progress, and stops when it is cancelled', async () => {
		const heard: string[] = [];
		await call('trigger-long-running-operation', { duration: 0.2, steps: 2 }, never, (text) => heard.push(text));
		assert.deepEqual(heard, ['1 of 2\n', '2 of 2\n']);
		const stop = new AbortController();
		const running = call('trigger-long-running-operation', { duration: 30, steps: 300 }, stop.signal, () =>
			stop.abort(),
		);
		await assert.rejects(running, { name: 'CancelledError' });
		// It goes on answering others.
		assert.equal((await call('echo', { message: 'still there' })).isError, false);
	});

	test('reads resources, prompts and completions', async () => {
		const [resource] = servers.list()[0]?.resources ?? [];
		assert.ok(resource);
		const [content] = await servers.readResource('everything', resource.uri, never);
		assert.ok(content?.kind === 'resource' && content.text.length > 10);
		const messages = await servers.getPrompt('everything', 'args-prompt', { city: 'Paris' }, never);
		assert.ok(JSON.stringify(messages).includes('Paris'));
		const completed = await servers.complete(
			'everything',
			{ kind: 'prompt', name: 'completable-prompt' },
			{ name: 'department', value: 'E' },
			never,
		);
		assert.deepEqual(completed, ['Engineering']);
		await assert.rejects(servers.readResource('everything', 'demo://nothing', never), { code: 'mcp-error' });
	});

	test('asks the user, and gets only what fits', async () => {
		asked.length = 0;
		answer = { kind: 'declined' };
		const declined = await call('trigger-elicitation-request');
		assert.match(JSON.stringify(declined.content), /declin/i);
		const [question] = asked;
		assert.ok(question?.kind === 'form');
		assert.ok(question.fields.length > 3);
		const kinds = new Set(question.fields.map(({ type }) => type.kind));
		assert.ok(kinds.has('text') && kinds.has('boolean') && kinds.has('choice'), [...kinds].join());
		answer = { kind: 'answers', answers: { name: 'Ada' } };
		const accepted = await call('trigger-elicitation-request');
		assert.match(JSON.stringify(accepted.content), /Ada/);
		answer = { kind: 'answers', answers: { name: 7 } };
		const misfit = await call('trigger-elicitation-request');
		assert.match(JSON.stringify(misfit.content), /cancel/i);
	});

	test('nothing of ours failed', () => assert.deepEqual(world.errors, []));
});
