import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editHint } from '../../../src/core/edit/editHint.ts';
import { workedMs } from '../../fakes/patience.ts';

const FILE =
	'function area(w, h) {\n\tif (w < 0) {\n\t\treturn 0;\n\t}\n\treturn w * h;\n}\n// it’s “quoted” — dash\nconst s = "a\\nb";\ncafe\u0301\nend';
const table: readonly (readonly [what: string, oldString: string, hint: RegExp])[] = [
	['line numbers of Read', '2\t\tif (w < 0) {\n3\t\t\treturn 0;', /holds the line numbers that Read shows/],
	['line numbers with an arrow', '     2→\tif (w < 0) {', /holds the line numbers/],
	['escaped line ends', 'if (w < 0) {\\n\\t\\treturn 0;', /holds \\n, \\t .* as two characters/],
	['line ends for escapes', 'const s = "a\nb";', /has a backslash with n or t/],
	['entities', 'if (w &lt; 0) {', /holds &lt; /],
	['a line end behind the last line', 'end\n', /Only the line end behind it is not there/],
	[
		'spaces for tabs',
		'    if (w < 0) {\n        return 0;',
		/Line 2 differs .* white space only.* As JSON: "\\tif \(w < 0\) \{\\n\\t\\treturn 0;"/,
	],
	[
		'straight quotes',
		'// it\'s "quoted" - dash',
		/Line 7 differs .* in quotes, dashes, .*As JSON: "\/\/ it’s “quoted” — dash"/,
	],
	['another form of an accent', 'caf\u00e9', /Line 9 differs .* accents/],
	[
		'a later line',
		'if (w < 0) {\n\t\treturn 0;\n\t}\n\treturn w * hh;',
		/fits from line 2 on, but line 5 is "\\treturn w \* h;" and not "\\treturn w \* hh;"/,
	],
	['an empty line too many', 'return 0;\n\t}\n\n\treturn w * h;', /fits from line 3 on, but line 5 is .* and not ""/],
	['nothing like it', 'zebra', /Nothing like it is in the file/],
];
for (const [what, oldString, hint] of table)
	test(what, () => {
		assert.ok(!FILE.includes(oldString));
		assert.match(editHint(FILE, oldString), hint);
	});

test('is short and quick, whatever the file is', () => {
	const startedMs = workedMs();
	const hint = editHint('}\n'.repeat(100_000), `${'}\n'.repeat(5_000)}x`);
	assert.ok(hint.length < 2_000);
	assert.ok(workedMs() - startedMs < 5_000);
});
