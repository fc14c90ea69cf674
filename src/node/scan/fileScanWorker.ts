/** Entry of the scanning threads. One of them has the picture and answers the extension host; a second one looks at half of the folders. */
import { availableParallelism } from 'node:os';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { createFileBlobStore } from '../store/fileBlobStore.ts';
import { openChannel } from './fileScanChannel.ts';
import type { ShardLink } from './fileScanFolders.ts';
import { createPicture } from './fileScanPicture.ts';
import { createShard } from './fileScanShard.ts';
import {
	type BlobCalls,
	type CopyStore,
	SCAN_THREAD_LIMITS,
	type ScanCalls,
	type ShardCalls,
	type ThreadRole,
} from './fileScanTypes.ts';

const port = parentPort;
if (!port) throw new Error('The file scanner runs in a thread of its own.');
const role: ThreadRole = workerData;
let second: ShardLink | undefined;
if (role.kind === 'shard') openChannel(port, createShard());
else {
	const own: Partial<ScanCalls> = {};
	const channel = openChannel<BlobCalls>(port, own);
	const { blobFolder } = role;
	const blobs: CopyStore =
		blobFolder === undefined
			? { put: (bytes, mediaType) => channel.call('put', [bytes, mediaType]) }
			: createFileBlobStore(blobFolder);
	const shard = createShard();
	const local: ShardLink = { ...shard, drop: async (ids) => shard.drop(ids), restat: async () => shard.restat() };
	Object.assign(own, createPicture({ blobs, shard: local, moreShards: () => moreShards(role.file) }));
}

/** Undefined on a machine with one core. */
function moreShards(file: string): ShardLink | undefined {
	if (availableParallelism() < 2) return undefined;
	second ??= startSecond(file);
	return second;
}

function startSecond(file: string): ShardLink {
	const shardRole: ThreadRole = { kind: 'shard' };
	const worker = new Worker(file, { workerData: shardRole, resourceLimits: SCAN_THREAD_LIMITS });
	const channel = openChannel<ShardCalls>(worker, {});
	const fail = (error: unknown) => {
		throw error;
	};
	// A part of the picture is lost with it, so this thread ends as well, and the next command starts anew.
	worker.once('error', fail);
	// Not awaited: calls arrive in order.
	const send = (sent: Promise<unknown>) => void sent.catch(fail);
	return {
		put: (folders) => send(channel.call('put', [folders])),
		patch: (id, names, stats) => send(channel.call('patch', [id, names, stats])),
		drop: (ids) => channel.call('drop', [ids]),
		restat: () => channel.call('restat', []),
		clear: () => send(channel.call('clear', [])),
	};
}
