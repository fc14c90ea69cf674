import assert from 'node:assert/strict';
import test from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { planRestore } from '../../../src/core/checkpoint/restorePlan.ts';
import { createSessionWorld } from '../../fakes/sessionWorld.ts';

test('a file whose content went with the storage limit is blocked with that reason, and the others are restored', async () => {
	const world = await createSessionWorld({ '/w/a': 'one', '/w/b': 'one b' });
	await world.agent('/w/a', 'two');
	await world.agent('/w/b', 'two b');
	const gone = world.blobs.hash(new TextEncoder().encode('one'));
	const reason = 'its content was removed to keep within the storage limit';
	const blobs: typeof world.blobs = {
		...world.blobs,
		get: async (ref) => {
			if (ref.$blob === gone) throw new UserError('blob-removed', reason);
			return await world.blobs.get(ref);
		},
	};
	const { files } = await planRestore({ ...world, blobs, toEpoch: 0 }, new AbortController().signal);
	assert.deepEqual(
		files.map(({ file, status, note }) => [file.rel, status, note]),
		[
			['a', 'blocked', reason],
			['b', 'ok', ''],
		],
	);
});
