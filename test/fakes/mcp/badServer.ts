// A server over stdio that behaves as its first argument says: badly, in one way each. Speaks the protocol by hand, so that it can break it.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

type Message = {
	readonly id?: number | string;
	readonly method?: string;
	readonly params?: Record<string, unknown>;
	readonly error?: unknown;
	readonly result?: unknown;
};

const how = process.argv[2] ?? '';
/** A file for notes to the test. */
const notes = process.env.NOTES ?? '';
/** Of what takes its time. */
const stepMs = Number(process.env.STEP_MS ?? 600);
const note = (text: string) => {
	if (notes !== '') appendFileSync(notes, `${text}\n`);
};

const send = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const answer = (id: Message['id'], result: unknown) => send({ jsonrpc: '2.0', id, result });
const notify = (method: string, params: unknown = {}) => send({ jsonrpc: '2.0', method, params });
const tool = (name: string, more: object = {}) => ({
	name,
	description: name,
	inputSchema: { type: 'object' },
	...more,
});
const text = (said: string) => ({ content: [{ type: 'text', text: said }] });
let tools: unknown[] = [tool('work')];
/** The call that waits for an answer of the user. */
let asking: Message['id'];

if (how === 'exits') {
	process.stderr.write('Cannot find the database\n');
	process.exit(3);
}
if (how === 'noise') void flood(process.stdout, 'This is no message.\n'.repeat(1_000), 100_000_000);
if (how === 'longLine') void flood(process.stdout, '{'.repeat(65_536), 100_000_000);
if (how === 'floodsErrors') void flood(process.stderr, 'An error, again and again.\n'.repeat(1_000), 100_000_000);
if (how === 'children' || how === 'dirty') {
	// A child, and a child of the child, neither of which ends by itself.
	spawn('/bin/sh', ['-c', 'sleep 1000 & echo $! >> "$NOTES"; echo $$ >> "$NOTES"; wait'], { stdio: 'ignore' });
	note(String(process.pid));
}
if (how === 'structured') {
	const outputSchema = { type: 'object', properties: { degrees: { type: 'number' } }, required: ['degrees'] };
	tools = [tool('work', { outputSchema })];
}
if (how === 'lies')
	tools = [
		tool('good'),
		tool('noSchema', { inputSchema: undefined }),
		tool('text', { inputSchema: 'object' }),
		tool('deep', { inputSchema: { type: 'object', properties: deep(60) } }),
		{ description: 'no name', inputSchema: { type: 'object' } },
		null,
		tool('good'),
		tool('badOutput', { outputSchema: { type: 'object', properties: 'lie' } }),
	];

createInterface({ input: process.stdin })
	.on('line', (line) => take(JSON.parse(line) as Message))
	.on('close', () => {
		note('closed');
		process.exit(0);
	});

function take({ id, method, params, error, result }: Message) {
	// It takes its time with what was answered.
	if (id === 'question') return void setTimeout(() => answer(asking, text(JSON.stringify(result))), stepMs);
	switch (method) {
		case 'initialize':
			if (how === 'silent' || how === 'longLine') return;
			if (how === 'wrongVersion')
				return answer(id, {
					protocolVersion: '1999-01-01',
					capabilities: {},
					serverInfo: { name: 'old', version: '1' },
				});
			if (how === 'wrongIntroduction') return answer(id, { hello: 'there' });
			answer(id, {
				protocolVersion: params?.protocolVersion,
				capabilities: { tools: { listChanged: true }, resources: {}, prompts: {} },
				serverInfo: { name: 'bad', version: '1' },
			});
			return;
		case 'notifications/initialized':
			if (how === 'asksBack') {
				send({
					jsonrpc: '2.0',
					id: 'sampling',
					method: 'sampling/createMessage',
					params: { messages: [], maxTokens: 1 },
				});
				send({ jsonrpc: '2.0', id: 'unknown', method: 'no/such', params: {} });
			}
			return;
		case 'notifications/roots/list_changed':
			note('roots changed');
			return;
		case 'notifications/cancelled':
			note(`cancelled ${params?.requestId}`);
			return;
		case 'tools/list':
			note('tools/list');
			return listTools(id, params?.cursor);
		case 'resources/templates/list':
		case 'resources/list':
			if (how === 'silentLists') return;
			if (method === 'resources/templates/list') return answer(id, { resourceTemplates: [] });
			return answer(id, how === 'lies' ? { resources: 'none' } : { resources: [] });
		case 'prompts/list':
			if (how === 'silentLists') return;
			if (how === 'lies') return send({ jsonrpc: '2.0', id, error: { code: -32000, message: 'No prompts today' } });
			return answer(id, { prompts: [] });
		case 'ping':
			if (how === 'noPing') return;
			return answer(id, {});
		case 'tools/call':
			return call(id, params);
		default:
			// What it asked back.
			if (method === undefined) note(JSON.stringify({ id, error }));
			else if (id !== undefined) send({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } });
	}
}

function listTools(id: Message['id'], cursor: unknown) {
	if (how === 'endless') return answer(id, { tools: [tool(`tool${cursor ?? 0}`)], nextCursor: 'again' });
	if (how === 'huge')
		return answer(id, {
			tools: Array.from({ length: 400 }, (_, index) => tool(`t${cursor ?? 0}-${index}`)),
			nextCursor: String(Number(cursor ?? 0) + 1),
		});
	answer(id, { tools });
}

function call(id: Message['id'], params: Record<string, unknown> | undefined) {
	const what = params?.name;
	note(`call ${what}`);
	switch (how) {
		case 'hangs':
			return;
		case 'slow': {
			const meta = params?._meta as { progressToken?: number } | undefined;
			let done = 0;
			const timer = setInterval(() => {
				done++;
				notify('notifications/progress', { progressToken: meta?.progressToken, progress: done, total: 5 });
				if (done < 5) return;
				clearInterval(timer);
				answer(id, text('slowly done'));
			}, stepMs);
			return;
		}
		case 'dies':
			process.stderr.write('Out of memory\n');
			process.exit(7);
			return;
		case 'diesOnce':
			if (existsSync(`${notes}.died`)) return answer(id, text('alive again'));
			writeFileSync(`${notes}.died`, '');
			process.exit(7);
			return;
		case 'wrongJson':
			process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":\n`);
			process.stdout.write(`{"jsonrpc":"2.0","id":999,"result":{}}\n`);
			answer(id, { content: 'none' });
			return;
		case 'structured': {
			const wanted = (params?.arguments as { how?: string } | undefined)?.how;
			if (wanted === 'none') return answer(id, text('7 degrees'));
			if (wanted === 'deep') {
				const structured = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
				process.stdout.write(
					`{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":${structured}}}\n`,
				);
				return;
			}
			return answer(id, { ...text('7 degrees'), structuredContent: { degrees: wanted === 'good' ? 7 : 'seven' } });
		}
		case 'bigResult':
			return answer(id, text('x'.repeat(6_000_000)));
		case 'asks':
			asking = id;
			send({
				jsonrpc: '2.0',
				id: 'question',
				method: 'elicitation/create',
				params: { message: 'Sure?', requestedSchema: { type: 'object', properties: { sure: { type: 'boolean' } } } },
			});
			return;
		case 'storm':
			for (let index = 0; index < 3_000; index++) notify('notifications/tools/list_changed');
			return answer(id, text('stormed'));
		case 'dirty':
			process.kill(process.pid, 'SIGKILL');
			return;
		case 'writes':
			writeFileSync('made.txt', 'made by the server');
			return answer(id, text('written'));
		case 'changes':
			tools = [tool('work', { description: 'It does something else now.' }), tool('more')];
			notify('notifications/tools/list_changed');
			return answer(id, text('changed'));
		default:
			answer(id, text(`did ${what}`));
	}
}

function deep(levels: number): unknown {
	return levels === 0 ? {} : { a: { type: 'object', properties: deep(levels - 1) } };
}

async function flood(stream: NodeJS.WriteStream, piece: string, bytes: number): Promise<void> {
	for (let written = 0; written < bytes; written += piece.length)
		if (!stream.write(piece)) await new Promise((resolve) => stream.once('drain', resolve));
	note('flooded');
}
