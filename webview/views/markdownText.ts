/** A whole Markdown text, drawn again only when it is another one. */
import { guard } from 'lit/directives/guard.js';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { renderMarkdown } from '../markdown.ts';

/** Sanitised by renderMarkdown; see its SANITISE list. */
export const markdownText = (text: string): unknown => guard([text], () => unsafeHTML(renderMarkdown(text)));
