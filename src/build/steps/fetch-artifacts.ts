/**
 * Uses: every scriptUri and sourceUri of the template.
 * Produces: checked copies in the run's work folder.
 * Undoes: nothing; the work folder goes with the run.
 */
import { join } from 'node:path';
import { fetchArtifacts, type Artifacts } from '../../guest/artifacts/fetch-artifacts.ts';
import type { ImageTemplate } from '../../model/image-template.ts';
import type { Step } from '../step.ts';

export interface FetchInput {
  readonly template: ImageTemplate;
  readonly templateFolder: string | undefined;
  readonly workDir: string;
  /** See `BuildOptions.localCopies`. */
  readonly localCopies: ReadonlyMap<string, string> | undefined;
}

export const fetchArtifactsStep: Step<FetchInput, Artifacts> = {
  id: 'fetch',
  title: 'Fetch scripts and files',
  run: async (input, context) =>
    fetchArtifacts(input.template, {
      templateFolder: input.templateFolder,
      destination: join(input.workDir, 'artifacts'),
      ...(input.localCopies === undefined ? {} : { localCopies: input.localCopies }),
      signal: context.signal,
      onProgress: ({ uri, doneBytes, totalBytes }) => context.progress(uri, doneBytes, totalBytes),
      onRetry: (message) => context.output('err', message),
    }),
};
