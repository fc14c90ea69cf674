/** The steps of the model test of checkpoints: what agents, commands, people, crashes and restores may do, as data for fast-check. */
import fc from 'fast-check';

/** Absolute paths below the root are made from these. */
export const NAMES = ['a', 'b', 'd/c', 'd/e/f'] as const;
export type Name = (typeof NAMES)[number];

/** A change of lines. The text that is put in is made when it is used, so that no two people ever write the same line. */
export type LineEdit = { readonly at: number; readonly how: 'insert' | 'change' | 'cut' | 'empty' };
export type DiskAct =
	| { readonly kind: 'edit'; readonly name: Name; readonly edit: LineEdit }
	| { readonly kind: 'remove'; readonly name: Name }
	| { readonly kind: 'move'; readonly name: Name; readonly to: Name }
	| { readonly kind: 'mode'; readonly name: Name; readonly mode: number }
	| { readonly kind: 'link'; readonly name: Name; readonly target: string };

const name = fc.constantFrom(...NAMES, 'a' as const);
const edit: fc.Arbitrary<LineEdit> = fc.record({
	at: fc.nat(8),
	how: fc.constantFrom('insert', 'insert', 'change', 'change', 'cut', 'empty'),
});
const diskAct: fc.Arbitrary<DiskAct> = fc.oneof(
	{ weight: 4, arbitrary: fc.record({ kind: fc.constant('edit' as const), name, edit }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), name }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('move' as const), name, to: name }) },
	{
		weight: 1,
		arbitrary: fc.record({ kind: fc.constant('mode' as const), name, mode: fc.constantFrom(0o644, 0o755, 0o600) }),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			...{ kind: fc.constant('link' as const), name },
			target: fc.constantFrom('b', '/etc/hostname', 'nowhere'),
		}),
	},
);
/** Which of the two sessions acts. The first one does most of it. */
const by = fc.constantFrom(0, 0, 0, 1);
/** `torn`: as a killed process leaves a file; `half`: as only a power cut might. */
const crash = fc.record({ at: fc.nat(3), how: fc.constantFrom('before', 'after', 'torn', 'half') });
const choice = fc.constantFrom('nothing', 'nothing', 'overwrite', 'keep', 'hunks');

export const step = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ kind: fc.constant('agent' as const), by, name, edit }) },
	{
		weight: 5,
		arbitrary: fc.record({
			...{ kind: fc.constant('shell' as const), by, acts: fc.array(diskAct, { minLength: 1, maxLength: 4 }) },
			isUnknown: fc.constantFrom(false, false, false, true),
		}),
	},
	{ weight: 4, arbitrary: fc.record({ kind: fc.constant('type' as const), name, edit, isSaved: fc.boolean() }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('save' as const), name }) },
	{ weight: 2, arbitrary: fc.record({ kind: fc.constant('external' as const), act: diskAct }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('agentCrash' as const), by, name, edit, crash }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('reload' as const), by }) },
	{ weight: 2, arbitrary: fc.record({ kind: fc.constant('prompt' as const), by }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), by }) },
	{
		weight: 5,
		arbitrary: fc.record({
			...{ kind: fc.constant('rewind' as const), by, share: fc.nat(100), choice },
			scope: fc.constantFrom('both', 'code', 'code', 'conversation'),
			crash: fc.option(crash, { freq: 4 }),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('turnUndo' as const), by, share: fc.nat(100), choice }) },
	{ weight: 3, arbitrary: fc.record({ kind: fc.constant('undo' as const), by, crash: fc.option(crash, { freq: 6 }) }) },
	{ weight: 3, arbitrary: fc.record({ kind: fc.constant('redo' as const), by }) },
);
type Generated<A> = A extends fc.Arbitrary<infer T> ? T : never;
export type Step = Generated<typeof step>;
export type Crash = Generated<typeof crash>;
export type Choice = Generated<typeof choice>;

/** What a write leaves that ends in the middle; undefined: what was there. */
export function cutWrite(crash: Crash, old: string | undefined, text: string): string | undefined {
	if (crash.how === 'half')
		return text.slice(0, Math.ceil(text.length / 2)) + (old ?? '').slice(Math.ceil(text.length / 2));
	if (crash.how !== 'torn') return undefined;
	if (old === undefined) return '';
	return text.length < old.length ? text + old.slice(text.length) : undefined;
}
