/** What endpoints were found to refuse, kept for all windows of this user, and the one sentence that tells it. */
import * as z from 'zod';
import {
	type EndpointFeature,
	type EndpointLimits,
	type EndpointSeen,
	endpointFeatures,
} from '../../core/model/endpointLimits.ts';
import type { KeptState } from './reminderForms.ts';

const KEY = 'retrace.endpointLimits';
/** More endpoints and models than anybody uses; the oldest is found out again. */
const MAX_KEPT = 200;
const shape = z.array(z.tuple([z.string(), z.array(z.enum(endpointFeatures))]));

export type EndpointMemory = EndpointLimits & {
	/** Forgets what is known of all models of the endpoint; false when nothing was. */
	forget(): boolean;
};

/** `endpoint` is the address that requests go to now. `tell` is called once for each thing that was found out. */
export function createEndpointMemory(
	state: KeptState,
	endpoint: () => string,
	tell: (model: string, feature: EndpointFeature, said: string | undefined) => void,
): EndpointMemory {
	// What an older or newer version kept may be of another form: then it is found out again.
	let kept: ReadonlyMap<string, readonly EndpointFeature[]> = new Map(shape.safeParse(state.get(KEY)).data ?? []);
	const nameOf = (model: string) => `${endpoint()} ${model}`;
	const keep = (next: ReadonlyMap<string, readonly EndpointFeature[]>) => {
		kept = new Map([...next].slice(-MAX_KEPT));
		// Worth no word when it cannot be kept: it holds for this window.
		void Promise.resolve(state.update(KEY, [...kept])).catch(() => undefined);
	};
	const seen = new Map<string, EndpointSeen>();
	return {
		seen(model) {
			const name = nameOf(model);
			const known = seen.get(name) ?? { accepted: new Set(), isTriedInVain: false };
			seen.set(name, known);
			return known;
		},
		refused: (model) => new Set(kept.get(nameOf(model))),
		remember(model, feature, said) {
			const name = nameOf(model);
			const known = kept.get(name) ?? [];
			if (known.includes(feature)) return;
			const others = [...kept].filter(([one]) => one !== name);
			keep(new Map([...others, [name, [...known, feature]]]));
			tell(model, feature, said);
		},
		forget() {
			for (const name of [...seen.keys()]) if (name.startsWith(`${endpoint()} `)) seen.delete(name);
			const others = [...kept].filter(([name]) => !name.startsWith(`${endpoint()} `));
			if (others.length === kept.size) return false;
			keep(new Map(others));
			return true;
		},
	};
}

/** What it means for the user. */
export const refusedText: Readonly<Record<EndpointFeature, string>> = {
	cache: 'no prompt cache, so every request is paid in full',
	thinking: 'no thinking',
	effort: 'no effort setting',
	counting: 'no counting of tokens, so the meter estimates',
	eagerInput: 'no early tool input, so edits show when they are complete',
	strict: 'no strict tool input',
	webSearch: 'no search of the web',
	effortUnthinking: 'no such effort while thinking is off, so its own is taken',
};
