/** Makes a big git workspace for the benches of checkpoints, and runs git in it as a user, or another agent, would. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type BigWorkspace = {
	readonly root: string;
	/** Tracked files, from the root. */
	readonly files: readonly string[];
	/** Every folder that is not ignored, the root included, absolute. */
	readonly folders: readonly string[];
};
export type WorkspaceShape = {
	readonly files: number;
	/** Files of one folder. */
	readonly perFolder: number;
	/** Subfolders of one folder: the smaller, the deeper. */
	readonly foldersPerFolder: number;
	readonly ignoredFiles: number;
};

const text = (path: string): string => `// ${path}\n${`export const value = compute('${path}');\n`.repeat(12)}`;

/** A committed repository with these many files, and a `node_modules` that is ignored. */
export function makeWorkspace(root: string, shape: WorkspaceShape): BigWorkspace {
	const folders = [root];
	mkdirSync(root, { recursive: true });
	for (let next = 0; folders.length * shape.perFolder < shape.files; next++) {
		for (let index = 0; index < shape.foldersPerFolder; index++) {
			const folder = join(folders[next] ?? root, `folder${index}`);
			mkdirSync(folder);
			folders.push(folder);
		}
	}
	const files: string[] = [];
	for (let index = 0; files.length < shape.files; index++) {
		const folder = folders[index % folders.length] ?? root;
		const path = join(folder, `file${Math.floor(index / folders.length)}.ts`);
		const rel = path.slice(root.length + 1);
		writeFileSync(path, text(rel));
		files.push(rel);
	}
	for (let index = 0; index < shape.ignoredFiles; index++) {
		const folder = join(root, 'node_modules', `package${Math.floor(index / 20)}`);
		if (index % 20 === 0) mkdirSync(folder, { recursive: true });
		writeFileSync(join(folder, `file${index % 20}.js`), 'module.exports = {};\n');
	}
	writeFileSync(join(root, '.gitignore'), 'node_modules/\n');
	git(root, {}, 'init', '-q');
	git(root, {}, 'config', 'gc.auto', '0');
	git(root, {}, 'add', '-A');
	git(root, {}, 'commit', '-q', '-m', 'all');
	git(root, {}, 'repack', '-adq');
	git(root, {}, 'status', '--porcelain');
	return { root, files, folders };
}

function git(folder: string, environment: Readonly<Record<string, string>>, ...args: string[]): void {
	execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], {
		cwd: folder,
		stdio: 'ignore',
		env: { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', ...environment },
	});
}

/** What other agents run, as their sources say. Each returns what saves once more. */
export type OtherAgent = { readonly name: string; readonly first: () => void; readonly save: () => void };

/** Cline 3.x: a repository of its own beside the workspace; everything is added and committed after each tool. */
export function shadowRepository(workspace: BigWorkspace, folder: string): OtherAgent {
	const store = join(folder, 'shadow');
	const environment = { GIT_DIR: store, GIT_WORK_TREE: workspace.root };
	const save = () => {
		git(workspace.root, environment, 'add', '.', '--ignore-errors');
		git(workspace.root, environment, 'commit', '-q', '--allow-empty', '--no-verify', '-m', 'checkpoint');
	};
	return {
		name: 'shadow repository (add, commit)',
		first() {
			git(folder, {}, 'init', '-q', '--bare', store);
			git(folder, { GIT_DIR: store }, 'config', 'core.bare', 'false');
			git(folder, { GIT_DIR: store }, 'config', 'gc.auto', '0');
			save();
		},
		save,
	};
}

/** opencode: a repository that borrows the user's objects and starts from a copy of the user's index; one of its passes. */
export function borrowingRepository(workspace: BigWorkspace, folder: string): OtherAgent {
	const store = join(folder, 'borrowing');
	const environment = { GIT_DIR: store, GIT_WORK_TREE: workspace.root };
	const save = () => {
		git(workspace.root, environment, 'add', '--all', '.');
		git(workspace.root, environment, 'write-tree');
	};
	return {
		name: 'borrowing repository (add, write-tree)',
		first() {
			git(folder, {}, 'init', '-q', '--bare', store);
			git(folder, { GIT_DIR: store }, 'config', 'core.bare', 'false');
			const alternates = join(store, 'objects', 'info', 'alternates');
			mkdirSync(dirname(alternates), { recursive: true });
			writeFileSync(alternates, `${join(workspace.root, '.git', 'objects')}\n`);
			copyFileSync(join(workspace.root, '.git', 'index'), join(store, 'index'));
			save();
		},
		save,
	};
}
