// Runs a child process to its end and reports how it went. Never goes through a shell.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv, isQuiet?: boolean, timeoutMs?: number }} RunOptions
 * @typedef {{ code: number, output: string }} RunResult
 */

/**
 * Resolves with the exit code and everything printed; rejects only when the program cannot be started.
 * Without `isQuiet` the output is also shown as it comes.
 * @param {string} command @param {readonly string[]} args @param {RunOptions} [options] @returns {Promise<RunResult>}
 */
export function run(command, args, options = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, {
			cwd: options.cwd,
			env: options.env ?? process.env,
			stdio: ['ignore', 'pipe', 'pipe'],
			...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' }),
		});
		/** @type {Buffer[]} */
		const chunks = [];
		for (const stream of [child.stdout, child.stderr]) {
			stream.on('data', (/** @type {Buffer} */ chunk) => {
				chunks.push(chunk);
				if (!options.isQuiet) process.stdout.write(chunk);
			});
		}
		child.on('error', reject);
		child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
	});
}

/**
 * Like `run`, but a non-zero exit rejects with the last lines of the output.
 * @param {string} command @param {readonly string[]} args @param {RunOptions} [options] @returns {Promise<string>}
 */
export async function runOrThrow(command, args, options = {}) {
	const { code, output } = await run(command, args, options);
	if (code === 0) return output;
	const tail = options.isQuiet ? `\n${output.trimEnd().split('\n').slice(-30).join('\n')}` : '';
	throw new Error(`${command} ${args.join(' ')} ended with code ${code}.${tail}`);
}

/**
 * Runs npm, on the given Node when one is given. The npm that started this process is preferred to the one on the PATH.
 * @param {readonly string[]} args @param {RunOptions & { nodePath?: string | undefined }} options @returns {Promise<string>}
 */
export function runNpm(args, options) {
	const { nodePath = process.execPath, ...rest } = options;
	const cli =
		process.env.npm_execpath ?? join(dirname(nodePath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
	const isScript = /\.[cm]?js$/.test(cli) && existsSync(cli);
	return isScript ? runOrThrow(nodePath, [cli, ...args], rest) : runOrThrow('npm', args, rest);
}
