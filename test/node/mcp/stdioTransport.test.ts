/** What is told when the pipe to a server breaks before its end is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mcpSdk } from '../../../src/node/mcp/mcpSdk.ts';
import { createStdioTransport } from '../../../src/node/mcp/stdioTransport.ts';

test('a server that ends as it is spoken to is told as ended, with its reason', async () => {
	const args = ['-c', 'exec 0<&-; echo "Cannot find the database" >&2; sleep 0.1; exit 3'];
	const server = { kind: 'stdio', command: '/bin/sh', args, env: {} } as const;
	const transport = createStdioTransport(mcpSdk, server, process.cwd(), [], () => undefined);
	await transport.start();
	const ping = { jsonrpc: '2.0', id: 1, method: 'ping' } as const;
	const told = async (): Promise<unknown> => {
		// Until the shell has closed its end, the pipe takes it.
		for (;;) {
			try {
				await transport.send(ping);
			} catch (error) {
				return error;
			}
		}
	};
	assert.match(String(await told()), /exit code 3: Cannot find the database/);
	await transport.close();
});
