/**
 * Inputs as models send them when they remember another program: its names of fields, numbers and lists in quotes, `null` for what is left out.
 * What is meant beyond doubt is taken as meant; of the rest it is said what is wrong. Pure.
 */
import type * as z from 'zod';
import { type Tool, UNLISTED } from './tool.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The input that is meant: `given` itself when nothing had to be mended, or when nothing helps. */
export function mendInput(tool: Pick<Tool, 'name' | 'input'>, given: unknown): unknown {
	if (!isFields(given)) return given;
	let input: unknown = renamed(tool, given);
	for (let round = 0; round < MAX_ROUNDS; round++) {
		const parsed = tool.input.safeParse(input);
		if (parsed.success) return input;
		const shaped = round === 0 && isFields(input) ? (SHAPES[tool.name]?.(input) ?? input) : input;
		input = parsed.error.issues.reduce(mended, shaped);
	}
	return given;
}

/** Quotes may be around a list, and around what is in it. */
const MAX_ROUNDS = 4;

/** Fields that the tool does not have. None for one that takes any. */
export function unknownFields({ name, input }: Pick<Tool, 'name' | 'input'>, given: unknown): readonly string[] {
	const shape = shapeOf(input);
	if (shape === undefined || !isFields(given)) return [];
	return Object.keys(renamed({ name, input }, given)).filter((key) => !Object.hasOwn(shape, key));
}

/** What is wrong, a line each, and what the fields are where they are not known. */
export function inputProblems(tool: Pick<Tool, 'name' | 'input'>, given: unknown, error: z.ZodError): string {
	const unknown = unknownFields(tool, given);
	return [
		...error.issues.map((issue) => `- ${problemOf(issue, given)}`),
		...(unknown.length === 0 ? [] : [`- not known to ${tool.name}: ${unknown.join(', ')}. ${knownFields(tool)}`]),
	].join('\n');
}

function problemOf({ code, path, message, ...issue }: z.core.$ZodIssue, given: unknown): string {
	const where = path.join('.') || 'input';
	if (code !== 'invalid_type') return `${where}: ${message}`;
	const value = valueAt(given, path);
	if (value === undefined) return `${where} is missing`;
	const expected = 'expected' in issue ? KINDS[String(issue.expected)] : undefined;
	return `${where} must be ${expected ?? String('expected' in issue ? issue.expected : 'another kind')}, not ${kindOf(value)}`;
}

const KINDS: Readonly<Record<string, string>> = {
	string: 'a string',
	number: 'a number',
	int: 'a whole number',
	boolean: 'true or false',
	array: 'a list',
	object: 'an object',
	record: 'an object',
};

function kindOf(value: unknown): string {
	if (value === null) return 'null';
	return KINDS[Array.isArray(value) ? 'array' : typeof value] ?? typeof value;
}

/** As a sentence. */
export function knownFields({ input }: Pick<Tool, 'input'>): string {
	const listed = Object.entries(shapeOf(input) ?? {}).filter(([, field]) => field.meta()?.[UNLISTED] !== true);
	return `Its fields are ${listed.map(([name]) => name).join(', ')}.`;
}

/** The fields of an object that takes no others. */
function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
	const { def } = schema as z.ZodObject;
	return def.type === 'object' && def.catchall === undefined ? def.shape : undefined;
}

/** Under the names of this tool, where the given one is known from another and the field is not there. */
function renamed({ name, input }: Pick<Tool, 'name' | 'input'>, given: Fields): Fields {
	const others = { ...(FILE_TOOLS.has(name) ? OTHER_FILE_NAMES : {}), ...OTHER_NAMES[name] };
	const shape = shapeOf(input);
	const known = Object.keys(given).filter((key) => Object.hasOwn(others, key) && shape?.[key] === undefined);
	if (known.length === 0) return given;
	const entries = Object.entries(given).map(([key, value]): [string, unknown] => {
		const own = known.includes(key) ? others[key] : undefined;
		return [own === undefined || own in given ? key : own, value];
	});
	return Object.fromEntries(entries);
}

const FILE_TOOLS: ReadonlySet<string> = new Set(['Read', 'Edit', 'MultiEdit', 'Write', 'NotebookEdit']);
const OTHER_FILE_NAMES: Fields & Readonly<Record<string, string>> = {
	...{ path: 'file_path', filePath: 'file_path', filepath: 'file_path', file: 'file_path', filename: 'file_path' },
	...{ target_file: 'file_path', notebook_path: 'file_path' },
	...{ old_str: 'old_string', oldString: 'old_string', new_str: 'new_string', newString: 'new_string' },
	replaceAll: 'replace_all',
};
const COMMAND_IDS = { bash_id: 'id', shell_id: 'id', task_id: 'id', command_id: 'id' };
const OTHER_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	Write: { file_text: 'content', contents: 'content', text: 'content' },
	NotebookEdit: { cell_id: 'cell', cell_number: 'cell', new_source: 'source', edit_mode: 'action' },
	Bash: { cmd: 'command', timeout: 'timeout_ms', is_background: 'run_in_background', background: 'run_in_background' },
	BashOutput: COMMAND_IDS,
	KillBash: COMMAND_IDS,
	Grep: { include: 'glob', regex: 'pattern', query: 'pattern', '-i': 'case_insensitive' },
	Glob: { glob: 'pattern', glob_pattern: 'pattern', directory: 'path', target_directory: 'path' },
	TaskList: { todos: 'tasks' },
	Agent: { subagent_type: 'agent_type' },
	Skill: { skill: 'name', args: 'arguments' },
	CallTool: { tool: 'name', tool_name: 'name', arguments: 'input', args: 'input', parameters: 'input' },
};

const STATES: Readonly<Record<string, string>> = { in_progress: 'active', inProgress: 'active', completed: 'done' };

/** Other shapes of the same thing. */
const SHAPES: Readonly<Record<string, (input: Fields) => Fields>> = {
	TaskList: (input) => ({
		...input,
		...(Array.isArray(input.tasks) ? { tasks: input.tasks.map((one) => (isFields(one) ? taskOf(one) : one)) } : {}),
	}),
	AskUser: (input) => {
		const questions = Array.isArray(input.questions) ? input.questions : 'question' in input ? [input] : undefined;
		return questions === undefined ? input : { questions: questions.map(questionOf) };
	},
	Plan: (input) =>
		input.action === undefined && typeof input.plan === 'string' ? { ...input, action: 'present' } : input,
};

function taskOf({ content, status, activeForm: _activeForm, id: _id, ...task }: Fields): Fields {
	const { text = content, state = status } = task;
	return { ...task, text, state: STATES[String(state)] ?? state };
}

function questionOf(asked: unknown): unknown {
	if (!isFields(asked)) return asked;
	const { multiSelect, ...question } = asked;
	const { options, header = 'Question', multi_select = multiSelect } = question;
	return {
		...question,
		header,
		...(Array.isArray(options)
			? { options: options.map((option: unknown) => (typeof option === 'string' ? { label: option } : option)) }
			: {}),
		...(multi_select === undefined ? {} : { multi_select }),
	};
}

/** The input with what one issue is about in the kind that is expected, where that is beyond doubt. */
function mended(input: unknown, issue: z.core.$ZodIssue): unknown {
	const { path } = issue;
	const value = valueAt(input, path);
	if (path.length === 0) return input;
	if (value === null) return withValue(input, path, undefined);
	if (issue.code === 'too_small' && value === 0 && typeof issue.minimum === 'number')
		return withValue(input, path, issue.minimum);
	if (issue.code !== 'invalid_type') return input;
	const wanted = ofKind(String(issue.expected), value);
	return wanted === undefined ? input : withValue(input, path, wanted);
}

function ofKind(kind: string, value: unknown): unknown {
	if (kind === 'array' && isFields(value)) return [value];
	if (typeof value !== 'string') return undefined;
	const text = value.trim();
	switch (kind) {
		case 'number':
		case 'int':
			return /^-?\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
		case 'boolean':
			return /^(?:true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined;
		case 'array':
		case 'object':
		case 'record': {
			const made = parsedJson(text);
			return Array.isArray(made) === (kind === 'array') && typeof made === 'object' && made !== null ? made : undefined;
		}
		default:
			return undefined;
	}
}

function parsedJson(text: string): unknown {
	try {
		return /^[[{]/.test(text) ? JSON.parse(text) : undefined;
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

type Path = readonly PropertyKey[];

function valueAt(from: unknown, path: Path): unknown {
	return path.reduce<unknown>((value, key) => {
		if (Array.isArray(value)) return typeof key === 'number' ? value[key] : undefined;
		return isFields(value) && Object.hasOwn(value, key) ? value[String(key)] : undefined;
	}, from);
}

/** A copy with another value there; undefined takes the field away. */
function withValue(from: unknown, [key, ...rest]: Path, value: unknown): unknown {
	if (key === undefined) return value;
	if (Array.isArray(from)) return from.map((one: unknown, at) => (at === key ? withValue(one, rest, value) : one));
	if (!isFields(from)) return from;
	const { [String(key)]: old, ...others } = from;
	const made = withValue(old, rest, value);
	return made === undefined ? others : { ...others, [String(key)]: made };
}

const isFields = (value: unknown): value is Fields =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
