/** Rules as people write them: tools by other names, the home folder, and what a slash means in the user's own file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchoredRules } from '../../../src/core/permission/anchoredRules.ts';

const anchored = (rule: string, folders: Parameters<typeof anchoredRules>[1]) =>
	anchoredRules({ allow: [], ask: [], deny: [rule] }, folders).deny[0];

test('paths of the home folder are absolute, and in the user’s own file those with one slash', () => {
	const own = { homeFolder: '/home/ada', slashFolder: '/home/ada/.claude' };
	for (const [rule, expected] of [
		['Read(~/.ssh/**)', 'Read(//home/ada/.ssh/**)'],
		['Edit(/x/**)', 'Edit(//home/ada/.claude/x/**)'],
		['Read(//etc/**)', 'Read(//etc/**)'],
		['Read(src/**)', 'Read(src/**)'],
		['Bash(ls ~/x)', 'Bash(ls ~/x)'],
		['Read(~ada/x)', 'Read(~ada/x)'],
	] as const)
		assert.equal(anchored(rule, own), expected);
	assert.equal(anchored('Read(/x)', { homeFolder: '/home/ada' }), 'Read(/x)');
	assert.equal(anchored('Read(~/x)', {}), 'Read(~/x)');
	assert.equal(anchored('Read(~/x)', { homeFolder: 'C:\\Users\\ada' }), 'Read(//C:/Users/ada/x)');
});

test('tools and agents go by our names', () => {
	for (const [rule, expected] of [
		['Task(Explore)', 'Agent(explore)'],
		['Agent(general-purpose)', 'Agent(general)'],
		['Agent(own)', 'Agent(own)'],
		['KillShell', 'KillBash'],
		['TaskList', 'TaskList'],
		['Bash(npm run *)', 'Bash(npm run:*)'],
	] as const)
		assert.equal(anchored(rule, {}), expected);
});
