/**
 * Questions that servers ask the user: the fields that a requested schema stands for, and whether answers fit them. The protocol allows
 * flat forms of simple values; anything else is refused. Pure.
 */
import * as z from 'zod';
import type { McpElicitation, McpFormField, McpFormOption, McpFormValue } from './mcpPorts.ts';
import { plain, plainLine } from './readOffers.ts';

const MAX_FIELDS = 30;
const MAX_OPTIONS = 200;
const MAX_MESSAGE_CHARS = 2_000;
const MAX_TEXT_CHARS = 500;
const MAX_ANSWER_CHARS = 20_000;

const text = z
	.string()
	.transform((value) => plainLine(value, MAX_TEXT_CHARS))
	.optional()
	.catch(undefined);
const count = z.int().nonnegative().optional().catch(undefined);
const about = { title: text, description: text };
const options = z.array(z.looseObject({ const: z.string(), title: text })).max(MAX_OPTIONS);
const names = z.array(z.string()).max(MAX_OPTIONS);

const textField = z.looseObject({
	...about,
	type: z.literal('string'),
	minLength: count,
	maxLength: count,
	format: z.enum(['email', 'uri', 'date', 'date-time']).optional().catch(undefined),
	default: z.string().optional().catch(undefined),
	enum: names.optional(),
	/** Titles of `enum`, as older servers give them. */
	enumNames: z.array(z.string()).optional().catch(undefined),
	oneOf: options.optional(),
});
const numberField = z.looseObject({
	...about,
	type: z.enum(['number', 'integer']),
	minimum: z.number().optional().catch(undefined),
	maximum: z.number().optional().catch(undefined),
	default: z.number().optional().catch(undefined),
});
const booleanField = z.looseObject({
	...about,
	type: z.literal('boolean'),
	default: z.boolean().optional().catch(undefined),
});
const choicesField = z.looseObject({
	...about,
	type: z.literal('array'),
	items: z.union([z.looseObject({ anyOf: options }), z.looseObject({ enum: names })]),
	minItems: count,
	maxItems: count,
	default: z.array(z.string()).optional().catch(undefined),
});
const formShape = z.looseObject({
	mode: z.literal('form').optional(),
	message: z.string(),
	requestedSchema: z.looseObject({
		type: z.literal('object'),
		properties: z.record(z.string(), z.unknown()),
		required: z.array(z.string()).optional(),
	}),
});
const urlShape = z.looseObject({ mode: z.literal('url'), message: z.string(), url: z.string() });

/** The question, or what is wrong with it (for the server). */
export function readElicitation(raw: unknown, server: string): McpElicitation | string {
	const url = urlShape.safeParse(raw);
	if (url.success) {
		const { protocol } = parsedUrl(url.data.url) ?? {};
		if (protocol !== 'https:' && protocol !== 'http:') return 'Only http and https addresses can be opened.';
		return { kind: 'url', server, message: plain(url.data.message, MAX_MESSAGE_CHARS), url: url.data.url };
	}
	const form = formShape.safeParse(raw);
	if (!form.success) return 'The requested schema must be an object with properties.';
	const { properties, required = [] } = form.data.requestedSchema;
	const entries = Object.entries(properties);
	if (entries.length > MAX_FIELDS) return `At most ${MAX_FIELDS} fields can be asked for.`;
	const fields: McpFormField[] = [];
	for (const [name, schema] of entries) {
		const field = readField(name, schema, required.includes(name));
		if (field === undefined)
			return `The field ${plainLine(name, 80)} is none of: string, number, integer, boolean, enum, array of enum.`;
		fields.push(field);
	}
	return { kind: 'form', server, message: plain(form.data.message, MAX_MESSAGE_CHARS), fields };
}

function readField(name: string, schema: unknown, isRequired: boolean): McpFormField | undefined {
	const field = (
		about: { title?: string | undefined; description?: string | undefined },
		type: McpFormField['type'],
	) => ({
		name,
		...(about.title === undefined ? {} : { title: about.title }),
		...(about.description === undefined ? {} : { description: about.description }),
		isRequired,
		type,
	});
	const asText = textField.safeParse(schema);
	if (asText.success) {
		const { minLength, maxLength, format, default: initial, oneOf, enumNames } = asText.data;
		const choices: readonly McpFormOption[] | undefined =
			oneOf?.map((one) => ({ value: one.const, title: one.title ?? one.const })) ??
			asText.data.enum?.map((value, index) => ({
				value,
				title: plainLine(enumNames?.[index] ?? value, MAX_TEXT_CHARS),
			}));
		if (choices)
			return field(asText.data, {
				kind: 'choice',
				options: choices,
				...(choices.some(({ value }) => value === initial) && initial !== undefined ? { default: initial } : {}),
			});
		return field(asText.data, {
			kind: 'text',
			...(minLength === undefined ? {} : { minLength }),
			...(maxLength === undefined ? {} : { maxLength }),
			...(format === undefined ? {} : { format }),
			...(initial === undefined ? {} : { default: initial }),
		});
	}
	const asNumber = numberField.safeParse(schema);
	if (asNumber.success) {
		const { type, minimum, maximum, default: initial } = asNumber.data;
		return field(asNumber.data, {
			kind: 'number',
			isInteger: type === 'integer',
			...(minimum === undefined ? {} : { minimum }),
			...(maximum === undefined ? {} : { maximum }),
			...(initial === undefined ? {} : { default: initial }),
		});
	}
	const asBoolean = booleanField.safeParse(schema);
	if (asBoolean.success) {
		const { default: initial } = asBoolean.data;
		return field(asBoolean.data, { kind: 'boolean', ...(initial === undefined ? {} : { default: initial }) });
	}
	const asChoices = choicesField.safeParse(schema);
	if (!asChoices.success) return undefined;
	const { items, minItems, maxItems, default: initial } = asChoices.data;
	const choices = 'anyOf' in items && Array.isArray(items.anyOf) ? readOptions(items.anyOf) : readNames(items.enum);
	const known = initial?.filter((value) => choices.some((option) => option.value === value));
	return field(asChoices.data, {
		kind: 'choices',
		options: choices,
		...(minItems === undefined ? {} : { minItems }),
		...(maxItems === undefined ? {} : { maxItems }),
		...(known === undefined || known.length === 0 ? {} : { default: known }),
	});
}

function readOptions(raw: unknown): readonly McpFormOption[] {
	const parsed = options.safeParse(raw);
	return parsed.success ? parsed.data.map((one) => ({ value: one.const, title: one.title ?? one.const })) : [];
}

function readNames(raw: unknown): readonly McpFormOption[] {
	const parsed = names.safeParse(raw);
	return parsed.success ? parsed.data.map((value) => ({ value, title: value })) : [];
}

/** What is wrong with this value for this field, for the person who fills it in; undefined when it fits. */
export function answerProblem(field: McpFormField, value: McpFormValue | undefined): string | undefined {
	if (value === undefined || value === '') return field.isRequired ? 'This is needed.' : undefined;
	const { type } = field;
	switch (type.kind) {
		case 'text':
			return typeof value === 'string' ? textProblem(value, type) : 'This must be a text.';
		case 'number': {
			if (typeof value !== 'number' || !Number.isFinite(value)) return 'This must be a number.';
			if (type.isInteger && !Number.isInteger(value)) return 'This must be a whole number.';
			if (type.minimum !== undefined && value < type.minimum) return `This must be at least ${type.minimum}.`;
			if (type.maximum !== undefined && value > type.maximum) return `This must be at most ${type.maximum}.`;
			return undefined;
		}
		case 'boolean':
			return typeof value === 'boolean' ? undefined : 'This must be yes or no.';
		case 'choice':
			return type.options.some((option) => option.value === value) ? undefined : 'Choose one of the options.';
		case 'choices': {
			if (!Array.isArray(value) || value.some((one) => !type.options.some((option) => option.value === one)))
				return 'Choose from the options.';
			if (type.minItems !== undefined && value.length < type.minItems) return `Choose at least ${type.minItems}.`;
			if (type.maxItems !== undefined && value.length > type.maxItems) return `Choose at most ${type.maxItems}.`;
			return undefined;
		}
	}
}

function textProblem(value: string, type: Extract<McpFormField['type'], { kind: 'text' }>): string | undefined {
	const maxLength = Math.min(type.maxLength ?? MAX_ANSWER_CHARS, MAX_ANSWER_CHARS);
	if (type.minLength !== undefined && value.length < type.minLength)
		return `This must have at least ${type.minLength} characters.`;
	if (value.length > maxLength) return `This must have at most ${maxLength} characters.`;
	switch (type.format) {
		case 'email':
			return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? undefined : 'This must be an email address.';
		case 'uri':
			return parsedUrl(value) ? undefined : 'This must be a whole address, such as https://example.com.';
		case 'date':
			return /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))
				? undefined
				: 'This must be a date such as 2026-01-31.';
		case 'date-time':
			return /^\d{4}-\d{2}-\d{2}T/.test(value) && !Number.isNaN(Date.parse(value))
				? undefined
				: 'This must be a date and time such as 2026-01-31T12:00:00Z.';
		default:
			return undefined;
	}
}

/** The answers to send: those of the fields, with defaults for what was left out. Undefined when one does not fit. */
export function fittingAnswers(
	fields: readonly McpFormField[],
	answers: Readonly<Record<string, McpFormValue>>,
): Readonly<Record<string, McpFormValue>> | undefined {
	const sent: [string, McpFormValue][] = [];
	for (const field of fields) {
		const given = Object.hasOwn(answers, field.name) ? answers[field.name] : field.type.default;
		if (answerProblem(field, given) !== undefined) return undefined;
		if (given !== undefined && given !== '') sent.push([field.name, given]);
	}
	return Object.fromEntries(sent);
}

function parsedUrl(value: string): URL | undefined {
	try {
		return new URL(value);
	} catch {
		return undefined;
	}
}
