// Tests that run inside the extension host. node:test cannot report from there, so this is the little that is needed:
// register, run in order, print one line per test. Each *.host.ts file is bundled with this module.

/** Starts every line that the runner outside looks for among the other output of the extension host. */
const mark = '@retrace-test ';

export type HostTestReport =
	| { readonly kind: 'passed' | 'skipped'; readonly name: string; readonly durationMs: number }
	| { readonly kind: 'failed'; readonly name: string; readonly durationMs: number; readonly error: string }
	| {
			readonly kind: 'figure';
			readonly name: string;
			readonly value: number;
			readonly unit: string;
			readonly bound?: number;
	  };

type HostTest = { readonly name: string; readonly run: () => Promise<void> | void };

const tests: HostTest[] = [];
const testTimeoutMs = 60_000;

/** Registers a test; they run in the order of their registration. */
export function hostTest(name: string, run: () => Promise<void> | void): void {
	tests.push({ name, run });
}

/** Reports a measured value, with its bound when it has one, for `npm run bench`. A value over the bound does not fail the test. */
export function reportFigure(name: string, value: number, unit: string, bound?: number): void {
	print({ kind: 'figure', name, value, unit, ...(bound === undefined ? {} : { bound }) });
}

/** What VS Code calls. Rejects when a test failed, which VS Code turns into exit code 1. */
export async function run(): Promise<void> {
	let failures = 0;
	for (const { name, run: body } of tests) {
		const startedMs = performance.now();
		const durationMs = () => Math.round(performance.now() - startedMs);
		try {
			await within(testTimeoutMs, body);
			print({ kind: 'passed', name, durationMs: durationMs() });
		} catch (error) {
			failures += 1;
			const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
			print({ kind: 'failed', name, durationMs: durationMs(), error: text });
		}
	}
	if (failures > 0) throw new Error(`${failures} of ${tests.length} tests failed.`);
}

/** The report in a console line, or undefined when the line is something else. */
export function parseReport(line: string): HostTestReport | undefined {
	const start = line.indexOf(mark);
	return start < 0 ? undefined : JSON.parse(line.slice(start + mark.length));
}

function print(report: HostTestReport): void {
	console.log(mark + JSON.stringify(report));
}

async function within(timeoutMs: number, body: () => Promise<void> | void): Promise<void> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<never>((_resolve, reject) => {
		timer = setTimeout(() => reject(new Error(`The test did not end within ${timeoutMs} ms.`)), timeoutMs);
	});
	try {
		await Promise.race([body(), late]);
	} finally {
		clearTimeout(timer);
	}
}
