import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LinkTarget, parseLink } from '../../src/host/linkTarget.ts';

const check = (href: string, expected: LinkTarget) =>
	test(`link ${href}`, () => assert.deepEqual(parseLink(href), expected));

check('https://example.com/a', { kind: 'web', url: 'https://example.com/a' });
check('HTTP://example.com', { kind: 'web', url: 'HTTP://example.com' });
check('src/a.ts', { kind: 'file', path: 'src/a.ts' });
check('src/a.ts#L12', { kind: 'file', path: 'src/a.ts', lineNumber: 12 });
check('src/a.ts#L12-L20', { kind: 'file', path: 'src/a.ts', lineNumber: 12 });
check('a.ts:7', { kind: 'file', path: 'a.ts', lineNumber: 7 });
check('package.json:2:1', { kind: 'file', path: 'package.json', lineNumber: 2 });
check('src/a.ts:7:3', { kind: 'file', path: 'src/a.ts', lineNumber: 7 });
check('/w/my%20file.md', { kind: 'file', path: '/w/my file.md' });
check('100%.md', { kind: 'file', path: '100%.md' });
for (const href of [
	'command:workbench.action.quit',
	'file:///etc/passwd',
	'vscode://x/y',
	'javascript:alert(1)',
	'data:text/html,x',
	'//evil.example/x',
	'',
	'#top',
])
	check(href, { kind: 'refused' });
