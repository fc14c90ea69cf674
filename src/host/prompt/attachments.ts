/**
 * Turns what the panel attached (and what the prompt mentions with `@`) into content of a prompt.
 * Files are read through the Workspace: unsaved text included, inside the workspace only. A mentioned session is attached in short.
 */
import { UserError } from '../../base/errors.ts';
import { makePrompt } from '../../core/agent/makePrompt.ts';
import type { Prompt } from '../../core/agent/turnTypes.ts';
import { decodeText } from '../../core/edit/textFile.ts';
import type { Workspace } from '../../core/ports.ts';
import { imageBlock } from '../../core/tools/imageBlock.ts';
import { fromBase64 } from '../../core/transfer/base64.ts';
import type { PromptAttachment } from '../../protocol/toHost.ts';
import type { ResourceReader } from '../mcp/mcpMentions.ts';
import { type FileMention, mentionOf, mentionsIn } from './mentions.ts';
import { mentionedSessionName, type SessionDigests } from './sessionMentions.ts';

type Attachment = Prompt['attachments'][number];

const NO_IMAGE = { kind: 'problem', problem: 'is damaged' } as const;
/** A larger file is better read by the agent in parts. */
const MAX_ATTACHED_CHARS = 200_000;

type ReadingArguments = [
	attached: readonly PromptAttachment[],
	workspace: Workspace,
	cwd: string,
	digests?: SessionDigests,
	readResource?: ResourceReader,
];

/** Rejects with UserError `attachment-unreadable` for a file that was attached on purpose; a mention that is no file is left as text. */
export async function readPrompt(text: string, ...reading: ReadingArguments): Promise<Prompt> {
	return makePrompt(text, await readAttachments(text, ...reading));
}

/** What was attached, and what this text mentions. */
export async function readAttachments(
	text: string,
	...[attached, workspace, cwd, digests = async () => undefined, readResource = async () => undefined]: ReadingArguments
): Promise<readonly Attachment[]> {
	const attachments: Attachment[] = [];
	for (const one of attached) attachments.push(await readAttachment(one, workspace, cwd));
	if (workspace.isTrusted)
		for (const mention of mentionsIn(text)) {
			if (mentionedSessionName(mention.path) !== undefined) continue;
			const name = mentionOf(mention.path, mention.startLine, mention.endLine).slice(1);
			if (attachments.some((one) => one.name === name)) continue;
			const content = await readFileText(mention, workspace, cwd);
			const resource = content.kind === 'text' ? undefined : await readResource(mention.path);
			if (content.kind === 'text') attachments.push(fileAttachment(name, mention, content.text));
			else if (resource) attachments.push({ name, content: resource });
		}
	for (const { path } of mentionsIn(text)) {
		const sessionName = mentionedSessionName(path);
		const digest = sessionName === undefined ? undefined : await digests(sessionName);
		if (digest) attachments.push(sessionAttachment(path, digest));
	}
	return attachments;
}

async function readAttachment(one: PromptAttachment, workspace: Workspace, cwd: string): Promise<Attachment> {
	switch (one.kind) {
		case 'text':
			return { name: one.name, content: [{ type: 'text', text: `${one.name}:\n${one.text}` }] };
		case 'image': {
			// By its bytes: a clipboard may call a picture what it is not, and an endpoint refuses that.
			const bytes = fromBase64(one.base64);
			const made = bytes ? imageBlock(bytes) : NO_IMAGE;
			if (made.kind === 'block') return { name: one.name, content: [made.block] };
			throw new UserError(
				'attachment-unreadable',
				`${one.name} was not attached: it ${made.problem}. Your prompt was not sent. Remove the attachment and send again.`,
			);
		}
		case 'file': {
			const name = mentionOf(one.path, one.startLine, one.endLine).slice(1);
			const content = await readFileText(one, workspace, cwd);
			if (content.kind === 'text') return fileAttachment(name, one, content.text);
			throw new UserError(
				'attachment-unreadable',
				`${one.path} was not attached: ${content.reason}. Your prompt was not sent. Remove the attachment and send again.`,
			);
		}
	}
}

type FileRange = {
	readonly path: string;
	readonly startLine?: number | undefined;
	readonly endLine?: number | undefined;
};

async function readFileText(
	range: FileRange | FileMention,
	workspace: Workspace,
	cwd: string,
): Promise<{ kind: 'text'; text: string } | { kind: 'none'; reason: string }> {
	const resolved = await workspace.resolve(range.path, cwd);
	if (resolved.kind === 'outside') return { kind: 'none', reason: 'it is outside the folders of this window' };
	const snapshot = await workspace.read(resolved.absolute);
	if (snapshot.kind !== 'file') return { kind: 'none', reason: `it is ${NOT_A_FILE[snapshot.kind]}` };
	const decoded = decodeText(snapshot.bytes);
	if (decoded.kind !== 'text') return { kind: 'none', reason: 'it is not a text file' };
	const text =
		range.startLine === undefined
			? decoded.file.text
			: decoded.file.text
					.split('\n')
					.slice(range.startLine - 1, range.endLine ?? range.startLine)
					.join('\n');
	if (text.length > MAX_ATTACHED_CHARS) return { kind: 'none', reason: 'it is too large: name a range of lines' };
	return { kind: 'text', text };
}

const NOT_A_FILE = { absent: 'not there', directory: 'a folder', special: 'not a plain file', tooLarge: 'too large' };

function sessionAttachment(
	name: string,
	{ title, text }: { readonly title: string; readonly text: string },
): Attachment {
	const intro = `The user attached “${title}”, another session in this workspace. Its prompts and answers:`;
	return { name, content: [{ type: 'text', text: `${intro}\n\n${text}` }] };
}

function fileAttachment(name: string, range: FileRange | FileMention, text: string): Attachment {
	const lines =
		range.startLine === undefined ? '' : ` (lines ${range.startLine} to ${range.endLine ?? range.startLine})`;
	return { name, content: [{ type: 'text', text: `The user attached ${range.path}${lines}:\n${text}` }] };
}
