/** What the demo model says about itself. */

const EXAMPLES = [
	'explain src/app.js',
	'search "TODO" in src',
	'list files src/**/*.js',
	'replace "colour" with "color" in README.md',
	'rename total to sum in src/cart.js',
	'add the line "# End" to the end of notes.md',
	'delete all lines containing "debug" in src/app.js',
	'create hello.txt with "Hello!"',
	'run npm test',
	'check problems',
	'delegate "explain src/app.js" and "run npm test"',
	'ask me "Which one?" with "this" or "that"',
	'plan to replace "colour" with "color" in README.md',
	'tasks "read the code", "change it" and "test it"',
	'use skill commit',
] as const;

const list = EXAMPLES.map((example) => `- ${example}`).join('\n');

export const HELLO =
	'Hello! I am the **demo model**: no AI and no network, just simple rules. I work on your real files with the real tools, so you can try reviewing, rewinding and resuming. Say “help” to see what I understand.';

export const HELP = `I am the **demo model**: no AI and no network, just simple rules on your real files. I understand sentences like these, also several joined with “then”; the names of files are examples:\n\n${list}\n\nFor anything else, set an API key with the command *Retrace: Set API Key*.`;

export function sorry(text: string): string {
	const short = text.length > 80 ? `${text.slice(0, 79)}…` : text;
	const start = short === '' ? 'I got no instruction.' : `I did not understand “${short}”.`;
	return `${start} I am the **demo model** and follow simple rules only. Try one of these, with files of this folder:\n\n${list}\n\nFor anything else, set an API key with the command *Retrace: Set API Key*.`;
}
