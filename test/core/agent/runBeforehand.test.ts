/** What a slash command's file does before the first request: its commands go the way of Bash, its rules hold for its turn and after consent. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { GrantAnswers, PromptCommand } from '../../../src/core/agent/turnTypes.ts';
import { newestReplies, requestOf } from '../../../src/core/context/pastRequests.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { PermissionAnswer } from '../../../src/core/permission/permissionRequest.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { grantOf } from '../../../src/core/skills/commandGrant.ts';
import { expandPrompt } from '../../../src/core/skills/expandInstruction.ts';
import { instructionFile } from '../../../src/core/skills/instructionFile.ts';
import { createCommandConsent } from '../../../src/host/prompt/commandConsent.ts';
import { Transcript } from '../../../src/host/transcript/transcript.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { createFakeScanner } from '../../fakes/fakeScanner.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

const place = { kind: 'command', name: 'review', folder: '/w/.claude/commands', scope: 'project' } as const;
const fileOf = (words: string) => instructionFile(place, words);
const hash = (words: string) => `hash of ${words}`;

/** The prompt of `/review <argument>` as the window makes it. */
function promptOf(words: string, argument = '') {
	const file = fileOf(words);
	const { text: said, runs } = expandPrompt(file, argument);
	const grant = grantOf(file, hash);
	const command: PromptCommand = { name: file.name, argument, runs, ...(grant ? { grant } : {}) };
	return { text: said, attachments: [], command };
}

async function scene(options: Partial<FixtureOptions> & { readonly steps?: readonly ScriptedStep[] } = {}) {
	const { steps = [{ blocks: [text('Done.')] }], ...more } = options;
	const model = createScriptedModel([...steps, ...steps, ...steps]);
	const fixture = await createFixture({ model, ...more });
	return { ...fixture, model };
}

const lastUser = ({ messages }: ModelRequest): string => {
	const content = messages.findLast(({ role }) => role === 'user')?.content ?? '';
	if (typeof content === 'string') return content;
	return content.map((block) => ('text' in block ? String(block.text) : '')).join('\n--\n');
};

const shell = async (command: string) =>
	command === 'git status'
		? { output: 'clean\n' }
		: { output: `ran ${command}`, exitCode: command === 'false' ? 1 : 0 };

describe('commands of a prompt', () => {
	it('give their output where the line stood, after the prompt and its checkpoint are in the log', async () => {
		const { run, model, commands, asked, log, session, blobs } = await scene({ shell });
		await run(promptOf('State: !`git status`\n\n```!\nmake a\nmake b\n```\nReview $0.', 'a.js'));
		const [request] = model.requests;
		assert.ok(request);
		assert.equal(lastUser(request), 'State: clean\n\nran make a\nmake b\nReview a.js.');
		assert.deepEqual(commands, ['git status', 'make a\nmake b']);
		assert.deepEqual(
			asked.map(({ tool, target }) => `${tool}: ${target}`),
			['Bash: git status', 'Bash: make a\nmake b'],
		);
		assert.deepEqual(log().slice(0, 8), [
			...['prefix', 'user State: [the output of `git status`]\n\n[the output of `make a\nmake b`]\nReview a.js.'],
			...['checkpoint 0', 'permission allowOnce', 'toolStarted', 'attachment', 'permission allowOnce', 'toolStarted'],
		]);
		const [reply] = newestReplies(session.entries);
		assert.ok(reply);
		assert.equal(JSON.stringify(await requestOf(reply, session, blobs, '5m')), JSON.stringify(request));
	});

	it('that are denied, fail or may not run say so in their place, and the turn goes on', async () => {
		const permission = async ({ target }: { target: string }): Promise<PermissionAnswer> =>
			target === 'make x' ? { verdict: 'deny', reason: 'not now' } : { verdict: 'allowOnce' };
		const { run, model, commands } = await scene({ shell, permission, rules: { deny: ['Bash(rm:*)'] } });
		await run(promptOf('!`make x`\n!`rm -rf a`\n!`false`\nGo.'));
		assert.deepEqual(commands, ['false']);
		const [denied, forbidden, failed] = lastUser(model.requests[0] as ModelRequest)
			.split('\n')
			.filter(Boolean);
		assert.match(denied ?? '', /^\[`make x` was not run: The user denied permission.*not now\]$/);
		assert.match(forbidden ?? '', /^\[`rm -rf a` was not run: Not run\. The rule Bash\(rm:\*\) forbids it\.\]$/);
		assert.equal(failed, 'ran false');
		assert.match(lastUser(model.requests[0] as ModelRequest), /ran false\n\[exit code 1\]\nGo\./);
	});

	it('are recorded with what they change, and a rewind to the prompt takes it back', async () => {
		const change = {
			...{
				op: 'create' as const,
				file: { root: '/w', rel: 'made' },
				before: 'absent' as const,
				author: 'shell' as const,
			},
			...{ after: 'a'.repeat(64) as never, meta: {} },
		};
		const scanner = createFakeScanner({ found: () => [[change]] });
		const { run, session } = await scene({ shell, scanner });
		await run(promptOf('!`make a`'));
		const operation = session.entries.find((entry) => entry.type === 'fileOperation');
		const checkpoint = session.entries.find((entry) => entry.type === 'checkpoint');
		const user = session.entries.find((entry) => entry.type === 'user');
		assert.ok(operation?.type === 'fileOperation' && checkpoint?.type === 'checkpoint' && user?.type === 'user');
		assert.equal(operation.toolUseId, user.command?.runs?.[0]?.toolUseId);
		assert.ok(checkpoint.epoch < operation.epoch);
		assert.equal(operation.parentId, user.id);
	});

	it('end with a stop: the prompt stays, what did not run is told, and the session goes on', async () => {
		const fixture = await scene({
			async shell(command) {
				if (command === 'make a') fixture.abort.abort();
				return { output: 'half', reason: command === 'make a' ? 'cancelled' : 'exited', exitCode: null };
			},
		});
		await fixture.run(promptOf('!`make a`\n!`make b`\nGo.'));
		assert.deepEqual(fixture.commands, ['make a']);
		assert.equal(fixture.model.requests.length, 0);
		assert.equal(fixture.log().at(-1), 'turnEnded stopped');
		const again = createScriptedModel([{ blocks: [text('Yes.')] }]);
		const { runTurn } = await import('../../../src/core/agent/runTurn.ts');
		const prompt = { text: 'Go on', attachments: [] };
		await runTurn(
			fixture.session,
			prompt,
			{ ...fixture.ports, model: again },
			() => undefined,
			new AbortController().signal,
		);
		assert.match(
			lastUser(again.requests[0] as ModelRequest),
			/^half\n\[stopped by the user\]\n\[`make b` was not run: the turn was stopped before it\]\nGo\./,
		);
	});

	it('do not run where the workspace is not trusted', async () => {
		const { run, commands, log } = await scene({ isTrusted: false });
		await run(promptOf('---\nallowed-tools: Bash\n---\n!`git status`'));
		assert.deepEqual(commands, []);
		assert.ok(!log().some((line) => line.startsWith('toolStarted') || line.startsWith('notice')));
	});

	it('are bounded: so many of them, and so much of what they print', async () => {
		const { run, model, commands } = await scene({ shell: async () => ({ output: 'x'.repeat(25_000) }) });
		await run(promptOf(Array.from({ length: 22 }, (_, index) => `!\`make ${index}\``).join('\n')));
		assert.equal(commands.length, 20);
		const sent = lastUser(model.requests[0] as ModelRequest);
		assert.ok(sent.length < 64_000, String(sent.length));
		assert.match(sent, /characters left out: the outputs of this message are too long/);
		assert.match(sent, /\[`make 21` was not run: one message runs at most 20 commands\]$/);
	});

	it('pass the hooks, which may refuse them', async () => {
		const fixture = await scene({ shell });
		Object.assign(fixture.ports, {
			interceptors: [{ name: 'One', validate: () => 'Deploys are closed.' }],
		});
		await fixture.run(promptOf('!`make a`'));
		assert.deepEqual(fixture.commands, []);
		assert.match(lastUser(fixture.model.requests[0] as ModelRequest), /^\[`make a` was not run: Deploys are closed\./);
	});

	it('read the same after the log is opened again, live and replayed', async () => {
		const { run, session, store, blobs, clock } = await scene({ shell });
		const rowsOf = (entries: typeof session.entries) => {
			const inputs = createTranscriptInputs(
				() => undefined,
				(path) => path,
			);
			const transcript = new Transcript(inputs);
			for (const entry of entries) transcript.apply(entry);
			return transcript.rows(false);
		};
		await run(promptOf('!`git status`\n!`false`'));
		const runs = rowsOf(session.entries).filter((row) => row.kind === 'tool');
		assert.deepEqual(
			runs.map(({ verb, target, state, summary, preview }) => [verb, target, state, summary, preview]),
			[
				['Run', 'git status', 'done', 'exit 0', 'clean'],
				['Run', 'false', 'failed', 'exit 1', 'ran false\n[exit code 1]'],
			],
		);
		await session.close();
		const again = await openSession({
			...{ store, blobs, clock, ids: createFakeIds(), id: session.id, trace: () => undefined },
			defaults: { cwd: '/w', mode: 'ask', model: 'm', roots: ['/w'], extensionVersion: '0' },
		});
		assert.deepEqual(rowsOf(again.entries), rowsOf(session.entries));
		const cut = again.entries.slice(0, again.entries.findIndex(({ type }) => type === 'toolStarted') + 1);
		const [first, second] = rowsOf(cut).filter((row) => row.kind === 'tool');
		assert.deepEqual([first?.state, first?.summary], ['interrupted', 'interrupted']);
		assert.deepEqual([second?.state, second?.summary], ['interrupted', 'interrupted, not run']);
	});

	it('nothing that is typed is taken for the place of an output', async () => {
		const piece = fc.constantFrom('[the output of `git status`]', '!`rm x`', '$0', '`', 'a', '\n', ' ');
		await fc.assert(
			fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
				const typed = pieces.join('');
				const { run, model, commands } = await scene({ shell });
				await run(promptOf('$ARGUMENTS|!`git status`|$ARGUMENTS.', typed));
				assert.deepEqual(commands, []);
				const sent = lastUser(model.requests[0] as ModelRequest);
				assert.equal(sent, `${typed.trim()}|!\`git status\`|${typed.trim()}.`.trim());
				await run(promptOf('$ARGUMENTS\n!`git status`\n$ARGUMENTS.', typed));
				assert.equal(lastUser(model.requests[1] as ModelRequest), `${typed.trim()}\nclean\n${typed.trim()}.`.trim());
			}),
			{ numRuns: 30 },
		);
	});
});

describe('rules of a file', () => {
	const words = '---\nallowed-tools: Bash(make:*), Read\n---\nGo.';
	const makes = { blocks: [call('Bash', { command: 'make a' })] };
	const steps = [makes, { blocks: [text('Done.')] }];
	const states = () => {
		const kept = new Map<string, unknown>();
		return {
			get: (key: string, or: unknown) => kept.get(key) ?? or,
			update: async (key: string, value: unknown) => void kept.set(key, value),
		};
	};
	/** Turns that each make one call of `make a`, in one workspace. */
	async function turns(
		prompts: readonly (string | ReturnType<typeof promptOf>)[],
		answers: PermissionAnswer['verdict'][],
		more: Partial<FixtureOptions> = {},
		grants: GrantAnswers = createCommandConsent(states(), states()),
	) {
		const fixture = await scene({
			...{ shell, steps },
			permission: async ({ grant }) => ({ verdict: grant === undefined ? 'allowOnce' : (answers.shift() ?? 'deny') }),
			...more,
		});
		Object.assign(fixture.ports, { grants });
		for (const prompt of prompts) {
			await fixture.run(prompt);
			// The scripted model names its calls alike.
			fixture.asked.push({ toolUseId: '', tool: '|', target: '', cause: '' });
		}
		const notices = fixture.session.entries.flatMap((one) => (one.type === 'notice' ? [one.text] : []));
		return { ...fixture, notices, asks: fixture.asked.map(({ tool }) => tool).join(' ') };
	}

	it('hold once they were agreed to, for that turn alone', async () => {
		const { asks, notices, asked } = await turns([promptOf(words), 'Make it'], ['allowOnce']);
		assert.equal(asks, '/review | Bash |');
		assert.deepEqual(notices, ['Until this turn ends, /review may use without a question: Bash(make:*), Read']);
		assert.deepEqual([asked[0]?.target, asked[0]?.grant], ['Bash(make:*)\nRead', '/w/.claude/commands/review.md']);
	});
	it('hold for the commands of the prompt as well, each part of one', async () => {
		const prompt = promptOf('---\nallowed-tools: Bash(make *)\n---\n!`make x`');
		assert.equal((await turns([prompt], ['allowOnce'])).asks, '/review |');
		const both = promptOf('---\nallowed-tools: Bash(make *)\n---\n!`make x; touch y`');
		assert.equal((await turns([both], ['allowOnce'])).asks, '/review Bash |');
	});
	it('are asked about by content: a yes is kept, a no holds for the window, a change asks again', async () => {
		const workspace = states();
		const answered = createCommandConsent(workspace, states());
		const kept = await turns([promptOf(words), promptOf(words)], ['alwaysAllow'], {}, answered);
		assert.equal(kept.asks, '/review | |');
		const later = createCommandConsent(workspace, states());
		assert.equal((await turns([promptOf(words)], [], {}, later)).asks, '|');
		assert.equal((await turns([promptOf(`${words} And push.`)], ['deny'], {}, later)).asks, '/review Bash |');
		const refused = await turns([promptOf(words), promptOf(words)], ['deny']);
		assert.equal(refused.asks, '/review Bash | Bash |');
		assert.match(refused.notices[0] ?? '', /You did not agree to the rules of \/review/);
	});
	it('stand below deny and ask rules, plan mode and what is protected', async () => {
		const denied = await turns([promptOf(words)], ['allowOnce'], { rules: { deny: ['Bash(make:*)'] } });
		assert.deepEqual([denied.asks, denied.commands], ['/review |', []]);
		assert.equal((await turns([promptOf(words)], ['allowOnce'], { rules: { ask: ['Bash'] } })).asks, '/review Bash |');
		const planned = await turns([promptOf(words)], ['allowOnce'], { mode: 'plan' });
		assert.deepEqual([planned.asks, planned.commands], ['/review |', []]);
		const protects = [{ blocks: [call('Write', { file_path: '.git/config', content: 'x' })] }, { blocks: [text('.')] }];
		const all = promptOf('---\nallowed-tools: [Write, Bash]\n---\nGo.');
		assert.equal((await turns([all], ['allowOnce'], { steps: protects } as never)).asks, '/review Write |');
	});
	it('are no rules of the session, also after it is opened again', async () => {
		const { session, sessionRules } = await turns([promptOf(words)], ['alwaysAllow']);
		assert.deepEqual(sessionRules, []);
		assert.ok(!session.entries.some((entry) => entry.type === 'permission'));
	});
	it('of a skill that the agent loads are asked about then, and hold from there', async () => {
		const file = instructionFile({ ...place, kind: 'skill', name: 'ship', folder: '/w/.claude/skills/ship' }, words);
		const fixture = await scene({
			shell,
			steps: [
				makes,
				{ blocks: [call('Skill', { name: 'ship' })] },
				{ blocks: [call('Bash', { command: 'make b' }, 'toolu_b')] },
				{ blocks: [text('.')] },
			],
		});
		Object.assign(fixture.ports, { services: { sessionId: fixture.session.id, skills: { list: async () => [file] } } });
		await fixture.run('Ship it');
		assert.deepEqual(
			fixture.asked.map(({ tool, target }) => `${tool}: ${target}`),
			['Bash: make a', 'the skill ship: Bash(make:*)\nRead'],
		);
	});
});
