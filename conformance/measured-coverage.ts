/** Coverage of this version's operations by recorded requests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestService } from '../src/server/testing/started-service.ts';
import { lostSince, measureCoverage, type CoveredOperation } from './coverage-page.ts';
import { readRequests } from './recorded-requests.ts';

export const pagePath = join(import.meta.dirname, '..', 'docs', 'reference', 'coverage.md');

export interface MeasuredCoverage {
  readonly covered: readonly CoveredOperation[];
  /** What is neither covered nor admitted on the page. */
  readonly lost: readonly string[];
}

/** `requestsPath`: the file that a run of the suite recorded requests to. */
export async function measuredCoverage(requestsPath: string): Promise<MeasuredCoverage> {
  await using started = await startTestService();
  const covered = measureCoverage(started.service.operations, readRequests(requestsPath));
  return { covered, lost: lostSince(readFileSync(pagePath, 'utf8'), covered) };
}
