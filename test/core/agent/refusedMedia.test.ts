/** A conversation is never stuck behind a picture that its endpoint refuses: the picture goes, the rest goes on. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { MEDIA_REFUSED } from '../../../src/core/agent/refusedMedia.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { InputBlock } from '../../../src/core/session/content.ts';
import { createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import { gif, jpeg, png } from '../../fakes/images.ts';
import { type MessagesApi, startMessagesApi } from '../../fakes/messagesApi/startMessagesApi.ts';
import { call, createScriptedModel, text, thinking } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

const opened: MessagesApi[] = [];
afterEach(async () => {
	for (const api of opened.splice(0)) await api.close();
});

const refusal = (said: string, status = 400, kind: ModelError['kind'] = 'badRequest') => ({
	error: new ModelError(kind, `The endpoint refused the request. It said: ${said}`, { status }),
});
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const picture = (bytes: Uint8Array, media_type = 'image/png'): InputBlock => ({
	type: 'image',
	source: { type: 'base64', media_type, data: base64(bytes) },
});
const attached = (name: string, ...content: InputBlock[]) => ({ name, content });
const sent = (request: ModelRequest | undefined): string => JSON.stringify(request?.messages);
const pictures = (request: ModelRequest | undefined): number => sent(request).match(/"type":"image"/g)?.length ?? 0;
type Fixture = Awaited<ReturnType<typeof createFixture>>;
const notices = ({ session }: Fixture): string[] =>
	session.entries.flatMap((entry) => (entry.type === 'notice' && entry.code === MEDIA_REFUSED ? [entry.text] : []));
const ends = ({ session }: Fixture): string[] =>
	session.branch().flatMap((entry) => (entry.type === 'turnEnded' ? [entry.code ?? entry.reason] : []));

describe('a picture that the endpoint refuses', () => {
	test('goes alone when the endpoint names it, and what was accepted stays', async () => {
		const model = createScriptedModel([
			{ blocks: [text('nice')] },
			refusal('messages.2.content.1.image.source.base64.data: Image does not match the provided media type image/png'),
			{ blocks: [text('I see one.')] },
			{ blocks: [text('yes')] },
		]);
		const fixture = await createFixture({ model });
		await fixture.run({ text: 'first', attachments: [attached('a', picture(png))] });
		await fixture.run({ text: 'look', attachments: [attached('b', picture(gif)), attached('c', picture(jpeg))] });
		await fixture.run('go on');
		assert.deepEqual(ends(fixture), ['endTurn', 'endTurn', 'endTurn']);
		assert.deepEqual(model.requests.map(pictures), [1, 3, 2, 2]);
		assert.equal(sent(model.requests[2]).includes(base64(gif)), false);
		assert.ok(sent(model.requests[2]).includes(base64(jpeg)));
		assert.match(sent(model.requests[2]), /\[An image stood here\. The model’s endpoint refused it/);
		assert.match(
			notices(fixture)[0] ?? '',
			/does not match.*an image of the conversation was left out, and the request/,
		);
	});

	test('in the middle of a turn goes with its result, while the thinking before it stays', async () => {
		const model = createScriptedModel([
			{ blocks: [thinking('hm'), text('I look.'), call('Read', { file_path: 'a.png' })] },
			refusal('Could not process image'),
			{ blocks: [text('It cannot be seen.')] },
		]);
		const fixture = await createFixture({ model, files: { '/w/a.png': '' }, mode: 'auto' });
		const file = fixture.workspace.files.get('/w/a.png');
		if (file) file.bytes = png;
		await fixture.run('look at it');
		assert.deepEqual(ends(fixture), ['endTurn']);
		assert.deepEqual(model.requests.map(pictures), [0, 1, 0]);
		assert.match(sent(model.requests[2]), /"thinking":"hm"/);
		assert.match(sent(model.requests[2]), /a\.png \(image\/png, 1 kB\)/);
		const started = sent(model.requests[0]).slice(0, -2);
		assert.ok(sent(model.requests[2]).includes(started.slice(0, 40)));
	});

	test('is found by its bytes when the endpoint does not say which', async () => {
		const model = createScriptedModel([refusal('Could not process image'), { blocks: [text('ok')] }]);
		const fixture = await createFixture({ model });
		const broken = picture(png.subarray(0, 60));
		await fixture.run({ text: 'look', attachments: [attached('good', picture(gif)), attached('bad', broken)] });
		assert.deepEqual(model.requests.map(pictures), [2, 1]);
		assert.ok(sent(model.requests[1]).includes(base64(gif)));
	});

	test('of a session that failed on it before lets that session go on', async () => {
		const said = 'At least one of the image dimensions exceed max allowed size: 8000 pixels';
		const model = createScriptedModel([
			{ blocks: [text('hello')] },
			{ error: new ModelError('auth', 'An earlier version ended here.') },
			refusal(said),
			{ blocks: [text('ok')] },
			{ blocks: [text('yes')] },
		]);
		const fixture = await createFixture({ model });
		await fixture.run('hi');
		// Larger than what stands in a line of the log.
		const large = new Uint8Array(60_000);
		large.set(png);
		await fixture.run({ text: 'look', attachments: [attached('x', picture(large))] });
		await fixture.run('go on');
		await fixture.run('and now?');
		assert.deepEqual(model.requests.map(pictures), [0, 1, 1, 0, 0]);
		assert.deepEqual(ends(fixture).slice(-2), ['endTurn', 'endTurn']);
	});

	test('that is not the reason is told as it is, without an end of tries', async () => {
		const said = 'messages.0.content.1.image.source: too many images';
		const model = createScriptedModel([...[1, 2, 3].map(() => refusal(said)), refusal('no image is here any more')]);
		const fixture = await createFixture({ model });
		const six = [0, 1, 2, 3, 4, 5].map((index) => attached(`p${index}`, picture(Uint8Array.from([...png, index]))));
		await fixture.run({ text: 'look', attachments: six });
		assert.deepEqual(ends(fixture).length, 1);
		assert.notEqual(ends(fixture)[0], 'endTurn');
		assert.deepEqual(model.requests.map(pictures), [6, 5, 0]);
		await fixture.run('again');
		assert.equal(model.requests.length, 4);
		assert.equal(notices(fixture).length, 2);
	});

	test('may be a PDF file, and a request that only its pictures make too large', async () => {
		const document = (data: string): InputBlock => ({
			type: 'document',
			title: 'a.pdf, 2 pages',
			source: { type: 'base64', media_type: 'application/pdf', data },
		});
		const model = createScriptedModel([
			refusal('messages.0.content.1.document.source.base64.data: The PDF specified was not valid.'),
			{ blocks: [text('ok')] },
			refusal('Request too large', 413, 'tooLarge'),
			{ blocks: [text('ok')] },
		]);
		const fixture = await createFixture({ model });
		await fixture.run({ text: 'read', attachments: [attached('a.pdf', document('JVBERi0='))] });
		assert.match(sent(model.requests[1]), /\[A PDF file stood here/);
		await fixture.run({ text: 'read', attachments: [attached('b.pdf', document('JVBE'.repeat(5_000_000)))] });
		assert.deepEqual(ends(fixture), ['endTurn', 'endTurn']);
		assert.equal(sent(model.requests[3]).includes('"document"'), false);
		assert.match(notices(fixture)[1] ?? '', /a PDF file of the conversation was left out/);
	});

	test('keeps the rules of the endpoint on the wire', async () => {
		const api = await startMessagesApi({
			script: [
				{ blocks: [{ thinking: 'hm' }, { tool: 'Read', input: { file_path: 'a.png' } }] },
				{ error: { status: 400, type: 'invalid_request_error', message: 'Could not process image' } },
				{ text: 'ok' },
				{ text: 'yes' },
			],
		});
		opened.push(api);
		const fixture = await createFixture({
			files: { '/w/a.png': '' },
			mode: 'auto',
			model: (clock) =>
				createAnthropicModel({
					baseUrl: api.url,
					apiKeyHeader: 'authorization',
					apiKey: async () => 'test-key',
					clock,
				}),
		});
		const file = fixture.workspace.files.get('/w/a.png');
		if (file) file.bytes = png;
		await fixture.run('look');
		await fixture.run('and now?');
		assert.deepEqual(ends(fixture), ['endTurn', 'endTurn']);
		assert.deepEqual(api.violations, []);
	});
});
