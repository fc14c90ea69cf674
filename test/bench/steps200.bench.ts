/** A turn of 200 steps in a small project. */
import type { BenchFigure } from './figure.ts';
import { realSteps } from './realSteps.ts';

export const run = (): Promise<BenchFigure[]> =>
	realSteps('300', { files: 300, perFolder: 10, foldersPerFolder: 5, ignoredFiles: 0 });
