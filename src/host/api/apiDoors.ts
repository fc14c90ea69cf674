/** What other extensions hand over, looked at before anything is kept: they may be written in JavaScript, and a wrong effect would be a wrong question. */
import * as z from 'zod';
import { UserError } from '../../base/errors.ts';

const aFunction = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', 'must be a function');
const optionalFunction = aFunction.optional();
const shapes = {
	tool: z.looseObject({
		name: z.string(),
		description: z.string().refine((text) => text.trim() !== '', 'must say what the tool does'),
		inputSchema: z.record(z.string(), z.unknown()),
		effect: z.enum(['read', 'network', 'execute']),
		run: aFunction,
	}),
	interceptor: z
		.looseObject({ validate: optionalFunction, before: optionalFunction, after: optionalFunction })
		.refine(
			({ validate, before, after }) => validate !== undefined || before !== undefined || after !== undefined,
			'must have validate, before or after',
		),
	'prompt validator': aFunction,
	'system prompt section': z.looseObject({
		id: z.string().refine((id) => id.trim() !== '', 'must not be empty'),
		text: z.string(),
	}),
	listener: aFunction,
	'session id': z.string(),
	'entry id': z.string().optional(),
	prompt: z.string().refine((text) => text.trim() !== '', 'must not be empty'),
} as const;

/** The value as it is. Throws UserError with all that is wrong about it. */
export function checked<T>(what: keyof typeof shapes, value: T): T {
	const parsed = shapes[what].safeParse(value);
	if (parsed.success) return value;
	const problems = parsed.error.issues.map(({ path, message }) => [...path, message].join(': '));
	throw new UserError(
		`bad-${what.replaceAll(' ', '-')}`,
		`This is no ${what}: ${problems.join('; ')}. Nothing was done.`,
	);
}
