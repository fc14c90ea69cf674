/**
 * Takes the frozen start of a request apart into what a person knows it by: each tool, each section of the system prompt, the environment and
 * each memory file. Reads the exact texts that are sent; their pieces add up to them. Pure.
 */
import * as z from 'zod';
import { utf8Length } from '../../base/text.ts';
import { textBlockSchema } from '../session/content.ts';
import { AGENTS_HEADING } from '../subagents/agentDefinition.ts';
import type { PrefixTexts } from './prefix.ts';

export type PrefixPiece = {
	readonly id: string;
	readonly kind: 'tools' | 'system' | 'environment' | 'memory';
	readonly label: string;
	/** Absolute path of a memory file. */
	readonly path?: string;
	readonly text: string;
	/** UTF-8 bytes; those of the JSON around the pieces are shared out by the caller. */
	readonly bytes: number;
};

const toolsShape = z.array(z.looseObject({ name: z.string() }));
const textsShape = z.array(textBlockSchema);
const known = new WeakMap<PrefixTexts, readonly PrefixPiece[]>();

/** In the order in which they are sent. The same texts give the same array. */
export function prefixPieces(texts: PrefixTexts): readonly PrefixPiece[] {
	let pieces = known.get(texts);
	if (!pieces) {
		pieces = [...toolPieces(texts.tools), ...systemPieces(texts.system), ...contextPieces(texts.context)];
		known.set(texts, pieces);
	}
	return pieces;
}

function toolPieces(json: string): readonly PrefixPiece[] {
	return toolsShape
		.parse(JSON.parse(json))
		.map((tool) => piece('tools', `tool:${tool.name}`, tool.name, JSON.stringify(tool)));
}

/** A section starts at a heading of the first level; what stands before the first one has no heading of its own. */
function systemPieces(json: string): readonly PrefixPiece[] {
	const text = textsOf(json).join('\n\n');
	if (text === '') return [];
	return text
		.split(/\n\n(?=# )/)
		.map((section, index) => piece('system', `system:${index}`, headingOf(section) ?? 'Identity and conduct', section));
}

const INSTRUCTIONS = /(?:^|\n\n)(?=# Project instructions\n)/;
/** Only a path is taken for the start of a file: the files have headings of their own. */
const FILE_HEADING = /\n\n(?=## (?:\/|~|\\\\|[A-Za-z]:[\\/])[^\n]*\n)/;

function contextPieces(json: string): readonly PrefixPiece[] {
	const texts = textsOf(json);
	// It stands behind the memory files, and is none of theirs.
	const lists = texts.filter((one) => one.startsWith(`${AGENTS_HEADING}\n`));
	const text = texts.filter((one) => !lists.includes(one)).join('\n\n');
	const start = text.search(INSTRUCTIONS);
	const environment = [start < 0 ? text : text.slice(0, start), ...lists].filter((one) => one !== '').join('\n\n');
	const pieces = environment === '' ? [] : [piece('environment', 'environment', 'Environment', environment)];
	if (start < 0) return pieces;
	const [introduction = '', ...files] = text.slice(start).trimStart().split(FILE_HEADING);
	files.forEach((file, index) => {
		const path = headingOf(file) ?? '';
		// The sentence above all files belongs to none of them: it goes with the first.
		const whole = index === 0 ? `${introduction}\n\n${file}` : file;
		pieces.push({ ...piece('memory', `memory:${path}`, path, whole), path });
	});
	if (files.length === 0) pieces.push(piece('memory', 'memory', 'Project instructions', introduction));
	return pieces;
}

function piece(kind: PrefixPiece['kind'], id: string, label: string, text: string): PrefixPiece {
	return { id, kind, label, text, bytes: utf8Length(text) };
}

function textsOf(json: string): readonly string[] {
	return textsShape.parse(JSON.parse(json)).map(({ text }) => text);
}

const headingOf = (section: string): string | undefined => /^##? (.+)/.exec(section)?.[1]?.trim();
