// How a session is named in a prompt, and that the name finds it again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId } from '../../../src/base/ids.ts';
import { readPrompt } from '../../../src/host/prompt/attachments.ts';
import { mentionsIn } from '../../../src/host/prompt/mentions.ts';
import { findMentioned, mentionedSessionName, sessionMention } from '../../../src/host/prompt/sessionMentions.ts';
import { createMemoryWorkspace } from '../../fakes/memoryWorkspace.ts';

const session = (end: string, title: string) => ({
	id: asSessionId(`0190a0b0-0000-7000-8000-000000${end}`),
	title,
});
const nameIn = (text: string) => mentionsIn(text).map(({ path }) => mentionedSessionName(path))[0] ?? '';

test('a mention is one readable word and finds its session, also after a rename', () => {
	for (const title of ['Guard the area() function, (fork 2)', '重构 解析器', '???', 'x'.repeat(200)]) {
		const one = session('3f9a2c', title);
		const others = [session('3f9a2d', title), one];
		const mention = sessionMention(one);
		assert.doesNotMatch(mention, /\s/);
		const name = nameIn(`See ${mention}.`);
		assert.equal(findMentioned(name, others), one);
		assert.equal(findMentioned(name, [session('3f9a2d', title), { ...one, title: 'Renamed' }])?.title, 'Renamed');
	}
	assert.equal(sessionMention(session('3f9a2c', 'Guard the area()')), '@session:guard-the-area-3f9a2c');
});

test('a whole id and a name that only one session has are found; anything else is not', () => {
	const one = session('3f9a2c', 'Fix the parser');
	const all = [one, session('aaaaaa', 'Twice'), session('bbbbbb', 'twice')];
	assert.equal(findMentioned(one.id, all), one);
	assert.equal(findMentioned('fix-the-parser', all), one);
	assert.equal(findMentioned('twice', all), undefined);
	assert.equal(findMentioned('', [...all, session('cccccc', '???')]), undefined);
	assert.equal(findMentioned('x3f9a2c', all), undefined);
});

test('a file is not a session', () => {
	assert.equal(mentionedSessionName('src/session.ts'), undefined);
});

test('a mentioned session comes with the prompt, once; a name that means none stays text', async () => {
	const workspace = createMemoryWorkspace({ '/w/a.txt': 'file' });
	const asked: string[] = [];
	const digests = async (name: string) => {
		asked.push(name);
		return name === 'plan-3f9a2c' ? { title: 'Plan', text: '# Plan' } : undefined;
	};
	const text = 'As in @session:plan-3f9a2c (see @session:plan-3f9a2c) and @session:none, in @a.txt';
	const prompt = await readPrompt(text, [], workspace, '/w', digests);
	assert.equal(prompt.text, text);
	assert.deepEqual(asked, ['plan-3f9a2c', 'none']);
	assert.deepEqual(
		prompt.attachments.map(({ name }) => name),
		['a.txt', 'session:plan-3f9a2c'],
	);
	const [content] = prompt.attachments[1]?.content ?? [];
	assert.match(content && 'text' in content ? String(content.text) : '', /“Plan”[\s\S]*# Plan$/);
});
