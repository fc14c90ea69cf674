import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKeys } from '../../src/host/secrets.ts';
import { secretsIn } from '../../src/host/storedSecrets.ts';

const signIn = JSON.stringify({
	client: { client_id: 'public-client', client_secret: 'hush-hush-hush', redirect_uris: ['https://x.example/cb'] },
	tokens: { access_token: 'access-123456', refresh_token: 'refresh-123456', token_type: 'Bearer', scope: 'read write' },
	redirectUrl: 'vscode://retrace.retrace/mcp-auth',
});

test('of a sign-in only what is secret is kept out of exports, so that other words stay', () => {
	assert.deepEqual(secretsIn('mcpAuth:https://x.example', signIn), [
		'hush-hush-hush',
		'access-123456',
		'refresh-123456',
	]);
	assert.deepEqual(secretsIn('mcpAuth:x', 'no JSON'), []);
	assert.deepEqual(secretsIn('mcpInput:["/w","key"]', 'the whole'), ['the whole']);
	assert.deepEqual(secretsIn('apiKey:https://a.example', 'sk-1'), ['sk-1']);
});

test('all that is kept is known to who writes an export', async () => {
	const kept = new Map([
		['apiKey:https://a.example', 'sk-1'],
		['mcpAuth:https://x.example', signIn],
		['mcpInput:["","key"]', 'typed by the user'],
	]);
	const storage = {
		get: async (name: string) => kept.get(name),
		store: async () => undefined,
		delete: async () => undefined,
		keys: async () => [...kept.keys()],
		onDidChange: () => ({ dispose: () => undefined }),
	};
	const all = await createApiKeys(storage, { ANTHROPIC_API_KEY: 'sk-2' }).all();
	assert.deepEqual(all, ['sk-1', 'hush-hush-hush', 'access-123456', 'refresh-123456', 'typed by the user', 'sk-2']);
});
