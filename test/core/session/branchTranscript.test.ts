/** A branch as Markdown: who said what. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transcriptMarkdown } from '../../../src/core/session/branchTranscript.ts';
import { entryBuilder, text, toolUse } from '../../fakes/entries.ts';

test('what was attached is the user’s, and a memory file that came in meanwhile is nobody’s', () => {
	const log = entryBuilder();
	const content = [{ type: 'text' as const, text: 'x' }];
	log.user('one');
	log.add({ type: 'attachment', name: 'a.png', content });
	log.reply([text('I will look.'), toolUse('a', 'Read', {})]);
	log.result('a', 'A');
	log.add({ type: 'attachment', name: 'src/CLAUDE.md', content, memory: { path: '/w/src/CLAUDE.md', hash: 'h' } });
	log.add({ type: 'attachment', name: 'List of skills', content, list: { name: 'skills', hash: 'h' } });
	log.reply([text('Done.')]);
	const markdown = transcriptMarkdown(log.branch());
	assert.match(markdown, /^## You\n\none\n\n\*Attached: a\.png\*\n\n## Retrace\n\nI will look\.[\s\S]*Done\.\s*$/);
	assert.doesNotMatch(markdown, /CLAUDE/);
	assert.equal(markdown.split('## Retrace').length, 2);
});
