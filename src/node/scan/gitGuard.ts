/**
 * Keeps git in a command from a folder of the project that only looks like a repository (`HEAD`, `objects`, `refs`): its settings name programs
 * that `git status` would run. Git (2.38 and newer) takes such a folder only when it is named then; those with a `.git` are as ever.
 */

/**
 * Further variables for the command; none when it names no git, since programs that fetch with git by themselves (go, cargo) keep such
 * repositories of their own. A command that runs without a question has git as a word, however it is quoted.
 */
export function gitGuard(
	command: string,
	environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
	const plain = command.replace(/\\\r?\n|["'\\]/g, '');
	// What is written in escapes (`$'\\x67it'`) is not read here.
	if (!/git/i.test(plain) && !command.includes("$'")) return {};
	return gitVariables([['safe.bareRepository', 'explicit']], environment);
}

/** Settings for every git in an environment, behind those that it has for it already. */
export function gitVariables(
	settings: readonly (readonly [string, string])[],
	environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
	const count = Number(environment.GIT_CONFIG_COUNT ?? 0);
	const next = Number.isSafeInteger(count) && count >= 0 ? count : 0;
	return Object.fromEntries([
		...settings.flatMap(([key, value], index) => [
			[`GIT_CONFIG_KEY_${next + index}`, key],
			[`GIT_CONFIG_VALUE_${next + index}`, value],
		]),
		['GIT_CONFIG_COUNT', String(next + settings.length)],
	]);
}
