import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { explainMiss, sharedShare, wordsOfDiagnostics } from '../../../src/core/context/cacheMiss.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';
import { smallPrefix } from './request.ts';

const PROJECT = `# Environment

- Linux

# Project instructions

Follow them.

## CLAUDE.md

Use tabs.

## Build

npm test

## docs/AGENTS.md

Be brief.`;

/** A conversation of two turns, with a call in the first. */
function conversation(): ReturnType<typeof entryBuilder> {
	const b = entryBuilder();
	b.user('first');
	b.reply([thinking('hm'), text('I look'), toolUse('t1', 'Read', { path: 'a' })]);
	b.result('t1', 'a long result of some lines');
	b.reply([text('done')]);
	b.turnEnded();
	b.user('second');
	return b;
}

function requestOf(b = conversation()): ModelRequest {
	const prefix = smallPrefix();
	return buildContext({
		branch: b.branch(),
		prefix: { ...prefix, context: [{ type: 'text', text: PROJECT }] },
		blobs: new Map(),
	});
}

const tool = (name: string) => ({ name, description: 'Does.', input_schema: { type: 'object' as const } });

function withContext(request: ModelRequest, change: (context: string) => string): ModelRequest {
	const [system, context] = request.system;
	if (!system || !context) throw new Error('no context');
	return { ...request, system: [system, { ...context, text: change(context.text) }] };
}

/** The messages with one block changed; undefined = left out. */
function withBlock(request: ModelRequest, message: number, block: number, change: object | undefined): ModelRequest {
	const messages = request.messages.map((one, at) => {
		if (at !== message || typeof one.content === 'string') return one;
		const content = [...one.content] as object[];
		if (change) content[block] = { ...content[block], ...change };
		else content.splice(block, 1);
		return { ...one, content };
	});
	return { ...request, messages: messages as ModelRequest['messages'] };
}

describe('explainMiss', () => {
	const before = requestOf();
	const check = (next: ModelRequest, kind: string, words: string) => {
		const miss = explainMiss(before, next);
		assert.deepEqual([miss.kind, miss.words], [kind, words]);
		return miss;
	};

	it('finds nothing where a longer conversation starts with the shorter one', () => {
		const b = conversation();
		b.reply([text('more')]);
		b.turnEnded();
		b.user('third');
		const miss = check(requestOf(b), 'none', 'Nothing that was sent before has changed.');
		assert.equal(miss.at, undefined);
		assert.equal(sharedShare(before, before), 1);
	});
	it('names tools that came, went and changed', () => {
		const tools = before.tools;
		check({ ...before, tools: [...tools, tool('mcp__x__y')] }, 'tools', 'The tools changed: mcp__x__y was added.');
		check({ ...before, tools: tools.slice(1) }, 'tools', 'The tools changed: Edit was removed.');
		check(
			{ ...before, tools: tools.map((one) => ({ ...one, description: 'New.' })) },
			'tools',
			'The tools changed: Edit, Read were changed.',
		);
		check({ ...before, tools: [...tools].reverse() }, 'tools', 'The tools came in another order.');
		const many = ['A', 'B', 'C', 'D', 'E'].map(tool);
		check({ ...before, tools: [...tools, ...many] }, 'tools', 'The tools changed: A, B, C and 2 more were added.');
	});
	it('names the system prompt, and the memory files whose text differs', () => {
		const [, context] = before.system;
		if (!context) throw new Error('no context');
		check({ ...before, system: [{ type: 'text', text: 'Other.' }, context] }, 'system', 'The system prompt changed.');
		const changed = withContext(before, (one) => one.replace('npm test', 'npm run check'));
		const miss = check(changed, 'context', 'The project context changed: CLAUDE.md.');
		assert.match(miss.before, /npm test/);
		assert.match(miss.after, /npm run check/);
		check(
			withContext(before, (one) => one.replace('Linux', 'macOS').replace('## docs/AGENTS.md\n\nBe brief.', '')),
			'context',
			'The project context changed: the environment, docs/AGENTS.md is gone.',
		);
		check(
			withContext(before, (one) => `${one}\n\n## rules/go.md\n\nUse gofmt.`),
			'context',
			'The project context changed: rules/go.md is new.',
		);
		check(
			{ ...before, system: before.system.slice(0, 1) },
			'context',
			'The project context changed: the environment is gone, CLAUDE.md is gone, docs/AGENTS.md is gone.',
		);
	});
	it('names the lists that files make, which are none of the memory files', () => {
		const agents = '# Further kinds of agents\n\nFor the tool Agent:\n- reviewer: Reads a change';
		check(
			withContext(before, (one) => `${one}\n\n${agents}`),
			'context',
			'The project context changed: the list of agents is new.',
		);
		check(
			withContext(before, (one) => one.replace('# Project', '# Skills\n\n- commit: Writes commits\n\n# Project')),
			'context',
			'The project context changed: the list of skills is new.',
		);
	});
	it('names the model and the parameters', () => {
		check({ ...before, model: 'm2' }, 'model', `The model changed from ${before.model} to m2.`);
		check({ ...before, effort: 'low' }, 'parameters', 'The setting for effort changed.');
		check({ ...before, thinking: null }, 'parameters', 'The setting for thinking changed.');
	});
	it('names what became of earlier messages', () => {
		const folded = withBlock(before, 2, 0, { content: [{ type: 'text', text: '[folded]' }] });
		const miss = check(folded, 'messages', 'An earlier tool result was folded.');
		assert.match(miss.before, /a long result/);
		assert.match(miss.after, /\[folded\]/);
		const back = explainMiss(folded, before);
		assert.equal(back.words, 'An earlier tool result was put back as it was.');
		check(withBlock(before, 1, 0, undefined), 'messages', 'Earlier thinking was left out.');
		check(withBlock(before, 1, 1, undefined), 'messages', 'An earlier message was left out.');
		check(withBlock(before, 0, 0, { text: 'f' }), 'messages', 'An earlier message was folded.');
		const rewound = entryBuilder();
		rewound.user('first');
		rewound.reply([text('other')]);
		rewound.turnEnded();
		rewound.user('second');
		check(requestOf(rewound), 'messages', 'The conversation goes on from an earlier message.');
		const summarized = entryBuilder();
		summarized.user('This is the summary of the conversation so far, which was replaced by it to make room:\n\nx');
		check(requestOf(summarized), 'messages', 'The conversation was summarized.');
	});
	it('says when the cache forgot: the conversation first, the rest after the longer time', () => {
		const minutes = (count: number) => explainMiss(before, before, { ageMs: count * 60_000 });
		assert.equal(minutes(4).kind, 'none');
		assert.equal(minutes(6).words, 'More than five minutes passed since the last request.');
		assert.equal(minutes(61).words, 'More than an hour passed since the last request.');
		// What stands before the conversation is still held, so its change is the cause.
		const changed = { ...before, tools: before.tools.slice(1) };
		assert.equal(explainMiss(before, changed, { ageMs: 6 * 60_000 }).kind, 'tools');
		assert.equal(explainMiss(before, changed, { ageMs: 61 * 60_000 }).kind, 'expired');
	});
});

/** The cacheable bytes, made in another way than the code does. */
function bytesOf(request: ModelRequest): Buffer {
	const bare = (value: object) => JSON.stringify({ ...value, cache_control: undefined });
	const lines = [
		...request.tools.map(bare),
		...request.system.map(bare),
		...request.messages.flatMap(({ role, content }) =>
			typeof content === 'string'
				? [`${role} ${JSON.stringify(content)}`]
				: (content as readonly object[]).map((block) => `${role} ${bare(block)}`),
		),
	];
	return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

it('any two requests: the offset is that of the first byte that differs, and nothing is found where one starts with the other', () => {
	const blockText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
	const conversationOf = (words: readonly string[]) => {
		const b = entryBuilder();
		for (const word of words) {
			b.user(`p${word}`);
			b.reply([text(`r${word}`)]);
			b.turnEnded();
		}
		b.user('end');
		return b;
	};
	fc.assert(
		fc.property(
			fc.array(blockText, { maxLength: 4 }),
			fc.array(blockText, { maxLength: 4 }),
			fc.nat(4),
			(one, other, cut) => {
				const first = requestOf(conversationOf(one));
				const second = requestOf(conversationOf([...one.slice(0, cut), ...other]));
				const miss = explainMiss(first, second);
				const [was, is] = [bytesOf(first), bytesOf(second)];
				let at = 0;
				while (at < was.length && was[at] === is[at]) at++;
				assert.equal(miss.kind === 'none', at === was.length);
				// The first byte of the character that differs: its own bytes may have begun alike.
				if (miss.at !== undefined) assert.ok(miss.at <= at && at - miss.at < 4, `${miss.at} is not ${at}`);
				assert.ok(
					Math.abs(sharedShare(first, second) - (miss.at ?? is.length) / is.length) < 1e-9 || miss.kind === 'none',
				);
			},
		),
		{ numRuns: 300 },
	);
});

describe('wordsOfDiagnostics', () => {
	it('puts what the endpoint says into words, and nothing where it names no cause', () => {
		const words = (type: string) =>
			wordsOfDiagnostics({ cache_miss_reason: { type, cache_missed_input_tokens: 12_345 } });
		assert.equal(words('tools_changed'), 'The tools changed, so about 12,345 tokens were read anew.');
		assert.equal(words('model_changed'), 'The model changed, so about 12,345 tokens were read anew.');
		assert.match(words('system_changed') ?? '', /^The system prompt or the project context changed/);
		assert.match(words('messages_changed') ?? '', /^An earlier part of the conversation changed/);
		assert.equal(words('previous_message_not_found'), 'The endpoint no longer knows the request before this one.');
		assert.equal(words('unavailable'), undefined);
		assert.equal(wordsOfDiagnostics({ cache_miss_reason: null }), undefined);
		assert.equal(wordsOfDiagnostics(null), undefined);
		assert.equal(wordsOfDiagnostics('?'), undefined);
	});
});
