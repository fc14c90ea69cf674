// `npm start [-- FOLDER]`: opens a folder, by default a fresh copy of the sample project, in VS Code with the extension installed.
// Prepared by prepare.mjs. A desktop VS Code gets the extension like any other; else code-server serves this machine only.
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readEnvironment } from './setup/environment.mjs';
import {
	folderUrl,
	installExtension,
	launchCodeServer,
	quietSettings,
	writeSettings,
} from './setup/launchCodeServer.mjs';
import { cacheFolder, inProject } from './setup/paths.mjs';
import { say, stop } from './setup/print.mjs';
import { runOrThrow } from './setup/run.mjs';

const environment = readEnvironment();
const asked = process.argv[2];
const isSample = asked === undefined;
const sampleRoot = join(realpathSync(tmpdir()), `retrace-sample-${process.pid}`);
const folder = isSample ? copySample() : existingFolder(asked);

if (environment.vscode.kind === 'desktop') {
	const { codePath } = environment.vscode;
	await runOrThrow(codePath, ['--install-extension', environment.vsixPath, '--force']);
	await runOrThrow(codePath, ['--new-window', folder]);
	say(`\nVS Code opens ${folder} with Retrace: its panel is in the secondary side bar (Retrace: Focus Chat).`);
} else {
	await serve(environment.vscode);
}

/** @param {import('./setup/codeServer.mjs').CodeServer} codeServer */
async function serve(codeServer) {
	// One profile per folder, outside the clone, so that sessions are still there the next time. The sample's goes with the sample.
	const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
	const root = isSample ? join(sampleRoot, 'profile') : join(cacheFolder, 'profiles', name);
	mkdirSync(root, { recursive: true, mode: 0o700 });
	const profile = { userDataDir: join(root, 'user-data'), extensionsDir: join(root, 'extensions') };
	if (!existsSync(join(profile.userDataDir, 'User', 'settings.json'))) writeSettings(profile, quietSettings);
	await installOnce(codeServer, profile, join(root, 'installed-vsix'));

	const password = randomBytes(12).toString('base64url');
	const hasKey = (process.env.ANTHROPIC_API_KEY ?? '') !== '';
	const provider = process.env.RETRACE_PROVIDER ?? 'demo';
	const server = await launchCodeServer({
		codeServer,
		profile,
		password,
		// Our own sample is known to be harmless; any other folder is asked about as VS Code always does.
		isTrustDisabled: isSample,
		env: hasKey ? {} : { RETRACE_PROVIDER: provider },
	});

	let isEnding = false;
	for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
		process.on(signal, () => {
			isEnding = true;
			void server.end();
		});
	}

	say(
		[
			'',
			`  Open      ${folderUrl(server.url, folder)}`,
			`  Password  ${password}`,
			'',
			`  Folder    ${folder}${isSample ? ' (a fresh copy of the sample project)' : ''}`,
			`  Model     ${modelLine(hasKey, provider)}`,
			'  The panel is in the bar on the right; Ctrl+Alt+R goes there. Ctrl+C here ends VS Code.',
			'',
		].join('\n'),
	);
	const code = await server.ended;
	const wasAsked = isEnding;
	await server.end();
	if (isSample) rmSync(sampleRoot, { recursive: true, force: true, maxRetries: 5 });
	if (!wasAsked && code !== 0) stop(`VS Code ended by itself, with code ${code}.`);
	say('VS Code has ended.');
}

/** @param {import('./setup/codeServer.mjs').CodeServer} codeServer @param {import('./setup/launchCodeServer.mjs').Profile} profile @param {string} stamp */
async function installOnce(codeServer, profile, stamp) {
	const hash = createHash('sha256').update(readFileSync(environment.vsixPath)).digest('hex');
	if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
	await installExtension(codeServer, profile, environment.vsixPath);
	writeFileSync(stamp, hash);
}

function copySample() {
	const target = join(sampleRoot, 'floor-planner');
	rmSync(sampleRoot, { recursive: true, force: true });
	mkdirSync(sampleRoot, { mode: 0o700 });
	cpSync(inProject('test', 'fixtures', 'sample'), target, { recursive: true });
	return target;
}

/** @param {string} path */
function existingFolder(path) {
	const absolute = resolve(process.env.INIT_CWD ?? process.cwd(), path);
	if (!existsSync(absolute) || !statSync(absolute).isDirectory()) stop(`There is no folder ${absolute}.`);
	return realpathSync(absolute);
}

/** @param {boolean} hasKey @param {string} provider */
function modelLine(hasKey, provider) {
	if (hasKey) return 'the Messages API, with the key in ANTHROPIC_API_KEY';
	if (provider === 'demo') return 'the offline demo model; set ANTHROPIC_API_KEY for a real one';
	return 'none yet; the panel asks where replies come from';
}
