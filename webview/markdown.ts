/**
 * Markdown of an answer to safe HTML. Raw HTML is shown as text, images are never loaded, and links go to http(s)
 * addresses and workspace files only; `toHtml` is pure, and `renderMarkdown` sanitises its result once more.
 */
import DOMPurify from 'dompurify';
import { Marked } from 'marked';

/** Where a link may lead; null = it is shown as plain text. */
export function linkTarget(href: string): string | null {
	const target = href.trim();
	if (target === '' || target.startsWith('#') || target.startsWith('//') || hasControlOrBackslash(target)) return null;
	if (/^https?:\/\/[^/]/i.test(target)) return target;
	// A scheme that is not http(s); `a.ts:12` is a file and a line.
	if (/^[^/]*:/.test(decoded(target)) && !/^[^:/]*\.[^:/]*:\d+(?:[:-]\d+)?$/.test(target)) return null;
	return target;
}

/** HTML without anything that came as HTML. Links carry their target in `data-link`; code blocks have a copy button. */
export function toHtml(markdown: string): string {
	return marked.parse(markdown, { async: false });
}

/** As `toHtml`, and sanitised. Needs a DOM. */
export function renderMarkdown(markdown: string): string {
	return DOMPurify.sanitize(toHtml(markdown), SANITISE);
}

function escapeHtml(text: string): string {
	return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const SANITISE = {
	ALLOWED_TAGS: [
		...['p', 'br', 'hr', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'a', 'span', 'div', 'i'],
		...['h3', 'h4', 'h5', 'h6', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'button'],
	],
	ALLOWED_ATTR: [
		...['href', 'title', 'class', 'type', 'start', 'align', 'tabindex', 'aria-label', 'aria-hidden'],
		...['data-link', 'data-copy', 'data-language'],
	],
	// Or their values would have to look like addresses.
	ADD_URI_SAFE_ATTR: ['type', 'start', 'align', 'tabindex', 'data-link', 'data-copy', 'data-language'],
	ALLOW_DATA_ATTR: false,
	ALLOW_ARIA_ATTR: false,
	ALLOWED_URI_REGEXP: /^(?:https?:\/\/|#$)/i,
};

const marked = new Marked({
	gfm: true,
	breaks: false,
	renderer: {
		html({ text }) {
			return /^\s*<!--/.test(text) ? '' : escapeHtml(text);
		},
		text(token) {
			// Never taken as it stands, also not after a raw tag, where the library would.
			return 'tokens' in token && token.tokens !== undefined
				? this.parser.parseInline(token.tokens)
				: token.text.replace(/[<>"']|&(?!(?:#\d{1,7}|#x[a-f0-9]{1,6}|\w+);)/gi, escapeHtml);
		},
		heading({ tokens, depth }) {
			const level = Math.min(depth + 2, 6);
			return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
		},
		link({ href, tokens }) {
			return linkHtml(href, this.parser.parseInline(tokens));
		},
		image({ href, text }) {
			return linkHtml(href, `[image: ${escapeHtml(text === '' ? 'no description' : text)}]`);
		},
		checkbox({ checked }) {
			return checked ? '☑ ' : '☐ ';
		},
		table(token) {
			const row = (cells: typeof token.header, tag: string) =>
				`<tr>${cells
					.map((cell) => {
						const align = cell.align === null ? '' : ` align="${cell.align}"`;
						return `<${tag}${align}>${this.parser.parseInline(cell.tokens)}</${tag}>`;
					})
					.join('')}</tr>`;
			const body = token.rows.map((cells) => row(cells, 'td')).join('');
			return `<div class="table-scroll" tabindex="0"><table><thead>${row(token.header, 'th')}</thead><tbody>${body}</tbody></table></div>`;
		},
		code({ text, lang }) {
			const language = /^[\w+#.-]{1,24}/.exec(lang ?? '')?.[0] ?? '';
			return (
				`<div class="code"><div class="code-bar"><span>${escapeHtml(language)}</span>` +
				'<button type="button" class="plain-icon" data-copy="code" aria-label="Copy code" title="Copy code">' +
				'<i class="codicon codicon-copy" aria-hidden="true"></i></button></div>' +
				`<pre tabindex="0"><code data-language="${escapeHtml(language.toLowerCase())}">${escapeHtml(text)}</code></pre></div>`
			);
		},
	},
});

function linkHtml(href: string, inner: string): string {
	const target = linkTarget(href);
	if (target === null) return inner;
	// A workspace file has no address in this page; the click is answered by `data-link`.
	const address = /^https?:/i.test(target) ? target : '#';
	const shown = escapeHtml(target);
	return `<a href="${escapeHtml(address)}" title="${shown}" data-link="${shown}">${inner}</a>`;
}

function hasControlOrBackslash(text: string): boolean {
	return /[\u0000-\u001f\u007f\\]/.test(decoded(text));
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch (error) {
		// Not percent-encoded; what stands there is what it means.
		if (error instanceof URIError) return text;
		throw error;
	}
}
