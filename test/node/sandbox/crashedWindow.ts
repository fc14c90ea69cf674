/** A window of the editor that crashes: a command in its sandbox has written temporary files, then it is killed. Run as a process of its own. */

import { createShell } from '../../../src/node/process/shellProcess.ts';
import { createSandboxMaker } from '../../../src/node/sandbox/sandboxMaker.ts';

const [root = '', home = '', ending = 'crash'] = process.argv.slice(2);
const sandbox = createSandboxMaker({ homeFolder: home, workspaceFolders: () => [root], tmpPlaces: [home] });
const shell = createShell({ hiddenEnvironment: [], sandbox });
const command = `mkdir "$TMPDIR/made" && echo x >"$TMPDIR/made/file" && ln -s ${root} "$TMPDIR/link"`;
const request = { command, cwd: root, timeoutMs: 20_000, onOutput: () => undefined };
const held = { ...request, sandbox: { writable: [root], hasNetwork: false } };
const { exitCode, output } = await shell.run(held, new AbortController().signal);
process.stdout.write(`ended with ${exitCode} ${output}\n`);
if (ending === 'crash') process.kill(process.pid, 'SIGKILL');
// Goes on until it is ended from outside.
process.stdin.resume();
