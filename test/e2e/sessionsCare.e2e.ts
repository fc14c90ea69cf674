// How sessions are looked after, in a real window: retention with its way back, the doctor, export through the dialogs, import of the bundle in
// another folder, and sessions of a folder that was moved.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { folderUrl } from '../../scripts/setup/launchCodeServer.mjs';
import { missingBrowser } from './support/environment.ts';
import { notification, pressInNotification } from './support/notifications.ts';
import { writePastSession } from './support/pastSession.ts';
import { readSessionLogs } from './support/sessionLogs.ts';
import { openFromTree, sessionRow, showSessions } from './support/sessionViews.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const DAY_MS = 24 * 3_600_000;
/** Retention looks 30 s after the start of the window. */
const RETENTION_MS = 60_000;

suite('Care of the sessions', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let old = '';
	let pinned = '';
	let good = '';
	before(async () => {
		workbench = await openWorkbench({ name: 'care' });
		const { userDataDir, folder } = workbench;
		const at = Date.now() - 40 * DAY_MS;
		old = await writePastSession(userDataDir, folder, 'Forgotten question', 'Forgotten answer.', { at });
		pinned = await writePastSession(userDataDir, folder, 'Pinned question', 'Pinned answer.', { at, isPinned: true });
		good = await writePastSession(userDataDir, folder, 'Where is the price?', 'In `src/invoice.js`.');
	});
	after(() => workbench?.close());

	const page = () => workbench.page;
	const told = (text: string | RegExp, timeoutMs?: number) => notification(workbench, text, timeoutMs);
	const press = (text: string | RegExp, button: string) => pressInNotification(workbench, text, button);
	const pick = (text: string) => page().locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
	const ok = () => page().locator('.quick-input-widget:visible').getByRole('button', { name: 'OK', exact: true });
	const saidIn = (text: string) =>
		workbench.panel().getByRole('log', { name: 'Conversation' }).getByText(text, { exact: true }).last().waitFor();
	const trashOf = (path: string) => join(dirname(dirname(path)), 'trash', basename(path));
	/** The dialog for files of a VS Code in a browser: a box with the path. */
	const fileInput = () => page().locator('.quick-input-widget:visible input[type="text"]');
	/** What the dialog starts with; a list that was shown before has none. */
	const hasPath = async () =>
		(
			await fileInput()
				.inputValue({ timeout: 1_000 })
				.catch(() => '')
		).includes('/');
	const chooseFile = async (path: string) => {
		const input = fileInput();
		await until('the dialog for files is open', hasPath);
		// It looks at what is typed, and takes no key meanwhile.
		await until('the dialog has taken the path', async () => {
			if (!(await input.isVisible())) return true;
			if ((await input.inputValue()) !== path) await input.fill(path, { timeout: 1_000 });
			else await input.press('Enter', { timeout: 1_000 });
			return false;
		});
	};

	test('what was not used for long goes to the trash with a notice, pinned ones stay, and one click brings it back', async () => {
		const before = readFileSync(old);
		const notice = /1 session older than 30 days was moved to the trash/;
		await told(notice, RETENTION_MS);
		await workbench.screenshot('care-retention');
		assert.ok(!existsSync(old));
		assert.deepEqual(readFileSync(trashOf(old)), before);
		assert.ok(existsSync(pinned) && existsSync(good));
		await press(notice, 'Restore');
		await until('it is back as it was', () => existsSync(old) && readFileSync(old).equals(before));
		await showSessions(workbench);
		await sessionRow(workbench, 'Forgotten question').waitFor();
	});

	test('the doctor reports a damaged log and changes nothing by itself; what it holds is salvaged into a session that opens', async () => {
		const id = '01890000-0000-7000-8000-000000000001';
		const damaged = join(dirname(good), `${id}.jsonl`);
		const [header = '', ...lines] = readFileSync(good, 'utf8')
			.replaceAll(basename(good, '.jsonl'), id)
			.replaceAll('Where is the price?', 'Damaged question')
			.trimEnd()
			.split('\n');
		writeFileSync(damaged, [header, ...lines.slice(0, 3), '{"this is": not a line', ...lines.slice(3), ''].join('\n'));
		const before = readSessionLogs(workbench.userDataDir, { isRaw: true });
		await workbench.runCommand('Retrace: Doctor');
		await page().locator('.editor-group-container .tab.active').filter({ hasText: 'Retrace Doctor' }).waitFor();
		const report = page().locator('.editor-group-container .monaco-editor .view-lines').first();
		await report.getByText('Nothing was changed').waitFor();
		await report.getByText('Salvage into a copy').first().waitFor();
		await workbench.screenshot('care-doctor');
		assert.deepEqual(readSessionLogs(workbench.userDataDir, { isRaw: true }), before, 'examining changes nothing');

		await press(/problem|found|damaged/i, 'Salvage into a Copy…');
		await pick('Damaged question').waitFor();
		await ok().click();
		await press(/were salvaged into a new session/, 'Open');
		await saidIn('In src/invoice.js.');
		const after = readSessionLogs(workbench.userDataDir, { isRaw: true });
		assert.equal(after.length, before.length + 1);
		for (const log of before)
			assert.ok(
				after.some(({ path, text }) => path === log.path && text === log.text),
				'no log was changed',
			);
	});

	const exported = (ending: string) => join(workbench.folder, `exported.${ending}`);
	const exportAs = async (format: string, privacy: string, ending: string) => {
		// Three notifications are shown at a time; older ones would keep this one from the screen.
		await workbench.runCommand('Notifications: Clear All Notifications');
		const ask = async () => {
			await workbench.runCommand('Retrace: Export Session');
			await pick(format).click();
			await pick(privacy).click();
			return await until('it asks for a path', hasPath, 5_000);
		};
		// A list that loses the focus to a window that is just being drawn closes, and nothing is exported.
		const closed = async () => {
			await page().keyboard.press('Escape');
			return false;
		};
		await until(`where to export ${format} is asked`, () => ask().catch(closed), 60_000);
		await chooseFile(exported(ending));
		await until(`the ${format} is written`, () => existsSync(exported(ending)));
		await told(`Exported “Where is the price?” to exported.${ending}`);
	};

	test('a session is exported in three forms through the real dialogs', async () => {
		await openFromTree(workbench, 'Where is the price?');
		await saidIn('In src/invoice.js.');
		await exportAs('Markdown', 'As it is', 'md');
		const markdown = readFileSync(exported('md'), 'utf8');
		assert.match(markdown, /Where is the price\?/);
		assert.match(markdown, /In `src\/invoice\.js`\./);
		await exportAs('JSON', 'Redacted', 'json');
		const json = readFileSync(exported('json'), 'utf8');
		assert.match(JSON.stringify(JSON.parse(json)), /Where is the price\?/);
		assert.ok(!json.includes(workbench.folder), 'redacted, no path of this machine is in it');
		await exportAs('Portable bundle', 'Redacted', 'retrace');
		assert.equal(readFileSync(exported('retrace')).subarray(0, 2).toString('latin1'), 'PK');
	});

	test('when the folder is moved, its sessions are adopted there, and the bundle is imported beside them', async () => {
		const moved = join(dirname(workbench.folder), 'moved', basename(workbench.folder));
		const storesBefore = readSessionLogs(workbench.userDataDir, { isRaw: true });
		await page().goto('about:blank');
		renameSync(join(workbench.folder, 'exported.retrace'), join(dirname(workbench.folder), 'bundle.retrace'));
		mkdirSync(dirname(moved));
		renameSync(workbench.folder, moved);
		await page().goto(folderUrl(workbench.server.url, moved));
		await page().locator('.monaco-workbench .part.statusbar .statusbar-item').first().waitFor({ timeout: 60_000 });
		await showSessions(workbench);
		await workbench.runCommand('Notifications: Clear All Notifications');
		await workbench.runCommand('Retrace: Adopt Sessions of a Moved Folder');
		await pick('not there any more').click();
		await told(/Copied \d sessions into this folder/);
		await showSessions(workbench);
		await sessionRow(workbench, 'Where is the price?').waitFor();
		await workbench.screenshot('care-adopted');
		const now = readSessionLogs(workbench.userDataDir, { isRaw: true });
		for (const log of storesBefore)
			assert.ok(
				now.some(({ path, text }) => path === log.path && text === log.text),
				'the originals stay',
			);

		await workbench.runCommand('Retrace: Import Session');
		await pick('From File').click();
		await chooseFile(join(dirname(workbench.folder), 'bundle.retrace'));
		await told('Imported “Where is the price?”');
		await saidIn('In src/invoice.js.');
		await workbench.screenshot('care-imported');
		assert.equal(readSessionLogs(workbench.userDataDir, { isRaw: true }).length, now.length + 1);
	});
});
