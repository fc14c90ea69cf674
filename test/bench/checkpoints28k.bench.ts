/** Checkpoints around commands in a workspace like a big open source project: 28,000 files in 12,900 folders. */
import { scanning } from './checkpointScan.ts';
import type { BenchFigure } from './figure.ts';

export const run = (): Promise<BenchFigure[]> =>
	scanning('28,000', { files: 28_000, perFolder: 2.17, foldersPerFolder: 4, ignoredFiles: 0 });
