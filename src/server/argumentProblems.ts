/** What is wrong with the arguments of skills and commands: names that cannot be one, and places that are counted from 1. */
import { parseFrontmatter } from '../core/memory/frontmatter.ts';
import { isArgumentName } from '../core/skills/argumentNames.ts';
import { positionAt } from './positionAt.ts';
import type { Problem } from './problem.ts';
import { type ContextDocument, toRange } from './surroundings.ts';

const INDEXED = /(?<!\\)\$(?:ARGUMENTS\[(\d{1,3})\]|(\d{1,3})(?![\w.,]*\d|\w))/g;

export function argumentProblems({ kind, text }: ContextDocument): readonly Problem[] {
	if (kind !== 'skill' && kind !== 'command') return [];
	const frontmatter = parseFrontmatter(text);
	const field = frontmatter?.fields.get('arguments');
	const problems: Problem[] = [];
	for (const { value, range } of field?.items ?? [])
		for (const name of String(value ?? '').split(/[\s,]+/))
			if (name !== '' && !isArgumentName(name))
				problems.push({
					...{ code: 'argument-name', level: 'warning', range: toRange(range) },
					message: `${name} cannot be the name of an argument: it is letters, digits, - and _, begins with a letter, and is not ARGUMENTS.`,
				});
	const bodyOffset = frontmatter?.bodyOffset ?? 0;
	const indexed = [...text.slice(bodyOffset).matchAll(INDEXED)];
	const numbers = indexed.map(([, whole, short]) => Number(whole ?? short));
	const [first] = indexed;
	if (first && !numbers.includes(0)) {
		const place = positionAt(text);
		const from = bodyOffset + first.index;
		problems.push({
			...{ code: 'argument-from-one', level: 'note' },
			range: { start: place(from), end: place(from + first[0].length) },
			message: `Arguments are counted from 0: the first one is $0, and ${first[0]} is the one with ${plainNumber(numbers[0] ?? 0)} before it. For a text that is meant as it is, write \\${first[0]}.`,
		});
	}
	return problems;
}

const plainNumber = (count: number): string => (count === 1 ? 'one' : String(count));
