/** The models of the stand-in. The numbers are invented; every capability key is there, as the service promises. */
import type { Json } from './canonical.ts';

const yes = { supported: true };
const capabilities = {
	batch: yes,
	citations: yes,
	code_execution: yes,
	context_management: {
		supported: true,
		clear_thinking_20251015: yes,
		clear_tool_uses_20250919: yes,
		compact_20260112: yes,
	},
	effort: { supported: true, low: yes, medium: yes, high: yes, xhigh: yes, max: yes },
	image_input: yes,
	pdf_input: yes,
	server_tools: { supported: true, web_search: yes, code_execution: yes },
	structured_outputs: yes,
	thinking: { supported: true, types: { adaptive: yes, between_tools: yes, disabled: yes, enabled: yes } },
};

export type ListedModel = Json & { readonly id: string; readonly max_input_tokens: number };

function listedModel(id: string, more: Json = {}): ListedModel {
	return {
		type: 'model',
		id,
		display_name: id.replace(/^claude-/, 'Claude ').replace(/-(\d+)-(\d+)$/, ' $1.$2'),
		created_at: '2026-09-22T00:00:00Z',
		lifecycle: 'active',
		deprecated_at: null,
		retires_at: null,
		line: 'opus',
		max_tokens: 64_000,
		capabilities,
		...more,
		max_input_tokens: typeof more.max_input_tokens === 'number' ? more.max_input_tokens : 200_000,
	};
}

export const standardModels: readonly ListedModel[] = [
	listedModel('claude-opus-5-5'),
	listedModel('claude-sonnet-5-5', { line: 'sonnet', max_input_tokens: 1_000_000 }),
	listedModel('claude-haiku-5-5', { line: 'haiku', max_tokens: 32_000 }),
	listedModel('claude-sonnet-4-5', {
		line: 'sonnet',
		lifecycle: 'deprecated',
		capabilities: {
			...capabilities,
			thinking: { supported: true, types: { ...capabilities.thinking.types, adaptive: { supported: false } } },
		},
	}),
];
