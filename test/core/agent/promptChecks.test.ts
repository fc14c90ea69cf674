import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promptProblems } from '../../../src/core/agent/promptChecks.ts';

const around = { windowTokens: 200_000, isLocal: false };
const prompt = (text: string, attached = '') => ({
	text,
	attachments: attached === '' ? [] : [{ name: 'a', content: [{ type: 'text' as const, text: attached }] }],
});
const token = `ghp_${'ab3'.repeat(12)}`;

test('a plain prompt is sent without a word', () => {
	assert.deepEqual(promptProblems(prompt('Fix the token handling of ghp_ tokens'), around), []);
	assert.deepEqual(promptProblems(prompt(''), around), []);
});

test('credentials are named without being told, in the text and in what is attached', () => {
	const aws = 'AKIAABCDEFGHIJKLMNOP';
	const [problem, ...rest] = promptProblems(prompt(`use ${token} and ${token}`, `key=${aws}`), around);
	assert.deepEqual(rest, []);
	assert.equal(problem?.code, 'secret');
	assert.match(problem?.text ?? '', /GitHub token ghp_…b3, AWS access key AKIA…OP\./);
	assert.ok(!problem?.text.includes(token) && !problem?.text.includes(aws));
});

test('of a key in several lines only its kind is told', () => {
	const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----';
	const [problem] = promptProblems(prompt(key), around);
	assert.match(problem?.text ?? '', /private key -----BEGIN …/);
	assert.doesNotMatch(problem?.text ?? '', /MIIE/);
});

test('what stays on this machine may hold anything', () => {
	assert.deepEqual(promptProblems(prompt(token), { ...around, isLocal: true }), []);
});

test('what cannot fit is said before it is refused', () => {
	const [problem] = promptProblems(prompt('x', 'y'.repeat(1_500_000)), around);
	assert.equal(problem?.code, 'tooLarge');
	assert.match(problem?.text ?? '', /at least 300,000 tokens.*200,000/);
	assert.deepEqual(promptProblems(prompt('x', 'y'.repeat(800_000)), around), []);
});
