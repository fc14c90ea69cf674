/**
 * Whether a value is as a schema of a server says. Both are untrusted, so nothing is compiled, no pattern is run, and the work is bounded:
 * what it does not know of JSON schema counts as fine. Pure.
 */
import { plainLine } from './readOffers.ts';

const MAX_PROBLEMS = 3;
const MAX_STEPS = 20_000;
/** Of a value, and of references that lead to references. */
const MAX_DEPTH = 64;
const MAX_NAME_CHARS = 60;

type Schema = Readonly<Record<string, unknown>>;

/** The first few, each as `where: what`. */
export function valueProblems(value: unknown, root: Schema): readonly string[] {
	let steps = 0;
	const problems: string[] = [];
	const say = (where: string, what: string) => {
		if (problems.length < MAX_PROBLEMS) problems.push(`${where === '' ? 'the whole' : plainLine(where, 200)}: ${what}`);
	};
	const fits = (part: unknown, schema: unknown, depth: number): boolean => {
		const before = problems.length;
		const kept = problems.splice(0);
		look(part, schema, '', depth + 1);
		const isFine = problems.length === 0;
		problems.splice(0, problems.length, ...kept.slice(0, before));
		return isFine;
	};
	const look = (part: unknown, schema: unknown, where: string, depth: number): void => {
		if (++steps > MAX_STEPS || depth > MAX_DEPTH || problems.length >= MAX_PROBLEMS) return;
		if (schema === false) say(where, 'must not be there');
		if (!isRecord(schema)) return;
		if (typeof schema.$ref === 'string') {
			const target = referred(root, schema.$ref);
			if (target !== undefined) look(part, target, where, depth + 1);
		}
		const types = schema.type === undefined ? [] : Array.isArray(schema.type) ? schema.type : [schema.type];
		if (types.length > 0 && !types.some((type) => isOfType(part, type))) {
			say(where, `must be ${types.map((type) => plainLine(String(type), 20)).join(' or ')}`);
			return;
		}
		if ('const' in schema && !isSame(part, schema.const)) say(where, 'is not the one value it may have');
		if (Array.isArray(schema.enum) && !schema.enum.some((one) => isSame(part, one)))
			say(where, 'is none of the values it may have');
		for (const one of asList(schema.allOf)) look(part, one, where, depth + 1);
		if (Array.isArray(schema.anyOf) && !schema.anyOf.some((one) => fits(part, one, depth)))
			say(where, 'fits none of its forms');
		if (Array.isArray(schema.oneOf) && !schema.oneOf.some((one) => fits(part, one, depth)))
			say(where, 'fits none of its forms');
		if (Array.isArray(part)) lookAtItems(part, schema, where, depth + 1);
		else if (isRecord(part)) lookAtProperties(part, schema, where, depth + 1);
	};
	const lookAtItems = (items: readonly unknown[], schema: Schema, where: string, depth: number): void => {
		const first = asList(schema.prefixItems);
		for (const [index, item] of items.entries()) {
			if (problems.length >= MAX_PROBLEMS || steps > MAX_STEPS) return;
			const own = index < first.length ? first[index] : Array.isArray(schema.items) ? undefined : schema.items;
			look(item, own, `${where}[${index}]`, depth);
		}
	};
	const lookAtProperties = (record: Schema, schema: Schema, where: string, depth: number): void => {
		const at = (name: string) => (where === '' ? '' : `${where}.`) + name.slice(0, MAX_NAME_CHARS);
		const properties = isRecord(schema.properties) ? schema.properties : {};
		for (const name of asList(schema.required))
			if (typeof name === 'string' && !Object.hasOwn(record, name)) say(at(name), 'is missing');
		const hasPatterns = isRecord(schema.patternProperties);
		for (const [name, value] of Object.entries(record)) {
			if (problems.length >= MAX_PROBLEMS || steps > MAX_STEPS) return;
			if (Object.hasOwn(properties, name)) look(value, properties[name], at(name), depth);
			else if (!hasPatterns && schema.additionalProperties === false) say(at(name), 'is not declared');
			else if (!hasPatterns) look(value, schema.additionalProperties, at(name), depth);
		}
	};
	look(value, root, '', 0);
	return problems;
}

function isOfType(value: unknown, type: unknown): boolean {
	switch (type) {
		case 'object':
			return isRecord(value);
		case 'array':
			return Array.isArray(value);
		case 'integer':
			return Number.isInteger(value);
		case 'null':
			return value === null;
		case 'string':
		case 'number':
		case 'boolean':
			return typeof value === type;
		default:
			return true;
	}
}

/** What a reference within the schema leads to. A circle of them ends with the steps. */
function referred(root: Schema, reference: string): unknown {
	if (reference === '#') return root;
	if (!reference.startsWith('#/')) return undefined;
	let at: unknown = root;
	for (const part of reference.slice(2).split('/')) {
		const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
		if (!isRecord(at) || !Object.hasOwn(at, name)) return undefined;
		at = at[name];
	}
	return at;
}

/** What is no plain value is not compared: it may be large, and there may be many. */
const isSame = (one: unknown, other: unknown): boolean => one === other || (typeof one === 'object' && one !== null);

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const isRecord = (value: unknown): value is Schema =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
