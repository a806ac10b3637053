/** How the job queue is set up on either database. */
import type { ConstructorOptions } from 'pg-boss';

export const bossOptions: ConstructorOptions = {
  schema: 'goldsmith_jobs',
  application_name: 'goldsmith',
  useListenNotify: true,
  /** Cron schedules are not used. */
  schedule: false,
  /** How soon the job of a holder that died is noticed once its heartbeat is over. */
  superviseIntervalSeconds: 10,
  monitorIntervalSeconds: 10,
};
