import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childEnvironment } from '../../../src/node/process/childEnvironment.ts';

test('a child gets the environment without keys, what is the host’s own, and what is hidden by name', () => {
	const from = {
		...{ PATH: '/bin', HOME: '/home/u', MY_ANTHROPIC_NOTE: 'kept', EMPTY: '' },
		...{ ANTHROPIC_API_KEY: 'k', ANTHROPIC_AUTH_TOKEN: 'k', ANTHROPIC_BASE_URL: 'u', anthropic_custom: 'k' },
		...{ VSCODE_IPC_HOOK: 'x', vscode_pid: '1', ELECTRON_RUN_AS_NODE: '1', Server_Key: 'k', gone: undefined },
	};
	assert.deepEqual(childEnvironment(from, ['SERVER_KEY']), {
		...{ PATH: '/bin', HOME: '/home/u', MY_ANTHROPIC_NOTE: 'kept', EMPTY: '' },
	});
});
