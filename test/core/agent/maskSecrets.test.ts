import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { maskSecrets } from '../../../src/core/agent/maskSecrets.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

/** Put together here, so that no scanner takes this file for a leak. */
const letters = (count: number) => 'aB3dE6gH9jK2mN5p'.repeat(8).slice(0, count);
const upper = (count: number) => 'AB3DE6GH9JK2MN5P'.repeat(2).slice(0, count);

describe('credentials in output', () => {
	const cases: readonly (readonly [string, string])[] = [
		[`ANTHROPIC_API_KEY=sk-ant-api03-${letters(40)}`, 'ANTHROPIC_API_KEY=[masked: Anthropic key]'],
		[`"sk-proj-${letters(40)}"`, '"[masked: OpenAI key]"'],
		[`key ${'AKIA'}${upper(16)} end`, 'key [masked: AWS access key] end'],
		[`ghp_${letters(36)}`, '[masked: GitHub token]'],
		[`glpat-${letters(20)}`, '[masked: GitLab token]'],
		[`xoxb-${letters(30)}`, '[masked: Slack token]'],
		[`AIza${letters(35)}`, '[masked: Google API key]'],
		[`sk_live_${letters(24)}`, '[masked: Stripe key]'],
		[`npm_${letters(36)}`, '[masked: npm token]'],
		[
			`a\n-----BEGIN RSA ${'PRIVATE'} KEY-----\n${letters(64)}\n-----END RSA ${'PRIVATE'} KEY-----\nb`,
			'a\n[masked: private key]\nb',
		],
		[`-----BEGIN ${'PRIVATE'} KEY-----\n${letters(64)}`, '[masked: private key]'],
		['the task-force and risk-antique words, sk-ant-, AKIA', 'the task-force and risk-antique words, sk-ant-, AKIA'],
		['const key = process.env.API_KEY;', 'const key = process.env.API_KEY;'],
	];
	for (const [input, expected] of cases)
		test(expected.replaceAll('\n', ' '), () => assert.equal(maskSecrets(input), expected));

	test('reach neither the log nor the next request', async () => {
		const secret = `sk-ant-api03-${letters(40)}`;
		const model = createScriptedModel([
			{ blocks: [call('Read', { file_path: 'notes.txt' })] },
			{ blocks: [text('ok')] },
		]);
		const fixture = await createFixture({ model, files: { '/w/notes.txt': `the key is ${secret}\n` } });
		await fixture.run('read it');
		assert.ok(!JSON.stringify(fixture.session.entries).includes(secret));
		assert.ok(!JSON.stringify(model.requests).includes(secret));
		assert.ok(JSON.stringify(model.requests[1]).includes('[masked: Anthropic key]'));
	});
});
