import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide, type PermissionQuestion } from '../../../src/core/permission/decide.ts';
import {
	hiddenFromSearch,
	isSecretPath,
	protectedCause,
	protectedMention,
} from '../../../src/core/permission/protectedPaths.ts';
import { hostOf, type PermissionTarget } from '../../../src/core/permission/rules.ts';
import type { ResolvedPath } from '../../../src/core/ports.ts';
import type { PermissionMode } from '../../../src/core/session/entry.ts';

const inside = (rel: string, isLink = false): ResolvedPath => ({
	kind: 'inside',
	file: { root: '/w', rel },
	absolute: `/w/${rel}`,
	isLink,
});
const OUTSIDE: ResolvedPath = { kind: 'outside', absolute: '/etc/passwd' };
const at = (resolved: ResolvedPath): PermissionTarget => ({ kind: 'path', path: 'x', resolved });
const run = (command: string): PermissionTarget => ({ kind: 'command', command });
const MODES: readonly PermissionMode[] = ['plan', 'ask', 'acceptEdits', 'auto'];
const EVERYTHING = ['Bash', 'Read', 'Edit', 'Write', 'Grep', 'Glob'];

function kindOf(question: Partial<PermissionQuestion> & Pick<PermissionQuestion, 'tool' | 'effect' | 'target'>) {
	return decide({ mode: 'ask', rules: { allow: [], ask: [], deny: [] }, sessionRules: [], ...question });
}

describe('by mode', () => {
	const table: readonly (readonly [string, Partial<PermissionQuestion>, readonly string[]])[] = [
		['read inside', { tool: 'Read', effect: 'read', target: at(inside('a.ts')) }, ['allow', 'allow', 'allow', 'allow']],
		['edit inside', { tool: 'Edit', effect: 'write', target: at(inside('a.ts')) }, ['deny', 'allow', 'allow', 'allow']],
		['run', { tool: 'Bash', effect: 'execute', target: run('make') }, ['deny', 'ask', 'ask', 'allow']],
		['read outside', { tool: 'Read', effect: 'read', target: at(OUTSIDE) }, ['ask', 'ask', 'ask', 'ask']],
		['write outside', { tool: 'Write', effect: 'write', target: at(OUTSIDE) }, ['deny', 'ask', 'ask', 'ask']],
		[
			'write .git',
			{ tool: 'Write', effect: 'write', target: at(inside('.git/config')) },
			['deny', 'ask', 'ask', 'ask'],
		],
		['read .env', { tool: 'Read', effect: 'read', target: at(inside('.env')) }, ['ask', 'ask', 'ask', 'ask']],
		['run on .env', { tool: 'Bash', effect: 'execute', target: run('cat .env') }, ['deny', 'ask', 'ask', 'ask']],
		['network', { tool: 'WebFetch', effect: 'network', target: { kind: 'none' } }, ['ask', 'ask', 'ask', 'allow']],
	];
	for (const [name, question, expected] of table)
		test(name, () => {
			const { tool = '', effect = 'none', target = { kind: 'none' } } = question;
			assert.deepEqual(
				MODES.map((mode) => kindOf({ tool, effect, target, mode }).kind),
				expected,
			);
		});

	test('plan says so', () =>
		assert.match(
			kindOf({ tool: 'Edit', effect: 'write', target: at(inside('a')), mode: 'plan' }).cause,
			/Plan mode is on/,
		));
});

describe('rules', () => {
	const bash = { tool: 'Bash', effect: 'execute', target: run('npm test') } as const;
	const rules = (allow: string[], ask: string[] = [], deny: string[] = []) => ({ allow, ask, deny });

	test('deny over ask over allow', () => {
		const rule = ['Bash(npm test:*)'];
		assert.equal(kindOf({ ...bash, rules: rules(rule) }).kind, 'allow');
		assert.equal(kindOf({ ...bash, rules: rules(rule, rule), mode: 'auto' }).kind, 'ask');
		assert.equal(kindOf({ ...bash, rules: rules(rule, rule, rule), mode: 'auto' }).kind, 'deny');
	});
	test('session rules allow', () =>
		assert.equal(kindOf({ ...bash, sessionRules: ['Bash(npm test:*)'] }).kind, 'allow'));
	test('the question offers a general rule, a compound none', () => {
		assert.deepEqual(kindOf(bash), { kind: 'ask', cause: 'No rule allows this command yet', rule: 'Bash(npm test:*)' });
		const compound = kindOf({ ...bash, target: run('npm test && rm x'), sessionRules: ['Bash(npm test:*)'] });
		assert.deepEqual([compound.kind, 'rule' in compound], ['ask', false]);
	});
	test('no rule opens what is protected, in no mode, and none is offered', () => {
		const targets: readonly (readonly [string, PermissionQuestion['effect'], PermissionTarget])[] = [
			['Write', 'write', at(inside('.vscode/tasks.json'))],
			['Write', 'write', at(inside('sub/.Claude/settings.json'))],
			['Write', 'write', at(inside('.mcp.json'))],
			['Edit', 'write', at(inside('.git/hooks/pre-commit'))],
			['Edit', 'write', at(inside('home/.zshrc'))],
			['Edit', 'write', at(inside('link.txt', true))],
			['Read', 'read', at(OUTSIDE)],
			['Read', 'read', at(inside('app/.env.production'))],
			['Bash', 'execute', run('echo x >> ~/.bashrc')],
			['Bash', 'execute', run("cp a '.vs''code'/tasks.json")],
		];
		for (const [tool, effect, target] of targets)
			for (const mode of MODES.slice(1)) {
				const decision = kindOf({ tool, effect, target, mode, rules: rules(EVERYTHING), sessionRules: EVERYTHING });
				assert.deepEqual(
					[decision.kind, 'rule' in decision],
					['ask', false],
					`${tool} ${JSON.stringify(target)} ${mode}`,
				);
			}
	});
});

describe('protected', () => {
	const check = (rel: string, access: 'read' | 'write', isProtected: boolean) =>
		test(`${access} ${JSON.stringify(rel)}`, () =>
			assert.equal(protectedCause(inside(rel), access) !== undefined, isProtected));
	for (const rel of [
		'.GIT/config',
		'.git./config',
		'.git::$INDEX_ALLOCATION/config',
		'.g\u200cit/config',
		'a/.vscode/x',
	])
		check(rel, 'write', true);
	for (const rel of ['.gitignore', '.github/x.yml', 'src/env.ts', '.env.example', 'vscode/a', 'x.profile']) {
		check(rel, 'write', false);
		check(rel, 'read', false);
	}
	check('.vscode/settings.json', 'read', false);
	check('.env.local', 'read', true);
	check('keys/id_rsa', 'read', true);

	const mention = (command: string, expected: boolean) =>
		test(`mentions: ${command}`, () => assert.equal(protectedMention(command) !== undefined, expected));
	mention('git commit -m "x"', false);
	mention('ls .github', false);
	mention('cat .git/config', true);
	mention('cat "$HOME/.ssh/id_ed25519"', true);
	mention('cp a .VSCODE/x', true);
	mention('tee --output=.mcp.json', true);
	mention('cat .e\\nv', true);
	mention('cat .env.example', false);
	mention('type .git\\config', true);
	mention('type .ssh\\config', true);
});

test('a command that could not be taken apart is asked about where there are rules, also in a sandbox and in auto mode', () => {
	const target = { kind: 'command', command: 'make', isUnread: true } as const;
	const decided = (rules: readonly string[], more: Partial<PermissionQuestion>) =>
		kindOf({ tool: 'Bash', effect: 'execute', target, rules: { allow: [], ask: [], deny: rules }, ...more });
	for (const more of [{ mode: 'auto' }, { isHeld: true }] as const) {
		const asked = decided(['Bash(rm:*)'], more);
		assert.equal(asked.kind, 'ask', JSON.stringify(more));
		assert.match(asked.cause, /could not be loaded, so your rules cannot be held against it/);
		assert.equal(decided(['Read(secret/**)'], more).kind, 'allow');
	}
});

test('keys, stores of credentials and the files that the user names are secrets', () => {
	for (const rel of [
		'server.pem',
		'a/Key.P12',
		'.aws/credentials',
		'.kube/config',
		'kubeconfig',
		'secrets.yaml',
		'x/id_ed25519',
	])
		assert.match(protectedCause(inside(rel), 'read') ?? '', /may hold secrets/, rel);
	for (const rel of ['src/credentials.ts', 'id_rsa.pub', 'keys.md', 'pem.ts', 'kube/config.ts', 'secrets.md'])
		assert.equal(protectedCause(inside(rel), 'read'), undefined, rel);
	assert.match(protectedCause(inside('config/prod/db.json'), 'read', ['config/prod/**']) ?? '', /config\/prod/);
	assert.match(protectedCause(inside('a/b.Secret'), 'read', ['*.secret']) ?? '', /secret/);
	assert.match(protectedCause(inside('my.code-workspace'), 'write') ?? '', /settings and tasks of the editor/);
	// Some file systems take this letter for an s.
	assert.match(protectedCause(inside('.\u017fsh/config'), 'write') ?? '', /protected folder/);
	assert.equal(protectedCause(inside('config/dev/db.json'), 'read', ['config/prod/**']), undefined);
	const question = { tool: 'Read', effect: 'read', target: at(inside('b.secret')), mode: 'auto' } as const;
	assert.equal(
		kindOf({ ...question, rules: { allow: ['Read'], ask: [], deny: [], secrets: ['*.secret'] } }).kind,
		'ask',
	);
});

test('what may not be read may not be changed, and a star for the tool is about every tool', () => {
	const edit = (rule: string) => {
		const file = { root: '/w', rel: 'secrets/a' };
		const resolved = { kind: 'inside', file, absolute: '/w/secrets/a', isLink: false } as const;
		const target = { kind: 'path', path: 'secrets/a', resolved } as const;
		const rules = { allow: ['Edit'], ask: [], deny: [rule] };
		return decide({ tool: 'Write', effect: 'write', target, mode: 'auto', rules, sessionRules: [] }).kind;
	};
	assert.deepEqual(['Read(secrets/**)', 'Read', 'Read(other/**)', 'W*', '*'].map(edit), [
		...['deny', 'allow', 'allow', 'deny', 'deny'],
	]);
});

test('a search leaves out what Read may not show without a question', () => {
	const globs = hiddenFromSearch({
		allow: ['Read(a/**)'],
		ask: ['Read(conf/prod.yml)', 'Read'],
		deny: ['Read(/keys/**)', 'Read(//w/abs.txt)', 'Read(*.dump)', 'Edit(src/**)', 'no rule ('],
		secrets: ['own.txt'],
	});
	const left = (path: string) => isSecretPath(path, globs);
	for (const path of ['/w/conf/prod.yml', '/w/keys/x', '/w/abs.txt', '/w/b/x.DUMP', '/w/own.txt', '/w/.env'])
		assert.ok(left(path), path);
	for (const path of ['/w/a/x', '/w/src/x.ts', '/w/conf/dev.yml']) assert.ok(!left(path), path);
});

describe('what is not a file or a command', () => {
	const host = (name: string): PermissionTarget => ({ kind: 'host', host: name });
	const fetch = (name: string, rules: Partial<PermissionQuestion['rules']> = {}) =>
		kindOf({
			tool: 'WebFetch',
			effect: 'network',
			target: host(name),
			rules: { allow: [], ask: [], deny: [], ...rules },
		});

	test('a host is asked about by its domain', () => {
		assert.deepEqual(fetch('example.com'), {
			kind: 'ask',
			cause: 'WebFetch reaches example.com',
			rule: 'WebFetch(domain:example.com)',
		});
		assert.equal(fetch('example.com', { allow: ['WebFetch(domain:example.com)'] }).kind, 'allow');
		assert.equal(fetch('evil.example.com', { allow: ['WebFetch(domain:example.com)'] }).kind, 'ask');
		assert.equal(fetch('a.example.com', { allow: ['WebFetch(domain:*.example.com)'] }).kind, 'allow');
		assert.equal(fetch('notexample.com', { allow: ['WebFetch(domain:*.example.com)'] }).kind, 'ask');
		assert.equal(fetch('a.example.com', { allow: ['WebFetch'], deny: ['WebFetch(domain:example.com)'] }).kind, 'deny');
	});
	test('an address has the host that a browser sees', () => {
		const hosts = [
			'https://Example.com:8080/x',
			'http://a@b.example/',
			'http://[::1]:3/',
			'https://x\\y/',
			'no address',
		];
		assert.deepEqual(hosts.map(hostOf), ['example.com', 'b.example', '[::1]', 'x', '']);
	});
	for (const written of [
		'https:/evil.example/x',
		'https:evil.example',
		'https:\\\\evil.example',
		'https:///evil.example',
		'https://%65vil.example/',
		'https://ev\til.example/',
		'\u0001https://evil.example/',
		'https://ｅvil.example/',
		'https://evil.example./',
		'https://evil.example:443#@good.example',
	])
		test(`${JSON.stringify(written)} is judged as the address that is fetched`, () => {
			assert.equal(hostOf(written), 'evil.example');
			const rules = { allow: ['WebFetch'], deny: ['WebFetch(domain:evil.example)'] };
			assert.equal(fetch(hostOf(written), rules).kind, 'deny');
		});
	test('a domain of a rule may be written as people write it', () =>
		assert.equal(fetch(hostOf('https://bücher.example'), { deny: ['WebFetch(domain:Bücher.example)'] }).kind, 'deny'));
	test('a rule for a page is one for its domain, and for no other text', () =>
		assert.equal(fetch('example.com', { allow: ['WebFetch(example.com)', 'WebFetch(*.com)'] }).kind, 'ask'));
	test('a rule that asks holds below its host as well', () =>
		assert.equal(fetch('a.example.com', { allow: ['WebFetch'], ask: ['WebFetch(domain:example.com)'] }).kind, 'ask'));
	test('the resources of a server are allowed for that server alone', () => {
		const read = (name: string, rules: Partial<PermissionQuestion['rules']> = {}) =>
			kindOf({
				...{ tool: 'ReadResource', effect: 'network', target: { kind: 'name', name } },
				rules: { allow: [], ask: [], deny: [], ...rules },
			});
		const asked = read('notes');
		assert.equal(asked.kind === 'ask' && asked.rule, 'ReadResource(notes)');
		assert.equal(read('notes', { allow: ['ReadResource(notes)'] }).kind, 'allow');
		assert.equal(read('mail', { allow: ['ReadResource(notes)'] }).kind, 'ask');
		assert.equal(read('mail', { allow: ['ReadResource'], deny: ['ReadResource(mail)'] }).kind, 'deny');
		for (const odd of ['*', 'a:*', ' a']) assert.ok(!('rule' in read(odd)), odd);
	});
	test('what is no address is given no rule', () =>
		assert.deepEqual(fetch(''), { kind: 'ask', cause: 'WebFetch was given no address of the web' }));
	test('a server stands for its tools, and a name for itself', () => {
		const mcp = (allow: string, tool: string) =>
			kindOf({ tool, effect: 'execute', target: { kind: 'none' }, rules: { allow: [allow], ask: [], deny: [] } }).kind;
		assert.equal(mcp('mcp__git', 'mcp__git__log'), 'allow');
		assert.equal(mcp('mcp__git__*', 'mcp__git__log'), 'allow');
		assert.equal(mcp('mcp__git__log', 'mcp__git__log'), 'allow');
		assert.equal(mcp('mcp__git', 'mcp__github__log'), 'ask');
		assert.equal(mcp('mcp__git__log', 'mcp__git__log__more'), 'ask');
		const agent = (allow: string) =>
			kindOf({
				tool: 'Agent',
				effect: 'execute',
				target: { kind: 'name', name: 'explore' },
				rules: { allow: [allow], ask: [], deny: [] },
			}).kind;
		assert.deepEqual([agent('Agent(explore)'), agent('Agent(plan)')], ['allow', 'ask']);
	});
});

test('reading a link needs no question, since it is not followed; writing one does', () => {
	assert.equal(protectedCause(inside('l', true), 'read'), undefined);
	assert.match(protectedCause(inside('l', true), 'write') ?? '', /symbolic link/);
});
