/**
 * Hands the page's nonce to the toolkit, which tries out one style element while it is being loaded and without it would
 * draw focus rings on every click. Import this before the toolkit; it does nothing else.
 */
const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? '';
if (nonce !== '') {
	const meta = document.createElement('meta');
	meta.setAttribute('property', 'csp-nonce');
	meta.content = nonce;
	document.head.append(meta);
	queueMicrotask(() => meta.remove());
}
