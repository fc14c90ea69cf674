/** What two requests are compared by in these tests: their bytes without cache marks, message by message or block by block. */
import type { LoadedPrefix } from '../../../src/core/context/prefix.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { EntryOf } from '../../../src/core/session/entry.ts';
import { entryBuilder } from '../../fakes/entries.ts';

/** Tools and system, then one line per block of the messages under its role. A longer conversation only adds lines. */
export function canonicalLines(request: ModelRequest): readonly string[] {
	return [
		canonical(request.tools),
		canonical(request.system),
		...request.messages.flatMap((message) =>
			typeof message.content === 'string'
				? [`${message.role} ${message.content}`]
				: message.content.map((block) => `${message.role} ${canonical(block)}`),
		),
	];
}

export function canonical(value: unknown): string {
	return JSON.stringify(value, (key, inner) => (key === 'cache_control' ? undefined : inner));
}

/** Marks on the request: where they are and for how long. */
export function breakpoints(request: ModelRequest): readonly string[] {
	const found: string[] = [];
	const look = (where: string, block: object) => {
		const mark = (block as { cache_control?: { ttl?: string } }).cache_control;
		if (mark) found.push(`${where} ${mark.ttl ?? '5m'}`);
	};
	for (const [index, tool] of request.tools.entries()) look(`tool ${index}`, tool);
	for (const [index, block] of request.system.entries()) look(`system ${index}`, block);
	for (const [index, message] of request.messages.entries()) {
		if (typeof message.content === 'string') continue;
		for (const [at, block] of message.content.entries()) look(`message ${index}.${at}`, block);
	}
	return found;
}

/** A frozen prefix without a blob store. */
export function smallPrefix(changes: Partial<EntryOf<'prefix'>> = {}): LoadedPrefix {
	const tools = [
		{ name: 'Edit', description: 'Edits.', input_schema: { type: 'object' as const, properties: {} } },
		{ name: 'Read', description: 'Reads.', input_schema: { type: 'object' as const, properties: {} } },
	];
	const system = [{ type: 'text' as const, text: 'You are Retrace.' }];
	const context = [{ type: 'text' as const, text: '# Environment\n\n- Linux' }];
	const ref = (value: unknown, digit: string) => ({
		$blob: digit.repeat(64),
		size: JSON.stringify(value).length,
		mediaType: 'application/json',
		head: '',
	});
	const builder = entryBuilder();
	const entry = builder.add({
		type: 'prefix',
		tools: ref(tools, 'a'),
		system: ref(system, 'b'),
		context: ref(context, 'c'),
		model: 'claude-opus-5-5',
		maxTokens: 32_000,
		thinking: { type: 'adaptive', display: 'summarized' },
		effort: null,
		betas: [],
		apiVersion: '2026-10-21',
		ttl: '1h',
		reminderForm: 'user',
		diagnostics: false,
		toolVersions: { Edit: 1, Read: 1 },
		render: 1,
		...(changes as object),
	} as never);
	return { entry: entry as EntryOf<'prefix'>, tools, system, context };
}
