/** Checkpoints around commands in a workspace of 100,000 files in 2,000 folders, with an ignored folder of 50,000. */
import { scanning } from './checkpointScan.ts';
import type { BenchFigure } from './figure.ts';

export const run = (): Promise<BenchFigure[]> =>
	scanning('100,000', { files: 100_000, perFolder: 50, foldersPerFolder: 5, ignoredFiles: 50_000 });
