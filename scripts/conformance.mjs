// `npm run conformance`: the protocol's public suite against our MCP client. Each scenario is a server of the suite; the driver connects to it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { say } from './setup/print.mjs';
import { run } from './setup/run.mjs';

const suite = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'));
const driver = fileURLToPath(new URL('../test/fakes/mcp/conformanceClient.ts', import.meta.url));

/** What is left out of the suite, and why. */
const leftOut = new Map([
	['auth/basic-cimd', 'a recommendation: needs a document about Retrace on the web'],
	['auth/client-credentials-jwt', 'an extension: signing in without a user is not offered'],
	['auth/client-credentials-basic', 'an extension: signing in without a user is not offered'],
	['auth/cross-app-access-complete-flow', 'an extension: needs a company sign-in'],
]);

const { code, output } = await run(process.execPath, [suite, 'list', '--client'], { cwd: tmpdir(), isQuiet: true });
const listed = output.slice(output.indexOf('Client scenarios'));
const scenarios = [...listed.matchAll(/^\s+- (\S+)/gm)].map(([, name = '']) => name).filter((name) => name !== '');
if (code !== 0 || scenarios.length === 0) {
	say(`FAILED    the suite tells no scenarios\n${output.slice(-2_000)}`);
	process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'retrace-conformance-'));
let failed = 0;
for (const scenario of scenarios) {
	const why = leftOut.get(scenario);
	if (why !== undefined) {
		say(`left out  ${scenario}: ${why}`);
		continue;
	}
	const args = [
		'client',
		'--command',
		`"${process.execPath}" "${driver}"`,
		'--scenario',
		scenario,
		'--timeout',
		'30000',
	];
	const result = await run(process.execPath, [suite, ...args], { cwd: folder, isQuiet: true });
	say(`${result.code === 0 ? 'ok      ' : 'FAILED  '}  ${scenario}`);
	if (result.code === 0) continue;
	failed++;
	say(result.output.slice(result.output.indexOf('Test Results')).trimEnd());
}
rmSync(folder, { recursive: true, force: true });
say(`${scenarios.length - failed - leftOut.size} passed, ${failed} failed, ${leftOut.size} left out`);
process.exitCode = failed > 0 ? 1 : 0;
