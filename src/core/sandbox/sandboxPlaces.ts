/** Which places a sandbox hides or keeps from being written, by their names. Pure; what is there is looked up by `node/sandbox`. */

/** Below the home folder: what programs sign in with, and what they noted of the user. */
export const SECRET_PLACES: readonly string[] = (
	'.ssh .aws .azure .gnupg .kube .docker .password-store .netrc _netrc .npmrc .yarnrc .yarnrc.yml .pypirc .git-credentials .pgpass .my.cnf ' +
	'.s3cfg .boto .dockercfg .vault-token .terraformrc .terraform.d/credentials.tfrc.json .cargo/credentials .cargo/credentials.toml ' +
	'.gem/credentials .config/gcloud .config/gh .config/glab-cli .config/hub .config/op .config/rclone .config/git/credentials .claude.json ' +
	'.claude/.credentials.json .codex/auth.json .local/share/keyrings .bash_history .zsh_history .python_history .node_repl_history ' +
	'.mozilla .config/google-chrome .config/chromium .config/microsoft-edge .config/BraveSoftware ' +
	'Library/Keychains Library/Cookies Library/Safari Library/Mozilla'
)
	.split(' ')
	.concat(
		'Library/Application Support/Google/Chrome',
		'Library/Application Support/Microsoft Edge',
		'Library/Application Support/Firefox',
		'Library/Application Support/BraveSoftware',
	);

/** Of a repository's folder: what can make git run programs. `modules` and `worktrees` have such files of their own. */
export const GIT_PLACES: readonly string[] =
	'config config.worktree hooks modules worktrees info/attributes commondir gitdir'.split(' ');

/** Where hooks of the repository are kept instead, as its configuration says. */
export function hooksPathIn(configText: string): string | undefined {
	const value = /^[ \t]*hookspath[ \t]*=[ \t]*(.+?)[ \t]*$/im.exec(configText)?.[1];
	return value?.replace(/^"(.*)"$/, '$1');
}
