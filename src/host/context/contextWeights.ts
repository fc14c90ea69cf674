/** Tells the language server what memory files weigh in the session that is shown, so that its figures are those of the context. */
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Surfaces } from '../agentTypes.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import type { ContextInspector } from './contextInspector.ts';
import type { ContextMeters } from './contextMeters.ts';

/** A reply changes the meter many times a second; the figures beside a text need not follow each of them. */
const TELL_AFTER_MS = 300;

export type WeightsWorld = {
	readonly files: Surfaces['contextFiles'];
	readonly inspector: Pick<ContextInspector, 'memoryWeights'>;
	readonly meters: Pick<ContextMeters, 'onDidChange'>;
	readonly host: Pick<SessionHost, 'current'>;
	onError(event: string, error: unknown): void;
};

export function tellMemoryWeights({ files, inspector, meters, host, onError }: WeightsWorld): Disposable {
	const store = new DisposableStore();
	let waiting: NodeJS.Timeout | undefined;
	let told = '';
	const tell = async () => {
		try {
			const weights = await inspector.memoryWeights(host.current);
			const text = JSON.stringify(weights);
			if (text === told) return;
			told = text;
			await files.setWeights(weights);
		} catch (error) {
			// The figures stay what they were.
			onError('contextFiles.weights', error);
		}
	};
	const later = () => {
		if (!files.isRunning || waiting !== undefined) return;
		waiting = setTimeout(() => {
			waiting = undefined;
			void tell();
		}, TELL_AFTER_MS);
	};
	store.add(meters.onDidChange(later));
	store.add(
		files.onDidStart(() => {
			told = '';
			later();
		}),
	);
	store.add({ dispose: () => clearTimeout(waiting) });
	later();
	return store;
}
