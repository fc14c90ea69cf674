/** A turn of 200 steps in a workspace of 100,000 files in 2,000 folders, with an ignored folder of 50,000. */
import type { BenchFigure } from './figure.ts';
import { realSteps } from './realSteps.ts';

export const run = (): Promise<BenchFigure[]> =>
	realSteps('100,000', { files: 100_000, perFolder: 50, foldersPerFolder: 5, ignoredFiles: 50_000 });
