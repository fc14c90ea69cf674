/**
 * What a command may have done outside of the files that are recorded: to the repository itself, over the network, elsewhere on the disk.
 * A guess from its words, for a warning only; nothing is decided by it. Pure.
 */

/** Change what `.git` holds, of which no copy is made. */
const GIT_CHANGES =
	/^git\s+(?:-\S+\s+(?:\S+=\S+\s+)?)*(?:add|am|bisect|branch|checkout|cherry-pick|clean|clone|commit|fetch|gc|init|merge|mv|pull|push|rebase|reset|restore|revert|rm|stash|submodule|switch|tag|worktree)\b/;
/** Reach other machines or services. */
const NETWORK =
	/^(?:curl|wget|ssh|scp|sftp|rsync|ftp|nc|gh|glab|aws|gcloud|az|kubectl|helm|docker|podman|terraform|psql|mysql|mongosh?|redis-cli|(?:npm|pnpm|yarn|cargo|twine|gem|vsce)\s+(?:publish|upload|push))\b/;
/** Change the machine. */
const SYSTEM = /^(?:sudo|doas|systemctl|service|crontab|kill|pkill|killall|apt|apt-get|dnf|yum|pacman|brew)\b/;
const WRITERS = /^(?:cp|mv|rm|rmdir|mkdir|touch|tee|ln|install|chmod|chown|dd|truncate|unzip|tar|sed\s+-i)\b/;
const OUTSIDE_PATH = /(?<=^|[\s=>])["']?((?:~|\$HOME|\$\{HOME\})?\/[^\s"';&|)]*)/g;
/** Nothing is kept there. */
const DEVICES = /^\/dev\//;

/** True when parts of the command look as if they did something that no rewind takes back. `roots` are absolute paths. */
export function reachesOutside(command: string, roots: readonly string[]): boolean {
	return command
		.split(/\|\||&&|[;|&\n]/)
		.map((part) => part.trim().replace(/^(?:[A-Za-z_]\w*=\S*\s+)+/, ''))
		.some((part) => {
			if (GIT_CHANGES.test(part) || NETWORK.test(part) || SYSTEM.test(part)) return true;
			return (WRITERS.test(part) || />/.test(part)) && outsidePaths(part, roots).length > 0;
		});
}

function outsidePaths(part: string, roots: readonly string[]): string[] {
	const isInside = (path: string) => roots.some((root) => path === root || path.startsWith(`${root}/`));
	return [...part.matchAll(OUTSIDE_PATH)]
		.map(([, path = '']) => path)
		.filter((path) => !DEVICES.test(path) && !isInside(path));
}
