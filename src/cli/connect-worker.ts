/** The `Workers` port on the server room. */
import { destination, pino } from 'pino';
import type { Home } from '../host/home.ts';
import { startWorker } from '../server/start-worker.ts';
import { executorCommand } from './executor-command.ts';
import type { Workers } from './ports.ts';

/** As the service's own worker does it. */
const simulationPace = { bootMs: 300, stepMs: 100, secondMs: 1000 };

export function connectWorkers(home: () => Home, env: Readonly<Record<string, string | undefined>>): Workers {
  return {
    start: async ({ databaseUrl, blobsUrl, simulate }) => {
      const place = home();
      return startWorker({
        home: place,
        ...{ databaseUrl, blobsUrl },
        blobsKey: env['AZURE_STORAGE_KEY'],
        executor: executorCommand(place),
        simulate: simulate ? simulationPace : undefined,
        log: pino({ level: env['GOLDSMITH_LOG_LEVEL'] ?? 'warn' }, destination({ dest: 2, sync: true })),
        now: Date.now,
      });
    },
  };
}
