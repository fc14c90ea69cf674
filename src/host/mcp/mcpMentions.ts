/**
 * `@server:uri` in a prompt: how a resource of an MCP server is named there, which one a name means, and what is attached for it.
 * Which words of a prompt are mentions is in mentions.ts.
 */
import { UserError } from '../../base/errors.ts';
import { cutText } from '../../base/text.ts';
import type { McpContent, McpServer, McpServers } from '../../core/mcp/mcpPorts.ts';
import type { InputBlock } from '../../core/session/content.ts';
import type { MentionOffer } from '../../protocol/toPanel.ts';
import { mentionOf } from '../prompt/mentions.ts';

/** Larger ones are better read by the agent in parts. */
const MAX_ATTACHED_CHARS = 200_000;
const MAX_IMAGES = 5;
const MAX_OFFERS = 20;
/** A resource that is slow holds up the prompt it is attached to, so not for long. */
const READ_TIMEOUT_MS = 20_000;

/** Characters that end a mention are written by their number, and so is what would be taken for the end of a sentence. */
export function resourceMention(server: string, uri: string): string {
	return mentionOf(`${server}:${encoded(uri)}`);
}

const encoded = (uri: string): string =>
	uri.replace(/[#@()\s]|[.,;:!?]$/gu, (character) =>
		[...new TextEncoder().encode(character)]
			.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
			.join(''),
	);

/** Undefined when it names no server that is ready. */
export function mentionedResource(
	mention: string,
	servers: readonly Pick<McpServer, 'name' | 'state' | 'resources'>[],
): { readonly server: string; readonly uri: string } | undefined {
	const server = servers.find(({ name, state }) => state.kind === 'ready' && mention.startsWith(`${name}:`));
	if (!server) return undefined;
	const rest = mention.slice(server.name.length + 1);
	const listed = server.resources.find(({ uri }) => encoded(uri) === rest)?.uri;
	// What a template makes is in no list.
	const uri = listed ?? (/^[a-z][a-z0-9+.-]*:/i.test(rest) ? rest : undefined);
	return uri === undefined ? undefined : { server: server.name, uri };
}

/** Resources whose address, name or server has what is typed; those that begin so come first. */
export function findResources(query: string, servers: readonly McpServer[]): MentionOffer[] {
	const wanted = query.replaceAll('\\ ', ' ').toLowerCase();
	const scored = servers
		.filter(({ state }) => state.kind === 'ready')
		.flatMap((server) =>
			server.resources.flatMap(({ uri, name, title }) => {
				const whole = `${server.name}:${uri}`;
				const texts = [whole, title ?? '', name].map((text) => text.toLowerCase());
				if (!texts.some((text) => text.includes(wanted))) return [];
				const offer = { mention: resourceMention(server.name, uri), name: title ?? name, detail: whole };
				return [{ offer, rank: texts.some((text) => text.startsWith(wanted)) ? 0 : 1 }];
			}),
		);
	return scored
		.sort((left, right) => left.rank - right.rank)
		.slice(0, MAX_OFFERS)
		.map(({ offer }) => offer);
}

/** Content to attach for a mention; undefined when it means no resource. */
export type ResourceReader = (mention: string) => Promise<readonly InputBlock[] | undefined>;

export function createResourceReader(client: () => McpServers | undefined): ResourceReader {
	return async (mention) => {
		const servers = client();
		const found = servers && mentionedResource(mention, servers.list());
		if (!found) return undefined;
		const { server, uri } = found;
		try {
			const content = await servers.readResource(server, uri, AbortSignal.timeout(READ_TIMEOUT_MS));
			return attachedBlocks(server, uri, content);
		} catch (error) {
			throw unreadable(mention, error);
		}
	};
}

function unreadable(mention: string, error: unknown): UserError {
	const reason = error instanceof UserError ? error.message : 'it did not answer in time.';
	return new UserError(
		'attachment-unreadable',
		`@${mention} was not attached: ${reason} Your prompt was not sent. Take the mention out, or send again.`,
		{ cause: error },
	);
}

export function attachedBlocks(server: string, uri: string, content: readonly McpContent[]): readonly InputBlock[] {
	const texts = content.flatMap((part): string[] => {
		if (part.kind === 'text') return [part.text];
		if (part.kind === 'resource') return part.uri === uri ? [part.text] : [`[${part.uri}]\n${part.text}`];
		if (part.kind === 'link') return [`[link to ${part.uri} (${part.name})]`];
		return part.kind === 'leftOut' ? [`[left out: ${part.what}]`] : [];
	});
	const images = content.filter((part) => part.kind === 'image');
	const whole = texts.join('\n\n');
	const text = cutText(whole, MAX_ATTACHED_CHARS);
	const cut = text.length < whole.length ? `\n[… ${whole.length - text.length} characters left out …]` : '';
	const more = images.length > MAX_IMAGES ? `\n[${images.length - MAX_IMAGES} more images left out]` : '';
	return [
		{
			type: 'text',
			text: `The user attached ${uri}, a resource of the MCP server “${server}”:\n${text}${cut}${more}`,
		},
		...images.slice(0, MAX_IMAGES).map(
			({ mediaType, base64 }): InputBlock => ({
				...{ type: 'image', source: { type: 'base64', media_type: mediaType, data: base64 } },
			}),
		),
	];
}
