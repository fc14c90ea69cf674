/**
 * The stand-in as a process of its own, for tests of the packaged extension: prints `{"url": …}` as one line of JSON and
 * runs until it is ended. Replies come from the script inside the prompt; `GET /__log` gives violations and requests,
 * `POST /__newPrefix` announces a rewind. Options: `--seed=N`, `--port=N`, `--key=TEXT`.
 */
import { parseArgs } from 'node:util';
import { startMessagesApi } from './startMessagesApi.ts';

const { values } = parseArgs({
	options: { seed: { type: 'string' }, port: { type: 'string' }, key: { type: 'string', multiple: true } },
});
const api = await startMessagesApi({
	...(values.seed !== undefined && { seed: Number(values.seed) }),
	...(values.port !== undefined && { port: Number(values.port) }),
	...(values.key !== undefined && { keys: values.key }),
});
process.stdout.write(`${JSON.stringify({ url: api.url })}\n`);
