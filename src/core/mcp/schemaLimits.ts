/** What a schema of a tool may be: a JSON schema of an object, within bounds of size and depth. Pure. */
import { utf8Length } from '../../base/text.ts';

const MAX_SCHEMA_BYTES = 48 * 1024;
const MAX_DEPTH = 32;
const MAX_NODES = 5_000;
const TYPES: ReadonlySet<unknown> = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);
/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const ONE = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'];
const MANY = ['anyOf', 'oneOf', 'allOf', 'prefixItems'];
const NAMED = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];

/** Undefined when it is fine; else what is wrong with it, as the end of a sentence. */
export function schemaProblem(schema: Readonly<Record<string, unknown>>): string | undefined {
	let nodes = 0;
	const look = (value: unknown, depth: number): string | undefined => {
		if (++nodes > MAX_NODES) return 'its schema has too many parts';
		if (depth > MAX_DEPTH) return `its schema is nested more than ${MAX_DEPTH} deep`;
		if (typeof value !== 'object' || value === null) return undefined;
		for (const part of Array.isArray(value) ? value : Object.values(value)) {
			const problem = look(part, depth + 1);
			if (problem !== undefined) return problem;
		}
		return undefined;
	};
	const tooMuch = look(schema, 0);
	if (tooMuch !== undefined) return tooMuch;
	if (utf8Length(JSON.stringify(schema)) > MAX_SCHEMA_BYTES)
		return `its schema is larger than ${MAX_SCHEMA_BYTES / 1024} KB`;
	return shapeProblem(schema);
}

/** Says what is no JSON schema about it. Looks at the keywords that every draft has. */
function shapeProblem(schema: unknown): string | undefined {
	if (typeof schema === 'boolean') return undefined;
	if (!isRecord(schema)) return 'a part of its schema is no schema';
	const { type, required } = schema;
	const types = Array.isArray(type) ? type : type === undefined ? [] : [type];
	if (types.some((one) => !TYPES.has(one))) return 'its schema has a type that JSON does not have';
	if (required !== undefined && !(Array.isArray(required) && required.every((one) => typeof one === 'string')))
		return 'its schema says `required` without a list of names';
	const parts: unknown[] = [];
	for (const key of ONE) if (key in schema) parts.push(...asList(schema[key]));
	for (const key of MANY) {
		if (!(key in schema)) continue;
		const list = schema[key];
		if (!Array.isArray(list)) return `its schema has \`${key}\` without a list`;
		parts.push(...list);
	}
	for (const key of NAMED) {
		if (!(key in schema)) continue;
		const named = schema[key];
		if (!isRecord(named)) return `its schema has \`${key}\` without names`;
		parts.push(...Object.values(named));
	}
	for (const part of parts) {
		const problem = shapeProblem(part);
		if (problem !== undefined) return problem;
	}
	return undefined;
}

/** The same text for the same value, in whatever order its keys came. */
export function stableJson(value: unknown): string {
	return JSON.stringify(value, (_key, part: unknown) =>
		isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1))) : part,
	);
}

/** `items` was a list in older drafts. */
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
