/** What is wrong between the `---` lines: YAML, keys, values, tools, models and globs. */
import type { Range } from 'vscode-languageserver';
import { type Frontmatter, type FrontmatterField, parseFrontmatter } from '../core/memory/frontmatter.ts';
import { impossibleGlob } from '../core/memory/impossibleGlob.ts';
import { pathRuleOf } from '../core/memory/pathRules.ts';
import { unusedInstead } from '../core/skills/unusedKeys.ts';
import { toolProblem } from '../core/tools/toolProblem.ts';
import { frontmatterKeys, type KeyType, MODEL_ALIASES } from './frontmatterKeys.ts';
import { hasMatch } from './globProblems.ts';
import { positionAt } from './positionAt.ts';
import type { Problem } from './problem.ts';
import { type ContextDocument, type Surroundings, toRange } from './surroundings.ts';
import { toolMentions } from './toolMentions.ts';

export async function frontmatterProblems(
	document: ContextDocument,
	surroundings: Surroundings,
): Promise<readonly Problem[]> {
	const keys = frontmatterKeys(document.kind);
	if (!keys) return [];
	const frontmatter = parseFrontmatter(document.text);
	const required = Object.entries(keys).filter(([, { isRequired }]) => isRequired);
	if (!frontmatter) {
		const names = required.map(([name]) => name).join(', ');
		const isOpen = /^---[ \t]*\r?\n/.test(document.text);
		if (isOpen)
			return [
				at(document, 0, 3, 'frontmatter-open', 'The frontmatter has no end: close it with a line of ---.', 'error'),
			];
		if (names === '') return [];
		return [at(document, 0, 0, 'frontmatter-missing', `This file needs frontmatter with ${names}.`, 'error')];
	}
	const problems: Problem[] = frontmatter.problems.map(({ message, range }) => ({
		code: 'frontmatter-yaml',
		range: toRange(range),
		message,
		level: 'error',
	}));
	// What YAML does not understand may be read as anything.
	if (problems.length > 0) return problems;
	for (const field of frontmatter.fields.values()) {
		const key = Object.hasOwn(keys, field.key) ? keys[field.key] : undefined;
		if (!key) {
			const names = Object.keys(keys).join(', ');
			const message = `${field.key} has no meaning here. There are ${names}.`;
			problems.push({ code: 'frontmatter-key', range: toRange(field.keyRange), message, level: 'warning' });
			continue;
		}
		const instead = unusedInstead(document.kind, field.key, field.value);
		if (instead !== undefined) {
			const message = `Retrace does not use ${field.key} here: ${instead}.`;
			problems.push({ code: 'frontmatter-unused', range: toRange(field.keyRange), message, level: 'note' });
		}
		const wrong = wrongValue(field, key.type);
		if (wrong !== undefined)
			problems.push({ code: 'frontmatter-value', range: toRange(field.range), message: wrong, level: 'error' });
		else problems.push(...deeperProblems(field, key.type, document, surroundings));
	}
	for (const [name] of required)
		if (!frontmatter.fields.has(name))
			problems.push(
				at(document, 0, 3, 'frontmatter-missing', `${name} is missing: nobody can know when to use this.`, 'error'),
			);
	problems.push(...(await unmatched(document, frontmatter, surroundings)));
	return problems;
}

/** A sentence, when the value is of another type. */
function wrongValue({ key, value, items }: FrontmatterField, type: KeyType): string | undefined {
	const isText = (one: unknown) => typeof one === 'string' || typeof one === 'number';
	if (typeof type !== 'string')
		return type.includes(String(value)) ? undefined : `${key} is one of ${type.join(', ')}.`;
	switch (type) {
		case 'text':
		case 'model':
			return isText(value) ? undefined : `${key} is a text.`;
		case 'boolean':
			return typeof value === 'boolean' ? undefined : `${key} is true or false.`;
		case 'number':
			return typeof value === 'number' && value > 0 ? undefined : `${key} is a number above 0.`;
		case 'tools':
		case 'texts':
		case 'globs':
			return items.every((item) => isText(item.value)) ? undefined : `${key} is a text, or a list of texts.`;
		case 'any':
			return undefined;
	}
}

function deeperProblems(
	field: FrontmatterField,
	type: KeyType,
	document: ContextDocument,
	{ tools, models }: Surroundings,
): readonly Problem[] {
	if (type === 'tools')
		return toolMentions(field, document.text).flatMap(({ name, startOffset, endOffset }) => {
			const problem = toolProblem(name, tools);
			return problem ? [at(document, startOffset, endOffset, 'tool-unknown', problem.message, problem.level)] : [];
		});
	if (type === 'model') {
		const name = String(field.value);
		const isKnown = MODEL_ALIASES.includes(name) || models.some(({ id }) => id === name || name.startsWith(`${id}-20`));
		return isKnown
			? []
			: [
					{
						code: 'model-unknown',
						range: toRange(field.range),
						message: `${name} is no model that is known.`,
						level: 'note',
					},
				];
	}
	if (type === 'globs')
		return field.items.flatMap(({ value, range }) => {
			const message = impossibleGlob(String(value));
			return message === undefined
				? []
				: [{ code: 'glob-impossible', range: toRange(range), message, level: 'warning' } as const];
		});
	return [];
}

/** A rule for paths that are not there (yet). */
async function unmatched(
	document: ContextDocument,
	frontmatter: Frontmatter,
	surroundings: Surroundings,
): Promise<readonly Problem[]> {
	const field = frontmatter.fields.get('paths');
	if (document.kind !== 'rule' || !field) return [];
	const { paths = [] } = pathRuleOf(document.text);
	const range = toRange(field.range);
	if (paths.every((path) => path.startsWith('!'))) {
		const message = 'This rule can never hold: no pattern says what it is for.';
		return [{ code: 'glob-impossible', range, message, level: 'warning' }];
	}
	if (paths.some((path) => impossibleGlob(path) !== undefined)) return [];
	const { all } = await surroundings.projectFiles();
	if (!all || hasMatch(paths, all)) return [];
	return [
		{
			code: 'glob-unmatched',
			range,
			message: 'No file of this workspace matches, so this rule never comes in now.',
			level: 'note',
		},
	];
}

function at(
	document: ContextDocument,
	startOffset: number,
	endOffset: number,
	code: string,
	message: string,
	level: Problem['level'],
): Problem {
	const place = positionAt(document.text);
	const range: Range = { start: place(startOffset), end: place(endOffset) };
	return { code, range, message, level };
}
