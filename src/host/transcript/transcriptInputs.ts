/** What transcript rows need from the tools and the diff: labels that never throw, and a card's small diff. Pure. */
import { cutText } from '../../base/text.ts';
import { countChanges, displayLines } from '../../core/edit/diffText.ts';
import { findTool } from '../../core/tools/registry.ts';
import type { ToolLabel } from '../../core/tools/tool.ts';
import type { EditDiff, TranscriptInputs } from './transcriptRows.ts';

export function createTranscriptInputs(
	blobText: (hash: string) => string | undefined,
	relativePath: (absolute: string) => string,
): TranscriptInputs {
	return {
		label: (name, input) => toolLabel(name, input, relativePath),
		blobText: (ref) => blobText(ref.$blob),
		diff: editDiff,
	};
}

const MAX_VALUES_CHARS = 200;

/** A tool of a server may be gone when its row is shown, so its label is made of the name that it was called by. */
function serverToolLabel(name: string, input: unknown): ToolLabel | undefined {
	const [, server, tool] = /^mcp__(.+?)__(.+)$/.exec(name) ?? [];
	if (server === undefined || tool === undefined) return undefined;
	const values = input === undefined ? '{}' : JSON.stringify(input);
	return { verb: 'Use', target: cutText(`${server}: ${tool}${values === '{}' ? '' : ` ${values}`}`, MAX_VALUES_CHARS) };
}

/** How a call begins to read while its input still streams, so that the word does not change under the eye. */
const VERBS: Readonly<Record<string, string>> = {
	AskUser: 'Ask',
	Bash: 'Run',
	BashOutput: 'Read output of',
	CallTool: 'Use',
	Diagnostics: 'Check',
	FindTools: 'Find tools',
	Glob: 'List',
	Grep: 'Search',
	KillBash: 'Stop',
	Symbols: 'Find symbol',
	TaskList: 'Tasks',
	WebFetch: 'Fetch',
	WebSearch: 'Search the web',
};

/** How a call reads. A call that no tool understands shows its name. */
function toolLabel(name: string, input: unknown, relativePath: (absolute: string) => string): ToolLabel {
	const tool = findTool(name);
	const parsed = tool?.input.safeParse(input);
	if (!tool || !parsed?.success) return serverToolLabel(name, input) ?? { verb: VERBS[name] ?? name, target: '' };
	const label = tool.label(parsed.data);
	if (label.path === undefined) return label;
	const path = relativePath(label.path);
	return { verb: label.verb, target: label.target === label.path ? path : label.target, path };
}

function editDiff(before: string, after: string): EditDiff {
	const { addedLines, removedLines } = countChanges(before, after);
	const { lines, isTruncated } = displayLines(before, after);
	return { lines, addedLines, removedLines, isTruncated };
}
