import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { plainLabel, plainMessage } from '../../src/host/plainLabel.ts';

test('only what VS Code would draw as an icon is marked as text', () => {
	assert.equal(plainLabel('Explain $(trash) and $(sync~spin)'), 'Explain \\$(trash) and \\$(sync~spin)');
	assert.equal(plainLabel('cost $5 (net), $(npm bin)/x, $()'), 'cost $5 (net), $(npm bin)/x, $()');
});

test('no message has a link', () => {
	assert.equal(
		plainMessage('Run `[ok](command:x.y?%5B1%5D)` (now) [a] (b)'),
		'Run `[ok] (command:x.y?%5B1%5D)` (now) [a] (b)',
	);
});

test('no character of a message is hidden; what joins letters and emoji stays', () => {
	assert.equal(plainMessage('a\u202eb\u200bc \ue000d \u2066e\ufeff'), 'abc d e');
	assert.equal(plainMessage('👩\u200d💻 می\u200cخواهم\nnext'), '👩\u200d💻 می\u200cخواهم\nnext');
});

/** Where names of sessions, files and errors are shown. */
const SPEAKERS = [
	...['asks', 'branchCommands', 'chatViews', 'commands', 'doctorCommand', 'mergeEditor', 'retention', 'revealHit'],
	...['searchView', 'sessionCommands', 'transferCommands'],
];

const HOST = fileURLToPath(new URL('../../src/host', import.meta.url));
/** What makes a text plain, or is plain as it stands. */
const PLAIN = String.raw`(?:(?:plainMessage|deleteDialog|emptyTrashDialog)\(|'[^']*'|\x60[^\x60$]*\x60)`;
for (const name of SPEAKERS)
	test(`what ${name}.ts says in a notification is plain`, () => {
		const [path] = globSync(`**/${name}.ts`, { cwd: HOST });
		assert.ok(path);
		const source = readFileSync(join(HOST, path), 'utf8');
		const said = [...source.matchAll(/\bshow(?:Information|Warning|Error)Message\(\s*(\w+\b(?!\()|.{0,40})/g)];
		assert.ok(said.length > 0);
		for (const [, first = ''] of said) {
			const isPlain = new RegExp(`^${PLAIN}`).test(first);
			const isMadePlain =
				/^\w+$/.test(first) && new RegExp(`const (?:${first}|\\{ ${first}, .*\\}) = ${PLAIN}`).test(source);
			assert.ok(isPlain || isMadePlain, first);
		}
	});
