import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deleteDialog, emptyTrashDialog } from '../../../src/host/list/deleteDialog.ts';

test('one session: its name, and the way back', () => {
	assert.deepEqual(deleteDialog({ names: ['Fix it'], running: 0, isPersisted: true }), {
		message: 'Delete “Fix it”?',
		detail: 'It is moved to the trash and can be restored from there. No file of yours is changed.',
		button: 'Move to Trash',
	});
});

test('sessions that are not kept on disk lie in the trash as long as the window is open, and the dialog says so', () => {
	const { detail, button } = deleteDialog({ names: ['Fix it'], running: 1, isPersisted: false });
	assert.equal(
		detail,
		'It is running and is stopped first.\n\nIt is moved to the trash and can be restored from there until this window closes, since sessions are not kept on disk here. No file of yours is changed.',
	);
	assert.equal(button, 'Move to Trash');
});

test('several: the first names, and how many more', () => {
	const names = Array.from({ length: 10 }, (_, index) => `S${index}`);
	const { message, detail } = deleteDialog({ names, running: 2, isPersisted: true });
	assert.equal(message, 'Delete 10 sessions?');
	assert.match(detail, /^“S0”\n(?:“S\d”\n){7}and 2 more\n\n2 of them are stopped first\.\n\nThey are moved/);
});

test('no name makes a link or turns what is read', () => {
	const evil = 'a\u202eb [ok](command:evil)';
	const all = [deleteDialog({ names: [evil], running: 0, isPersisted: true }), emptyTrashDialog([evil])];
	for (const { message, detail } of all) {
		assert.doesNotMatch(message + detail, /\]\(\S/);
		assert.doesNotMatch(message + detail, /\u202e/);
	}
});
