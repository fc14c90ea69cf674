/** An HTML page as Markdown: the article where there is one, else the whole body. The only file that knows HTML. */
import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import TurndownService from 'turndown';

export type PageText = { readonly title: string; readonly text: string };

/** The part of the DOM that is used here. The types of the libraries need all of it, which no other file of this layer may see. */
type Element = {
	readonly textContent: string | null;
	readonly innerHTML: string;
	readonly children: Iterable<Element>;
	getAttribute(name: string): string | null;
	setAttribute(name: string, value: string): void;
	removeAttribute(name: string): void;
	querySelector(selector: string): Element | null;
	querySelectorAll(selector: string): Iterable<Element>;
	cloneNode(isDeep: boolean): Element;
	remove(): void;
};
type Page = Element & { readonly body: Element; readonly documentElement: Element };

/** What is no text for a reader. */
const LEFT_OUT =
	'script, style, noscript, template, svg, canvas, iframe, object, embed, link, meta, [hidden], [aria-hidden="true"]';
const FURNITURE =
	'nav, header, footer, aside, form, button, [role="navigation"], [role="banner"], [role="contentinfo"]';
/** An article that is so much less than the page is a teaser among many, not what the page is about. */
const ARTICLE_SHARE = 0.25;

/** Relative links are taken from `url`. */
export function htmlText(html: string, url: string): PageText {
	const document = parsed(html);
	for (const element of document.querySelectorAll(LEFT_OUT)) element.remove();
	const title = (document.querySelector('title')?.textContent ?? '').trim().replace(/\s+/g, ' ');
	// In a page without a head it would stand in the text.
	for (const element of document.querySelectorAll('body title')) element.remove();
	absoluteLinks(document, url);
	const whole = document.body.cloneNode(true);
	const wholeLength = lengthIn(whole.textContent);
	const article = new Readability(document as never, { charThreshold: 200, keepClasses: true }).parse();
	if (article?.content && lengthIn(article.textContent) >= wholeLength * ARTICLE_SHARE)
		return { title, text: markdownOf(article.content) };
	for (const element of whole.querySelectorAll(FURNITURE)) element.remove();
	const main = whole.querySelector('main, [role="main"]');
	const text = markdownOf((main ?? whole).innerHTML);
	// A page may be furniture alone.
	return { title, text: text === '' ? lineText(document.body.textContent ?? '') : text };
}

/** All three tags of the frame may be left out in HTML; without them, what was found would be nowhere. */
function parsed(html: string): Page {
	const { document }: { readonly document: Page } = parseHTML(framed(html));
	return document;
}

function framed(html: string): string {
	if (/<html[\s>]/i.test(html)) return html;
	const bare = html.replace(/<!doctype[^>]*>/i, '');
	const bodyAt = bare.search(/<body[\s>]/i);
	if (bodyAt < 0) return `<html><body>${bare}</body></html>`;
	const before = bare.slice(0, bodyAt);
	const head = /<head[\s>]/i.test(before) ? before : `<head>${before}</head>`;
	return `<html>${head}${bare.slice(bodyAt)}</html>`;
}

function markdownOf(html: string): string {
	const document = parsed(`<html><body>${html}</body></html>`);
	const turndown = new TurndownService({
		headingStyle: 'atx',
		codeBlockStyle: 'fenced',
		bulletListMarker: '-',
		hr: '---',
	});
	turndown.addRule('tables', {
		filter: 'table',
		replacement: (_content, node) => `\n\n${tableText(node)}\n\n`,
	});
	// Pictures say something by their text alone; data URLs would be all of the page.
	turndown.addRule('pictures', {
		filter: 'img',
		replacement(_content, node) {
			const alt = attribute(node, 'alt').trim();
			return alt === '' ? '' : `![${alt}]`;
		},
	});
	return turndown
		.turndown(document.body as never)
		.replace(/[ \t]+$/gm, '')
		.replace(/\n{3,}/g, '\n\n')
		.trim();
}

/** A table of Markdown when it is one of data: rows of cells without tables in them. */
function tableText(table: Element): string {
	const rows = [...table.querySelectorAll('tr')].map((row) =>
		[...row.children].map((cell) =>
			lineText(cell.textContent ?? '')
				.replaceAll('\n', ' ')
				.replaceAll('|', '\\|'),
		),
	);
	const filled = rows.filter((row) => row.some((cell) => cell !== ''));
	const [head, ...rest] = filled;
	if (!head || table.querySelector('table') || head.length < 2) return filled.map((row) => row.join(' ')).join('\n\n');
	const line = (cells: readonly string[]) => `| ${head.map((_, index) => cells[index] ?? '').join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...rest.map(line)].join('\n');
}

function absoluteLinks(document: Page, url: string): void {
	for (const link of document.querySelectorAll('a[href]')) {
		const href = link.getAttribute('href') ?? '';
		if (href.startsWith('#') || !URL.canParse(href, url)) link.removeAttribute('href');
		else link.setAttribute('href', new URL(href, url).href);
	}
}

const attribute = (node: Element, name: string): string => node.getAttribute(name) ?? '';
const lengthIn = (text: string | null | undefined): number => (text ?? '').replace(/\s+/g, ' ').trim().length;
const lineText = (text: string): string =>
	text
		.split('\n')
		.map((line) => line.replace(/\s+/g, ' ').trim())
		.filter((line) => line !== '')
		.join('\n');
