// The smallest Workspace over real files, for tests of what stands on top of one. Confines nothing.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from '../../../src/base/errors.ts';
import { asSha256 } from '../../../src/base/ids.ts';
import type { Workspace } from '../../../src/core/ports.ts';

export const sha256 = (bytes: Uint8Array) => asSha256(createHash('sha256').update(bytes).digest('hex'));

/** `writes` names every path that was written or deleted on the disk itself. */
export function createPlainDisk(root: string): Workspace & { readonly writes: string[] } {
	const writes: string[] = [];
	const hashOf = (path: string) => (existsSync(path) ? sha256(readFileSync(path)) : 'absent');
	const check = (path: string, expected: string | undefined) => {
		if (expected !== undefined && hashOf(path) !== expected) throw new UserError('changed-meanwhile', path);
		writes.push(path);
	};
	return {
		writes,
		roots: [{ name: 'w', path: root }],
		isTrusted: true,
		async resolve(path, cwd) {
			const absolute = resolve(cwd, path);
			if (!absolute.startsWith(`${root}/`)) return { kind: 'outside', absolute };
			return { kind: 'inside', file: { root, rel: absolute.slice(root.length + 1) }, absolute, isLink: false };
		},
		async read(absolute) {
			if (!existsSync(absolute)) return { kind: 'absent' };
			const bytes = new Uint8Array(readFileSync(absolute));
			return { kind: 'file', bytes, meta: { mode: statSync(absolute).mode & 0o777 }, isDirty: false };
		},
		async write(absolute, bytes, { expected }) {
			check(absolute, expected);
			mkdirSync(dirname(absolute), { recursive: true });
			writeFileSync(absolute, bytes);
			return { after: sha256(bytes), isSaved: true };
		},
		async delete(absolute, { expected }) {
			check(absolute, expected);
			rmSync(absolute);
		},
		async setMode(absolute, mode, { expected }) {
			check(absolute, expected);
			chmodSync(absolute, mode);
		},
		removeEmptyFolder: () => Promise.resolve(false),
		isExactName: (absolute) => Promise.resolve(existsSync(absolute)),
	};
}
