// A server over stdio with a tool that asks the user two things, and a resource. Speaks the protocol by hand.
import { createInterface } from 'node:readline';

type Message = {
	readonly id?: number | string;
	readonly method?: string;
	readonly params?: Readonly<Record<string, unknown>>;
	readonly result?: unknown;
};

const send = (message: object): void =>
	void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const form = {
	type: 'object',
	properties: {
		guests: { type: 'integer', title: 'Guests', description: 'How many come', minimum: 1, maximum: 8 },
		area: { type: 'string', enum: ['Inside', 'Terrace'] },
	},
	required: ['guests', 'area'],
};
/** The call that waits for the user's answer. */
let waiting: Message['id'];

createInterface({ input: process.stdin })
	.on('line', (line) => take(JSON.parse(line) as Message))
	.on('close', () => process.exit(0));

function take({ id, method, params, result }: Message) {
	switch (method) {
		case 'initialize':
			return send({
				id,
				result: {
					protocolVersion: params?.protocolVersion,
					capabilities: { tools: {}, resources: {} },
					serverInfo: { name: 'booking', title: 'Table booking', version: '1.2.0' },
				},
			});
		case 'tools/list': {
			const description = 'Books a table, after asking the guest for the number of people.';
			return send({ id, result: { tools: [{ name: 'book_table', description, inputSchema: { type: 'object' } }] } });
		}
		case 'resources/list':
			return send({ id, result: { resources: [{ uri: 'menu://today', name: 'Menu of the day' }] } });
		case 'resources/read':
			return send({ id, result: { contents: [{ uri: 'menu://today', mimeType: 'text/plain', text: 'Lentil soup' }] } });
		case 'tools/call':
			waiting = id;
			return send({
				id: 'question',
				method: 'elicitation/create',
				params: { message: 'For how many people, and where?', requestedSchema: form },
			});
		case 'ping':
			return send({ id, result: {} });
		default:
			if (id === 'question')
				return send({
					id: waiting,
					result: { content: [{ type: 'text', text: `Booked: ${JSON.stringify(result)}` }] },
				});
			if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } });
	}
}
