/** What *Show Next Request* and its neighbours show is what goes out: without what the endpoint was found to refuse. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { it } from 'node:test';
import { type EndpointFeature, withinLimits, withoutFeatures } from '../../../src/core/model/endpointLimits.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { RequestView } from '../../../src/host/context/requestViews.ts';
import type { ModelChoice } from '../../../src/host/model/modelChoice.ts';
import type { OpenSession } from '../../../src/host/session/openSession.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createScriptedModel, text } from '../../fakes/scriptedModel.ts';

Object.assign(globalThis, {
	requestViewsVscode: { workspace: { getConfiguration: () => ({ get: () => undefined, inspect: () => undefined }) } },
});
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? {
					url: 'data:text/javascript,const v = globalThis.requestViewsVscode; export const { workspace } = v;',
					shortCircuit: true,
				}
			: next(specifier, context),
});
const { showRequest } = await import('../../../src/host/context/requestViews.ts');

it('shows the bytes that the endpoint gets, before a request and after it', async () => {
	const refused = new Set<EndpointFeature>(['cache', 'eagerInput']);
	const model = createScriptedModel([{ blocks: [text('Yes.')] }, { blocks: [text('No.')] }]);
	const limited = withinLimits(model, { refused: () => refused, remember: () => undefined });
	const { session, ports, run } = await createFixture({ model: limited, projectContext: () => 'Use tabs.' });
	const shown: unknown[] = [];
	const view = async (what: RequestView): Promise<ModelRequest> => {
		const choice = {
			...{ isOfficialEndpoint: false, reminderForms: undefined, modelFor: (id: string) => id },
			infoFor: () => ports.modelInfo(),
			asSent: (request: ModelRequest) => withoutFeatures(request, refused),
		} as unknown as ModelChoice;
		const documents = { show: async (_: string, body: unknown) => void shown.push(body) } as never;
		await showRequest(what, { session } as OpenSession, { ...ports, choice, documents, requestBody: (body) => body });
		return shown.at(-1) as ModelRequest;
	};
	const first = await view('nextRequest');
	await run('Is it?');
	const [sent] = model.requests;
	assert.ok(sent);
	assert.doesNotMatch(JSON.stringify(sent), /cache_control|eager_input/);
	assert.equal(JSON.stringify({ ...sent, messages: sent.messages.slice(0, -1) }), JSON.stringify(first));
	assert.equal(JSON.stringify(await view('lastRequest')), JSON.stringify(sent));
});
