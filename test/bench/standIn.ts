// The stand-in for the Messages API in a process of its own, since it keeps every request and its work must not count as ours.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectFolder } from '../../scripts/setup/paths.mjs';

export type StandIn = {
	readonly url: string;
	/** All so far. Throws when a rule of the API was broken. */
	requests(): Promise<readonly { readonly arrivedAt: number; readonly endedAt?: number }[]>;
	close(): Promise<void>;
};

export async function startStandIn(): Promise<StandIn> {
	const path = join(projectFolder, 'test', 'fakes', 'messagesApi', 'serve.ts');
	const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] });
	const [line] = await once(createInterface(child.stdout), 'line');
	const { url }: { url: string } = JSON.parse(line);
	return {
		url,
		requests: async () => {
			const response = await fetch(`${url}/__log`);
			const { violations, requests } = await response.json();
			if (violations.length > 0) throw new Error(`The stand-in refused: ${violations.join('; ')}`);
			return requests;
		},
		close: async () => {
			child.kill();
			await once(child, 'exit');
		},
	};
}
