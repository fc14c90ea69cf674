/** Markdown to HTML: what comes as HTML stays text, images stay away, links go where they may. The DOM part: panelPage.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { linkTarget, toHtml } from '../../webview/markdown.ts';

test('links lead to http(s) and workspace files only', () => {
	const check = (href: string, expected: string | null) => assert.equal(linkTarget(href), expected, href);
	check('https://example.com/a', 'https://example.com/a');
	check('HTTP://example.com', 'HTTP://example.com');
	check('src/a.ts', 'src/a.ts');
	check('./src/a.ts#L3', './src/a.ts#L3');
	check('a.ts:12', 'a.ts:12');
	check('a.ts:12:5', 'a.ts:12:5');
	check('src/a.ts:3-9', 'src/a.ts:3-9');
	check('/w/a.ts', '/w/a.ts');
	check('javascript:alert(1)', null);
	check('JaVaScRiPt:alert(1)', null);
	check(' javascript:alert(1)', null);
	check('javascript%3Aalert(1)', null);
	check('javascript:1', null);
	check('java\tscript:alert(1)', null);
	check('data:text/html,<script>1</script>', null);
	check('vbscript:x', null);
	check('vscode://retrace.retrace/x', null);
	check('command:workbench.action.quit', null);
	check('file:///etc/passwd', null);
	check('//evil.example/x', null);
	check('\\\\evil\\share', null);
	check('https:evil', null);
	check('#heading', null);
	check('', null);
});

test('HTML in Markdown is shown and not used; comments vanish', () => {
	const check = (markdown: string, expected: RegExp, never: RegExp) => {
		const html = toHtml(markdown);
		assert.match(html, expected, markdown);
		assert.doesNotMatch(html, never, markdown);
	};
	check('<script>alert(1)</script>', /&#60;script&#62;/, /<script/);
	check('a <img src=x onerror=alert(1)> b', /&#60;img/, /<img/);
	check('<b onclick="x()">hi</b>', /hi/, /<b/);
	check('<svg/onload=alert(1)>', /svg/, /<svg/);
	check('before <!-- secret --> after', /before +after/, /secret/);
	check('<!-- whole block -->\n\ntext', /<p>text<\/p>/, /whole/);
	check('[x](javascript:alert(1))', /x/, /<a|javascript/);
	check('<https://example.com>', /data-link="https:&#47;&#47;|data-link="https:\/\/example\.com"/, /javascript/);
	check('<javascript:alert(1)>', /javascript/, /<a/);
	check('[x](&#106;avascript:alert(1))', /x/, /<a/);
	check('[a](src/a.ts "tip\\" onmouseover=x")', /data-link="src\/a\.ts"/, /onmouseover/);
	check('```"><img src=x>\ncode\n```', /<pre/, /<img/);
});

test('images are named, not loaded', () => {
	const check = (markdown: string, expected: RegExp) => {
		const html = toHtml(markdown);
		assert.match(html, expected);
		assert.doesNotMatch(html, /<img|src=/);
	};
	check('![a cat](https://example.com/cat.png)', /<a href="https[^>]*>\[image: a cat\]<\/a>/);
	check('![dot](data:image/gif;base64,R0lGOD)', /<p>\[image: dot\]<\/p>/);
	check('![](x.png)', /\[image: no description\]/);
});

test('a link shows where it leads', () => {
	assert.match(toHtml('[the guide](https://example.com/g)'), /title="https:\/\/example\.com\/g"/);
	assert.match(toHtml('[file](src/a.ts)'), /<a href="#" title="src\/a\.ts" data-link="src\/a\.ts">/);
});

test('whatever the text, no tag of the text gets through', () => {
	const allowed =
		/^<\/?(?:p|br|hr|strong|em|del|code|pre|blockquote|ul|ol|li|a|span|div|i|h[3-6]|table|thead|tbody|tr|th|td|button)\b/;
	const pieces = fc.constantFrom(
		'<',
		'>',
		'"',
		"'",
		'`',
		'```',
		'\n',
		'[',
		']',
		'(',
		')',
		'!',
		'x',
		' ',
		'<script>',
		'javascript:',
		'<img src=x onerror=1>',
		'- ',
		'|',
		'&',
		'<!--',
		'-->',
		'\\',
	);
	fc.assert(
		fc.property(fc.array(pieces, { maxLength: 24 }), (parts) => {
			for (const [tag] of toHtml(parts.join('')).matchAll(/<[^>]*>?/g)) {
				assert.match(tag, allowed);
				assert.doesNotMatch(tag, /\son\w+=|javascript:(?!&#)/i);
			}
		}),
		{ numRuns: 500 },
	);
});
