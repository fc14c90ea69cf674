import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BugError } from '../../../src/base/errors.ts';
import { asSha256 } from '../../../src/base/ids.ts';
import { buildContext, type ContextInput } from '../../../src/core/context/buildContext.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';
import { checkGolden } from './golden.ts';
import { breakpoints, canonical, smallPrefix } from './request.ts';

const prefix = smallPrefix();

function build(fill: (branch: EntryBuilder) => void, options: Partial<ContextInput> = {}): ModelRequest {
	const builder = entryBuilder();
	fill(builder);
	return buildContext({ branch: builder.branch(), prefix, blobs: new Map(), ...options });
}

/** One word per block: `u:hello`, `a:call t1`, `u:result t1 ok`, `system:…`; messages are separated by ` | `. */
function outline(request: ModelRequest): string {
	return request.messages
		.map((message) => {
			if (typeof message.content === 'string') return `system:${message.content}`;
			const role = message.role === 'user' ? 'u' : 'a';
			return message.content
				.map((block) => {
					const fields = block as Record<string, unknown>;
					switch (block.type) {
						case 'text':
							return `${role}:${fields.text}`;
						case 'tool_use':
							return `${role}:call ${fields.id}`;
						case 'tool_result': {
							const content = (fields.content as { text?: string }[]).map((inner) => inner.text).join('+');
							return `${role}:result ${fields.tool_use_id} ${content}${fields.is_error ? ' error' : ''}`;
						}
						default:
							return `${role}:${block.type}`;
					}
				})
				.join(', ');
		})
		.join(' | ');
}

function check(
	name: string,
	fill: (branch: EntryBuilder) => void,
	expected: string,
	options: Partial<ContextInput> = {},
) {
	it(name, () => assert.equal(outline(build(fill, options)), expected));
}

describe('messages', () => {
	check('a first prompt', (b) => b.user('hi'), 'u:hi');
	check(
		'tool results come first and in the order of the calls, then prompts with attachments, then reminders',
		(b) => {
			b.user('go');
			b.reply([text('on it'), toolUse('t1', 'Read', {}), toolUse('t2', 'Read', {})]);
			b.reminder('mode is ask');
			b.result('t2', 'two');
			b.user('steer');
			b.add({ type: 'attachment', name: 'a.ts', content: [{ type: 'text', text: 'attached' }] });
			b.result('t1', 'one', true);
		},
		'u:go | a:on it, a:call t1, a:call t2 | u:result t1 one error, u:result t2 two, u:steer, u:attached, u:<system-reminder>mode is ask</system-reminder>',
	);
	check(
		'blocks are ordered by index, whatever order they were logged in',
		(b) => {
			b.user('go');
			b.add({ type: 'assistant', messageId: 'm', index: 1, block: text('second') });
			b.add({ type: 'assistant', messageId: 'm', index: 0, block: text('first') });
			b.interrupted();
			b.user('next');
		},
		'u:go | a:first, a:second | u:next',
	);
	check(
		'a reply cut by Stop keeps its text and loses its thinking',
		(b) => {
			b.user('go');
			b.reply([thinking('hm'), text('half of')], { stopReason: null, isPartial: true });
			b.interrupted();
			b.turnEnded('stopped');
			b.user('again');
		},
		'u:go | a:half of | u:again',
	);
	check(
		'a reply of which nothing is left vanishes and the prompts are joined',
		(b) => {
			b.user('go');
			b.reminder('r1');
			b.reply([thinking('hm')], { stopReason: null });
			b.interrupted();
			b.turnEnded('stopped');
			b.reminder('r2');
			b.user('again');
		},
		'u:go, u:<system-reminder>r1</system-reminder>, u:again, u:<system-reminder>r2</system-reminder>',
	);
	check(
		'a crash leaves no end of turn: the text before the next prompt is kept, its call answered',
		(b) => {
			b.user('go');
			b.reply([thinking('hm'), text('half'), toolUse('t1', 'Bash', {})], { stopReason: null });
			b.result('t1', 'interrupted', true);
			b.user('again');
		},
		'u:go | a:half, a:call t1 | u:result t1 interrupted error, u:again',
	);
	check(
		'a failed attempt that is made again leaves no trace, nor do results of its calls',
		(b) => {
			b.user('go');
			b.reply([text('first try'), toolUse('t1', 'Bash', {})], { stopReason: null });
			b.reply([text('second try'), toolUse('t2', 'Bash', {})]);
			b.result('t2', 'ok');
			b.result('t1', 'never ran', true);
		},
		'u:go | a:second try, a:call t2 | u:result t2 ok',
	);
	check(
		'while it is made again the request is the one of the first attempt',
		(b) => {
			b.user('go');
			b.reply([text('first try'), toolUse('t1', 'Bash', {})], { stopReason: null });
		},
		'u:go',
	);
	check(
		'a refused reply is not replayed',
		(b) => {
			b.user('go');
			b.reply([text('I can'), toolUse('t1', 'Bash', {})], { stopReason: 'refusal' });
			b.result('t1', 'not run', true);
			b.turnEnded('refusal');
			b.user('other');
		},
		'u:go, u:other',
	);
	check(
		'empty and blank texts are never sent',
		(b) => {
			b.user('go');
			b.reply([text('\n\n'), toolUse('t1', 'Read', {})]);
			b.result('t1', '');
			b.reminder(' ');
		},
		'u:go | a:call t1 | u:result t1 ',
	);
	check(
		'a result without a call and a second result for one call are dropped',
		(b) => {
			b.user('go');
			b.result('t0', 'whose?');
			b.reply([toolUse('t1', 'Read', {})]);
			b.result('t1', 'one');
			b.result('t1', 'again');
		},
		'u:go | a:call t1 | u:result t1 one',
	);
	check(
		'a call id used twice is answered twice',
		(b) => {
			b.user('go');
			b.reply([toolUse('t1', 'Read', {})]);
			b.result('t1', 'one');
			b.reply([toolUse('t1', 'Read', {})]);
			b.result('t1', 'two');
		},
		'u:go | a:call t1 | u:result t1 one | a:call t1 | u:result t1 two',
	);
	check(
		'thinking of finished replies is replayed, and all of it can be dropped',
		(b) => {
			b.user('go');
			b.reply([thinking('hm'), { type: 'redacted_thinking', data: 'xyz' }, text('done')]);
			b.turnEnded();
			b.user('more');
		},
		'u:go | a:done | u:more',
		{ dropEarlierThinking: true },
	);
	check(
		'a reminder after the end of a reply waits for the next prompt',
		(b) => {
			b.user('go');
			b.reply([text('done')]);
			b.reminder('file changed');
			b.turnEnded();
			b.user('more');
		},
		'u:go | a:done | u:more, u:<system-reminder>file changed</system-reminder>',
	);
	it('thinking blocks go out as they came', () => {
		const block = { type: 'thinking', thinking: ' hm\n', signature: 'abc', later: { b: 1, a: 2 } };
		const request = build((b) => {
			b.user('go');
			b.reply([block, text('x')]);
			b.user('more');
		});
		assert.equal(JSON.stringify(request.messages[1]?.content[0]), JSON.stringify(block));
	});
	it('what the SDK adds to a reply is not sent', () => {
		const request = build((b) => {
			b.user('go');
			b.reply([{ type: 'text', text: 'x', citations: null, parsed_output: null }]);
			b.user('more');
		});
		assert.deepEqual(request.messages[1]?.content, [{ type: 'text', text: 'x', citations: null }]);
	});
	it('a live entry whose keys are in another order gives the bytes of the reloaded one', () => {
		const builder = entryBuilder();
		builder.user('go');
		builder.reply([toolUse('t1', 'Read', { path: 'a' })]);
		builder.result('t1', 'x');
		const reloaded = builder.branch();
		const live = reloaded.map((entry) =>
			entry.type === 'assistant'
				? { ...entry, block: { input: { path: 'a' }, name: 'Read', id: 't1', type: 'tool_use' } }
				: entry,
		) as typeof reloaded;
		const [one, two] = [live, reloaded].map((branch) => canonical(buildContext({ branch, prefix, blobs: new Map() })));
		assert.equal(one, two);
	});
});

describe('reminders as system messages', () => {
	const options = { prefix: smallPrefix({ reminderForm: 'system' }) };
	check(
		'stand after the user message they came with',
		(b) => {
			b.reminder('r1');
			b.user('go');
			b.reminder('r2');
			b.reply([toolUse('t1', 'Read', {})]);
			b.result('t1', 'x');
			b.reminder('r3');
		},
		'u:go | system:r1\n\nr2 | a:call t1 | u:result t1 x | system:r3',
		options,
	);
	check(
		'keep their place when the turn failed and another prompt follows',
		(b) => {
			b.user('go');
			b.reminder('r1');
			b.turnEnded('error');
			b.user('again');
		},
		'u:go | system:r1 | u:again',
		options,
	);
});

describe('what cannot be sent', () => {
	const cases: readonly [string, (b: EntryBuilder) => void, string, string][] = [
		[
			'an open call',
			(b) => {
				b.user('go');
				b.reply([toolUse('t1', 'Read', {}), toolUse('t2', 'Read', {})]);
				b.result('t2', 'x');
			},
			'no result',
			'u:go | a:call t1, a:call t2 | u:result t1 , u:result t2 x',
		],
		[
			'a finished reply at the end',
			(b) => {
				b.user('go');
				b.reply([text('done')]);
			},
			'ends with a reply',
			'u:go',
		],
		['an empty branch', () => undefined, 'no prompt', ''],
		[
			'a blob that is not loaded',
			(b) => {
				b.userBlocks([{ $blob: asSha256('a'.repeat(64)), size: 9, mediaType: 'application/json', head: 'start' }]);
			},
			'not loaded',
			'u:start',
		],
	];
	for (const [name, fill, message, measured] of cases) {
		it(`${name} is a bug, but can be measured`, () => {
			assert.throws(
				() => build(fill),
				(error) => error instanceof BugError && error.message.includes(message),
			);
			assert.equal(outline(build(fill, { isMeasuring: true })), measured);
		});
	}
});

describe('breakpoints', () => {
	const fill = (b: EntryBuilder) => {
		b.user('one');
		b.reply([toolUse('t1', 'Read', {})]);
		b.result('t1', 'x');
		b.reply([text('done')]);
		b.user('two');
		b.reminder('r');
	};
	it('stand on the last tool, the end of the context and the last two user messages', () => {
		assert.deepEqual(breakpoints(build(fill)), ['tool 1 1h', 'system 1 1h', 'message 2.0 5m', 'message 4.1 5m']);
		assert.deepEqual(breakpoints(build(fill, { messageTtl: '1h' })).slice(2), ['message 2.0 1h', 'message 4.1 1h']);
	});
	it('never ask for more time after less', () => {
		const options = { messageTtl: '1h' as const, prefix: smallPrefix({ ttl: '5m' }) };
		assert.deepEqual(breakpoints(build(fill, options)), [
			'tool 1 5m',
			'system 1 5m',
			'message 2.0 5m',
			'message 4.1 5m',
		]);
	});
	it('need something to stand on', () => {
		const bare = { ...prefix, tools: [], context: [] };
		assert.deepEqual(breakpoints(build((b) => b.user('hi'), { prefix: bare })), ['system 0 1h', 'message 0.0 5m']);
	});
});

describe('request fields', () => {
	it('come from the prefix, also when the session has another model by now', () => {
		const request = build((b) => {
			b.user('hi');
			b.add({ type: 'model', model: 'claude-haiku-5-5' });
		});
		assert.equal(request.model, 'claude-opus-5-5');
		assert.equal(request.previousMessageId, undefined);
	});
	it('name the previous reply when diagnostics are on', () => {
		const options = { prefix: smallPrefix({ diagnostics: true }) };
		assert.equal(build((b) => b.user('hi'), options).previousMessageId, null);
		const later = build((b) => {
			b.user('hi');
			b.reply([text('yo')]);
			b.user('more');
		}, options);
		assert.equal(later.previousMessageId, 'msg_1');
	});
	it('blobs are sent as the block they hold', () => {
		const $blob = asSha256('d'.repeat(64));
		const big = { type: 'text', text: 'big' };
		const request = build((b) => b.userBlocks([{ $blob, size: 1, mediaType: 'application/json', head: '' }]), {
			blobs: new Map([[$blob, JSON.stringify(big)]]),
		});
		assert.equal(outline(request), 'u:big');
	});
});

it('golden: a whole session', () => {
	const fill = (b: EntryBuilder) => {
		b.reminder('The mode is ask.');
		b.user('Rename add to sum in src/math.js');
		b.add({ type: 'attachment', name: 'math.js', content: [{ type: 'text', text: 'export function add() {}' }] });
		b.reply([
			thinking('Read first.'),
			text('I read the file.'),
			toolUse('t1', 'Read', { path: 'src/math.js' }),
			toolUse('t2', 'Grep', { pattern: 'add' }),
		]);
		b.result('t2', '2 matches');
		b.result('t1', '1\texport function add() {}');
		b.reply([toolUse('t3', 'Edit', { path: 'src/math.js', find: 'add', replace: 'sum' })]);
		b.result('t3', 'The user changed the proposal before accepting.');
		b.reply([text('Done.')]);
		b.turnEnded();
		b.user('And the tests?');
		b.reply([thinking('Run.'), text('I will ru')], { stopReason: null, isPartial: true });
		b.interrupted();
		b.turnEnded('stopped');
		b.reminder('The mode is acceptEdits.');
		b.user('Go on');
	};
	checkGolden('wholeSession', build(fill, { messageTtl: '1h' }));
	checkGolden(
		'wholeSessionSystemReminders',
		build(fill, { prefix: smallPrefix({ reminderForm: 'system', diagnostics: true }) }),
	);
});
