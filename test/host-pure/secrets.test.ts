/** Keys belong to one origin: which one a key is given out for, and what of the environment counts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../../src/base/errors.ts';
import { createApiKeys, originOf } from '../../src/host/secrets.ts';

/** As VS Code's: keeps strings, lists the names. */
function createSecretStorage() {
	const kept = new Map<string, string>();
	const listeners: ((event: { readonly key: string }) => void)[] = [];
	const asked: string[] = [];
	return {
		kept,
		asked,
		/** Another window changed something. */
		tell: (key: string) => {
			for (const listener of listeners) listener({ key });
		},
		get: async (name: string) => {
			asked.push(name);
			if (kept.get(name) === 'unreadable') throw new Error('locked');
			return kept.get(name);
		},
		store: async (name: string, value: string) => void kept.set(name, value),
		delete: async (name: string) => void kept.delete(name),
		keys: async () => [...kept.keys()],
		onDidChange: (listener: (event: { readonly key: string }) => void) => {
			listeners.push(listener);
			return { dispose: () => void listeners.splice(0) };
		},
	};
}

describe('a stored key', () => {
	const check = (baseUrl: string, isGiven: boolean) =>
		test(`for https://a.example is ${isGiven ? 'given' : 'not given'} to ${baseUrl}`, async () => {
			const keys = createApiKeys(createSecretStorage(), {});
			await keys.store('https://a.example', 'key-a');
			assert.equal(await keys.keyFor(baseUrl), isGiven ? 'key-a' : undefined);
		});
	check('https://a.example', true);
	check('https://a.example/', true);
	check('https://A.EXAMPLE:443/gateway/v1', true);
	check('http://a.example', false);
	check('http://a.example:443', false);
	check('https://a.example:8443', false);
	check('https://b.example', false);
	check('https://a.example.b.example', false);
	check('https://sub.a.example', false);
	check('https://b.example/https://a.example', false);
	check('https://a.example@b.example', false);
	check('https://b.example#https://a.example', false);

	test('is given to who asks while it is still being stored', async () => {
		const storage = createSecretStorage();
		const stored = Promise.withResolvers<void>();
		const keys = createApiKeys(
			{ ...storage, store: (name: string, value: string) => stored.promise.then(() => storage.store(name, value)) },
			{},
		);
		assert.equal(await keys.keyFor('https://a.example'), undefined);
		const storing = keys.store('https://a.example', 'key-a');
		const asked = keys.keyFor('https://a.example');
		stored.resolve();
		assert.equal(await asked, 'key-a');
		await storing;
	});

	test('is removed for its own origin only', async () => {
		const storage = createSecretStorage();
		const keys = createApiKeys(storage, {});
		await keys.store('https://a.example', 'key-a');
		await keys.store('https://b.example', 'key-b');
		await keys.remove('https://a.example/v1');
		assert.equal(await keys.keyFor('https://a.example'), undefined);
		assert.equal(await keys.keyFor('https://b.example'), 'key-b');
		assert.deepEqual([...storage.kept.keys()], ['apiKey:https://b.example']);
	});
});

test('the key of the environment counts where none is stored, and the stored one wins', async () => {
	const keys = createApiKeys(createSecretStorage(), { ANTHROPIC_API_KEY: 'key-e' });
	assert.equal(await keys.keyFor('https://a.example'), 'key-e');
	await keys.store('https://a.example', 'key-a');
	assert.equal(await keys.keyFor('https://a.example'), 'key-a');
	assert.equal(
		await createApiKeys(createSecretStorage(), { ANTHROPIC_API_KEY: '' }).keyFor('https://a.example'),
		undefined,
	);
});

describe('the storage is asked', () => {
	const name = 'apiKey:https://a.example';
	test('once for many requests', async () => {
		const storage = createSecretStorage();
		const keys = createApiKeys(storage, {});
		await keys.store('https://a.example', 'key-a');
		for (let request = 0; request < 3; request++) assert.equal(await keys.keyFor('https://a.example'), 'key-a');
		assert.deepEqual(storage.asked, [name]);
	});
	test('again when a key was changed here or in another window', async () => {
		const storage = createSecretStorage();
		const keys = createApiKeys(storage, {});
		assert.equal(await keys.keyFor('https://a.example'), undefined);
		await keys.store('https://a.example', 'key-1');
		assert.equal(await keys.keyFor('https://a.example'), 'key-1');
		storage.kept.set(name, 'key-2');
		storage.tell(name);
		assert.equal(await keys.keyFor('https://a.example'), 'key-2');
		await keys.remove('https://a.example');
		assert.equal(await keys.keyFor('https://a.example'), undefined);
	});
	test('again when it could not answer', async () => {
		const storage = createSecretStorage();
		const keys = createApiKeys(storage, {});
		storage.kept.set(name, 'unreadable');
		await assert.rejects(keys.keyFor('https://a.example'), { message: 'locked' });
		storage.kept.set(name, 'key-a');
		assert.equal(await keys.keyFor('https://a.example'), 'key-a');
	});
});

describe('an address that is none', () => {
	for (const baseUrl of ['', 'a.example', '/v1', 'http://'])
		test(`“${baseUrl}” gets no key, also not the environment’s`, async () => {
			const keys = createApiKeys(createSecretStorage(), { ANTHROPIC_API_KEY: 'key-e' });
			const isBad = (error: unknown) => error instanceof UserError && error.code === 'bad-base-url';
			await assert.rejects(keys.keyFor(baseUrl), isBad);
			await assert.rejects(keys.store(baseUrl, 'key'), isBad);
			assert.throws(() => originOf(baseUrl), isBad);
		});
	// Both would share the origin “null” with every other address of their kind.
	for (const baseUrl of ['file:///etc/passwd', 'data:text/plain,x', 'localhost:8080'])
		test(`“${baseUrl}” gets no key`, () =>
			assert.throws(
				() => originOf(baseUrl),
				(error) => error instanceof UserError && error.code === 'bad-base-url',
			));
});

test('every key that must not leave is known, whatever its origin', async () => {
	const keys = createApiKeys(createSecretStorage(), { ANTHROPIC_API_KEY: 'key-env' });
	await keys.store('https://a.example', 'key-a');
	await keys.store('http://b.example:8080', 'key-b');
	assert.deepEqual([...(await keys.all())].sort(), ['key-a', 'key-b', 'key-env']);
});
