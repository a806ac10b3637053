/** A started service on a free port of the loopback, in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openHome } from '../../host/home.ts';
import { startService, type Service } from '../compose.ts';

export interface StartedService extends AsyncDisposable {
  readonly service: Service;
  readonly folder: string;
}

/** Simulates runs. The folder goes with the service. */
export async function startTestService(): Promise<StartedService> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-service-'));
  try {
    const service = await startService({
      // The cache of this machine holds an empty database, which saves seconds.
      home: { ...openHome({ GOLDSMITH_HOME: join(folder, 'home') }), cache: openHome().cache },
      dataFolder: join(folder, 'data'),
      ...{ host: '127.0.0.1', port: 0, simulate: true },
      ...{ databaseUrl: undefined, blobsUrl: undefined, blobsKey: undefined, location: undefined },
      executor: ({ root }) => ({
        argv: [process.execPath, join(import.meta.dirname, '..', '..', 'cli', 'run-executor.ts')],
        env: { GOLDSMITH_HOME: root },
      }),
      log: pino({ level: 'silent' }),
      now: () => new Date(),
    });
    return {
      service,
      folder,
      async [Symbol.asyncDispose]() {
        await service[Symbol.asyncDispose]();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
