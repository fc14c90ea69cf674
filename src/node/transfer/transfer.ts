/** Everything that export, import and adoption need from this machine, put together for one store. */

import type { Transfer } from '../../core/transfer/transferPorts.ts';
import { createAgentLogs } from '../store/agentLogs.ts';
import { createClaudeCodeLogs } from './transferClaudeCode.ts';
import { noAgentLines, transferFiles } from './transferFiles.ts';
import { createMovedFolders } from './transferMoved.ts';

/** `folder` is the canonical storage folder; without it nothing is kept on disk. */
export function createTransfer(options: {
	readonly folder: string | undefined;
	readonly window: string;
	readonly home: string;
}): Transfer {
	const { folder, window, home } = options;
	return {
		files: transferFiles,
		claudeCode: createClaudeCodeLogs(home),
		agentLogs: folder === undefined ? noAgentLines : createAgentLogs(folder),
		moved: folder === undefined ? undefined : createMovedFolders({ folder, window }),
	};
}
