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

	for (const mode of ['acceptEdits', 'ask'] as const)
		test(`are not overwritten in a file by the mask that stood for them, in mode ${mode}`, async () => {
			const secret = `sk-ant-api03-${letters(40)}`;
			const before = `NAME=old\nKEY=${secret}\n`;
			const model = createScriptedModel([
				{ blocks: [call('Read', { file_path: 'a.txt' })] },
				{ blocks: [call('Write', { file_path: 'a.txt', content: 'NAME=new\nKEY=[masked: Anthropic key]\n' })] },
				{ blocks: [call('Edit', { file_path: 'a.txt', old_string: 'NAME=old', new_string: 'NAME=new' })] },
				{ blocks: [text('ok')] },
			]);
			const fixture = await createFixture({ model, mode, files: { '/w/a.txt': before } });
			await fixture.run('change the name');
			const results = fixture.session.entries.flatMap((entry) => (entry.type === 'toolResult' ? [entry.isError] : []));
			assert.deepEqual(results, [false, true, false]);
			assert.equal(fixture.workspace.text('/w/a.txt'), before.replace('old', 'new'));
			assert.ok(!JSON.stringify(fixture.session.entries).includes(secret));
		});

	test('that a file names by a mask of its own can be edited', async () => {
		const model = createScriptedModel([
			{ blocks: [call('Edit', { file_path: 'a.md', old_string: 'one', new_string: 'two' })] },
			{ blocks: [text('ok')] },
		]);
		const files = { '/w/a.md': 'one [masked: npm token]\n' };
		const fixture = await createFixture({ model, mode: 'acceptEdits', files });
		await fixture.run('edit');
		assert.equal(fixture.workspace.text('/w/a.md'), 'two [masked: npm token]\n');
	});
});
