// Waiting for what the editor does in its own time, in tests inside the extension host.
import assert from 'node:assert/strict';

/** Asks again every 50 ms; fails after 25 s, which nothing takes that works. */
export async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
	for (let tries = 0; tries < 500; tries++) {
		if (await isTrue()) return;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	assert.fail('It did not become true in time.');
}
