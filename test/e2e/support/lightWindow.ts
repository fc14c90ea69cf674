// What spares a window of the tests work that no test is about. Which extensions of VS Code it sees is said in installations.ts.

/**
 * The language server of JavaScript is none of ours: where a sample file is open, it takes as much of the machine as the extension host, and asks the
 * registry for types of what a project uses. Both names of each setting, since they were renamed.
 * Nor is what looks for listening ports in all processes, every other second.
 */
export const lightWindow = {
	'js/ts.tsserver.automaticTypeAcquisition.enabled': false,
	'typescript.disableAutomaticTypeAcquisition': true,
	'js/ts.tsserver.useSyntaxServer': 'always',
	'typescript.tsserver.useSyntaxServer': 'always',
	'js/ts.validate.enabled': false,
	'javascript.validate.enable': false,
	'remote.autoForwardPorts': false,
};

/** Headers of each request: else the server packs the twenty megabytes of the workbench for a window that unpacks them beside it. */
export const unpacked = { 'accept-encoding': 'identity' };
