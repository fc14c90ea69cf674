/** Names the message of contextServer.ts with the weights of memory files. Apart from its schema, which only the one who gets it loads. */
export const WEIGHTS_NOTIFICATION = 'retrace/memoryWeights';
