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

/** A tool of a server or another extension may be gone when its row is shown, so its label is made of the name that it was called by. */
function foreignToolLabel(name: string, input: unknown): ToolLabel | undefined {
	const [, owner, named] = /^(?:mcp|ext)__(.+?)__(.+)$/.exec(name) ?? [];
	const tool = named ?? /^vscode__(.+)$/.exec(name)?.[1];
	if (tool === undefined) return undefined;
	const values = JSON.stringify(input ?? {});
	const whole = `${owner === undefined ? '' : `${owner}: `}${tool}${values === '{}' ? '' : ` ${values}`}`;
	return { verb: 'Use', target: cutText(whole, MAX_VALUES_CHARS) };
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
	if (!tool || !parsed?.success) return foreignToolLabel(name, input) ?? { verb: VERBS[name] ?? name, target: '' };
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
