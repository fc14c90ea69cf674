/** Hooks in `.claude/settings.json` that would not run: read with the code that the agent reads them with. */
import { findNodeAtLocation, type Node } from 'jsonc-parser';
import { readMatcher } from '../core/hooks/hookPattern.ts';
import { HOOK_POINTS } from '../core/hooks/hookTypes.ts';

/** What does not run, and where it stands. */
type UnusedHook = { readonly node: Node; readonly message: string };

export function unusedHooks(tree: Node): readonly UnusedHook[] {
	const points = findNodeAtLocation(tree, ['hooks']);
	if (points?.type !== 'object') return [];
	return (points.children ?? []).flatMap(({ children }): UnusedHook[] => {
		const [key, groups] = children ?? [];
		if (typeof key?.value !== 'string') return [];
		if (!HOOK_POINTS.some((point) => point === key.value))
			return [
				{
					node: key,
					message: `Retrace has no hook point ${key.value}, so these do not run in it. It has: ${HOOK_POINTS.join(', ')}.`,
				},
			];
		return (groups?.children ?? []).flatMap(unusedInGroup);
	});
}

function unusedInGroup(group: Node): UnusedHook[] {
	const matcher = findNodeAtLocation(group, ['matcher']);
	if (typeof matcher?.value === 'string' && !readMatcher(matcher.value))
		return [
			{
				node: matcher,
				message:
					'This matcher cannot be read, so its hooks do not run: names with |, or a regular expression without look-around and back references.',
			},
		];
	const hooks = findNodeAtLocation(group, ['hooks'])?.children ?? [];
	return hooks.flatMap((hook): UnusedHook[] => {
		const type = findNodeAtLocation(hook, ['type']);
		return typeof type?.value === 'string' && type.value !== 'command'
			? [{ node: type, message: `Retrace runs hooks of the type command only, so this one does not run in it.` }]
			: [];
	});
}
