/** How the job queue is set up on either database. */
import type { ConstructorOptions } from 'pg-boss';

export const bossOptions: ConstructorOptions = {
  schema: 'goldsmith_jobs',
  application_name: 'goldsmith',
  useListenNotify: true,
  /** Cron schedules are not used. */
  schedule: false,
  /** Every how many seconds somebody looks for jobs whose heartbeat is over. */
  superviseIntervalSeconds: 10,
  /** The same across all processes; less, or every second look comes a little too early. */
  monitorIntervalSeconds: 5,
  /** Jobs that depend on jobs are not used. */
  flowIntervalSeconds: 3600,
};
