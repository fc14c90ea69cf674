/** The choice of a model in a window: always the scripted one, at an endpoint that takes everything. */
import type { StreamModel } from '../../src/core/model/modelPort.ts';
import type { ModelChoice } from '../../src/host/model/modelChoice.ts';

export function createScriptedChoice(model: StreamModel, infoFor: ModelChoice['infoFor']): ModelChoice {
	return {
		...{ isDemo: false, isOfficialEndpoint: false, reminderForms: undefined, provider: 'scripted', needsSetup: false },
		...{ models: [], streamModel: () => model, forgetEndpoint: () => undefined, asSent: (request) => request },
		...{ takes: () => true, hasKey: async () => true, modelFor: (current) => current ?? '' },
		...{ smallModelFor: (current) => current, infoFor },
		...{ onDidChange: () => ({ dispose: () => undefined }), dispose: () => undefined },
	};
}
