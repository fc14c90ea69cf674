/**
 * Where a session goes on whose folder is gone: moved, renamed or on another machine. Decides on the folder before a prompt only;
 * what a command does to it later is the command's.
 */
import { UserError } from '../../base/errors.ts';
import type { Workspace } from '../ports.ts';
import type { Session } from '../session/sessionTypes.ts';

/**
 * Moves a resumed session whose working folder does not exist to the first root, and tells the model. Touches nothing else: paths of the
 * old folder stay what they are, and their files cannot be restored here. Without a root it does nothing.
 */
export async function settleWorkingFolder(session: Session, workspace: Workspace): Promise<void> {
	const [root] = workspace.roots;
	if (!root || session.readOnlyReason !== undefined || session.cwd === root.path) return;
	if (!(await isGone(session.cwd, workspace))) return;
	session.setCwd(root.path);
	// The frozen start of the conversation still names the old one.
	if (session.entries.length > 0) session.append({ type: 'reminder', text: MOVED });
}

/** A folder that may not be looked at is there. */
async function isGone(folder: string, workspace: Workspace): Promise<boolean> {
	try {
		return (await workspace.read(folder)).kind !== 'directory';
	} catch (error) {
		if (error instanceof UserError) return false;
		throw error;
	}
}

const MOVED =
	'The working folder named at the start of this conversation does not exist any more: the project was moved, or the session goes on elsewhere. The working folder is now the first folder of the workspace. Use relative paths, and look for files before you change them.';
