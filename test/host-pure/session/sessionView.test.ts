/** A view whose session is closed and read again while something in the view waits for it: it never is without one, and shows the new one. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import type { OpenSession } from '../../../src/host/session/openSession.ts';
import type { ViewHost } from '../../../src/host/session/sessionView.ts';

const vscode =
	'export const workspace = { textDocuments: [] }; export const window = {}; export const Uri = {}; export const env = {};';
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? { url: `data:text/javascript,${encodeURIComponent(vscode)}`, shortCircuit: true }
			: next(specifier, context),
});
const { SessionView } = await import('../../../src/host/session/sessionView.ts');

const openSession = () => ({ session: { id: 'one', state: 'idle' } }) as unknown as OpenSession;
const closed = (open: OpenSession) => Object.assign(open.session, { state: 'closed' });

function scene() {
	const first = openSession();
	const opening = Promise.withResolvers<OpenSession>();
	let asked = 0;
	const open = () => {
		asked++;
		return opening.promise;
	};
	const view = new SessionView({ sessions: { open } } as unknown as ViewHost, 'side' as never, first);
	const shown: OpenSession[] = [];
	view.onDidShow((one) => shown.push(one));
	return { view, first, opening, shown, asked: () => asked };
}

test('a session that is read again while a message waits for it is shown, once', async () => {
	const { view, first, opening, shown } = scene();
	closed(first);
	const waiting = [view.wake(), view.wake()];
	assert.ok(view.isAwake);
	assert.equal(view.current, first);
	const again = openSession();
	// As the host does for each view that shows it.
	view.replaceWith(again);
	opening.resolve(again);
	assert.deepEqual(await Promise.all(waiting), [again, again]);
	assert.deepEqual(shown, [again]);
});

test('one that was closed and is opened again for a message is shown too', async () => {
	const { view, first, opening, shown } = scene();
	closed(first);
	const again = openSession();
	opening.resolve(again);
	assert.equal(await view.wake(), again);
	assert.deepEqual(shown, [again]);
});

test('a view that sleeps has none until it is woken, and one that is awake opens nothing', async () => {
	const { view, first, opening, shown, asked } = scene();
	assert.equal(await view.wake(), first);
	assert.equal(asked(), 0);
	view.sleep();
	assert.throws(() => view.current, /it sleeps/);
	const again = openSession();
	opening.resolve(again);
	assert.equal(await view.wake(), again);
	assert.deepEqual(shown, []);
});
