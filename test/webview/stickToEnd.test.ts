/** Whether the panel follows its end: decided by where the scroller stands, not by the events that led there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stickToEnd } from '../../webview/stickToEnd.ts';

/** A scroller of 100 px height. */
function createScroller() {
	let onScroll = (): unknown => undefined;
	const element = {
		scrollTop: 0,
		scrollHeight: 1000,
		clientHeight: 100,
		children: [],
		addEventListener: (_type: string, listener: () => void) => {
			onScroll = listener;
		},
	};
	Object.assign(globalThis, {
		ResizeObserver: class {
			observe(): void {
				// Sizes change when a test says so.
			}
		},
	});
	let changes = 0;
	const scroll = stickToEnd(
		() => element as unknown as HTMLElement,
		() => changes++,
	);
	scroll.attach(element as unknown as HTMLElement);
	return {
		element,
		scroll,
		changes: () => changes,
		scrollTo(top: number) {
			element.scrollTop = top;
			onScroll();
		},
	};
}

test('scrolling up leaves the end, and content that grows does not bring it back', () => {
	const { element, scroll, scrollTo } = createScroller();
	scrollTo(900);
	assert.equal(scroll.isAtEnd(), true);
	scrollTo(500);
	assert.equal(scroll.isAtEnd(), false);
	element.scrollHeight = 1200;
	scroll.follow();
	assert.deepEqual([scroll.isAtEnd(), element.scrollTop], [false, 500]);
});

test('content that shrinks until its end is in view is at the end, without a scroll event', () => {
	const { element, scroll, scrollTo, changes } = createScroller();
	scrollTo(900);
	scrollTo(0);
	assert.equal(scroll.isAtEnd(), false);
	element.scrollHeight = 100;
	scroll.follow();
	assert.equal(scroll.isAtEnd(), true);
	assert.equal(changes(), 2);
});
