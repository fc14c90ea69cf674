// What a person waits for, in the packaged extension in a real VS Code: from the click on Send to the request on the wire, and from
// the first delta on the wire to its text on the screen. The Messages API is the stand-in, in this process: one machine, one clock.
import type { Frame } from 'playwright-core';
import { missingBrowser } from '../e2e/support/environment.ts';
import { send, turnEnds } from '../e2e/support/panelActions.ts';
import { until } from '../e2e/support/until.ts';
import { openWorkbench, type Workbench } from '../e2e/support/workbench.ts';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { type BenchFigure, median } from './figure.ts';
import { traceLines } from './traceLines.ts';

const prompts = 15;
const warmUps = 3;
const sessions = 5;
/** Between the events of a reply: a model takes longer still, and what was drawn for the prompt is on the screen by then. */
const delayMs = 25;

export async function run(): Promise<BenchFigure[]> {
	if (missingBrowser() !== false) return [];
	const api = await startMessagesApi({
		script: (_request, index) => ({ text: `${marker(index)} and more of it.`, delayMs }),
	});
	try {
		const workbench = await openWorkbench({
			name: 'bench-panel',
			settings: { 'retrace.baseUrl': api.url, 'retrace.trace': true },
			env: { ANTHROPIC_API_KEY: 'test-key', RETRACE_PROVIDER: undefined },
		});
		try {
			return await measure(workbench, api);
		} finally {
			await workbench.close();
		}
	} finally {
		await api.close();
	}
}

/** One prompt, its moments in ms since the epoch. */
type Sample = {
	readonly clicked: number;
	readonly received: number;
	readonly onWire: number;
	readonly firstDelta: number;
	readonly painted: number;
};

async function measure(workbench: Workbench, api: MessagesApi): Promise<BenchFigure[]> {
	const panel = workbench.panel();
	await panel.getByRole('textbox', { name: 'Message Retrace' }).waitFor();
	const frame = await panelFrame(workbench);
	await frame.evaluate(watchPage);
	const first: Sample[] = [];
	const later: Sample[] = [];
	for (let prompt = 0; prompt < sessions + prompts + warmUps; prompt += 1) {
		// The first prompt of a session creates its log and freezes its prefix; the first of all also warms the process up.
		const isFirst = prompt <= sessions;
		if (isFirst && prompt > 0) {
			await workbench.runCommand('Retrace: New Session');
			await panel.getByRole('log', { name: 'Conversation' }).getByText('prompt').first().waitFor({ state: 'hidden' });
		}
		const sample = await sendOne(workbench, frame, api, prompt);
		if (isFirst && prompt > 0) first.push(sample);
		else if (prompt > sessions + warmUps) later.push(sample);
	}
	const all = [...first, ...later];
	const figure = (name: string, samples: readonly Sample[], value: (sample: Sample) => number) => ({
		name,
		value: median(samples.map(value)),
		unit: 'ms',
	});
	return [
		{
			...figure('send → request on the wire, from the message in the host', later, (one) => one.onWire - one.received),
			bound: 20,
			note: `median of ${later.length}, real extension host`,
		},
		{
			...figure('  the same, first prompt of a session', first, (one) => one.onWire - one.received),
			bound: 20,
			note: `median of ${first.length}`,
		},
		figure('  the same, from the click in the page', later, (one) => one.onWire - one.clicked),
		figure('  of it VS Code: from the click to the message in the host', later, (one) => one.received - one.clicked),
		{
			...figure('first delta on the wire → painted', all, (one) => one.painted - one.firstDelta),
			bound: 50,
			note: `median of ${all.length}`,
		},
	];
}

async function sendOne(workbench: Workbench, frame: Frame, api: MessagesApi, prompt: number): Promise<Sample> {
	const panel = workbench.panel();
	const before = api.accepted.length;
	await frame.evaluate((text) => window.bench.expect(text), marker(before));
	await send(panel, `prompt ${prompt}`);
	const { clicked, painted } = await until('the answer is painted', async () => {
		const seen = await frame.evaluate(() => window.bench.seen());
		return seen.painted === 0 ? undefined : seen;
	});
	await turnEnds(panel);
	const request = api.requests.filter((one) => one.usage !== undefined)[before];
	if (request?.firstDeltaAt === undefined) throw new Error('The stand-in answered nothing.');
	const received = await until('the trace has the prompt', () => receivedAt(workbench.userDataDir, prompt));
	return { clicked, received, onWire: request.arrivedAt, firstDelta: request.firstDeltaAt, painted };
}

const marker = (index: number): string => `Answer-${index}-begins`;

async function panelFrame(workbench: Workbench): Promise<Frame> {
	const handle = await workbench.panel().locator('body').elementHandle();
	const frame = await handle?.ownerFrame();
	if (!frame) throw new Error('The panel has no frame.');
	return frame;
}

/** When the n-th prompt's message arrived in the host, by the trace. */
function receivedAt(userDataDir: string, index: number): number | undefined {
	const line = traceLines(userDataDir).filter(({ event }) => event === 'prompt')[index];
	return line && Date.parse(line.time);
}

declare global {
	interface Window {
		bench: {
			expect(text: string): void;
			seen(): { readonly clicked: number; readonly painted: number };
		};
	}
}

/** Runs in the page: notes when Send is clicked, and when the expected text is on the screen. */
function watchPage(): void {
	let expected = '';
	let clicked = 0;
	let painted = 0;
	const now = () => performance.timeOrigin + performance.now();
	document.addEventListener(
		'click',
		() => {
			clicked ||= now();
		},
		{ capture: true },
	);
	const channel = new MessageChannel();
	channel.port1.onmessage = () => {
		painted ||= now();
	};
	const observer = new MutationObserver(() => {
		if (expected === '' || !document.querySelector('[role="log"]')?.textContent?.includes(expected)) return;
		expected = '';
		// The panel renders in the callback of a frame: what is posted there runs when that frame has been laid out and painted.
		channel.port2.postMessage(0);
	});
	observer.observe(document.body, { subtree: true, childList: true, characterData: true });
	window.bench = {
		expect(text) {
			expected = text;
			clicked = 0;
			painted = 0;
		},
		seen: () => ({ clicked, painted }),
	};
}
