import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { inputProblems, mendInput, unknownFields } from '../../../src/core/tools/mendInput.ts';
import { namedCall } from '../../../src/core/tools/namedCall.ts';
import { builtInTools, findTool } from '../../../src/core/tools/registry.ts';

function toolOf(name: string) {
	const tool = findTool(name);
	assert.ok(tool);
	return tool;
}
const edit = { file_path: 'a', old_string: 'x', new_string: 'y' };

describe('an input as another program would have it', () => {
	const table: readonly (readonly [tool: string, given: object, meant: object])[] = [
		['Read', { path: 'a.ts' }, { file_path: 'a.ts' }],
		['Read', { file_path: 'a', offset: '2', limit: ' 30 ' }, { file_path: 'a', offset: 2, limit: 30 }],
		['Read', { file_path: 'a', offset: 0 }, { file_path: 'a', offset: 1 }],
		['Read', { file_path: 'a', limit: null }, { file_path: 'a' }],
		['Edit', { path: 'a', old_str: 'x', new_str: 'y' }, edit],
		['Edit', { ...edit, replace_all: 'true' }, { ...edit, replace_all: true }],
		['MultiEdit', { file_path: 'a', edits: JSON.stringify([edit]) }, { file_path: 'a', edits: [edit] }],
		[
			'MultiEdit',
			{ file_path: 'a', edits: [{ ...edit, replace_all: 'false' }] },
			{ file_path: 'a', edits: [{ ...edit, replace_all: false }] },
		],
		['Write', { path: 'a', contents: 'x' }, { file_path: 'a', content: 'x' }],
		['Bash', { cmd: 'ls', timeout: 5000 }, { command: 'ls', timeout_ms: 5000 }],
		['Bash', { command: 'ls', is_background: 'true' }, { command: 'ls', run_in_background: true }],
		['BashOutput', { bash_id: 'x' }, { id: 'x' }],
		['Grep', { pattern: 'x', include: '*.ts', '-i': true }, { pattern: 'x', glob: '*.ts', case_insensitive: true }],
		['CallTool', { tool: 'MultiEdit', arguments: '{"a":1}' }, { name: 'MultiEdit', input: { a: 1 } }],
		[
			'TaskList',
			{ todos: [{ content: 'a', status: 'in_progress', activeForm: 'b' }] },
			{ tasks: [{ text: 'a', state: 'active' }] },
		],
		['TaskList', { tasks: '[{"text":"a","state":"done"}]' }, { tasks: [{ text: 'a', state: 'done' }] }],
		[
			'AskUser',
			{ question: 'Which?', options: ['a', 'b'] },
			{ questions: [{ question: 'Which?', header: 'Question', options: [{ label: 'a' }, { label: 'b' }] }] },
		],
		['Plan', { plan: 'x' }, { action: 'present', plan: 'x' }],
		[
			'Agent',
			{ description: 'a', prompt: 'b', subagent_type: 'explore' },
			{ description: 'a', prompt: 'b', agent_type: 'explore' },
		],
	];
	for (const [name, given, meant] of table)
		test(`${name} ${JSON.stringify(given)}`, () => assert.deepEqual(mendInput(toolOf(name), given), meant));

	test('is left alone where it is not clear what is meant', () => {
		const unclear: readonly (readonly [string, object])[] = [
			['Read', { file_path: 7 }],
			['Read', { file_path: 'a', offset: 'two' }],
			['Read', { file_path: 'a', offset: -3 }],
			['Bash', { command: ['ls', '-la'] }],
			['Bash', { command: 'ls', timeout_ms: 6_000_000 }],
			['MultiEdit', { file_path: 'a', edits: '[{' }],
			['Write', { file_path: 'a', content: { a: 1 } }],
			['CallTool', { name: 'x', input: '[1]' }],
		];
		for (const [name, given] of unclear) assert.equal(mendInput(toolOf(name), given), given, JSON.stringify(given));
	});

	test('never changes one that is right, and never gives one that is wrong for another that is', () => {
		const field = fc.constantFrom(
			'file_path',
			'path',
			'command',
			'cmd',
			'tasks',
			'todos',
			'offset',
			'timeout',
			'edits',
			'questions',
			'input',
			'id',
			'__proto__',
		);
		const value = fc.oneof(
			fc.string(),
			fc.integer(),
			fc.boolean(),
			fc.constant(null),
			fc.jsonValue(),
			fc.constantFrom('3', 'true', '[]', '{}', '[{"a":1}]'),
		);
		fc.assert(
			fc.property(fc.constantFrom(...builtInTools), fc.dictionary(field, value), (tool, given) => {
				const before = JSON.stringify(given);
				const meant = mendInput(tool, given);
				assert.equal(JSON.stringify(given), before);
				assert.ok(meant === given || tool.input.safeParse(meant).success);
				if (tool.input.safeParse(given).success)
					for (const key of Object.keys(given))
						assert.ok(!unknownFields(tool, meant).includes(key) || unknownFields(tool, given).includes(key));
				const parsed = tool.input.safeParse(meant);
				if (!parsed.success) assert.ok(inputProblems(tool, given, parsed.error).length > 8);
			}),
			{ numRuns: 2_000 },
		);
	});

	test('is read so wherever the log is read', () => {
		const call = { name: 'CallTool', input: { tool: 'MultiEdit', args: { path: 'a', edits: [edit] } } };
		assert.deepEqual(namedCall(call), { name: 'MultiEdit', input: { file_path: 'a', edits: [edit] } });
		const plain = { name: 'Read', input: { file_path: 'a' } };
		assert.equal(namedCall(plain), plain);
	});
});

describe('what is wrong with an input', () => {
	const said = (name: string, given: object): string => {
		const tool = toolOf(name);
		const parsed = tool.input.safeParse(given);
		return parsed.success ? '' : inputProblems(tool, given, parsed.error);
	};
	test('names the field, what it must be and what it is', () => {
		assert.equal(said('Read', {}), '- file_path is missing');
		assert.equal(said('Read', { file_path: ['a'] }), '- file_path must be a string, not a list');
		assert.equal(
			said('Edit', { file_path: 'a', edits: [] }),
			'- old_string is missing\n- new_string is missing\n- not known to Edit: edits. Its fields are file_path, old_string, new_string, replace_all.',
		);
		assert.match(said('Bash', { command: 'ls', timeout_ms: 900_000 }), /timeout_ms: .*600000/);
	});
	test('does not tell a field that is told elsewhere', () => {
		assert.doesNotMatch(said('Bash', { shell: 'x' }), /outside/);
		assert.deepEqual(unknownFields(toolOf('Bash'), { command: 'x', cwd: 'y' }), ['cwd']);
	});
});
