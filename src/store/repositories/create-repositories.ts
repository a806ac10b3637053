import type { Kysely } from 'kysely';
import type { JobSender, Repositories } from '../store.ts';
import { createActivityRepository } from '../activity/activity-repository.ts';
import type { Tables } from '../database/tables.ts';
import { createOperationRepository } from './operations.ts';
import { createResourceRepository } from './resources.ts';
import { createRunRepository } from './runs.ts';
import { createSettingsRepository } from './settings.ts';

/** All repositories on `db`: the whole database, or one transaction in it. */
export function createRepositories(db: Kysely<Tables>, jobs: JobSender): Repositories {
  return {
    resources: createResourceRepository(db),
    operations: createOperationRepository(db),
    runs: createRunRepository(db),
    settings: createSettingsRepository(db),
    activity: createActivityRepository(db),
    jobs,
  };
}
