/** The `hooks` of a settings file or of the setting `retrace.hooks`, read one by one: what is wrong is named, and the rest holds. Pure. */
import * as z from 'zod';
import { readMatcher } from './hookPattern.ts';
import { HOOK_POINTS, type Hook, type HookPoint, type HookSource } from './hookTypes.ts';

const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_TIMEOUT_MS = 600_000;
/** More in one file is a mistake, and each is a process. */
const MAX_HOOKS = 100;

const groupSchema = z.object({ matcher: z.string().default(''), hooks: z.array(z.unknown()) });
const commandSchema = z.object({
	type: z.literal('command'),
	command: z.string().trim().min(1),
	/** Seconds. */
	timeout: z.number().positive().optional(),
});

export type ParsedHooks = {
	readonly hooks: readonly Hook[];
	/** Sentences about what cannot be used. */
	readonly problems: readonly string[];
};

/** `value` is what stands under `hooks`; undefined = there is none. */
export function parseHooks(
	value: unknown,
	{ source, projectDir }: { readonly source: HookSource; readonly projectDir: string },
): ParsedHooks {
	if (value === undefined || value === null) return { hooks: [], problems: [] };
	const points = z.record(z.string(), z.unknown()).safeParse(value);
	if (!points.success)
		return { hooks: [], problems: ['`hooks` is not an object with a list for each point, so none is used.'] };
	const hooks: Hook[] = [];
	const problems: string[] = [];
	for (const [name, groups] of Object.entries(points.data)) {
		const point = HOOK_POINTS.find((one) => one === name);
		if (!point) {
			problems.push(`There is no hook point ${shown(name)} here, so its hooks do not run.`);
			continue;
		}
		const list = z.array(z.unknown()).safeParse(groups);
		if (!list.success) problems.push(`${point} is not a list, so its hooks do not run.`);
		for (const group of list.data ?? []) readGroup(group, point, hooks, problems, { source, projectDir });
	}
	if (hooks.length > MAX_HOOKS) problems.push(`Only the first ${MAX_HOOKS} hooks are used.`);
	return { hooks: hooks.slice(0, MAX_HOOKS), problems };
}

function readGroup(
	value: unknown,
	point: HookPoint,
	hooks: Hook[],
	problems: string[],
	place: Pick<Hook, 'source' | 'projectDir'>,
): void {
	const group = groupSchema.safeParse(value);
	if (!group.success) {
		problems.push(`An entry of ${point} is not \`{ "matcher", "hooks": [] }\`, so it does not run.`);
		return;
	}
	const { matcher } = group.data;
	if (!readMatcher(matcher)) {
		problems.push(`The matcher ${shown(matcher)} of ${point} cannot be read, so its hooks do not run.`);
		return;
	}
	for (const one of group.data.hooks) {
		const hook = commandSchema.safeParse(one);
		if (!hook.success) {
			problems.push(`A hook of ${point} is not \`{ "type": "command", "command": "…" }\`, so it does not run.`);
			continue;
		}
		const { command, timeout } = hook.data;
		const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : Math.min(timeout * 1000, MAX_TIMEOUT_MS);
		hooks.push({ point, matcher, command, timeoutMs, ...place });
	}
}

/** Here a matcher says nothing, and is passed over as it is elsewhere. */
const WITHOUT_SUBJECT: ReadonlySet<HookPoint> = new Set(['UserPromptSubmit', 'Stop']);

/** Those for this point and subject (a tool, a cause), each command once. */
export function hooksFor(hooks: readonly Hook[], point: HookPoint, subjects: readonly string[]): readonly Hook[] {
	const seen = new Set<string>();
	return hooks.filter((hook) => {
		if (hook.point !== point) return false;
		const isMatch = matcherOf(WITHOUT_SUBJECT.has(point) ? '' : hook.matcher);
		if (!subjects.some((subject) => isMatch(subject))) return false;
		const key = JSON.stringify([hook.command, hook.projectDir]);
		return !seen.has(key) && seen.add(key);
	});
}

const matchers = new Map<string, (name: string) => boolean>();

/** Read once. What cannot be read was left out when it was parsed. */
function matcherOf(matcher: string): (name: string) => boolean {
	let known = matchers.get(matcher);
	if (!known) {
		known = readMatcher(matcher) ?? (() => false);
		matchers.set(matcher, known);
	}
	return known;
}

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
