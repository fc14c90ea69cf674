// What is loaded and shipped, in bytes of the build that `npm run bench` made before.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../scripts/setup/paths.mjs';
import type { Figure } from './figure.ts';

const kilobyte = 1024;

export async function run(): Promise<Figure[]> {
	const { name, version } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'));
	const sizeOf = (path: string) => statSync(join(projectFolder, 'dist', path)).size / kilobyte;
	return [
		{ name: 'code loaded by activate()', value: sizeOf('extension.cjs'), unit: 'KB', bound: 350 },
		{
			name: 'host code, lazy parts included',
			value: sizeOf('extension.cjs') + sizeOf('agent.cjs') + sizeOf('contextFileClient.cjs'),
			unit: 'KB',
			bound: 2 * kilobyte,
		},
		{ name: 'vsix', value: sizeOf(`${name}-${version}.vsix`), unit: 'KB', bound: 4 * kilobyte },
	];
}
