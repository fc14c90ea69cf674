/** The brief of `/clear`: asked for at the end of the conversation as it stands, made from the log when that fails, sent with the first prompt. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId } from '../../../src/base/ids.ts';
import { withFacts } from '../../../src/core/agent/briefText.ts';
import { draftBrief, pendingBrief } from '../../../src/core/agent/draftBrief.ts';
import { isBriefQuestion } from '../../../src/core/context/briefRequest.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { call, createScriptedModel, type ScriptedStep, text, thinking } from '../../fakes/scriptedModel.ts';
import { canonicalLines } from '../context/request.ts';
import { createFixture } from './turnFixture.ts';

const { signal } = new AbortController();
const ignore = () => undefined;
const wish = { focus: '', git: [], refusal: undefined };
const brief = (words: string): ScriptedStep => ({ blocks: [text(`<brief>\n${words}\n</brief>`)] });
const lastText = (request: ModelRequest | undefined): string => {
	const block = request?.messages.at(-1)?.content.at(-1);
	return block && typeof block !== 'string' && 'text' in block ? String(block.text) : '';
};

test('the question stands behind every byte of the conversation, with the focus, and changes nothing in the log', async () => {
	const model = createScriptedModel([
		{ blocks: [text('One.')] },
		{ blocks: [text('Two.')] },
		brief('## Goal\nPrices.'),
	]);
	const { session, run, ports } = await createFixture({ model });
	await run('one');
	await run('two');
	const { length } = session.entries;
	const draft = await draftBrief(session, { ...wish, focus: 'the tax' }, ports, ignore, signal);
	assert.equal(draft.text, '## Goal\nPrices.');
	assert.equal(draft.mechanicalBecause, undefined);
	const [, second, asked] = model.requests;
	assert.ok(second && asked);
	assert.ok(isBriefQuestion(lastText(asked)));
	assert.match(lastText(asked), /the tax$/);
	const before = canonicalLines(second);
	assert.deepEqual(canonicalLines(asked).slice(0, before.length), before);
	assert.deepEqual([asked.tools, asked.thinking, asked.maxTokens], [second.tools, second.thinking, second.maxTokens]);
	assert.equal(session.entries.length, length);
});

test('task list and git stand in it word for word, whoever wrote the rest', async () => {
	const git = {
		folder: 'shop',
		branch: 'feature/tax',
		changes: [{ path: 'src/tax.js', what: 'changed' as const }],
		more: 2,
	};
	const model = createScriptedModel([{ blocks: [text('One.')] }, brief('Short.')]);
	const { session, run, ports } = await createFixture({ model });
	await run('one');
	session.append({
		type: 'taskList',
		tasks: [
			{ text: 'Write the test', state: 'completed' },
			{ text: 'Fix it', state: 'inProgress' },
			{ text: 'Tell', state: 'pending' },
		],
	});
	const facts = `## Tasks\n- [x] Write the test\n- [~] Fix it\n- [ ] Tell\n\n## Git\nBranch: feature/tax\nNot committed:\n- src/tax.js (changed)\n- and 2 more`;
	const byModel = await draftBrief(session, { ...wish, git: [git] }, ports, ignore, signal);
	assert.equal(byModel.text, `Short.\n\n${facts}`);
	const byHand = await draftBrief(session, { ...wish, git: [git], refusal: 'No key.' }, ports, ignore, signal);
	assert.ok(byHand.text.endsWith(facts));
	assert.equal(withFacts('Body', undefined, []), 'Body');
	assert.match(
		withFacts('', undefined, [git, { ...git, folder: 'b\nc', branch: undefined, changes: [], more: 0 }]),
		/## Git in b c\nBranch: none yet/,
	);
});

test('without a model the log is enough: the first prompt, the last answer and what was changed; and it says why', async () => {
	const model = createScriptedModel([
		{ blocks: [call('Edit', { file_path: 'a', old_string: 'one', new_string: 'two' }, 'e1')] },
		{ blocks: [text('Changed a.')] },
		{ blocks: [text('The tax is 7 %.')] },
		{ error: new ModelError('network', 'No connection.') },
		{ error: new ModelError('network', 'No connection.') },
		{ error: new ModelError('badRequest', 'The endpoint refused.') },
		{ blocks: [text('')], stopReason: 'max_tokens' },
	]);
	const { session, run, ports } = await createFixture({ model, mode: 'acceptEdits', files: { '/w/a': 'one\n' } });
	await run('Change a to two');
	await run('What is the tax?');
	const refused = await draftBrief(session, { ...wish, refusal: 'No API key is set.' }, ports, ignore, signal);
	assert.equal(refused.mechanicalBecause, 'No API key is set.');
	assert.equal(
		refused.text,
		'## Goal\nChange a to two\n\n## Last request\nWhat is the tax?\n\n## Last answer\nThe tax is 7 %.\n\n## Files that this session changed\n- a',
	);
	const failed = await draftBrief(session, wish, ports, ignore, signal);
	assert.match(failed.mechanicalBecause ?? '', /refused/);
	assert.equal(failed.text, refused.text);
	const none = await draftBrief(session, wish, ports, ignore, signal);
	assert.match(none.mechanicalBecause ?? '', /gave no brief/);
});

test('thinking that the endpoint does not take back is left out of the question', async () => {
	const model = createScriptedModel([
		{ blocks: [thinking('Hm.'), text('One.')] },
		{ error: new ModelError('thinkingBinding', 'thinking is bound') },
		brief('Short.'),
	]);
	const { session, run, ports } = await createFixture({ model });
	await run('one');
	assert.equal((await draftBrief(session, wish, ports, ignore, signal)).text, 'Short.');
	const [, refused, again] = model.requests.map(({ messages }) => JSON.stringify(messages));
	assert.match(refused ?? '', /"thinking":"Hm\."/);
	assert.doesNotMatch(again ?? '', /Hm\./);
	assert.match(again ?? '', /One\./);
});

test('an empty session has nothing to clear; a stop is a stop', async () => {
	const model = createScriptedModel([{ blocks: [text('One.')] }, brief('Never.')]);
	const { session, run, ports } = await createFixture({ model });
	await assert.rejects(draftBrief(session, wish, ports, ignore, signal), { code: 'nothing-to-clear' });
	await run('one');
	const stopped = new AbortController();
	stopped.abort();
	await assert.rejects(draftBrief(session, wish, ports, ignore, stopped.signal), { name: 'CancelledError' });
});

test('the first prompt takes the brief along, a later one does not, and after a rewind to the start it is there again', async () => {
	const model = createScriptedModel([
		{ blocks: [text('One.')] },
		{ blocks: [text('Two.')] },
		{ blocks: [text('Again.')] },
	]);
	const { session, run } = await createFixture({ model });
	const link = { type: 'continues' as const, other: asSessionId('before'), title: 'Prices' };
	session.append({ ...link, brief: 'The first draft.' });
	session.append({ ...link, brief: 'The price is 26.' });
	await run('one');
	await run('two');
	const [first, second] = model.requests.map(({ messages }) => JSON.stringify(messages));
	assert.match(first ?? '', /“Prices”.*The price is 26\./);
	assert.doesNotMatch(first ?? '', /first draft/);
	assert.equal((second ?? '').split('The price is 26.').length, 2, 'once');
	assert.deepEqual(pendingBrief(session), []);
	session.append({ type: 'rewind', to: null, from: session.leaf, why: 'rewind' });
	assert.equal(pendingBrief(session).length, 1);
	await run('one');
	const [before, again] = [model.requests[0], model.requests[2]];
	assert.ok(before && again);
	assert.deepEqual(canonicalLines(again), canonicalLines(before), 'the same branch, the same bytes');
});

test('an empty brief is a link and nothing more', async () => {
	const model = createScriptedModel([{ blocks: [text('One.')] }]);
	const { session, run } = await createFixture({ model });
	session.append({ type: 'continues', other: asSessionId('before'), title: 'Prices', brief: '' });
	await run('one');
	assert.ok(!session.entries.some(({ type }) => type === 'attachment'));
});
