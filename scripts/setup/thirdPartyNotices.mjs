// Collects the licences of the packages whose code is inside the bundles. Reads package folders only.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One section per package, in the order of their names.
 * @param {readonly import('esbuild').Metafile[]} metafiles @param {readonly string[]} copiedPackages Packages whose files are shipped as they are.
 * @returns {string}
 */
export function thirdPartyNotices(metafiles, copiedPackages) {
	const folders = new Set(copiedPackages.map((name) => `node_modules/${name}`));
	for (const metafile of metafiles) {
		for (const output of Object.values(metafile.outputs)) {
			for (const [path, input] of Object.entries(output.inputs)) {
				const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
				if (folder !== undefined && input.bytesInOutput > 0) folders.add(folder);
			}
		}
	}
	const sections = [...folders].map((folder) => {
		const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
		return {
			name: `${manifest.name} ${manifest.version} (${manifest.license ?? 'licence not stated'})`,
			text: licenceText(folder),
		};
	});
	sections.sort((a, b) => (a.name < b.name ? -1 : 1));
	const line = '='.repeat(80);
	return `Retrace contains code of these packages.\n\n${sections.map(({ name, text }) => `${line}\n${name}\n${line}\n${text}\n`).join('\n')}`;
}

/** @param {string} folder */
function licenceText(folder) {
	if (!existsSync(folder)) return '';
	const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
	return file === undefined ? '' : readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
}
