/** Runs one tool against files in memory. Edits are applied at once unless the test decides otherwise. */
import { posix } from 'node:path';
import { asToolUseId } from '../../../src/base/ids.ts';
import type { GrepMatch } from '../../../src/core/fileSearchPort.ts';
import type { Diagnostic, ShellOutcome } from '../../../src/core/ports.ts';
import { findTool } from '../../../src/core/tools/registry.ts';
import type { ToolServices } from '../../../src/core/tools/services.ts';
import type { EditOutcome, EditRequest, ToolContext, ToolOutcome } from '../../../src/core/tools/tool.ts';
import { createMemoryWorkspace } from '../../fakes/memoryWorkspace.ts';

export type ToolFixtureOptions = {
	readonly files?: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;
	readonly links?: Readonly<Record<string, string>>;
	readonly dirty?: readonly string[];
	readonly cwd?: string;
	readonly edit?: (request: EditRequest) => EditOutcome;
	readonly shell?: Partial<ShellOutcome>;
	readonly matches?: readonly GrepMatch[];
	readonly isComplete?: boolean;
	readonly diagnostics?: readonly Diagnostic[];
	readonly takesPdf?: boolean;
	readonly services?: ToolServices;
	readonly signal?: AbortSignal;
};

export async function runTool(name: string, input: unknown, options: ToolFixtureOptions = {}) {
	const workspace = createMemoryWorkspace();
	for (const [path, content] of Object.entries(options.files ?? {})) {
		workspace.set(path, '', { isDirty: options.dirty?.includes(path) ?? false });
		const file = workspace.files.get(path);
		if (file) file.bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
	}
	for (const [from, to] of Object.entries(options.links ?? {})) workspace.links.set(from, to);
	let cwd = options.cwd ?? '/w';
	const edits: EditRequest[] = [];
	const searches: unknown[] = [];
	const context: ToolContext = {
		toolUseId: asToolUseId('t1'),
		cwd,
		setCwd: (path) => {
			cwd = path;
		},
		files: {
			roots: workspace.roots,
			resolve: (path) => workspace.resolve(path, cwd),
			read: (absolute) => workspace.read(absolute),
			async edit(request) {
				edits.push(request);
				return options.edit?.(request) ?? { kind: 'applied', addedLines: 1, removedLines: 1, isSaved: true };
			},
		},
		shell: {
			run: async (request) => ({
				exitCode: 0,
				reason: 'exited',
				output: '',
				cwd: request.cwd,
				durationMs: 1_500,
				...options.shell,
			}),
		},
		search: {
			async grep(request) {
				searches.push(request);
				return { items: options.matches ?? [], isComplete: options.isComplete ?? true };
			},
			async glob(pattern, directory) {
				const items = [...workspace.files.keys()].filter(
					(path) => path.startsWith(`${directory}/`) && posix.matchesGlob(path.slice(directory.length + 1), pattern),
				);
				return { items, isComplete: options.isComplete ?? true };
			},
		},
		recall: async () => [],
		diagnostics: { list: async () => options.diagnostics ?? [] },
		takesPdf: options.takesPdf ?? false,
		...(options.services === undefined ? {} : { services: options.services }),
		onProgress: () => undefined,
		signal: options.signal ?? new AbortController().signal,
	};
	const tool = findTool(name);
	if (!tool) throw new Error(`no tool ${name}`);
	const outcome = await tool.run(tool.input.parse(input), context);
	return { outcome, text: textOf(outcome), edits, searches, cwd: () => cwd };
}

const textOf = (outcome: ToolOutcome): string =>
	outcome.content.map((block) => (block.type === 'text' ? String(block.text) : `<${block.type}>`)).join('\n');
