import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { memberCallName, serverCallName } from '../../../src/core/mcp/callNames.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const nameOf = (server: string, tool: string): string => memberCallName(server, tool, hash);

describe('names of tools of servers', () => {
	test('plain names stay as they are', () => {
		assert.equal(nameOf('github', 'create_issue'), 'mcp__github__create_issue');
		assert.equal(nameOf('my-server', 'get-env'), 'mcp__my-server__get-env');
		assert.equal(serverCallName('github', hash), 'mcp__github');
	});

	test('what is not plain is told apart by a hash', () => {
		for (const server of ['git hub', 'git.hub', 'git__hub', '_git_hub', 'git_hub_'])
			assert.match(serverCallName(server, hash), /^mcp__git_hub_[0-9a-f]{8}$/, server);
		assert.match(nameOf('日本', '道具'), /^mcp__[0-9a-f]{8}__[0-9a-f]{8}$/);
	});

	const part = fc.oneof(
		fc.stringMatching(/^[ab_-]{1,6}$/),
		fc.string({ minLength: 1, maxLength: 80 }),
		fc.stringMatching(/^[a-z_]{20,70}$/),
	);
	test('every name is one that the API takes, and begins with its server', () => {
		fc.assert(
			fc.property(part, part, (server, tool) => {
				const name = nameOf(server, tool);
				assert.match(name, /^[A-Za-z0-9_-]{1,64}$/);
				const start = serverCallName(server, hash);
				assert.ok(name.startsWith(`${start}__`));
				// The first pair of underlines behind the prefix ends the server's part.
				assert.equal(name.indexOf('__', 'mcp__'.length), start.length);
			}),
		);
	});
	test('two pairs never share a name', () => {
		fc.assert(
			fc.property(part, part, part, part, (server, tool, otherServer, otherTool) => {
				fc.pre(server !== otherServer || tool !== otherTool);
				assert.notEqual(nameOf(server, tool), nameOf(otherServer, otherTool));
				if (server !== otherServer) assert.notEqual(serverCallName(server, hash), serverCallName(otherServer, hash));
			}),
		);
	});
});
