/** What must hold for every command, whatever it is: no clothes make a denied command allowed, and a whole is never freer than its parts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { judge } from './shellFixture.ts';

const rank = { deny: 0, ask: 1, allow: 2 } as const;
const rules = { allow: ['Bash(npm test:*)', 'Bash(make:*)'], deny: ['Bash(rm:*)'], ask: ['Bash(git push:*)'] };

const part = fc.constantFrom(
	...[
		'ls',
		'cat a.txt',
		'npm test',
		'make all',
		'git status',
		'git push',
		'rm a.txt',
		'cargo build',
		'cat /etc/passwd',
		'cat .env',
	],
	...[
		'echo "a b"',
		"grep 'x; y' a.txt",
		'sort -o a a',
		'find . -name "*.ts"',
		'$x y',
		'tee out.txt',
		'FOO=1 make',
		'cd src',
	],
);

/** Writes a word so that the shell still reads the same. */
const dressed = (word: string, how: number): string => {
	const at = Math.max(1, Math.floor(word.length / 2));
	const [head, tail] = [word.slice(0, at), word.slice(at)];
	const forms = [
		word,
		`'${word}'`,
		`"${word}"`,
		`\\${word}`,
		`${head}''${tail}`,
		`'${head}'${tail}`,
		`${head}"${tail}"`,
		`$'${word}'`,
		`${head}\\\n${tail}`,
		`/bin/${word}`,
		// From here on not told, but asked about.
		`$"${word}"`,
		`${head}$"${tail}"`,
	];
	return forms[how % forms.length] ?? word;
};

/** Programs that run the one behind them. */
const programs: readonly ((command: string) => string)[] = [
	(command) => command,
	(command) => `env ${command}`,
	(command) => `env A=1 ${command}`,
	(command) => `command ${command}`,
	(command) => `timeout 5 ${command}`,
	(command) => `nice -n 1 ${command}`,
	(command) => `nohup ${command}`,
	(command) => `time ${command}`,
	(command) => `sudo ${command}`,
	(command) => `busybox ${command}`,
];

/** What the shell itself puts around a command. */
const syntax: readonly ((command: string) => string)[] = [
	(command) => command,
	(command) => `ls | xargs ${command}`,
	(command) => `find . -exec ${command} \\;`,
	(command) => `A=1 ${command}`,
	(command) => `( ${command} )`,
	(command) => `{ ${command}; }`,
	(command) => `! ${command}`,
	(command) => `echo $( ${command} )`,
	(command) => `echo "$( ${command} )"`,
	(command) => `if ls; then ${command}; fi`,
	(command) => `f() { ${command}; }; f`,
	(command) => `ls # note\n${command}`,
	(command) => `cat <<END\n$( ${command} )\nEND`,
	(command) => `bash <<'EOF'\n${command}\nEOF`,
	(command) => `sh -c '${command.replaceAll("'", "'\\''")}'`,
	(command) => `eval '${command.replaceAll("'", "'\\''")}'`,
	(command) => `ls > /dev/null; ${command} 2>&1`,
	(command) => `   ${command}   `,
];

test('no quoting, wrapping or line end makes a denied command allowed, in any mode', async () => {
	const around = fc.tuple(
		fc.uniqueArray(fc.constantFrom(...programs), { maxLength: 2 }),
		fc.uniqueArray(fc.constantFrom(...syntax.filter((wrap) => !/xargs|exec|A=1/.test(wrap('')))), { maxLength: 2 }),
	);
	await fc.assert(
		fc.asyncProperty(
			fc.nat(),
			around,
			fc.constantFrom('ask', 'acceptEdits', 'auto' as const),
			async (how, wraps, mode) => {
				const command = wraps.flat().reduce((inner, wrap) => wrap(inner), `${dressed('rm', how)} a.txt`);
				const { kind } = await judge(command, rules, mode);
				assert.notEqual(kind, 'allow', command);
			},
		),
		{ numRuns: 300 },
	);
});

test('one wrapper around one form is denied, not only asked about', async () => {
	for (const wrap of [...programs, ...syntax])
		for (let how = 0; how < 10; how++) {
			const command = wrap(`${dressed('rm', how)} a.txt`);
			const { kind, cause } = await judge(command, rules);
			assert.equal(kind, 'deny', `${command}: ${cause}`);
		}
});

test('a compound is never freer than its parts', async () => {
	const joined = fc.tuple(
		fc.array(part, { minLength: 2, maxLength: 4 }),
		fc.constantFrom(' && ', ' || ', '; ', ' | ', ' & ', '\n'),
	);
	await fc.assert(
		fc.asyncProperty(joined, fc.constantFrom('ask', 'acceptEdits', 'auto' as const), async ([parts, by], mode) => {
			const alone = await Promise.all(parts.map((one) => judge(one, rules, mode)));
			const whole = await judge(parts.join(by), rules, mode);
			const least = Math.min(...alone.map(({ kind }) => rank[kind]));
			assert.ok(rank[whole.kind] <= least, `${parts.join(by)}: ${whole.kind} (${whole.cause})`);
		}),
		{ numRuns: 200 },
	);
});

test('the rules that are offered let it run the next time, and nothing else of the table', async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 3 }), async (parts) => {
			const command = parts.join(' && ');
			const decision = await judge(command, rules);
			if (decision.kind !== 'ask') return;
			const offered = decision.rules ?? (decision.rule === undefined ? [] : [decision.rule]);
			if (offered.length === 0) return;
			const next = await judge(command, { ...rules, allow: [...rules.allow, ...offered] });
			assert.equal(next.kind, 'allow', `${command} with ${offered.join(', ')}: ${next.cause}`);
		}),
		{ numRuns: 100 },
	);
});

test('any text at all is judged, and what the shell cannot read is not allowed', async () => {
	const text = fc.string({ unit: fc.constantFrom(...'rm ls;|&<>$(){}[]"\'`\\\n#*?=!~-aEOF'.split('')), maxLength: 30 });
	await fc.assert(
		fc.asyncProperty(text, async (command) => {
			const { kind } = await judge(command, rules);
			if (/(?:^|[\s;&|(`])rm(?:$|[\s;&|)`])/.test(command) && !/['"\\#<]/.test(command))
				assert.notEqual(kind, 'allow', JSON.stringify(command));
		}),
		{ numRuns: 500 },
	);
});
