// The extension starts in a real extension host: quickly, and with every command that its manifest promises.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { hostTest } from './support/hostTest.ts';

const extensionId = 'retrace.retrace';

hostTest('the extension is found and activates', async () => {
	const extension = vscode.extensions.getExtension(extensionId);
	assert.ok(extension, `${extensionId} is not there.`);
	await extension.activate();
	assert.equal(extension.isActive, true);
});

hostTest('every command of the manifest is registered', async () => {
	const manifest = vscode.extensions.getExtension(extensionId)?.packageJSON;
	const promised: string[] = manifest.contributes.commands.map((command: { command: string }) => command.command);
	const registered = new Set(await vscode.commands.getCommands(true));
	assert.deepEqual(
		promised.filter((command) => !registered.has(command)),
		[],
	);
	assert.ok(promised.length >= 20);
});

hostTest('the view of the chat and the tree of the sessions can be focused', async () => {
	await vscode.commands.executeCommand('retrace.sessions.focus');
	await vscode.commands.executeCommand('retrace.chat.focus');
});
