// The main path on the demo model: no key, no network, the real tools on real files.
import { after, before, suite } from 'node:test';
import { missingBrowser } from './support/environment.ts';
import { walkMainPath } from './support/mainPath.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

suite('The main path on the demo model', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	before(async () => {
		workbench = await openWorkbench({ name: 'main-demo', hasAllBuiltIns: true });
	});
	after(() => workbench?.close());

	walkMainPath({
		name: 'main-demo',
		workbench: () => workbench,
		prompts: {
			changeTwoFiles:
				'replace "24.5" with "26" in src/invoice.js then replace "Area of a rectangle" with "Area of a rectangle, in square metres" in src/area.js',
			runCommand: 'run npm test',
			streamLong: 'count to 400 slowly',
			ask: 'list files src/*.js',
		},
	});
});
