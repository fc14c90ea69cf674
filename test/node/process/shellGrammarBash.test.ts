/** What bash really runs of a random line is among the commands that were read of it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ShellCommand } from '../../../src/core/permission/shellParts.ts';
import { parseShell } from '../../core/permission/shellFixture.ts';

const BASH = '/bin/bash';

const pieces = [
	...[
		'aa',
		'bb',
		'cc',
		' ',
		' ',
		' ',
		'\n',
		';',
		'&&',
		'||',
		'(',
		')',
		'{',
		'}',
		'{ ',
		'; }',
		'<',
		'2>&1',
		'"',
		'"',
		"'",
		"'",
		'\\',
		'\\\n',
	],
	...[
		'$',
		'`',
		'#',
		'# ',
		'=',
		'[',
		'!',
		'~',
		'-',
		'<<EOF\n',
		'\nEOF\n',
		"<<'EOF'\n",
		'$(',
		'$x',
		'if ',
		'; then ',
		'; fi',
		"$'",
		'<<<',
	],
	...[
		'case aa in aa) ',
		';; esac',
		'[[ ',
		' ]]',
		'a=',
		'$((',
		'))',
		'aa() { ',
		'\t',
		'aa <<A\n$(bb <<EOF\n',
		'\nA\n',
		'$"',
		'>/dev/null ',
		'{a,b}',
		'\u00e9',
	],
];

const SEED = Number(process.env.RETRACE_SEED ?? 1);
const RUNS = Number(process.env.RETRACE_RUNS ?? 2_500);

/** Nothing can be run, so bash hands every command to this function, which writes its words down. */
const RECORD = `PATH=/nonexistent
command_not_found_handle() { local r; printf -v r '\\x01%s' "$@"; printf 'C%s\\0' "$r" >&9; }
i=0
while IFS= read -r -d '' s; do printf 'S%s\\0' $i >&9; i=$((i+1)); (eval "$s"; wait) </dev/null >/dev/null 2>/dev/null; done < scripts`;

test('bash runs nothing that was not read', { skip: !existsSync(BASH) && 'no bash here' }, () => {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-bash-'));
	try {
		const line = fc.array(fc.constantFrom(...pieces), { minLength: 2, maxLength: 10 }).map((parts) => parts.join(''));
		// The same each time: the grammar is not bash, and what more of them find is mended when somebody looks for it.
		const scripts = fc
			.sample(line, { numRuns: RUNS, seed: SEED })
			.filter((text) => parseShell(text).problems.length === 0);
		writeFileSync(join(folder, 'scripts'), scripts.map((text) => `${text}\0`).join(''));
		writeFileSync(join(folder, 'record.sh'), RECORD);
		const { error } = spawnSync(BASH, ['-c', 'exec 9>ran; . ./record.sh'], { cwd: folder, timeout: 60_000 });
		assert.equal(error, undefined);
		let current = '';
		let count = 0;
		for (const record of readFileSync(join(folder, 'ran'), 'utf8').split('\0')) {
			if (record.startsWith('S')) current = scripts[Number(record.slice(1))] ?? '';
			if (!record.startsWith('C')) continue;
			count++;
			const ran = record.split('\x01').slice(1);
			const { commands } = parseShell(current);
			// In front of a here-document a lone `-` is left out.
			const told = current.includes('<<') ? ran.filter((word) => word !== '-') : ran;
			assert.ok(
				commands.some((command) => fits(command, ran) || fits(command, told)),
				`${JSON.stringify(current)} ran ${JSON.stringify(ran)}`,
			);
		}
		assert.ok(count > 50, `${count}`);
	} finally {
		rmSync(folder, { recursive: true });
	}
});

/** An unknown word may become any number of words. */
function fits({ words }: Pick<ShellCommand, 'words'>, ran: readonly string[], at = 0, from = 0): boolean {
	const word = words[at];
	if (word === undefined) return from === ran.length;
	if (word.value !== undefined && !word.isPattern)
		return ran[from] === word.value && fits({ words }, ran, at + 1, from + 1);
	return Array.from({ length: ran.length - from + 1 }).some((_, more) => fits({ words }, ran, at + 1, from + more));
}
