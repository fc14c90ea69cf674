/** What language services know, as lines the model can use; a service that knows nothing, hangs or points elsewhere says so. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asSessionId } from '../../../src/base/ids.ts';
import type { SymbolPlace, SymbolPosition, Symbols } from '../../../src/core/tools/symbolsPort.ts';
import { runTool } from './toolFixture.ts';

const files = {
	'/w/a.ts': 'const area = 1;\nuse(area, areas);\n',
	'/w/.env': 'area=secret\n',
	'/w/bin': new Uint8Array([0]),
};
const place = (path: string, lineNumber: number, label = ''): SymbolPlace => ({ path, lineNumber, label });

async function ask(
	input: object,
	answers: Partial<Record<keyof Symbols, readonly SymbolPlace[]>> = {},
	signal?: AbortSignal,
) {
	const asked: SymbolPosition[] = [];
	const at = (what: 'definition' | 'references') => async (position: SymbolPosition) => {
		asked.push(position);
		return answers[what] ?? [];
	};
	const symbols: Symbols = {
		definition: at('definition'),
		references: at('references'),
		workspace: async () => answers.workspace ?? [],
		outline: async () => answers.outline ?? [],
	};
	const services = { sessionId: asSessionId('s'), symbols };
	return { ...(await runTool('Symbols', input, { files, services, ...(signal ? { signal } : {}) })), asked };
}

describe('Symbols', () => {
	it('gives the lines of places in the workspace, and names the others', async () => {
		const references = [place('/w/a.ts', 2), place('/lib/b.d.ts', 7), place('/w/.env', 1), place('untitled:x', 3)];
		const { text, asked, outcome } = await ask(
			{ action: 'references', name: 'area', path: 'a.ts', line: 2 },
			{ references },
		);
		assert.equal(text, 'a.ts:2: use(area, areas);\n/lib/b.d.ts:7\n.env:1\nuntitled:x:3');
		assert.deepEqual(asked, [{ absolute: '/w/a.ts', lineNumber: 2, columnIndex: 4 }]);
		assert.equal(outcome.summary, '4 places');
	});
	it('finds the place of a name by itself', async () => {
		const definition = [place('/w/a.ts', 1)];
		const byFile = await ask({ action: 'definition', name: 'areas', path: 'a.ts' }, { definition });
		assert.deepEqual(byFile.asked, [{ absolute: '/w/a.ts', lineNumber: 2, columnIndex: 10 }]);
		const workspace = [place('/w/a.ts', 2, 'function areas'), place('/w/a.ts', 1, 'variable area')];
		const byName = await ask({ action: 'definition', name: 'area' }, { definition, workspace });
		assert.deepEqual(byName.asked, [{ absolute: '/w/a.ts', lineNumber: 1, columnIndex: 6 }]);
		assert.equal(byName.text, 'a.ts:1: const area = 1;');
	});
	it('lists symbols and outlines', async () => {
		const workspace = [place('/w/a.ts', 1, 'variable area')];
		assert.equal((await ask({ action: 'workspace', name: 'ar' }, { workspace })).text, 'a.ts:1: const area = 1;');
		const outline = [place('/w/a.ts', 1, 'class A'), { ...place('/w/a.ts', 2, 'method b'), depth: 1 }];
		assert.equal((await ask({ action: 'outline', path: 'a.ts' }, { outline })).text, '1: class A\n  2: method b');
	});
	it('is bounded', async () => {
		const workspace = Array.from({ length: 250 }, () => place('/w/a.ts', 1, 'variable area'));
		const { text } = await ask({ action: 'workspace', name: 'a' }, { workspace });
		assert.equal(text.split('\n').length, 101);
		assert.match(text, /\(150 more; narrow it down, or use Grep\)$/);
	});
	it('says what to do when nothing is known', async () => {
		const cases: readonly (readonly [object, RegExp, boolean])[] = [
			[{ action: 'definition', name: 'area', path: 'a.ts', line: 1 }, /know nothing here.*Use Grep/, false],
			[
				{ action: 'definition', name: 'nowhere' },
				/No language service knows a symbol nowhere.*Give path and line/,
				true,
			],
			[
				{ action: 'references', name: 'area', path: 'a.ts', line: 9 },
				/does not stand in line 9 of a\.ts\. Read the file/,
				true,
			],
			[{ action: 'references' }, /needs name/, true],
			[{ action: 'outline' }, /needs path/, true],
			[{ action: 'outline', path: 'no.ts' }, /does not exist\. Use Glob/, true],
			[{ action: 'outline', path: 'bin' }, /is no text/, true],
			[{ action: 'outline', path: '.' }, /is a folder/, true],
		];
		for (const [input, says, isError] of cases) {
			const { text, outcome } = await ask(input);
			assert.match(text, says);
			assert.equal(outcome.isError, isError, text);
		}
		const without = await runTool('Symbols', { action: 'outline', path: 'a.ts' }, { files });
		assert.match(without.text, /no language services here\. Use Grep/);
	});
});
